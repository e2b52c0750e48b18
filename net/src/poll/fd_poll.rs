//! Operations as futures poll them: tried at once, and where that would wait, the task is left with the poller.
//!
//! A future holds its side's lock during a poll only, never while it is pending, because nobody may poll it again. So a future that is
//! dropped blocks nobody. Where somebody else has the side, the poll says [`Busy`]; the caller waits for its turn by other means.

use std::io::IoSlice;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use gopark_runtime::poll_api::{Left, PollTask};

use super::fd_io::{accept_call, ready_or_again};
use super::{Direction, Error, Fd, MAX_VEC};
use crate::error::{Errno, Sentinel};
use crate::sys::{self, RawAddr};

/// One side of a descriptor as one future, or a series of them, waits for it.
#[derive(Debug, Default)]
pub(crate) struct Interest(Option<Arc<PollTask>>);

/// Somebody else has this side.
#[derive(Debug)]
pub(crate) struct Busy;

type Polled<T> = Result<Poll<Result<T, Error>>, Busy>;

impl Fd {
    /// Polls a read of what there is; 0 is the end.
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        interest: &mut Interest,
        buf: &mut [u8],
    ) -> Polled<usize> {
        if buf.is_empty() {
            // Without a call: its result would look like the end.
            return Ok(Poll::Ready(Ok(0)));
        }
        let len = self.cap(buf.len());
        let read = || {
            let n = sys::read(self.raw(), &mut buf[..len])?;
            self.note_polled_read(n, len);
            Ok(n)
        };
        self.poll_io(Direction::Read, cx, interest, read, || Ok(0))
    }

    /// Polls a write of what fits.
    pub(crate) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        interest: &mut Interest,
        buf: &[u8],
    ) -> Polled<usize> {
        let len = self.cap(buf.len());
        self.poll_io(Direction::Write, cx, interest, || sys::write(self.raw(), &buf[..len]), || Ok(0))
    }

    /// The same of several buffers.
    pub(crate) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        interest: &mut Interest,
        bufs: &[IoSlice<'_>],
    ) -> Polled<usize> {
        let n = bufs.len().min(MAX_VEC);
        self.poll_io(Direction::Write, cx, interest, || sys::writev(self.raw(), &bufs[..n]), || Ok(0))
    }

    /// Polls for the next connection.
    pub(crate) fn poll_accept(
        &self,
        cx: &mut Context<'_>,
        interest: &mut Interest,
    ) -> Polled<(RawFd, RawAddr)> {
        let mut peer = RawAddr::empty();
        let accept = || accept_call(self.raw(), &mut peer);
        let polled = self.poll_io(Direction::Read, cx, interest, accept, || Err(Errno(libc::EINVAL)))?;
        Ok(polled.map(|accepted| accepted.map(|fd| (fd, peer))))
    }

    /// Polls until an operation in this direction would not wait.
    pub(crate) fn poll_ready(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        interest: &mut Interest,
    ) -> Polled<()> {
        let events = match direction {
            Direction::Read => libc::POLLIN,
            Direction::Write => libc::POLLOUT,
        };
        self.poll_io(direction, cx, interest, || ready_or_again(self.raw(), events), || Ok(()))
    }

    /// Takes a future's task back, when the future is dropped.
    pub(crate) fn forget(&self, direction: Direction, interest: &mut Interest) {
        if let (Some(task), Some(pd)) = (interest.0.take(), self.pd()) {
            pd.remove_task(direction, &task);
        }
    }

    /// Polls an operation; `shut` is its result once the reading side is shut and the call still says EAGAIN.
    fn poll_io<T>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        interest: &mut Interest,
        mut call: impl FnMut() -> Result<T, Errno>,
        shut: impl FnOnce() -> Result<T, Errno>,
    ) -> Polled<T> {
        if interest.0.as_ref().is_some_and(|task| task.still_waits(cx.waker())) {
            return Ok(Poll::Pending);
        }
        let _lock = match self.try_lock(direction) {
            Ok(Some(lock)) => lock,
            Ok(None) => return Err(Busy),
            Err(e) => return Ok(Poll::Ready(Err(e))),
        };
        Ok(match self.poll_locked(direction, cx, interest, &mut call, shut) {
            Ok(Some(value)) => Poll::Ready(Ok(value)),
            Ok(None) => Poll::Pending,
            Err(e) => Poll::Ready(Err(e)),
        })
    }

    /// `None`: it waits.
    fn poll_locked<T>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        interest: &mut Interest,
        call: &mut impl FnMut() -> Result<T, Errno>,
        shut: impl FnOnce() -> Result<T, Errno>,
    ) -> Result<Option<T>, Error> {
        // As in `prepare_read`: what has come since the last read has come with a notification.
        let wait_first = direction == Direction::Read && self.is_emptied();
        if wait_first {
            if self.leave(direction, cx, interest)? == Left::Waiting {
                return Ok(None);
            }
            self.note_readable();
        } else {
            self.prepare(direction)?;
        }
        loop {
            // Asked before the call, as in `retry_read`.
            let shut_before = direction == Direction::Read && self.read_shut();
            match sys::ignoring_eintr(&mut *call) {
                Err(Errno(libc::EAGAIN)) if shut_before => {
                    return Ok(Some(shut()?));
                }
                Err(Errno(libc::EAGAIN)) => {
                    if self.leave(direction, cx, interest)? == Left::Waiting {
                        return Ok(None);
                    }
                }
                called => return Ok(Some(called?)),
            }
        }
    }

    /// Leaves the task with the poller. The side is locked.
    fn leave(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        interest: &mut Interest,
    ) -> Result<Left, Error> {
        let pd = self.pd().ok_or(Sentinel::Unwaitable)?;
        let task = interest.0.get_or_insert_with(PollTask::new);
        pd.leave_task(direction, task, cx.waker()).map_err(|e| self.poll_error(e))
    }
}
