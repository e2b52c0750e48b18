//! Files: on disk, pipes, devices.
//!
//! Go: os/file.go, os/file_unix.go, os/file_posix.go.
//!
//! I1 An opened file and a pipe are offered to the poller; a descriptor given to us only if it is
//!    non-blocking already.
//! I2 What the poller refuses (a regular file, a directory) goes back into blocking mode, and its
//!    calls hold a thread. In pinned mode, too: a read from the page cache takes less than an
//!    `offload`. But a read of what is in blocking mode otherwise may wait, and is offloaded there.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::PathError;
use crate::error::{Cause, Partial, Sentinel};
use crate::poll::endpoint::{Class, Endpoint};
use crate::poll::read_all::read_all;
use crate::poll::{self, Directions, Kind, Wait};
use crate::sys;

/// An open file, a pipe's end, a device. Closed when dropped.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// let (reader, writer) = gopark::os::pipe().unwrap();
/// writer.write(b"hello").unwrap();
/// let mut buf = [0; 8];
/// assert_eq!(reader.read(&mut buf).unwrap(), 5);
/// # }) } }
/// ```
#[derive(Debug)]
pub struct File {
    fd: poll::Fd,
    name: PathBuf,
    blocking: Blocking,
    /// Writes go to the end (O_APPEND), which the kernel's copying calls refuse. Go: appendMode.
    append: bool,
}

/// What [`File::fd`] owes its caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Blocking {
    /// The descriptor is as it was given to us.
    AsGiven,
    /// So, and in blocking mode: a read may wait for a peer (a terminal, a pipe).
    Given,
    /// We made it non-blocking: a user who takes its number gets it back blocking.
    Restore,
}

/// Where a descriptor comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// The user's, in blocking mode.
    Given,
    /// The user's, non-blocking already.
    GivenNonblocking,
    /// Opened by us, or a pipe of ours.
    Ours,
    /// A socket of ours: non-blocking already, and blocking for a user who takes its number.
    Socket,
}

impl File {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// Those of openat(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let file = gopark::os::File::open("/proc/self/status").unwrap();
    /// assert!(file.read(&mut [0; 16]).unwrap() > 0);
    /// # }) }
    /// ```
    #[doc(alias = "Open")]
    pub fn open(path: impl AsRef<Path>) -> Result<File, PathError> {
        File::open_file(path, libc::O_RDONLY, 0)
    }

    /// Opens a file for reading and writing; created if missing (0666 before umask), truncated if
    /// not.
    ///
    /// # Errors
    /// Those of openat(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let path = std::env::temp_dir().join(format!("gopark-doc-create-{}", std::process::id()));
    /// let file = gopark::os::File::create(&path).unwrap();
    /// file.write(b"hello").unwrap();
    /// assert_eq!(std::fs::read(&path).unwrap(), b"hello");
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    #[doc(alias = "Create")]
    pub fn create(path: impl AsRef<Path>) -> Result<File, PathError> {
        File::open_file(path, libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC, 0o666)
    }

    /// Opens a file with the flags of open(2), close-on-exec always.
    ///
    /// # Errors
    /// Those of openat(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let path = std::env::temp_dir().join(format!("gopark-doc-openf-{}", std::process::id()));
    /// let file = gopark::os::File::create(&path).unwrap();
    /// let log = gopark::os::File::open_file(&path, libc::O_WRONLY | libc::O_APPEND, 0o644).unwrap();
    /// log.write(b"one").unwrap();
    /// log.write(b"two").unwrap();
    /// assert_eq!(std::fs::read(&path).unwrap(), b"onetwo");
    /// # drop(file);
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    #[doc(alias = "OpenFile")]
    pub fn open_file(path: impl AsRef<Path>, flags: i32, mode: u32) -> Result<File, PathError> {
        let path = path.as_ref();
        let fail = |e| PathError::new("open", path, e);
        let c_path = sys::c_path(path).map_err(fail)?;
        let fd = sys::ignoring_eintr(|| sys::open(&c_path, flags | libc::O_CLOEXEC, mode)).map_err(fail)?;
        let origin = if flags & libc::O_NONBLOCK != 0 { Origin::GivenNonblocking } else { Origin::Ours };
        Ok(File { append: flags & libc::O_APPEND != 0, ..File::of(fd, path.to_owned(), origin) })
    }

    /// A file for an open descriptor: in the poller only if it is non-blocking.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::os::fd::OwnedFd;
    ///
    /// let null: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    /// let file = gopark::os::File::from_fd(null, "null");
    /// assert_eq!(file.read(&mut [0; 8]).unwrap(), 0);
    /// # }) }
    /// ```
    #[doc(alias = "NewFile")]
    pub fn from_fd(fd: OwnedFd, name: impl Into<PathBuf>) -> File {
        let fd = fd.into_raw_fd();
        let flags = sys::get_flags(fd).unwrap_or(0);
        let origin = if flags & libc::O_NONBLOCK != 0 { Origin::GivenNonblocking } else { Origin::Given };
        File { append: flags & libc::O_APPEND != 0, ..File::of(fd, name.into(), origin) }
    }

    /// Takes over an open descriptor. Go: newFile.
    #[doc(alias = "newFile")]
    pub(crate) fn of(fd: RawFd, name: PathBuf, origin: Origin) -> File {
        let made_nonblocking = origin == Origin::Ours && sys::set_nonblock(fd, true).is_ok();
        let ours = made_nonblocking || origin == Origin::Socket;
        let mut blocking = match origin {
            Origin::Given => Blocking::Given,
            _ if ours => Blocking::Restore,
            _ => Blocking::AsGiven,
        };
        let mut poll_fd = poll::Fd::new(fd, Kind::File);
        // A refusal is no failure: disk files are refused, and real errors show in later I/O.
        let try_poller = ours || origin == Origin::GivenNonblocking;
        let refused = try_poller && poll_fd.init().is_err();
        if refused && made_nonblocking && sys::set_nonblock(fd, false).is_ok() {
            blocking = Blocking::AsGiven;
        }
        File { fd: poll_fd, name, blocking, append: false }
    }

    /// The name the file was opened with.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (reader, writer) = gopark::os::pipe().unwrap();
    /// assert_eq!(reader.name().to_str(), Some("|0"));
    /// # drop((reader, writer));
    /// # }) }
    /// ```
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Reads what is available, at least a byte; `Ok(0)` is the end.
    ///
    /// # Errors
    /// The system's, a passed deadline, a closed file.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (reader, writer) = gopark::os::pipe().unwrap();
    /// writer.write(b"hello").unwrap();
    /// assert_eq!(reader.read(&mut [0; 8]).unwrap(), 5);
    /// drop(writer);
    /// assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0); // the end
    /// # }) }
    /// ```
    pub fn read(&self, buf: &mut [u8]) -> Result<usize, PathError> {
        self.reading(|| self.fd.read(Wait::NO_CONTEXT, buf))
    }

    /// In pinned mode a read that blocks may wait for a goroutine of this very thread.
    #[inline]
    fn reading(&self, read: impl FnOnce() -> Result<usize, poll::Error> + Send) -> Result<usize, PathError> {
        let may_wait = self.blocking != Blocking::AsGiven && self.fd.is_blocking();
        let read = if may_wait { offload_if_pinned(read) } else { read() };
        read.map_err(|e| self.fail("read", e))
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// The system's, a passed deadline, a closed file; [`PathError::transferred`] says how much
    /// went out before.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (reader, writer) = gopark::os::pipe().unwrap();
    /// assert_eq!(writer.write(b"hello").unwrap(), 5);
    /// # drop((reader, writer));
    /// # }) }
    /// ```
    pub fn write(&self, buf: &[u8]) -> Result<usize, PathError> {
        self.fd.write(Wait::NO_CONTEXT, buf).map_err(|stopped| self.partial("write", stopped))
    }

    /// Reads at an offset without moving the file's own, until `buf` is full or the file ends.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`PathError::transferred`] says how much was read before.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let file = gopark::os::File::open("/proc/self/status").unwrap();
    /// let mut word = [0; 4];
    /// file.read_at(&mut word, 0).unwrap();
    /// assert_eq!(&word, b"Name");
    /// # }) }
    /// ```
    #[doc(alias = "ReadAt")]
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, PathError> {
        let mut done = 0;
        while done < buf.len() {
            match self.fd.pread(&mut buf[done..], offset as i64 + done as i64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(error) => return Err(self.partial("read", Partial { bytes: done as u64, error })),
            }
        }
        Ok(done)
    }

    /// Writes all of it at an offset without moving the file's own.
    ///
    /// # Errors
    /// As [`write`](Self::write); the file was opened with O_APPEND.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let path = std::env::temp_dir().join(format!("gopark-doc-writeat-{}", std::process::id()));
    /// let file = gopark::os::File::create(&path).unwrap();
    /// file.write_at(b"hello", 3).unwrap();
    /// assert_eq!(std::fs::read(&path).unwrap(), b"\0\0\0hello");
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    #[doc(alias = "WriteAt")]
    pub fn write_at(&self, buf: &[u8], offset: u64) -> Result<usize, PathError> {
        if self.append {
            return Err(self.fail("", Sentinel::WriteAtAppends.into()));
        }
        if buf.is_empty() {
            return Ok(0);
        }
        let written = self.fd.pwrite(buf, offset as i64);
        written.map_err(|stopped| self.partial("write", stopped))
    }

    /// Moves the file's offset and gives the new one.
    ///
    /// # Errors
    /// Those of lseek(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::io::SeekFrom;
    ///
    /// let path = std::env::temp_dir().join(format!("gopark-doc-seek-{}", std::process::id()));
    /// let file = gopark::os::File::create(&path).unwrap();
    /// file.write(b"hello").unwrap();
    /// assert_eq!(file.seek(SeekFrom::Start(1)).unwrap(), 1);
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    pub fn seek(&self, to: io::SeekFrom) -> Result<u64, PathError> {
        let (offset, whence) = match to {
            io::SeekFrom::Start(n) => (n as i64, libc::SEEK_SET),
            io::SeekFrom::Current(n) => (n, libc::SEEK_CUR),
            io::SeekFrom::End(n) => (n, libc::SEEK_END),
        };
        self.fd.control(|fd| sys::lseek(fd, offset, whence)).map_err(|e| self.fail("seek", e))
    }

    /// Cuts the file, or fills it with zeroes up to a size.
    ///
    /// # Errors
    /// Those of ftruncate(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let path = std::env::temp_dir().join(format!("gopark-doc-trunc-{}", std::process::id()));
    /// let file = gopark::os::File::create(&path).unwrap();
    /// file.truncate(100).unwrap();
    /// assert_eq!(std::fs::metadata(&path).unwrap().len(), 100);
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    pub fn truncate(&self, size: u64) -> Result<(), PathError> {
        let cut = self.fd.control(|fd| sys::ignoring_eintr(|| sys::ftruncate(fd, size as i64)));
        cut.map_err(|e| self.fail("truncate", e))
    }

    /// Makes the system write the file to its device.
    ///
    /// # Errors
    /// Those of fsync(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let path = std::env::temp_dir().join(format!("gopark-doc-sync-{}", std::process::id()));
    /// let file = gopark::os::File::create(&path).unwrap();
    /// file.write(b"hello").unwrap();
    /// file.sync_all().unwrap();
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    #[doc(alias = "Sync")]
    pub fn sync_all(&self) -> Result<(), PathError> {
        let synced =
            self.fd.control(|fd| gopark_runtime::poll_api::aside(|| sys::ignoring_eintr(|| sys::fsync(fd))));
        synced.map_err(|e| self.fail("sync", e))
    }

    pub(crate) fn stat(&self) -> Result<libc::stat, PathError> {
        let stat = self.fd.control(|fd| sys::ignoring_eintr(|| sys::fstat(fd)));
        stat.map_err(|e| self.fail("stat", e))
    }

    /// Closes the file: goroutines parked in it wake with an error.
    ///
    /// # Errors
    /// It is closed already; those of close(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (reader, writer) = gopark::os::pipe().unwrap();
    /// reader.close().unwrap();
    /// assert!(reader.read(&mut [0; 8]).unwrap_err().is_closed());
    /// # drop(writer);
    /// # }) }
    /// ```
    pub fn close(&self) -> Result<(), PathError> {
        self.fd.close().map_err(|e| self.fail("close", e))
    }

    /// Both deadlines; `None` lifts them.
    ///
    /// # Errors
    /// The poller does not watch the file; a closed file.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    ///
    /// let (reader, writer) = gopark::os::pipe().unwrap();
    /// reader.set_deadline(Some(Instant::now())).unwrap();
    /// assert!(reader.read(&mut [0; 8]).unwrap_err().timeout());
    /// # drop(writer);
    /// # }) }
    /// ```
    pub fn set_deadline(&self, at: Option<Instant>) -> Result<(), PathError> {
        self.set_deadline_of(at, Directions::Both)
    }

    /// When reads give up, the one under way too; `None`: never.
    ///
    /// # Errors
    /// As [`set_deadline`](Self::set_deadline).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    ///
    /// let (reader, writer) = gopark::os::pipe().unwrap();
    /// reader.set_read_deadline(Some(Instant::now())).unwrap();
    /// assert!(reader.read(&mut [0; 8]).unwrap_err().timeout());
    /// # drop(writer);
    /// # }) }
    /// ```
    pub fn set_read_deadline(&self, at: Option<Instant>) -> Result<(), PathError> {
        self.set_deadline_of(at, Directions::Read)
    }

    /// When writes give up, the one under way too; `None`: never.
    ///
    /// # Errors
    /// As [`set_deadline`](Self::set_deadline).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    ///
    /// let (reader, writer) = gopark::os::pipe().unwrap();
    /// writer.set_write_deadline(Some(Instant::now())).unwrap();
    /// assert!(writer.write(b"late").unwrap_err().timeout());
    /// # drop(reader);
    /// # }) }
    /// ```
    pub fn set_write_deadline(&self, at: Option<Instant>) -> Result<(), PathError> {
        self.set_deadline_of(at, Directions::Write)
    }

    fn set_deadline_of(&self, at: Option<Instant>, directions: Directions) -> Result<(), PathError> {
        self.fd.set_deadline(at, directions).map_err(|e| match e {
            poll::Error::Sentinel(Sentinel::FileClosing) => self.fail("", Sentinel::ClosedFile.into()),
            e => self.fail("", e),
        })
    }

    /// Parks until a read would not wait; takes no buffer.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (reader, writer) = gopark::os::pipe().unwrap();
    /// gopark::go(move || writer.write(b"hello"));
    /// reader.wait_readable().unwrap();
    /// assert_eq!(reader.read(&mut [0; 8]).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn wait_readable(&self) -> Result<(), PathError> {
        self.fd.wait_readable().map_err(|e| self.fail("read", e))
    }

    /// Parks until a write would not wait.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (reader, writer) = gopark::os::pipe().unwrap();
    /// writer.wait_writable().unwrap();
    /// # drop(reader);
    /// # }) }
    /// ```
    pub fn wait_writable(&self) -> Result<(), PathError> {
        self.fd.wait_writable().map_err(|e| self.fail("write", e))
    }

    /// The descriptor, back in blocking mode: operations on the file hold a thread from now on, and
    /// know no deadlines. [`as_raw_fd`](AsRawFd::as_raw_fd) leaves the mode alone.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (reader, writer) = gopark::os::pipe().unwrap();
    /// assert!(reader.fd() > 2); // in blocking mode from here on
    /// # drop(writer);
    /// # }) }
    /// ```
    #[doc(alias = "Fd")]
    pub fn fd(&self) -> RawFd {
        if self.blocking == Blocking::Restore {
            // A closed file has no mode, and its number is -1.
            let _ = self.fd.set_blocking();
        }
        self.fd.raw()
    }

    pub(crate) fn poll_fd(&self) -> &poll::Fd {
        &self.fd
    }

    fn partial(&self, op: &'static str, stopped: Partial<impl Into<Cause>>) -> PathError {
        PathError::new(op, &self.name, stopped.error).with_transferred(stopped.bytes)
    }

    fn part_or_error(&self, written: Result<usize, Partial<poll::Error>>) -> io::Result<usize> {
        Ok(written.or_else(Partial::or_part).map_err(|e| self.fail("write", e))?)
    }

    pub(crate) fn fail(&self, op: &'static str, e: poll::Error) -> PathError {
        PathError::new(op, &self.name, e)
    }
}

/// Not `aside`: in Go's mode a read is not announced, as in Go.
fn offload_if_pinned<R: Send>(call: impl FnOnce() -> R + Send) -> R {
    if gopark_runtime::is_pinned() { gopark_runtime::offload(call) } else { call() }
}

impl Endpoint for File {
    fn descriptor(&self) -> Option<(&poll::Fd, Class)> {
        Some((&self.fd, Class::File))
    }

    fn appends(&self) -> bool {
        self.append
    }

    fn copy_error(&self, op: &'static str, call: &'static str, stopped: Partial<poll::Error>) -> io::Error {
        self.partial(op, stopped.map(|e| e.in_call(call))).into()
    }

    fn write_whole(&self, buf: &[u8]) -> Option<Result<u64, Partial<io::Error>>> {
        let written = self.fd.write(Wait::NO_CONTEXT, buf);
        Some(written.map(|n| n as u64).map_err(|stopped| Partial {
            bytes: stopped.bytes,
            error: self.partial("write", stopped).into(),
        }))
    }
}

impl io::Read for &File {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(File::read(self, buf)?)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        Ok(self.reading(|| self.fd.read_vectored(bufs))?)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        read_all(buf, |room| Ok(File::read(self, room)?))
    }
}

impl io::Read for File {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &*self, buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        io::Read::read_vectored(&mut &*self, bufs)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        io::Read::read_to_end(&mut &*self, buf)
    }
}

/// std's contract: an error means that nothing was written. Where a part went out before it, that
/// part's length is the result, and the next write fails.
impl io::Write for &File {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.part_or_error(self.fd.write(Wait::NO_CONTEXT, buf))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.part_or_error(self.fd.writev(&mut bufs.to_vec()))
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        match buf {
            [] => Ok(()),
            buf => Ok(File::write(self, buf).map(|_| ())?),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Write for File {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut &*self, buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        io::Write::write_vectored(&mut &*self, bufs)
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        io::Write::write_all(&mut &*self, buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Seek for &File {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        Ok(File::seek(self, to)?)
    }
}

impl io::Seek for File {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        Ok(File::seek(self, to)?)
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.raw()
    }
}

impl AsFd for File {
    /// The number is valid until [`close`](File::close), which does not wait for the end of the
    /// borrow (std's type has no such method): close only when nobody uses it. Go says the same of
    /// File.Fd.
    ///
    /// # Panics
    /// After [`close`](File::close).
    fn as_fd(&self) -> BorrowedFd<'_> {
        let fd = self.fd.raw();
        assert!(fd >= 0, "the file is closed");
        // SAFETY: open now, and until `close` or the end of the borrow. That nobody closes before
        // is the users' part, see above.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }
}

impl IntoRawFd for File {
    fn into_raw_fd(self) -> RawFd {
        self.fd.into_raw()
    }
}

impl From<File> for OwnedFd {
    fn from(file: File) -> OwnedFd {
        let fd = file.into_raw_fd();
        assert!(fd >= 0, "the file is closed");
        // SAFETY: into_raw gave the descriptor up to us.
        unsafe { OwnedFd::from_raw_fd(fd) }
    }
}

impl From<OwnedFd> for File {
    /// As [`File::from_fd`], named by the number.
    fn from(fd: OwnedFd) -> File {
        let name = format!("fd {}", fd.as_raw_fd());
        File::from_fd(fd, name)
    }
}

impl From<std::fs::File> for File {
    fn from(file: std::fs::File) -> File {
        OwnedFd::from(file).into()
    }
}
