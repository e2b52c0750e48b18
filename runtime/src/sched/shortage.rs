//! A thread that the system did not create is wanted until it is there, or until the work has found
//! another.
//!
//! Go throws. Here the process goes on with the threads that it has, sysmon tries again
//! (no_thread.rs), and until then the number of threads at the failure counts as
//! the limit: the last few are not for goroutines that block.
//!
//! I1 While a thread is wanted sysmon does not sleep deeply: nobody else may be left to try again.

use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};

/// How long a failure stands for the limit: the limit may be raised at any time.
const BOUND_NS: i64 = 1_000_000_000;
/// At most one message in this time.
const SILENCE_NS: i64 = 60_000_000_000;

/// See the file's head.
pub(crate) struct ThreadShortage {
    wanted: AtomicBool,
    /// Threads at the last failure, and when that was; 0: never. Hints.
    bound: AtomicUsize,
    failed_at: AtomicI64,
    /// When it was last said; 0: never. Under `sched.lock`.
    said_at: AtomicI64,
}

impl ThreadShortage {
    pub(crate) const fn new() -> ThreadShortage {
        ThreadShortage {
            wanted: AtomicBool::new(false),
            bound: AtomicUsize::new(0),
            failed_at: AtomicI64::new(0),
            said_at: AtomicI64::new(0),
        }
    }

    /// A thread could not be created beside `threads` others. True if that is worth a message. Under
    /// `sched.lock`.
    #[must_use]
    pub(crate) fn failed(&self, threads: usize, now: i64) -> bool {
        // Relaxed: hints, and the lock's.
        self.bound.store(threads, Relaxed);
        self.failed_at.store(now, Relaxed);
        // ORDERING: SeqCst pairs with `is_wanted` in sysmon's `deep_sleep`, under `sched.lock`.
        self.wanted.store(true, SeqCst);
        let said_at = self.said_at.load(Relaxed);
        let say = said_at == 0 || said_at + SILENCE_NS <= now;
        if say {
            self.said_at.store(now, Relaxed);
        }
        say
    }

    /// Whether sysmon is to try again.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Relaxed)
    }

    /// The same, and it is no longer.
    pub(crate) fn take_wanted(&self) -> bool {
        // ORDERING: SeqCst, as the store in `failed`.
        self.is_wanted() && self.wanted.swap(false, SeqCst)
    }

    /// A thread was created: the limit is not near.
    pub(crate) fn succeeded(&self) {
        if self.bound.load(Relaxed) != 0 {
            self.bound.store(0, Relaxed);
        }
    }

    /// How many threads the system allows as far as is known.
    pub(crate) fn bound(&self, now: i64) -> usize {
        match self.bound.load(Relaxed) {
            0 => usize::MAX,
            _ if self.failed_at.load(Relaxed) + BOUND_NS <= now => usize::MAX,
            bound => bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_said_once_and_bounds_for_a_while() {
        let short = ThreadShortage::new();
        assert!(!short.is_wanted() && short.bound(1) == usize::MAX);
        assert!(short.failed(7, 1));
        assert!(!short.failed(6, 2));
        assert_eq!((short.bound(3), short.bound(2 + BOUND_NS)), (6, usize::MAX));
        assert!(short.take_wanted() && !short.take_wanted());
        short.succeeded();
        assert_eq!(short.bound(3), usize::MAX);
        assert!(short.failed(7, 1 + SILENCE_NS));
    }
}
