//! `WaitGroup`: waiting for goroutines to finish. Go: sync/waitgroup.go.
//!
//! ```text
//!   state   63 ........... 32 | 31 .......... 0
//!                counter      |    waiters
//! ```
//!
//! I1 Only the `done` that brings the counter to 0 while there are waiters releases them, after it
//!    has set the word to 0.
//! I2 From that moment until its store nobody else changes the word: `add` from 0 with waiters, and
//!    `wait` at 0, are misuse.

use crate::sched::g::WaitReason;
use crate::sync::sema::{Handoff, Order, semacquire1, semrelease};
use crate::words::shim::atomic::{
    AtomicU32, AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
    Ordering::SeqCst,
};

/// Waits for a collection of goroutines to finish. Go: sync.WaitGroup.
///
/// Call [`add`](Self::add) before starting goroutines; each calls [`done`](Self::done) at its end.
/// [`wait`](Self::wait) parks until the count is 0. Share it by reference (in a scope, in a
/// `static`) or in an `Arc`. What a goroutine did before `done` is visible after `wait`.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{go, sync::WaitGroup};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
///
/// let (wg, sum) = (Arc::new(WaitGroup::new()), Arc::new(AtomicUsize::new(0)));
/// wg.add(10);
/// for i in 0..10 {
///     let (wg, sum) = (wg.clone(), sum.clone());
///     go(move || {
///         sum.fetch_add(i, Relaxed);
///         wg.done();
///     });
/// }
/// wg.wait();
/// assert_eq!(sum.load(Relaxed), 45);
/// # }) } }
/// ```
pub struct WaitGroup {
    /// See the file's head. Changed by `add`, `done` and `wait`.
    state: AtomicU64,
    sema: AtomicU32,
}

/// One of the counter.
const ONE: u64 = 1 << 32;

/// The word taken apart.
#[derive(Clone, Copy, PartialEq, Eq)]
struct WaitGroupWord(u64);

impl WaitGroupWord {
    fn counter(self) -> i32 {
        (self.0 >> 32) as i32
    }
    fn waiters(self) -> u32 {
        self.0 as u32
    }
}

impl WaitGroup {
    /// Makes a group with nothing to wait for.
    ///
    /// ```
    /// static WORKERS: gopark::sync::WaitGroup = gopark::sync::WaitGroup::new();
    /// WORKERS.wait(); // returns at once
    /// ```
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        WaitGroup { state: AtomicU64::new(0), sema: AtomicU32::new(0) }
    }
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        WaitGroup { state: AtomicU64::new(0), sema: AtomicU32::new(0) }
    }

    /// Adds `n` to the number of goroutines to wait for. Call it before starting them.
    ///
    /// # Panics
    ///
    /// If the counter leaves the range of an `i32`, or while the group's waiters are being released
    /// ("sync: WaitGroup misuse: Add called concurrently with Wait").
    ///
    /// ```
    /// let wg = gopark::sync::WaitGroup::new();
    /// wg.add(1);
    /// wg.done();
    /// wg.wait();
    /// ```
    #[track_caller]
    pub fn add(&self, n: usize) {
        let n = i32::try_from(n).expect("sync: WaitGroup counter overflow");
        // ORDERING: AcqRel: an add comes after the round of waits that it follows.
        let new = WaitGroupWord(
            self.state.fetch_add(u64::from(n.unsigned_abs()) << 32, AcqRel).wrapping_add((n as u64) << 32),
        );
        if new.counter() < n {
            panic!("sync: WaitGroup counter overflow");
        }
        if new.waiters() != 0 && n > 0 && new.counter() == n {
            panic!("sync: WaitGroup misuse: Add called concurrently with Wait");
        }
    }

    /// Counts one goroutine as finished. The last one wakes the waiters.
    ///
    /// # Panics
    ///
    /// If called more often than was added ("sync: negative WaitGroup counter").
    ///
    /// ```should_panic
    /// gopark::sync::WaitGroup::new().done(); // panics: nothing was added
    /// ```
    #[track_caller]
    pub fn done(&self) {
        // ORDERING: AcqRel: Release pairs with the Acquire in `wait` and with the last `done`'s,
        // which carries it on through the semaphore.
        let new = WaitGroupWord(self.state.fetch_sub(ONE, AcqRel).wrapping_sub(ONE));
        if new.counter() < 0 {
            panic!("sync: negative WaitGroup counter");
        }
        if new.counter() == 0 && new.waiters() != 0 {
            self.release(new);
        }
    }

    /// Parks until the counter is 0.
    ///
    /// # Panics
    ///
    /// When the group is used again before all waits of the last round have returned.
    ///
    /// ```
    /// gopark::sync::WaitGroup::new().wait(); // nothing to wait for
    /// ```
    pub fn wait(&self) {
        // ORDERING: Acquire pairs with the Release in `done`.
        let mut state = WaitGroupWord(self.state.load(Acquire));
        while state.counter() != 0 {
            // ORDERING: Acquire on failure, as above; success is ordered by the semaphore.
            match self.state.compare_exchange_weak(state.0, state.0 + 1, Relaxed, Acquire) {
                Ok(_) => return self.sleep(),
                Err(now) => state = WaitGroupWord(now),
            }
        }
    }

    #[cold]
    fn sleep(&self) {
        semacquire1(&self.sema, Order::Fifo, WaitReason::SyncWaitGroupWait);
        // ORDERING: SeqCst: sees at least what `release` stored before the semaphore (a check for
        // misuse only).
        if self.state.load(SeqCst) != 0 {
            panic!("sync: WaitGroup is reused before previous Wait has returned");
        }
    }

    /// See I1.
    #[cold]
    fn release(&self, state: WaitGroupWord) {
        if self.state.load(Relaxed) != state.0 {
            panic!("sync: WaitGroup misuse: Add called concurrently with Wait");
        }
        // ORDERING: Release pairs with the Acquire in `wait`: one who comes just now and finds 0
        // sees what all did before `done`. (A relaxed store ends the release sequence of the
        // subtractions; the model caught that.)
        self.state.store(0, Release);
        for _ in 0..state.waiters() {
            semrelease(&self.sema, Handoff::No);
        }
    }
}

impl Default for WaitGroup {
    fn default() -> Self {
        WaitGroup::new()
    }
}

impl std::fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = WaitGroupWord(self.state.load(Relaxed));
        f.debug_struct("WaitGroup")
            .field("counter", &state.counter())
            .field("waiters", &state.waiters())
            .finish()
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;

    #[test]
    fn loom_wait_group() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(|| {
            let shared = Arc::new((WaitGroup::new(), [AtomicUsize::new(0), AtomicUsize::new(0)]));
            shared.0.add(2);
            let work = |shared: &(WaitGroup, [AtomicUsize; 2]), i: usize| {
                shared.1[i].store(1, Relaxed);
                shared.0.done();
            };
            let check = |shared: &(WaitGroup, [AtomicUsize; 2])| {
                shared.0.wait();
                assert_eq!(
                    shared.1[0].load(Relaxed) + shared.1[1].load(Relaxed),
                    2,
                    "both are done and seen to be"
                );
            };
            let [worker, waiter] = [shared.clone(), shared.clone()];
            let worker = loom::thread::spawn(move || work(&worker, 0));
            let waiter = loom::thread::spawn(move || check(&waiter));
            work(&shared, 1);
            check(&shared);
            worker.join().unwrap();
            waiter.join().unwrap();
            assert_eq!(shared.0.state.load(Relaxed), 0);
            assert_eq!(shared.0.sema.load(Relaxed), 0);
        });
    }
}
