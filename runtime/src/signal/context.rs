//! A context that a signal cancels. Go: os/signal/signal.go `NotifyContext`.

use super::{Signal, notify, stop};
use crate::context::{CancelFn, Context};
use crate::{go, select};

/// Derives a child of `parent` that is cancelled by the first of these signals, by the returned
/// function, or with `parent`.
///
/// Calling the function also restores what the signals did before. Call it as soon as the context
/// is no longer needed.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::context::{Context, ContextError};
/// use gopark::signal::{Signal, notify_context};
/// let (ctx, stop) = notify_context(&Context::background(), &[Signal::from(libc::SIGUSR2)]);
/// // SAFETY: sends a signal that is handled.
/// unsafe { libc::raise(libc::SIGUSR2) };
/// let _ = ctx.done().recv();
/// assert_eq!(ctx.err(), Some(ContextError::Canceled));
/// stop();
/// # }) } }
/// ```
#[doc(alias = "NotifyContext")]
#[must_use]
pub fn notify_context(parent: &Context, signals: &[Signal]) -> (Context, CancelFn) {
    let (ctx, cancel) = parent.with_cancel();
    let channel = notify(signals);
    if ctx.err().is_none() {
        let (done, cancel, channel) = (ctx.done(), cancel.clone(), channel.clone());
        go(move || {
            select! {
                // A channel that was let go (by `reset`) brings no signal any more.
                recv(channel) -> signal => if signal.is_ok() { cancel() },
                recv(done) -> _ => {},
            }
        });
    }
    let stopped = move || {
        cancel();
        stop(&channel);
    };
    (ctx, CancelFn::calling(stopped))
}
