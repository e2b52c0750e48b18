//! A descriptor: its life, its deadlines, and byte-stream I/O. Go: internal/poll/fd_unix.go, fd_poll_runtime.go.
//!
//! Every operation has the shape: lock its side, `prepare` (so that a close or an expired deadline wins before any system
//! call), then call and, while the kernel says EAGAIN, wait in the poller and call again.
//!
//! I1 The number is valid while a reference is held; the last one to leave removes it from the poller, then closes it.
//! I2 `close` returns after that has happened (unless the descriptor is in blocking mode, where a user may sit in the kernel).
//! I3 A write of any size is one critical section: large writes of two goroutines do not mix.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering::Relaxed};
use std::time::Instant;

use gopark_runtime::poll_api::{DeadlineMode, Mode, PollDescriptor};
use gopark_runtime::sema::{Handoff, semacquire, semrelease};

use super::fd_mutex::{Closed, FdMutex, Unref};
use super::{Error, WriteError};
use crate::error::{Errno, Sentinel};
use crate::sockaddr::RawAddr;
use crate::sys;

/// At most this much per call, as Go: a power of two keeps later reads aligned.
pub(super) const MAX_RW: usize = 1 << 30;

/// What the descriptor is. Go: IsStream, ZeroReadIsEOF, isFile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A byte stream: TCP, Unix stream.
    Stream,
    /// Messages: UDP, Unix datagram and seqpacket, raw IP.
    Datagram,
    /// A file, a pipe, a device: errors say "file".
    File,
}

impl Kind {
    fn closing(self) -> Sentinel {
        if self == Kind::File { Sentinel::FileClosing } else { Sentinel::NetClosing }
    }

    fn is_stream(self) -> bool {
        self != Kind::Datagram
    }
}

/// A point in time for operations to give up at; `None`: never.
pub(crate) type Deadline = Option<Instant>;

/// A descriptor. Go: poll.FD.
#[derive(Debug)]
pub(crate) struct Fd {
    fdmu: FdMutex,
    /// `None`: not watched; operations block the thread. Written before the descriptor is shared.
    pd: Option<PollDescriptor>,
    /// The number; -1 once closed. Written by `destroy`, which nobody overlaps (fdMutex).
    sysfd: AtomicI32,
    /// Released by `destroy`, waited for by `close`.
    csema: AtomicU32,
    /// Set for good when the descriptor goes back into blocking mode.
    is_blocking: AtomicBool,
    kind: Kind,
}

/// A lock held on one side.
pub(super) struct Locked<'a> {
    fd: &'a Fd,
    mode: Mode,
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.fd.fdmu.rw_unlock(self.mode) == Unref::Last {
            let _ = self.fd.destroy();
        }
    }
}

/// A reference held.
struct Referenced<'a>(&'a Fd);

impl Drop for Referenced<'_> {
    fn drop(&mut self) {
        if self.0.fdmu.decref() == Unref::Last {
            let _ = self.0.destroy();
        }
    }
}

impl Fd {
    /// Owns the descriptor, in blocking mode until [`init`](Self::init).
    pub(crate) fn new(sysfd: RawFd, kind: Kind) -> Fd {
        Fd {
            fdmu: FdMutex::default(),
            pd: None,
            sysfd: AtomicI32::new(sysfd),
            csema: AtomicU32::new(0),
            is_blocking: AtomicBool::new(true),
            kind,
        }
    }

    /// Has the poller watch it. The descriptor is non-blocking already. On an error it stays in blocking mode.
    #[doc(alias = "Init")]
    pub(crate) fn init(&mut self) -> Result<(), Error> {
        match PollDescriptor::open(self.raw()) {
            Ok(pd) => {
                self.pd = Some(pd);
                *self.is_blocking.get_mut() = false;
                Ok(())
            }
            Err(e) => Err(Errno(e.raw_os_error().unwrap_or(0)).into()),
        }
    }

    /// The number, for calls of one's own under a reference, or before the descriptor is shared; -1 once closed.
    #[inline]
    pub(crate) fn raw(&self) -> RawFd {
        // Relaxed: who uses the number holds a reference, and the references order it.
        self.sysfd.load(Relaxed)
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Is it watched by the poller?
    pub(crate) fn pollable(&self) -> bool {
        self.pd.is_some()
    }

    /// Closes: whoever waits wakes with an error; returns when the last user has left and the number is free (I2).
    pub(crate) fn close(&self) -> Result<(), Error> {
        self.fdmu.incref_and_close().map_err(|Closed| self.closed())?;
        if let Some(pd) = self.pd {
            pd.unblock();
        }
        let result = match self.fdmu.decref() {
            Unref::Last => self.destroy(),
            Unref::More => Ok(()),
        };
        // Relaxed: after incref_and_close nobody sets it any more.
        if !self.is_blocking.load(Relaxed) {
            semacquire(&self.csema);
        }
        result.map_err(Error::from)
    }

    /// By whoever gives the last reference back (I1).
    #[cold]
    fn destroy(&self) -> Result<(), Errno> {
        if let Some(pd) = self.pd {
            pd.close();
        }
        // Relaxed: nobody uses the number any more.
        let result = sys::close(self.sysfd.swap(-1, Relaxed));
        semrelease(&self.csema, Handoff::No);
        result
    }

    /// Takes the descriptor out, open and unwatched.
    pub(crate) fn into_raw(self) -> RawFd {
        let sysfd = self.raw();
        // Nobody else has it: closed for the mutex, gone from the poller, and left open.
        if self.fdmu.incref_and_close().is_ok()
            && let Some(pd) = self.pd
        {
            pd.unblock();
            pd.close();
        }
        sysfd
    }

    fn closed(&self) -> Error {
        self.kind.closing().into()
    }

    fn incref(&self) -> Result<Referenced<'_>, Error> {
        self.fdmu.incref().map_err(|Closed| self.closed())?;
        Ok(Referenced(self))
    }

    /// Locks a side.
    #[inline]
    pub(super) fn lock(&self, mode: Mode) -> Result<Locked<'_>, Error> {
        self.fdmu.rw_lock(mode).map_err(|Closed| self.closed())?;
        Ok(Locked { fd: self, mode })
    }

    /// Locks a side and begins an operation on it.
    #[inline]
    pub(super) fn begin(&self, mode: Mode) -> Result<Locked<'_>, Error> {
        let lock = self.lock(mode)?;
        self.prepare(mode)?;
        Ok(lock)
    }

    #[inline]
    fn prepare(&self, mode: Mode) -> Result<(), Error> {
        match self.pd {
            Some(pd) => pd.reset(mode).map_err(|e| Error::from_poll(e, self.kind.closing())),
            None => Ok(()),
        }
    }

    /// Parks until the poller says it may go on. For an operation that holds its side's lock (or a descriptor not shared yet).
    pub(crate) fn wait(&self, mode: Mode) -> Result<(), Error> {
        match self.pd {
            Some(pd) => pd.wait(mode).map_err(|e| Error::from_poll(e, self.kind.closing())),
            None => Err(Sentinel::Unwaitable.into()),
        }
    }

    /// Repeats `call` until the kernel does not ask for patience: at once after EINTR, after a wait on EAGAIN. The side is
    /// locked and prepared.
    #[inline]
    pub(super) fn retry<T>(
        &self,
        mode: Mode,
        mut call: impl FnMut() -> Result<T, Errno>,
    ) -> Result<T, Error> {
        loop {
            match call() {
                Ok(value) => return Ok(value),
                Err(Errno(libc::EINTR)) => {}
                Err(Errno(libc::EAGAIN)) if self.pollable() => self.wait(mode)?,
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// The most to ask for in one call.
    #[inline]
    pub(super) fn cap(&self, len: usize) -> usize {
        if self.kind.is_stream() { len.min(MAX_RW) } else { len }
    }

    /// Reads what there is, waiting for at least a byte. 0: the end (or an empty message, or an empty buffer).
    pub(crate) fn read(&self, buf: &mut [u8]) -> Result<usize, Error> {
        let _lock = self.lock(Mode::Read)?;
        if buf.is_empty() {
            // Without a call: its result would look like the end.
            return Ok(0);
        }
        self.prepare(Mode::Read)?;
        let len = self.cap(buf.len());
        self.retry(Mode::Read, || sys::read(self.raw(), &mut buf[..len]))
    }

    /// readv(2): std's face.
    pub(crate) fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize, Error> {
        let _lock = self.begin(Mode::Read)?;
        let n = bufs.len().min(super::writev::MAX_VEC);
        self.retry(Mode::Read, || sys::readv(self.raw(), &mut bufs[..n]))
    }

    /// Reads at an offset, leaving the file's own alone. Never waits in the poller.
    pub(crate) fn pread(&self, buf: &mut [u8], offset: i64) -> Result<usize, Error> {
        let _reference = self.incref()?;
        let len = self.cap(buf.len());
        retry_interrupted(|| sys::pread(self.raw(), &mut buf[..len], offset))
    }

    /// Writes all of it.
    pub(crate) fn write(&self, buf: &[u8]) -> Result<usize, WriteError> {
        let _lock = self.begin(Mode::Write)?;
        self.write_all(buf, |part| self.retry(Mode::Write, || sys::write(self.raw(), part)))
    }

    /// Writes what fits at once, waiting until at least a byte does: std's `write`.
    pub(crate) fn write_some(&self, buf: &[u8]) -> Result<usize, Error> {
        let _lock = self.begin(Mode::Write)?;
        let len = self.cap(buf.len());
        self.retry(Mode::Write, || sys::write(self.raw(), &buf[..len]))
    }

    /// writev(2), once: std's `write_vectored`.
    pub(crate) fn write_some_vectored(&self, bufs: &[IoSlice<'_>]) -> Result<usize, Error> {
        let _lock = self.begin(Mode::Write)?;
        let n = bufs.len().min(super::writev::MAX_VEC);
        self.retry(Mode::Write, || sys::writev(self.raw(), &bufs[..n]))
    }

    /// Writes all of it at an offset. Never waits in the poller.
    pub(crate) fn pwrite(&self, buf: &[u8], offset: i64) -> Result<usize, WriteError> {
        let _reference = self.incref()?;
        let mut at = offset;
        self.write_all(buf, |part| {
            let n = retry_interrupted(|| sys::pwrite(self.raw(), part, at))?;
            at += n as i64;
            Ok(n)
        })
    }

    /// The loop of the two above: the next part follows at once, without a wait in between.
    #[inline]
    fn write_all(
        &self,
        buf: &[u8],
        mut write: impl FnMut(&[u8]) -> Result<usize, Error>,
    ) -> Result<usize, WriteError> {
        let mut done = 0;
        loop {
            let end = done + self.cap(buf.len() - done);
            let failed = |error| WriteError { transferred: done, error };
            let n = write(&buf[done..end]).map_err(failed)?;
            done += n;
            if done == buf.len() {
                return Ok(done);
            }
            if n == 0 {
                return Err(WriteError { transferred: done, error: Sentinel::UnexpectedEof.into() });
            }
        }
    }

    /// The next connection and its peer's address.
    pub(crate) fn accept(&self) -> Result<(RawFd, RawAddr), Error> {
        let _lock = self.begin(Mode::Read)?;
        let mut peer = RawAddr::empty();
        let fd = self.retry(Mode::Read, || {
            loop {
                match sys::accept4(self.raw(), &mut peer) {
                    // Closed by its peer before we came: the next one.
                    Err(Errno(libc::ECONNABORTED)) => {}
                    other => return other,
                }
            }
        })?;
        Ok((fd, peer))
    }

    /// Parks until a read would not; consumes nothing and holds no buffer.
    pub(crate) fn wait_readable(&self) -> Result<(), Error> {
        self.raw_io(Mode::Read, |fd| ready_or_again(fd, libc::POLLIN))
    }

    /// Parks until a write would not.
    pub(crate) fn wait_writable(&self) -> Result<(), Error> {
        self.raw_io(Mode::Write, |fd| ready_or_again(fd, libc::POLLOUT))
    }

    /// An operation of one's own on a locked side: `call` is repeated as any is. Go: RawRead, RawWrite.
    #[doc(alias = "RawRead")]
    #[doc(alias = "RawWrite")]
    pub(crate) fn raw_io<T>(
        &self,
        mode: Mode,
        mut call: impl FnMut(RawFd) -> Result<T, Errno>,
    ) -> Result<T, Error> {
        let _lock = self.begin(mode)?;
        self.retry(mode, || call(self.raw()))
    }

    /// A call that is no I/O, under a reference. Go: RawControl, Shutdown, SetsockoptInt ...
    #[doc(alias = "RawControl")]
    pub(crate) fn control<T>(&self, call: impl FnOnce(RawFd) -> Result<T, Errno>) -> Result<T, Error> {
        let _reference = self.incref()?;
        Ok(call(self.raw())?)
    }

    /// shutdown(2).
    pub(crate) fn shutdown(&self, how: i32) -> Result<(), Error> {
        self.control(|fd| sys::shutdown(fd, how))
    }

    /// A duplicate of the descriptor, close-on-exec.
    pub(crate) fn dup(&self) -> Result<RawFd, Error> {
        self.control(sys::dup_cloexec)
    }

    /// Back into blocking mode, for good. The poller keeps watching it.
    pub(crate) fn set_blocking(&self) -> Result<(), Error> {
        let _reference = self.incref()?;
        // Relaxed: goes only from false to true; close reads it alone.
        self.is_blocking.store(true, Relaxed);
        Ok(sys::set_nonblock(self.raw(), false)?)
    }

    /// Operations give up at `at`, those under way too; `None` lifts the limit.
    pub(crate) fn set_deadline(&self, at: Deadline, mode: DeadlineMode) -> Result<(), Error> {
        let in_ns = at.map(|at| {
            let left = at.saturating_duration_since(Instant::now());
            i64::try_from(left.as_nanos()).unwrap_or(i64::MAX)
        });
        let _reference = self.incref()?;
        let pd = self.pd.ok_or(Sentinel::NoDeadline)?;
        pd.set_deadline(in_ns, mode);
        Ok(())
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        // Nobody else has it, so this does not wait. Closed already: nothing happens.
        let _ = self.close();
    }
}

/// EAGAIN, which makes the caller wait, unless the descriptor is ready. An error of the descriptor is found by the next operation.
fn ready_or_again(fd: RawFd, events: i16) -> Result<(), Errno> {
    if sys::ready_now(fd, events)? { Ok(()) } else { Err(Errno(libc::EAGAIN)) }
}

fn retry_interrupted<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Error> {
    loop {
        match call() {
            Err(Errno(libc::EINTR)) => {}
            other => return Ok(other?),
        }
    }
}
