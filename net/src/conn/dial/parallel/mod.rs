//! Two families side by side ("happy eyeballs"). Go: net/dial.go dialParallel. RFC 6555.
//!
//! The addresses of the first one's family are tried first; if that takes too long, or fails, the
//! others are tried in parallel. The first connection wins; the other racer is cancelled, and what
//! it may have connected by then is closed.

use std::time::{Duration, Instant};

use gopark_runtime::chan::{Receiver, RecvTimeoutError, Sender, bounded};
use gopark_runtime::context::{CancelFn, Context};
use gopark_runtime::go;

use super::{Conn, NetAddr, OpError, SysDialer};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Racer {
    Primary,
    Fallback,
}

type Finish = (Racer, Result<Conn, OpError>);

impl SysDialer {
    /// Dials `primaries`, and after `delay` `fallbacks` too. If all fail, the primaries' error
    /// counts.
    #[doc(alias = "dialParallel")]
    pub(super) fn dial_parallel(
        &self,
        ctx: &Context,
        primaries: Vec<NetAddr>,
        fallbacks: Vec<NetAddr>,
        delay: Duration,
    ) -> Result<Conn, OpError> {
        if fallbacks.is_empty() {
            return self.dial_serial(ctx, &primaries);
        }
        let (finished, finishes) = bounded(0);
        let _primary = self.start(ctx, Racer::Primary, primaries, &finished);
        let mut waiting = Some((fallbacks, Instant::now() + delay));
        let mut _fallback = None;
        let mut primary_error = None;
        let mut fallback_failed = false;
        loop {
            let start_at = waiting.as_ref().map(|(_, at)| *at);
            match next(&finishes, start_at) {
                Some((_, Ok(conn))) => return Ok(conn),
                Some((Racer::Primary, Err(e))) => primary_error = Some(e),
                Some((Racer::Fallback, Err(_))) => fallback_failed = true,
                None => {}
            }
            // It is time, or nothing else is under way.
            if let Some((fallbacks, _)) = waiting.take() {
                _fallback = Some(self.start(ctx, Racer::Fallback, fallbacks, &finished));
            } else if fallback_failed && let Some(e) = primary_error.take() {
                return Err(e);
            }
        }
    }

    fn start(
        &self,
        ctx: &Context,
        racer: Racer,
        remotes: Vec<NetAddr>,
        finished: &Sender<Finish>,
    ) -> CancelOnDrop {
        let (ctx, cancel) = ctx.with_cancel();
        let (dialer, finished) = (self.clone(), finished.clone());
        go(move || {
            let result = dialer.dial_serial(&ctx, &remotes);
            // Nobody waits any more: the connection closes with the message.
            drop(finished.send((racer, result)));
        });
        CancelOnDrop(cancel)
    }
}

/// The next to finish; `None` when `at` comes first.
fn next(finishes: &Receiver<Finish>, at: Option<Instant>) -> Option<Finish> {
    let Some(at) = at else { return Some(finishes.recv().expect("we hold a sender")) };
    match finishes.recv_deadline(at) {
        Ok(finish) => Some(finish),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => unreachable!("we hold a sender"),
    }
}

/// Cancels a racer when the race is over.
struct CancelOnDrop(CancelFn);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests;
