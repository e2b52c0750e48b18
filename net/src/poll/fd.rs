//! A descriptor: its life, its waits, its deadlines. Go: internal/poll/fd_unix.go,
//! fd_poll_runtime.go.
//!
//! Every operation has the shape: lock its side, `prepare` (so that a close or an expired deadline
//! wins before any system call), then call and, while the kernel says EAGAIN, wait in the poller
//! and call again.
//!
//! I1 The number is valid while a reference is held; the last one to leave removes it from the
//!    poller, then closes it.
//! I2 `close` returns after that has happened (unless the descriptor is in blocking mode, where a
//!    user may sit in the kernel).

use std::net::Shutdown;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering::Relaxed};
use std::time::Instant;

use gopark_runtime::poll_api::{PollDescriptor, PollError, fewest_syscalls};
use gopark_runtime::sema::{Handoff, semacquire, semrelease};

use super::fd_mutex::{Closed, FdMutex, NoLock, Unref};
use super::{Direction, Directions, Error, Wait, context_error};
use crate::error::{Errno, Sentinel};
use crate::sys;

/// At most this much per call, as Go: a power of two keeps later reads aligned.
pub(super) const MAX_RW: usize = 1 << 30;

/// The kind of descriptor. Go: IsStream, ZeroReadIsEOF, isFile.
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
    /// What a read that does not fill its buffer says. Written before the descriptor is shared.
    short_read: ShortRead,
    /// The last read was short, and no operation has touched the reading side since. Written under
    /// the read lock.
    emptied: AtomicBool,
}

/// What a read that returns less than was asked for means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ShortRead {
    /// Nothing: another read follows and finds out.
    Nothing,
    /// There is no more. A future's next read waits before it calls; a goroutine's finds out, as Go does. For TCP.
    EmptyForFutures,
    /// There is no more: the next read waits before it calls. For TCP with the knob
    /// `fewest_syscalls`.
    Empty,
}

/// A lock held on one side.
pub(super) struct Locked<'a> {
    fd: &'a Fd,
    direction: Direction,
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.fd.fdmu.rw_unlock(self.direction) == Unref::Last {
            let _ = self.fd.destroy();
        }
    }
}

/// A reference held.
pub(super) struct Referenced<'a>(&'a Fd);

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
            short_read: ShortRead::Nothing,
            emptied: AtomicBool::new(false),
        }
    }

    /// Says that this is a TCP connection: a read that does not fill its buffer makes the next one wait first, of a future, or with
    /// `fewest_syscalls`. (Of other streams it may mean something else: a
    /// terminal's line, a message that carries descriptors.)
    pub(crate) fn set_tcp(&mut self) {
        self.short_read = if fewest_syscalls() { ShortRead::Empty } else { ShortRead::EmptyForFutures };
    }

    /// Registers it with the poller. The descriptor is non-blocking already. On an error it stays
    /// in blocking mode.
    #[doc(alias = "Init")]
    pub(crate) fn init(&mut self) -> Result<(), Error> {
        let open = if self.kind == Kind::File { PollDescriptor::open } else { PollDescriptor::open_socket };
        let pd = open(self.raw()).map_err(|e| Errno(e.raw_os_error().unwrap_or(0)))?;
        self.set_watched(pd);
        Ok(())
    }

    /// As [`init`](Self::init), for a connection just accepted: with `fewest_syscalls` the first
    /// wait registers it, and fails if the poller refuses.
    pub(crate) fn init_accepted(&mut self) -> Result<(), Error> {
        if !fewest_syscalls() {
            return self.init();
        }
        self.set_watched(PollDescriptor::open_unwatched(self.raw()));
        Ok(())
    }

    fn set_watched(&mut self, pd: PollDescriptor) {
        self.pd = Some(pd);
        *self.is_blocking.get_mut() = false;
    }

    /// The number, for calls under a reference or before the descriptor is shared; -1 once closed.
    #[inline]
    pub(crate) fn raw(&self) -> RawFd {
        // Relaxed: a user of the number holds a reference, and the references order it.
        self.sysfd.load(Relaxed)
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the poller watches it.
    pub(crate) fn pollable(&self) -> bool {
        self.pd.is_some()
    }

    /// Closes: waiters wake with an error. Returns when the last user has left and the number is
    /// free (I2).
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

    /// Called by the user that drops the last reference (I1).
    #[cold]
    fn destroy(&self) -> Result<(), Errno> {
        if let Some(pd) = self.pd {
            pd.close();
        }
        // Relaxed: no user of the number is left.
        let result = sys::close(self.sysfd.swap(-1, Relaxed));
        semrelease(&self.csema, Handoff::No);
        result
    }

    /// Takes the descriptor out, open and unwatched.
    pub(crate) fn into_raw(self) -> RawFd {
        let sysfd = self.raw();
        // There is no other user: closed for the mutex, removed from the poller, and left open.
        if self.fdmu.incref_and_close().is_ok()
            && let Some(pd) = self.pd
        {
            pd.unblock();
            pd.close();
        }
        sysfd
    }

    /// The poller's descriptor, if it watches this one.
    #[inline]
    pub(super) fn pd(&self) -> Option<PollDescriptor> {
        self.pd
    }

    /// The poller's error in this descriptor's words.
    pub(super) fn poll_error(&self, e: PollError) -> Error {
        Error::from_poll(e, self.kind.closing())
    }

    fn closed(&self) -> Error {
        self.kind.closing().into()
    }

    pub(super) fn incref(&self) -> Result<Referenced<'_>, Error> {
        self.fdmu.incref().map_err(|Closed| self.closed())?;
        Ok(Referenced(self))
    }

    /// Locks a side.
    #[inline]
    pub(super) fn lock(&self, direction: Direction, wait: Wait<'_>) -> Result<Locked<'_>, Error> {
        match self.fdmu.rw_lock(direction, wait.context()) {
            Ok(()) => Ok(Locked { fd: self, direction }),
            Err(NoLock::Closed) => Err(self.closed()),
            Err(NoLock::Context(e)) => Err(context_error(e)),
        }
    }

    /// Locks a side and begins an operation on it.
    #[inline]
    pub(super) fn begin(&self, direction: Direction, wait: Wait<'_>) -> Result<Locked<'_>, Error> {
        let lock = self.lock(direction, wait)?;
        self.prepare(direction)?;
        Ok(lock)
    }

    #[inline]
    pub(super) fn prepare(&self, direction: Direction) -> Result<(), Error> {
        // Relaxed: the read lock is held.
        if direction == Direction::Read && self.emptied.load(Relaxed) {
            self.emptied.store(false, Relaxed);
        }
        match self.pd {
            Some(pd) => pd.reset(direction).map_err(|e| self.poll_error(e)),
            None => Ok(()),
        }
    }

    /// Begins a read: as `prepare`, but waits at once where the last read has left nothing.
    ///
    /// Readiness is not forgotten then: what has come since that read has come with a notification,
    /// which the wait finds. Once the peer's end was reported no other notification comes, so the
    /// usual way finds the end.
    #[inline]
    pub(super) fn prepare_read(&self, wait: Wait<'_>) -> Result<(), Error> {
        // Relaxed: the read lock is held.
        match self.pd {
            Some(_) if self.is_emptied() => self.wait(Direction::Read, wait),
            _ => self.prepare(Direction::Read),
        }
    }

    /// A read has returned `n` of `len` bytes.
    #[inline]
    pub(super) fn note_read(&self, n: usize, len: usize) {
        if self.short_read == ShortRead::Empty {
            // A full buffer takes back what an earlier read has said: a read that waited first has
            // used up the notification, and none comes for what it left. Relaxed: the read lock is
            // held.
            self.emptied.store(n < len, Relaxed);
        }
    }

    /// As [`note_read`](Self::note_read), of a future's read.
    pub(super) fn note_polled_read(&self, n: usize, len: usize) {
        // 0 is the end. Relaxed: the read lock is held.
        self.emptied.store(self.short_read != ShortRead::Nothing && 0 < n && n < len, Relaxed);
    }

    /// The notification for what has come since the last read is used up. The read lock is held.
    pub(super) fn note_readable(&self) {
        // Relaxed: the read lock is held.
        self.emptied.store(false, Relaxed);
    }

    /// Whether the last read took all there was and a notification will come for more. The read lock is held.
    pub(super) fn is_emptied(&self) -> bool {
        self.emptied.load(Relaxed) && self.pd.is_some_and(|pd| !pd.hung_up())
    }

    /// Locks a side if it is free; `None` if somebody has it.
    pub(super) fn try_lock(&self, direction: Direction) -> Result<Option<Locked<'_>>, Error> {
        match self.fdmu.rw_try_lock(direction) {
            Ok(true) => Ok(Some(Locked { fd: self, direction })),
            Ok(false) => Ok(None),
            Err(Closed) => Err(self.closed()),
        }
    }

    /// Repeats `call` until the kernel does not ask for patience: at once after EINTR, after a wait
    /// on EAGAIN. The side is locked and prepared.
    #[inline]
    pub(super) fn retry<T>(
        &self,
        direction: Direction,
        wait: Wait<'_>,
        mut call: impl FnMut() -> Result<T, Errno>,
    ) -> Result<T, Error> {
        loop {
            match call() {
                Ok(value) => return Ok(value),
                Err(Errno(libc::EINTR)) => {}
                Err(Errno(libc::EAGAIN)) if self.pollable() => self.wait(direction, wait)?,
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// As [`retry`](Self::retry), of reads; `shut` is the result once the reading side is shut and
    /// the call still says EAGAIN: what the kernel returns to callers that block in it, of
    /// datagrams and of a unix listener, and to no others.
    #[inline]
    pub(super) fn retry_read<T>(
        &self,
        wait: Wait<'_>,
        mut call: impl FnMut() -> Result<T, Errno>,
        shut: impl FnOnce() -> Result<T, Errno>,
    ) -> Result<T, Error> {
        loop {
            // Asked before the call: what is reported after it may have come with the last bytes.
            let shut_before = self.read_shut();
            match (call(), self.pd) {
                (Ok(value), _) => return Ok(value),
                (Err(Errno(libc::EINTR)), _) => {}
                (Err(Errno(libc::EAGAIN)), Some(_)) if shut_before => return Ok(shut()?),
                (Err(Errno(libc::EAGAIN)), Some(_)) => self.wait(Direction::Read, wait)?,
                (Err(e), _) => return Err(e.into()),
            }
        }
    }

    /// Whether the poller has reported that the reading side is shut.
    pub(super) fn read_shut(&self) -> bool {
        self.pd.is_some_and(PollDescriptor::read_shut)
    }

    /// The most to ask for in one call.
    #[inline]
    pub(super) fn cap(&self, len: usize) -> usize {
        if self.kind.is_stream() { len.min(MAX_RW) } else { len }
    }

    /// A call that is no I/O, under a reference. Go: RawControl, Shutdown, SetsockoptInt ...
    #[doc(alias = "RawControl")]
    pub(crate) fn control<T>(&self, call: impl FnOnce(RawFd) -> Result<T, Errno>) -> Result<T, Error> {
        let _reference = self.incref()?;
        Ok(call(self.raw())?)
    }

    /// shutdown(2).
    pub(crate) fn shutdown(&self, how: Shutdown) -> Result<(), Error> {
        let how = match how {
            Shutdown::Read => libc::SHUT_RD,
            Shutdown::Write => libc::SHUT_WR,
            Shutdown::Both => libc::SHUT_RDWR,
        };
        self.control(|fd| sys::shutdown(fd, how))
    }

    /// A duplicate of the descriptor, close-on-exec.
    pub(crate) fn dup(&self) -> Result<RawFd, Error> {
        self.control(sys::dup_cloexec)
    }

    /// Whether a call waits in the kernel.
    pub(crate) fn is_blocking(&self) -> bool {
        // Relaxed: the user's own race between `set_blocking` and a read.
        self.is_blocking.load(Relaxed)
    }

    /// Puts it back into blocking mode for good. The poller keeps watching it.
    pub(crate) fn set_blocking(&self) -> Result<(), Error> {
        let _reference = self.incref()?;
        // Relaxed: goes only from false to true; close reads it alone.
        self.is_blocking.store(true, Relaxed);
        Ok(sys::set_nonblock(self.raw(), false)?)
    }

    /// Operations give up at `at`, those under way too; `None` lifts the limit.
    pub(crate) fn set_deadline(&self, at: Option<Instant>, directions: Directions) -> Result<(), Error> {
        let in_ns = at.map(|at| {
            let left = at.saturating_duration_since(Instant::now());
            i64::try_from(left.as_nanos()).unwrap_or(i64::MAX)
        });
        let _reference = self.incref()?;
        let pd = self.pd.ok_or(Sentinel::NoDeadline)?;
        pd.set_deadline(in_ns, directions);
        Ok(())
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        // No other user is left, so this does not wait. If it is closed already, nothing happens.
        let _ = self.close();
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::IntoRawFd;

    use super::*;

    /// A stream's calls are asked for 1 GiB at most; a message is one, whatever its size.
    #[test]
    fn large_transfers_are_cut_at_a_gigabyte() {
        for (kind, most) in [(Kind::Stream, 1 << 30), (Kind::File, 1 << 30), (Kind::Datagram, usize::MAX)] {
            let null = std::fs::File::open("/dev/null").unwrap();
            let fd = Fd::new(null.into_raw_fd(), kind);
            assert_eq!((fd.cap(10), fd.cap(usize::MAX)), (10, most));
        }
    }
}
