//! What ends a context at its deadline.

use std::time::Duration;

use crate::chan::{self, Sender};
use crate::join::go;

/// A call to come. Dropping it, or [`stop`](Self::stop), prevents it.
pub(super) struct Alarm(Sender<()>);

impl Alarm {
    /// Calls `f` in a goroutine after `left`.
    pub(super) fn after(left: Duration, f: impl FnOnce() + Send + 'static) -> Alarm {
        let (stop, stopped) = chan::bounded(0);
        go(move || {
            if stopped.recv_timeout(left) == Err(chan::RecvTimeoutError::Timeout) {
                f();
            }
        });
        Alarm(stop)
    }

    pub(super) fn stop(self) {
        self.0.close();
    }
}
