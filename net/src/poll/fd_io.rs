//! Byte streams, and what waits like them. Go: internal/poll/fd_unix.go Read, Write, Pread, Pwrite, Accept, RawRead.
//!
//! I1 A write of any size is one critical section: large writes of two goroutines do not mix.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::RawFd;

use gopark_runtime::context::Context;

use super::fd::Locked;
use super::{Direction, Error, Fd, MAX_VEC, WriteError};
use crate::error::{Errno, Sentinel};
use crate::sys::{self, RawAddr};

impl Fd {
    /// Reads what there is, waiting for at least a byte. 0: the end (or an empty message, or an empty buffer).
    pub(crate) fn read(&self, buf: &mut [u8]) -> Result<usize, Error> {
        let lock = self.lock(Direction::Read)?;
        self.read_waiting(lock, buf, || self.wait(Direction::Read))
    }

    /// The same, ended early when the context is done.
    pub(crate) fn read_context(&self, ctx: &Context, buf: &mut [u8]) -> Result<usize, Error> {
        let lock = self.lock_context(Direction::Read, ctx)?;
        self.read_waiting(lock, buf, || self.wait_context(Direction::Read, ctx))
    }

    #[inline]
    fn read_waiting(
        &self,
        _lock: Locked<'_>,
        buf: &mut [u8],
        wait: impl Fn() -> Result<(), Error>,
    ) -> Result<usize, Error> {
        if buf.is_empty() {
            // Without a call: its result would look like the end.
            return Ok(0);
        }
        self.prepare_read(&wait)?;
        let len = self.cap(buf.len());
        let n = self.retry_waiting(|| sys::read(self.raw(), &mut buf[..len]), wait)?;
        self.note_read(n, len);
        Ok(n)
    }

    /// readv(2): std's face.
    pub(crate) fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize, Error> {
        let _lock = self.begin(Direction::Read)?;
        let n = bufs.len().min(MAX_VEC);
        self.retry(Direction::Read, || sys::readv(self.raw(), &mut bufs[..n]))
    }

    /// Reads at an offset, leaving the file's own alone. Never waits in the poller.
    pub(crate) fn pread(&self, buf: &mut [u8], offset: i64) -> Result<usize, Error> {
        let _reference = self.incref()?;
        let len = self.cap(buf.len());
        Ok(sys::ignoring_eintr(|| sys::pread(self.raw(), &mut buf[..len], offset))?)
    }

    /// Writes all of it.
    pub(crate) fn write(&self, buf: &[u8]) -> Result<usize, WriteError> {
        let _lock = self.begin(Direction::Write)?;
        self.write_all(buf, |part| self.retry(Direction::Write, || sys::write(self.raw(), part)))
    }

    /// The same, ended early when the context is done.
    pub(crate) fn write_context(&self, ctx: &Context, buf: &[u8]) -> Result<usize, WriteError> {
        let _lock = self.begin_context(Direction::Write, ctx)?;
        let wait = || self.wait_context(Direction::Write, ctx);
        self.write_all(buf, |part| self.retry_waiting(|| sys::write(self.raw(), part), wait))
    }

    /// Writes what fits at once, waiting until at least a byte does: std's `write`.
    pub(crate) fn write_some(&self, buf: &[u8]) -> Result<usize, Error> {
        let _lock = self.begin(Direction::Write)?;
        let len = self.cap(buf.len());
        self.retry(Direction::Write, || sys::write(self.raw(), &buf[..len]))
    }

    /// writev(2), once: std's `write_vectored`.
    pub(crate) fn write_some_vectored(&self, bufs: &[IoSlice<'_>]) -> Result<usize, Error> {
        let _lock = self.begin(Direction::Write)?;
        let n = bufs.len().min(MAX_VEC);
        self.retry(Direction::Write, || sys::writev(self.raw(), &bufs[..n]))
    }

    /// Writes all of it at an offset. Never waits in the poller.
    pub(crate) fn pwrite(&self, buf: &[u8], offset: i64) -> Result<usize, WriteError> {
        let _reference = self.incref()?;
        let mut at = offset;
        self.write_all(buf, |part| {
            let n = sys::ignoring_eintr(|| sys::pwrite(self.raw(), part, at))?;
            at += n as i64;
            Ok(n)
        })
    }

    /// The loop of the writes above: the next part follows at once, without a wait in between.
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
        let lock = self.begin(Direction::Read)?;
        self.accept_waiting(lock, || self.wait(Direction::Read))
    }

    /// The same, ended early when the context is done.
    pub(crate) fn accept_context(&self, ctx: &Context) -> Result<(RawFd, RawAddr), Error> {
        let lock = self.begin_context(Direction::Read, ctx)?;
        self.accept_waiting(lock, || self.wait_context(Direction::Read, ctx))
    }

    fn accept_waiting(
        &self,
        _lock: Locked<'_>,
        wait: impl Fn() -> Result<(), Error>,
    ) -> Result<(RawFd, RawAddr), Error> {
        let mut peer = RawAddr::empty();
        let accept = || {
            loop {
                match sys::accept4(self.raw(), &mut peer) {
                    // Closed by its peer before we came: the next one.
                    Err(Errno(libc::ECONNABORTED)) => {}
                    other => return other,
                }
            }
        };
        let fd = self.retry_waiting(accept, wait)?;
        Ok((fd, peer))
    }

    /// Parks until a read would not; consumes nothing and holds no buffer.
    pub(crate) fn wait_readable(&self) -> Result<(), Error> {
        self.raw_io(Direction::Read, |fd| ready_or_again(fd, libc::POLLIN))
    }

    /// Parks until a write would not.
    pub(crate) fn wait_writable(&self) -> Result<(), Error> {
        self.raw_io(Direction::Write, |fd| ready_or_again(fd, libc::POLLOUT))
    }

    /// As the two above, ended early when the context is done.
    pub(crate) fn wait_ready_context(&self, direction: Direction, ctx: &Context) -> Result<(), Error> {
        let _lock = self.begin_context(direction, ctx)?;
        let events = if direction == Direction::Read { libc::POLLIN } else { libc::POLLOUT };
        self.retry_waiting(|| ready_or_again(self.raw(), events), || self.wait_context(direction, ctx))
    }

    /// Reads what there is now; `None`: nothing yet. Waits for its turn only.
    pub(crate) fn try_read(&self, buf: &mut [u8]) -> Result<Option<usize>, Error> {
        let _lock = self.begin(Direction::Read)?;
        if buf.is_empty() {
            return Ok(Some(0));
        }
        let len = self.cap(buf.len());
        unless_again(sys::ignoring_eintr(|| sys::read(self.raw(), &mut buf[..len])))
    }

    /// Writes what fits now; `None`: nothing. Waits for its turn only.
    pub(crate) fn try_write(&self, buf: &[u8]) -> Result<Option<usize>, Error> {
        let _lock = self.begin(Direction::Write)?;
        let len = self.cap(buf.len());
        unless_again(sys::ignoring_eintr(|| sys::write(self.raw(), &buf[..len])))
    }

    /// An operation of one's own on a locked side: `call` is repeated as any is. Go: RawRead, RawWrite.
    #[doc(alias = "RawRead")]
    #[doc(alias = "RawWrite")]
    pub(crate) fn raw_io<T>(
        &self,
        direction: Direction,
        mut call: impl FnMut(RawFd) -> Result<T, Errno>,
    ) -> Result<T, Error> {
        let _lock = self.begin(direction)?;
        self.retry(direction, || call(self.raw()))
    }

    /// A call on a locked side that has nothing to do with the poller: it never waits there, and a passed deadline does not count.
    pub(crate) fn unpolled_io<T>(
        &self,
        direction: Direction,
        mut call: impl FnMut(RawFd) -> Result<T, Errno>,
    ) -> Result<T, Error> {
        let _lock = self.lock(direction)?;
        Ok(sys::ignoring_eintr(|| call(self.raw()))?)
    }
}

/// EAGAIN, which makes the caller wait, unless the descriptor is ready. An error of the descriptor is found by the next operation.
fn ready_or_again(fd: RawFd, events: i16) -> Result<(), Errno> {
    if sys::ready_now(fd, events)? { Ok(()) } else { Err(Errno(libc::EAGAIN)) }
}

/// A call's result, `None` where it would have had to wait.
fn unless_again<T>(result: Result<T, Errno>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Errno(libc::EAGAIN)) => Ok(None),
        Err(e) => Err(e.into()),
    }
}
