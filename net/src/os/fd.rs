//! Any descriptor the poller takes: a tty, an inotify, a timerfd, a device.
//!
//! Beyond Go's os package, whose `NewFile` and `SyscallConn` do this in two steps.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::time::Instant;

use super::{File, PathError};
use crate::error::Partial;
use crate::poll::endpoint::{Class, Endpoint};
use crate::poll::{self, Direction};
use crate::sys::{self, Errno};

/// A descriptor in the poller: operations park the goroutine, not the thread.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use std::os::fd::{FromRawFd, OwnedFd};
/// // SAFETY: a fresh descriptor, owned by nobody else.
/// let event = unsafe { OwnedFd::from_raw_fd(libc::eventfd(7, 0)) };
/// let fd = gopark::os::Fd::new(event).unwrap();
/// let mut count = [0; 8];
/// assert_eq!(fd.read(&mut count).unwrap(), 8);
/// assert_eq!(u64::from_ne_bytes(count), 7);
/// # }) } }
/// ```
#[derive(Debug)]
pub struct Fd(File);

impl Fd {
    /// Puts the descriptor into non-blocking mode (which it shares with its duplicates, also in
    /// other processes) and registers it with the poller.
    ///
    /// # Errors
    /// The poller does not take it: a regular file, for one.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::os::fd::OwnedFd;
    ///
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let reader = gopark::os::Fd::new(OwnedFd::from(reader)).unwrap();
    /// let writer = gopark::os::Fd::new(OwnedFd::from(writer)).unwrap();
    /// writer.write(b"hello").unwrap();
    /// assert_eq!(reader.read(&mut [0; 8]).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn new(fd: OwnedFd) -> io::Result<Fd> {
        sys::set_nonblock(fd.as_raw_fd(), true)?;
        let name = PathBuf::from(format!("fd {}", fd.as_raw_fd()));
        let file = File::from_fd(fd, name);
        if file.poll_fd().pollable() { Ok(Fd(file)) } else { Err(Errno(libc::EPERM).into()) }
    }

    /// Reads what is available, at least a byte; `Ok(0)` is the end.
    ///
    /// # Errors
    /// The system's, a passed deadline, a closed descriptor.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::os::fd::OwnedFd;
    ///
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let reader = gopark::os::Fd::new(OwnedFd::from(reader)).unwrap();
    /// let writer = gopark::os::Fd::new(OwnedFd::from(writer)).unwrap();
    /// writer.write(b"hello").unwrap();
    /// assert_eq!(reader.read(&mut [0; 8]).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn read(&self, buf: &mut [u8]) -> Result<usize, PathError> {
        self.0.read(buf)
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::os::fd::OwnedFd;
    ///
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let reader = gopark::os::Fd::new(OwnedFd::from(reader)).unwrap();
    /// let writer = gopark::os::Fd::new(OwnedFd::from(writer)).unwrap();
    /// assert_eq!(writer.write(b"hello").unwrap(), 5);
    /// # drop((reader, writer));
    /// # }) }
    /// ```
    pub fn write(&self, buf: &[u8]) -> Result<usize, PathError> {
        self.0.write(buf)
    }

    /// Runs `call` on the reading side: repeated, after a wait, while it fails with `WouldBlock`.
    ///
    /// # Errors
    /// The call's others, a passed deadline, a closed descriptor.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::os::fd::OwnedFd;
    ///
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let reader = gopark::os::Fd::new(OwnedFd::from(reader)).unwrap();
    /// let writer = gopark::os::Fd::new(OwnedFd::from(writer)).unwrap();
    /// writer.write(b"hello").unwrap();
    /// let mut available = 0;
    /// reader
    ///     .read_with(|fd| {
    ///         // SAFETY: FIONREAD writes an int.
    ///         match unsafe { libc::ioctl(fd, libc::FIONREAD, &mut available) } {
    ///             0 => Ok(()),
    ///             _ => Err(std::io::Error::last_os_error()),
    ///         }
    ///     })
    ///     .unwrap();
    /// assert_eq!(available, 5);
    /// # }) }
    /// ```
    #[doc(alias = "RawRead")]
    pub fn read_with<T>(&self, call: impl FnMut(RawFd) -> io::Result<T>) -> io::Result<T> {
        self.with(Direction::Read, call)
    }

    /// Runs `call` on the writing side: repeated, after a wait, while it fails with `WouldBlock`.
    ///
    /// # Errors
    /// As [`read_with`](Self::read_with).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::os::fd::OwnedFd;
    ///
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let reader = gopark::os::Fd::new(OwnedFd::from(reader)).unwrap();
    /// let writer = gopark::os::Fd::new(OwnedFd::from(writer)).unwrap();
    /// let n = writer
    ///     .write_with(|fd| {
    ///         // SAFETY: five bytes to read.
    ///         match unsafe { libc::write(fd, c"hello".as_ptr().cast(), 5) } {
    ///             n if n >= 0 => Ok(n),
    ///             _ => Err(std::io::Error::last_os_error()),
    ///         }
    ///     })
    ///     .unwrap();
    /// assert_eq!(n, 5);
    /// # drop(reader);
    /// # }) }
    /// ```
    #[doc(alias = "RawWrite")]
    pub fn write_with<T>(&self, call: impl FnMut(RawFd) -> io::Result<T>) -> io::Result<T> {
        self.with(Direction::Write, call)
    }

    fn with<T>(&self, direction: Direction, mut call: impl FnMut(RawFd) -> io::Result<T>) -> io::Result<T> {
        let result = self.0.poll_fd().raw_io(direction, |fd| match call(fd) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Err(Errno(libc::EAGAIN)),
            other => Ok(other),
        });
        match result {
            Ok(result) => result,
            Err(e) => Err(e.into()),
        }
    }

    /// Parks until a read would not wait.
    ///
    /// # Errors
    /// A passed deadline, a closed descriptor.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::os::fd::OwnedFd;
    ///
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let reader = gopark::os::Fd::new(OwnedFd::from(reader)).unwrap();
    /// let writer = gopark::os::Fd::new(OwnedFd::from(writer)).unwrap();
    /// writer.write(b"hello").unwrap();
    /// reader.wait_readable().unwrap();
    /// # }) }
    /// ```
    pub fn wait_readable(&self) -> Result<(), PathError> {
        self.0.wait_readable()
    }

    /// Parks until a write would not wait.
    ///
    /// # Errors
    /// As [`wait_readable`](Self::wait_readable).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::os::fd::OwnedFd;
    ///
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let reader = gopark::os::Fd::new(OwnedFd::from(reader)).unwrap();
    /// let writer = gopark::os::Fd::new(OwnedFd::from(writer)).unwrap();
    /// writer.wait_writable().unwrap();
    /// # drop((reader, writer));
    /// # }) }
    /// ```
    pub fn wait_writable(&self) -> Result<(), PathError> {
        self.0.wait_writable()
    }

    /// Both deadlines; `None` lifts them.
    ///
    /// # Errors
    /// A closed descriptor.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    /// use std::os::fd::OwnedFd;
    ///
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let reader = gopark::os::Fd::new(OwnedFd::from(reader)).unwrap();
    /// let writer = gopark::os::Fd::new(OwnedFd::from(writer)).unwrap();
    /// reader.set_deadline(Some(Instant::now())).unwrap();
    /// assert!(reader.read(&mut [0; 8]).unwrap_err().timeout());
    /// # drop(writer);
    /// # }) }
    /// ```
    pub fn set_deadline(&self, at: Option<Instant>) -> Result<(), PathError> {
        self.0.set_deadline(at)
    }

    /// When reads give up, the one under way too; `None`: never.
    ///
    /// # Errors
    /// A closed descriptor.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    /// use std::os::fd::OwnedFd;
    ///
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let reader = gopark::os::Fd::new(OwnedFd::from(reader)).unwrap();
    /// let writer = gopark::os::Fd::new(OwnedFd::from(writer)).unwrap();
    /// reader.set_read_deadline(Some(Instant::now())).unwrap();
    /// assert!(reader.read(&mut [0; 8]).unwrap_err().timeout());
    /// # drop(writer);
    /// # }) }
    /// ```
    pub fn set_read_deadline(&self, at: Option<Instant>) -> Result<(), PathError> {
        self.0.set_read_deadline(at)
    }

    /// When writes give up, the one under way too; `None`: never.
    ///
    /// # Errors
    /// A closed descriptor.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    /// use std::os::fd::OwnedFd;
    ///
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let reader = gopark::os::Fd::new(OwnedFd::from(reader)).unwrap();
    /// let writer = gopark::os::Fd::new(OwnedFd::from(writer)).unwrap();
    /// writer.set_write_deadline(Some(Instant::now())).unwrap();
    /// assert!(writer.write(b"late").unwrap_err().timeout());
    /// # drop(reader);
    /// # }) }
    /// ```
    pub fn set_write_deadline(&self, at: Option<Instant>) -> Result<(), PathError> {
        self.0.set_write_deadline(at)
    }

    /// Closes it: goroutines parked in it wake with an error.
    ///
    /// # Errors
    /// It is closed already; those of close(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::os::fd::OwnedFd;
    ///
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let reader = gopark::os::Fd::new(OwnedFd::from(reader)).unwrap();
    /// let writer = gopark::os::Fd::new(OwnedFd::from(writer)).unwrap();
    /// reader.close().unwrap();
    /// assert!(reader.read(&mut [0; 8]).unwrap_err().is_closed());
    /// # drop(writer);
    /// # }) }
    /// ```
    pub fn close(&self) -> Result<(), PathError> {
        self.0.close()
    }
}

impl Endpoint for Fd {
    fn descriptor(&self) -> Option<(&poll::Fd, Class)> {
        self.0.descriptor()
    }

    fn copy_error(&self, op: &'static str, call: &'static str, stopped: Partial<poll::Error>) -> io::Error {
        self.0.copy_error(op, call, stopped)
    }

    fn write_whole(&self, buf: &[u8]) -> Option<Result<u64, Partial<io::Error>>> {
        self.0.write_whole(buf)
    }
}

impl io::Read for Fd {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &self.0, buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        io::Read::read_vectored(&mut &self.0, bufs)
    }
}

impl io::Read for &Fd {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &self.0, buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        io::Read::read_vectored(&mut &self.0, bufs)
    }
}

impl io::Write for Fd {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut &self.0, buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        io::Write::write_vectored(&mut &self.0, bufs)
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        io::Write::write_all(&mut &self.0, buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Write for &Fd {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut &self.0, buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        io::Write::write_vectored(&mut &self.0, bufs)
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        io::Write::write_all(&mut &self.0, buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsRawFd for Fd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for Fd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl IntoRawFd for Fd {
    fn into_raw_fd(self) -> RawFd {
        self.0.into_raw_fd()
    }
}

impl From<Fd> for OwnedFd {
    fn from(fd: Fd) -> OwnedFd {
        fd.0.into()
    }
}
