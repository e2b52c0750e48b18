//! fork(2) without exec: the child has one thread, and shares the poller's queue with its parent.
//!
//! It can compute and exec, but not park: nobody would wake it, and a poll would take the parent's
//! events. So it ends with a message instead of hanging.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static FORKED: AtomicBool = AtomicBool::new(false);

/// Notes forks from now on. Once, when the runtime starts.
pub(crate) fn watch() {
    extern "C" fn in_child() {
        // Relaxed: the child has one thread.
        FORKED.store(true, Relaxed);
    }
    // SAFETY: the handler only stores a flag.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}

/// Ends the process if it is a forked child. Where a thread is about to sleep or to poll.
#[inline]
pub(crate) fn check() {
    if FORKED.load(Relaxed) {
        refuse();
    }
}

#[cold]
fn refuse() -> ! {
    crate::throw::fatal(
        "gopark: a goroutine parks in a child made by fork(2); only exec works there (gopark::process::Command)",
    )
}
