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
//! I3 A waiter that gives up takes itself off the count only while the counter is not 0. Otherwise
//!    it is among those that are released: it takes its unit and counts as woken.

#[cfg(not(loom))]
use std::sync::Arc;
#[cfg(not(loom))]
use std::time::{Duration, Instant};

#[cfg(not(loom))]
use crate::context::{Context, ContextError};
use crate::sched::g::WaitReason;
#[cfg(not(loom))]
use crate::sched::join::{JoinHandle, go};
#[cfg(not(loom))]
use crate::sync::sema::Deadline;
use crate::sync::sema::{
    Handoff, Interrupt, Interrupted, Order, semacquire_interruptible, semacquire1, semrelease,
};
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

    /// As [`wait`](Self::wait), ended early by an [`Interrupt`].
    pub(crate) fn wait_interruptible(&self, by: &impl Interrupt) -> Result<(), Interrupted> {
        // ORDERING: as in `wait`.
        let mut state = WaitGroupWord(self.state.load(Acquire));
        while state.counter() != 0 {
            // ORDERING: as in `wait`.
            match self.state.compare_exchange_weak(state.0, state.0 + 1, Relaxed, Acquire) {
                Ok(_) => return self.sleep_interruptible(by),
                Err(now) => state = WaitGroupWord(now),
            }
        }
        Ok(())
    }

    #[cold]
    fn sleep_interruptible(&self, by: &impl Interrupt) -> Result<(), Interrupted> {
        let reason = WaitReason::SyncWaitGroupWait;
        match semacquire_interruptible(&self.sema, Order::Fifo, reason, by) {
            Ok(()) => self.check_reuse(),
            Err(Interrupted) if self.leave() => return Err(Interrupted),
            // Our unit is there or on its way.
            Err(Interrupted) => self.sleep(),
        }
        Ok(())
    }

    /// Takes a waiter that gives up off the count; false if it has been released (I3).
    fn leave(&self) -> bool {
        // Relaxed: the waiter learns nothing from the word.
        let mut state = WaitGroupWord(self.state.load(Relaxed));
        while state.counter() != 0 {
            if state.waiters() == 0 {
                panic!("sync: WaitGroup is reused before previous Wait has returned");
            }
            // ORDERING: AcqRel keeps the release sequence of the subtractions for `done`.
            match self.state.compare_exchange_weak(state.0, state.0 - 1, AcqRel, Relaxed) {
                Ok(_) => return true,
                Err(now) => state = WaitGroupWord(now),
            }
        }
        false
    }

    #[cold]
    fn sleep(&self) {
        semacquire1(&self.sema, Order::Fifo, WaitReason::SyncWaitGroupWait);
        self.check_reuse();
    }

    fn check_reuse(&self) {
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

#[cfg(not(loom))]
impl WaitGroup {
    /// Runs `f` in a goroutine that the group counts: `add(1)`, `f`, `done`. Go 1.25:
    /// WaitGroup.Go.
    ///
    /// The goroutine is counted as finished after a panic, too. The handle may be dropped.
    ///
    /// # Panics
    ///
    /// As [`go`](crate::go) and [`add`](Self::add).
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::sync::WaitGroup;
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// let (wg, sum) = (Arc::new(WaitGroup::new()), Arc::new(AtomicUsize::new(0)));
    /// for i in 0..10 {
    ///     let sum = sum.clone();
    ///     wg.go(move || _ = sum.fetch_add(i, Relaxed));
    /// }
    /// wg.wait();
    /// assert_eq!(sum.load(Relaxed), 45);
    /// # }) } }
    /// ```
    #[doc(alias = "Go")]
    #[track_caller]
    pub fn go(self: &Arc<Self>, f: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
        self.add(1);
        let counted = Counted(self.clone());
        go(move || {
            let _counted = counted;
            f();
        })
    }

    /// Parks until the counter is 0, or gives up when the context is done.
    ///
    /// # Errors
    ///
    /// Why the context is done. With nothing to wait for it is `Ok` in any case.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::{context::{Context, ContextError}, sync::WaitGroup};
    ///
    /// let wg = WaitGroup::new();
    /// wg.add(1);
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// gopark::go(move || cancel());
    /// assert_eq!(wg.wait_context(&ctx), Err(ContextError::Canceled));
    /// wg.done();
    /// assert_eq!(wg.wait_context(&ctx), Ok(()));
    /// # }) } }
    /// ```
    pub fn wait_context(&self, ctx: &Context) -> Result<(), ContextError> {
        self.wait_interruptible(ctx).map_err(|Interrupted| ctx.interrupted())
    }

    /// Parks until the counter is 0, for `timeout` at most; returns whether it is 0.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::sync::WaitGroup;
    /// use std::time::Duration;
    ///
    /// let wg = WaitGroup::new();
    /// wg.add(1);
    /// assert!(!wg.wait_timeout(Duration::from_millis(5)));
    /// wg.done();
    /// assert!(wg.wait_timeout(Duration::ZERO));
    /// # }) } }
    /// ```
    #[must_use = "whether the goroutines have finished"]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.wait_interruptible(&Deadline::at(deadline)).is_ok(),
            None => {
                self.wait();
                true
            }
        }
    }
}

/// A goroutine of [`WaitGroup::go`]. Counts itself out however it ends, even if it could not be
/// started.
#[cfg(not(loom))]
struct Counted(Arc<WaitGroup>);

#[cfg(not(loom))]
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.done();
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
    /// One waiter gives up at about the time of the last `done`; the other one waits on.
    #[test]
    fn loom_wait_group_waiter_gives_up() {
        use crate::sync::sema::FromAnotherThread;

        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(|| {
            let shared = Arc::new((WaitGroup::new(), AtomicUsize::new(0)));
            shared.0.add(1);
            let other = shared.clone();
            let worker = loom::thread::spawn(move || {
                other.1.store(1, Relaxed);
                other.0.done();
            });
            if shared.0.wait_interruptible(&FromAnotherThread).is_ok() {
                assert_eq!(shared.1.load(Relaxed), 1, "done, and seen to be");
            }
            shared.0.wait();
            worker.join().unwrap();
            assert_eq!(shared.0.state.load(Relaxed), 0, "nobody is counted");
            assert_eq!(shared.0.sema.load(Relaxed), 0, "no unit is left over");
        });
    }
}
