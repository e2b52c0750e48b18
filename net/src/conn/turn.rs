//! One side of a socket as futures use it: the task that is left with the poller, or, where somebody else has the side, a goroutine
//! that waits for the turn.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use gopark_runtime::context::{self, CancelFn};
use gopark_runtime::future::JoinFuture;
use gopark_runtime::go;

use crate::error::{Cause, OpError};
use crate::poll::{Busy, Direction, Fd, Interest, Wait};

/// What has a descriptor and errors that name it.
pub(crate) trait Socket: Clone + Send + 'static {
    fn fd(&self) -> &Fd;
    fn error(&self, op: &'static str, cause: Cause) -> OpError;
}

/// A side.
#[derive(Debug)]
pub(crate) struct Turn {
    direction: Direction,
    interest: Interest,
    /// While somebody else has the side.
    queued: Option<Queued>,
}

impl Turn {
    pub(crate) fn new(direction: Direction) -> Turn {
        Turn { direction, interest: Interest::default(), queued: None }
    }

    pub(crate) fn direction(&self) -> Direction {
        self.direction
    }

    /// What an operation on this side is called.
    pub(crate) fn op(&self) -> &'static str {
        match self.direction {
            Direction::Read => "read",
            Direction::Write => "write",
        }
    }

    /// Polls an operation; where the side is not free, polls for the turn, and then again.
    pub(crate) fn poll<T>(
        &mut self,
        socket: &impl Socket,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&mut Context<'_>, &mut Interest) -> Result<Poll<T>, Busy>,
    ) -> Poll<Result<T, OpError>> {
        loop {
            if let Some(queued) = &mut self.queued {
                let Poll::Ready(turn) = queued.poll(cx) else { return Poll::Pending };
                self.queued = None;
                turn?;
            }
            match operation(cx, &mut self.interest) {
                Ok(polled) => return polled.map(Ok),
                Err(Busy) => self.queued = Some(Queued::start(socket.clone(), self.direction, self.op())),
            }
        }
    }

    /// Leaves nothing behind.
    pub(crate) fn forget(&mut self, socket: &impl Socket) {
        socket.fd().forget(self.direction, &mut self.interest);
        self.queued = None;
    }
}

/// A goroutine that waits until it has the side and the side is ready. Dropping this ends it.
#[derive(Debug)]
struct Queued {
    ended: JoinFuture<Result<(), OpError>>,
    cancel: CancelFn,
}

impl Queued {
    fn start(socket: impl Socket, direction: Direction, op: &'static str) -> Queued {
        let (ctx, cancel) = context::Context::background().with_cancel();
        let ended = go(move || {
            let result = socket.fd().wait_ready(direction, Wait::under(&ctx));
            result.map_err(|e| socket.error(op, e.in_call("poll")))
        });
        Queued { ended: ended.into_future(), cancel }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), OpError>> {
        Pin::new(&mut self.ended).poll(cx).map(|end| end.expect("waiting does not panic"))
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
