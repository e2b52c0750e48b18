//! Waiting in the poller, perhaps under a context. Go: internal/poll/fd_poll_runtime.go wait.
//!
//! Go ends a wait early by a deadline in the past, set by a goroutine that watches the context.
//! Here the wait itself is interrupted, which leaves nothing behind on the descriptor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::poll_api::{PollDescriptor, Waited};

use super::{Direction, Error, Fd};
use crate::error::Sentinel;

/// What ends the waits of an operation early, besides its deadline and a close.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait<'a> {
    ctx: Option<&'a Context>,
}

impl<'a> Wait<'a> {
    /// Nothing else.
    pub(crate) const NO_CONTEXT: Wait<'static> = Wait { ctx: None };

    /// The context's end, too.
    pub(crate) fn under(ctx: &'a Context) -> Wait<'a> {
        Wait { ctx: Some(ctx) }
    }

    #[inline]
    pub(super) fn context(self) -> Option<&'a Context> {
        self.ctx
    }
}

impl Fd {
    /// Parks until the poller says it may go on. For an operation that holds its side's lock (or a
    /// descriptor not shared yet).
    #[inline]
    pub(crate) fn wait(&self, direction: Direction, wait: Wait<'_>) -> Result<(), Error> {
        match (self.pd(), wait.ctx) {
            (Some(pd), None) => pd.wait(direction, self).map_err(|e| self.poll_error(e)),
            (Some(pd), Some(ctx)) => self.wait_under(ctx, pd, direction),
            (None, _) => Err(Sentinel::Unwaitable.into()),
        }
    }

    #[inline(never)]
    fn wait_under(&self, ctx: &Context, pd: PollDescriptor, direction: Direction) -> Result<(), Error> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let told = interrupted.clone();
        // Taken off again before the reference is given back, so `pd` is still this descriptor's
        // when the call comes.
        let _registered = ctx
            .on_done(move || {
                // Relaxed: `interrupt` publishes it.
                told.store(true, Relaxed);
                pd.interrupt(direction);
            })
            .map_err(context_error)?;
        // Relaxed: `wait_interruptible` orders it.
        match pd.wait_interruptible(direction, || interrupted.load(Relaxed)) {
            Ok(Waited::Ready) => Ok(()),
            Ok(Waited::Interrupted) => {
                Err(context_error(ctx.err().expect("only a context that is done interrupts")))
            }
            Err(e) => Err(self.poll_error(e)),
        }
    }
}

/// In the words of an operation on the network. Go: mapErr.
#[doc(alias = "mapErr")]
pub(crate) fn context_error(e: ContextError) -> Error {
    Error::Sentinel(if e.timeout() { Sentinel::ContextDeadline } else { Sentinel::Canceled })
}
