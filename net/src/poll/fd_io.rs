//! Byte streams, and what waits like them. Go: internal/poll/fd_unix.go Read, Write, Pread, Pwrite,
//! Accept, RawRead.
//!
//! I1 A write of any size is one critical section: large writes of two goroutines do not mix.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::RawFd;

use super::{Direction, Error, Fd, MAX_VEC, Wait};
use crate::error::{Errno, Partial, Sentinel};
use crate::sys::{self, RawAddr};

impl Fd {
    /// Reads what there is, waiting for at least a byte. 0: the end (or an empty message, or an
    /// empty buffer).
    #[inline]
    pub(crate) fn read(&self, wait: Wait<'_>, buf: &mut [u8]) -> Result<usize, Error> {
        let _lock = self.lock(Direction::Read, wait)?;
        if buf.is_empty() {
            // Without a call: its result would look like the end.
            return Ok(0);
        }
        self.prepare_read(wait)?;
        let len = self.cap(buf.len());
        let n = self.retry_read(wait, || sys::read(self.raw(), &mut buf[..len]), || Ok(0))?;
        self.note_read(n, len);
        Ok(n)
    }

    /// readv(2): std's face.
    pub(crate) fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize, Error> {
        let _lock = self.begin(Direction::Read, Wait::NO_CONTEXT)?;
        let n = bufs.len().min(MAX_VEC);
        self.retry_read(Wait::NO_CONTEXT, || sys::readv(self.raw(), &mut bufs[..n]), || Ok(0))
    }

    /// Reads at an offset, leaving the file's own alone. Never waits in the poller.
    pub(crate) fn pread(&self, buf: &mut [u8], offset: i64) -> Result<usize, Error> {
        let _reference = self.incref()?;
        let len = self.cap(buf.len());
        Ok(sys::ignoring_eintr(|| sys::pread(self.raw(), &mut buf[..len], offset))?)
    }

    /// Writes all of it.
    pub(crate) fn write(&self, wait: Wait<'_>, buf: &[u8]) -> Result<usize, Partial<Error>> {
        let _lock = self.begin(Direction::Write, wait)?;
        self.write_all(buf, |part| self.retry(Direction::Write, wait, || sys::write(self.raw(), part)))
    }

    /// Writes what fits at once, waiting until at least a byte does: std's `write`.
    pub(crate) fn write_some(&self, buf: &[u8]) -> Result<usize, Error> {
        let _lock = self.begin(Direction::Write, Wait::NO_CONTEXT)?;
        let len = self.cap(buf.len());
        self.retry(Direction::Write, Wait::NO_CONTEXT, || sys::write(self.raw(), &buf[..len]))
    }

    /// writev(2), once: std's `write_vectored`.
    pub(crate) fn write_some_vectored(&self, bufs: &[IoSlice<'_>]) -> Result<usize, Error> {
        let _lock = self.begin(Direction::Write, Wait::NO_CONTEXT)?;
        let n = bufs.len().min(MAX_VEC);
        self.retry(Direction::Write, Wait::NO_CONTEXT, || sys::writev(self.raw(), &bufs[..n]))
    }

    /// Writes all of it at an offset. Never waits in the poller.
    pub(crate) fn pwrite(&self, buf: &[u8], offset: i64) -> Result<usize, Partial<Error>> {
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
    ) -> Result<usize, Partial<Error>> {
        let mut done = 0;
        loop {
            let end = done + self.cap(buf.len() - done);
            let bytes = done as u64;
            let n = write(&buf[done..end]).map_err(|error| Partial { bytes, error })?;
            done += n;
            if done == buf.len() {
                return Ok(done);
            }
            if n == 0 {
                return Err(Partial { bytes, error: Sentinel::UnexpectedEof.into() });
            }
        }
    }

    /// The next connection and its peer's address.
    pub(crate) fn accept(&self, wait: Wait<'_>) -> Result<(RawFd, RawAddr), Error> {
        let _lock = self.begin(Direction::Read, wait)?;
        let mut peer = RawAddr::empty();
        let accept = || accept_call(self.raw(), &mut peer);
        let fd = self.retry_read(wait, accept, || Err(Errno(libc::EINVAL)))?;
        Ok((fd, peer))
    }

    /// Parks until a read would not; consumes nothing and holds no buffer.
    pub(crate) fn wait_readable(&self) -> Result<(), Error> {
        self.wait_ready(Direction::Read, Wait::NO_CONTEXT)
    }

    /// Parks until a write would not.
    pub(crate) fn wait_writable(&self) -> Result<(), Error> {
        self.wait_ready(Direction::Write, Wait::NO_CONTEXT)
    }

    /// Parks until an operation in this direction would not.
    pub(crate) fn wait_ready(&self, direction: Direction, wait: Wait<'_>) -> Result<(), Error> {
        let _lock = self.begin(direction, wait)?;
        let events = match direction {
            Direction::Read => libc::POLLIN,
            Direction::Write => libc::POLLOUT,
        };
        self.retry(direction, wait, || ready_or_again(self.raw(), events))
    }

    /// Reads what there is now; `None`: nothing yet. Waits for its turn only.
    pub(crate) fn try_read(&self, buf: &mut [u8]) -> Result<Option<usize>, Error> {
        let _lock = self.begin(Direction::Read, Wait::NO_CONTEXT)?;
        if buf.is_empty() {
            return Ok(Some(0));
        }
        let len = self.cap(buf.len());
        // Asked before the call, as in `retry_read`.
        let shut_before = self.read_shut();
        let read = unless_again(sys::ignoring_eintr(|| sys::read(self.raw(), &mut buf[..len])))?;
        Ok(read.or_else(|| shut_before.then_some(0)))
    }

    /// Writes what fits now; `None`: nothing. Waits for its turn only.
    pub(crate) fn try_write(&self, buf: &[u8]) -> Result<Option<usize>, Error> {
        let _lock = self.begin(Direction::Write, Wait::NO_CONTEXT)?;
        let len = self.cap(buf.len());
        unless_again(sys::ignoring_eintr(|| sys::write(self.raw(), &buf[..len])))
    }

    /// Any other operation on a locked side, repeated like the ones above. Go: RawRead, RawWrite.
    #[doc(alias = "RawRead")]
    #[doc(alias = "RawWrite")]
    pub(crate) fn raw_io<T>(
        &self,
        direction: Direction,
        mut call: impl FnMut(RawFd) -> Result<T, Errno>,
    ) -> Result<T, Error> {
        let _lock = self.begin(direction, Wait::NO_CONTEXT)?;
        match direction {
            // Only the user knows what the call returns at the end; EAGAIN says that no wait would
            // end.
            Direction::Read => {
                self.retry_read(Wait::NO_CONTEXT, || call(self.raw()), || Err(Errno(libc::EAGAIN)))
            }
            Direction::Write => self.retry(direction, Wait::NO_CONTEXT, || call(self.raw())),
        }
    }

    /// The same of a read; `shut` is the result once the reading side is shut.
    pub(crate) fn raw_read<T>(
        &self,
        mut call: impl FnMut(RawFd) -> Result<T, Errno>,
        shut: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        let _lock = self.begin(Direction::Read, Wait::NO_CONTEXT)?;
        self.retry_read(Wait::NO_CONTEXT, || call(self.raw()), || Ok(shut()))
    }

    /// A call on a locked side that has nothing to do with the poller: it never waits there, and a
    /// passed deadline does not count.
    pub(crate) fn unpolled_io<T>(
        &self,
        direction: Direction,
        mut call: impl FnMut(RawFd) -> Result<T, Errno>,
    ) -> Result<T, Error> {
        let _lock = self.lock(direction, Wait::NO_CONTEXT)?;
        Ok(sys::ignoring_eintr(|| call(self.raw()))?)
    }
}

/// accept4(2).
pub(super) fn accept_call(fd: RawFd, peer: &mut RawAddr) -> Result<RawFd, Errno> {
    loop {
        match sys::accept4(fd, peer) {
            // Closed by its peer before we came: the next one.
            Err(Errno(libc::ECONNABORTED)) => {}
            other => return other,
        }
    }
}

/// EAGAIN, which makes the caller wait, unless the descriptor is ready. An error of the descriptor
/// is found by the next operation.
pub(super) fn ready_or_again(fd: RawFd, events: i16) -> Result<(), Errno> {
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
