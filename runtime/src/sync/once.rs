//! One-time initialisation. Go: sync/once.go; model: std::sync::Once, poisoning included.
//!
//! The winner runs the function with the lock held and sets `done` after it. The losers wait for
//! the lock, so nobody returns before the function has. (A compare-and-swap of `done` first would
//! let the losers return too early.)
//!
//! I1 `state` leaves INCOMPLETE or POISONED only with `lock` held, and COMPLETE never.
//! I2 COMPLETE is stored after the function has returned.

use std::pin::pin;

use super::raw_mutex::Lock;
use crate::sched::g::WaitReason;
use crate::sync::sema::{NotifyList, ParkedWaiter};
use crate::words::shim::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

/// Runs a function once; the first caller runs it. Go: sync.Once; model: [`std::sync::Once`].
///
/// ```
/// use gopark::sync::Once;
///
/// static START: Once = Once::new();
/// let mut runs = 0;
/// START.call_once(|| runs += 1);
/// START.call_once(|| runs += 1);
/// assert_eq!(runs, 1);
/// ```
pub struct Once {
    /// INCOMPLETE, POISONED or COMPLETE; see I1.
    state: AtomicU32,
    /// Held while the function runs.
    lock: Lock,
    /// Callers of [`wait`](Once::wait).
    waiting: NotifyList,
}

/// Not run yet.
const INCOMPLETE: u32 = 0;
/// Run, and panicked.
const POISONED: u32 = 1;
/// Run.
const COMPLETE: u32 = 2;

/// Argument of the function of [`Once::call_once_force`]. Model: [`std::sync::OnceState`].
///
/// ```
/// gopark::sync::Once::new().call_once_force(|state| assert!(!state.is_poisoned()));
/// ```
#[derive(Debug)]
pub struct OnceState {
    poisoned: bool,
    /// The state of the Once after the function has returned.
    next: u32,
}

/// Sets the state and unlocks, also when the function unwinds.
struct Finish<'a> {
    once: &'a Once,
    state: u32,
}

impl Once {
    /// Makes a Once that has not run.
    ///
    /// ```
    /// assert!(!gopark::sync::Once::new().is_completed());
    /// ```
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Once {
        Once { state: AtomicU32::new(INCOMPLETE), lock: Lock::new(), waiting: NotifyList::new() }
    }
    #[cfg(loom)]
    pub(crate) fn new() -> Once {
        Once { state: AtomicU32::new(INCOMPLETE), lock: Lock::new(), waiting: NotifyList::new() }
    }

    /// Runs `f` unless an earlier call has run its function. Parks while another call runs its own.
    /// When this returns, the function has returned.
    ///
    /// # Panics
    ///
    /// If `f` panics, and from then on in every call: the Once is poisoned, like std's (Go counts a
    /// panic as done). Calling it within `f` is a deadlock.
    ///
    /// ```
    /// let once = gopark::sync::Once::new();
    /// once.call_once(|| println!("the first"));
    /// assert!(once.is_completed());
    /// ```
    #[doc(alias = "Do")]
    #[inline]
    pub fn call_once(&self, f: impl FnOnce()) {
        if !self.is_completed() {
            self.call_slow(OnPoison::Panic, |_| f());
        }
    }

    /// Like [`call_once`](Self::call_once), but also runs `f` on a poisoned Once; `f` can see that
    /// and repair.
    ///
    /// # Panics
    ///
    /// If `f` does.
    ///
    /// ```
    /// let once = gopark::sync::Once::new();
    /// let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| once.call_once(|| panic!("no"))));
    /// once.call_once_force(|state| assert!(state.is_poisoned()));
    /// assert!(once.is_completed());
    /// ```
    #[inline]
    pub fn call_once_force(&self, f: impl FnOnce(&OnceState)) {
        if !self.is_completed() {
            self.call_slow(OnPoison::GoOn, |state| f(state));
        }
    }

    /// For cells whose initialiser may fail: the function may leave the Once incomplete.
    #[inline]
    pub(crate) fn call_once_or_not(&self, f: impl FnOnce(&mut OnceState)) {
        if !self.is_completed() {
            self.call_slow(OnPoison::GoOn, f);
        }
    }

    /// Whether a function has run and returned.
    ///
    /// ```
    /// assert!(!gopark::sync::Once::new().is_completed());
    /// ```
    #[inline]
    pub fn is_completed(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `Finish`: what the function did is seen.
        self.state.load(Acquire) == COMPLETE
    }

    /// Parks until a function has run and returned.
    ///
    /// # Panics
    ///
    /// If the Once is poisoned.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// static READY: gopark::sync::Once = gopark::sync::Once::new();
    /// gopark::go(|| READY.call_once(|| println!("ready")));
    /// READY.wait();
    /// # }) } }
    /// ```
    pub fn wait(&self) {
        self.wait_for(OnPoison::Panic);
    }

    /// Like [`wait`](Self::wait), but ignores poisoning.
    ///
    /// ```
    /// let once = gopark::sync::Once::new();
    /// once.call_once(|| ());
    /// once.wait_force();
    /// ```
    pub fn wait_force(&self) {
        self.wait_for(OnPoison::GoOn);
    }

    fn wait_for(&self, on_poison: OnPoison) {
        while !self.is_completed() {
            let waiter = pin!(ParkedWaiter::new(0));
            self.lock.lock();
            // Relaxed: under the lock (I1).
            let state = self.state.load(Relaxed);
            if state == INCOMPLETE || (state == POISONED && on_poison == OnPoison::GoOn) {
                // SAFETY: fresh, and waited with below. Whoever completes takes the lock after us,
                // and finds it.
                unsafe { self.waiting.add(waiter.as_ref()) };
                self.lock.unlock();
                waiter.as_ref().wait(WaitReason::SyncCondWait);
            } else {
                self.lock.unlock();
                on_poison.check(state);
            }
        }
    }

    #[cold]
    fn call_slow(&self, on_poison: OnPoison, f: impl FnOnce(&mut OnceState)) {
        self.lock.lock();
        // Relaxed: under the lock (I1).
        let state = self.state.load(Relaxed);
        let mut finish = Finish { once: self, state };
        if state == COMPLETE {
            return;
        }
        on_poison.check(state);
        finish.state = POISONED;
        let mut once_state = OnceState { poisoned: state == POISONED, next: COMPLETE };
        f(&mut once_state);
        finish.state = once_state.next;
    }
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        // ORDERING: Release pairs with the Acquire in `is_completed`.
        self.once.state.store(self.state, Release);
        self.once.lock.unlock();
        self.once.waiting.notify_all();
    }
}

/// What to do with a poisoned Once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnPoison {
    Panic,
    GoOn,
}

impl OnPoison {
    fn check(self, state: u32) {
        if state == POISONED && self == OnPoison::Panic {
            panic!("Once instance has previously been poisoned");
        }
    }
}

impl OnceState {
    /// Whether the function of an earlier call panicked.
    ///
    /// ```
    /// gopark::sync::Once::new().call_once_force(|state| assert!(!state.is_poisoned()));
    /// ```
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Leaves the Once as if it had never been called.
    pub(crate) fn stay_incomplete(&mut self) {
        self.next = INCOMPLETE;
    }
}

impl Default for Once {
    fn default() -> Once {
        Once::new()
    }
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;

    fn model(f: impl Fn() + Sync + Send + 'static) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(f);
    }

    /// The function runs once, and nobody returns before it has.
    #[test]
    fn loom_once() {
        model(|| {
            let shared = Arc::new((Once::new(), AtomicUsize::new(0)));
            let call = |shared: &(Once, AtomicUsize)| {
                shared.0.call_once(|| shared.1.store(shared.1.load(Relaxed) + 1, Relaxed));
                assert_eq!(shared.1.load(Relaxed), 1);
            };
            let threads = [0, 1].map(|_| {
                let shared = shared.clone();
                loom::thread::spawn(move || call(&shared))
            });
            call(&shared);
            threads.map(|t| t.join().unwrap());
        });
    }

    #[test]
    fn loom_once_wait() {
        model(|| {
            let shared = Arc::new((Once::new(), AtomicUsize::new(0)));
            let other = shared.clone();
            let caller = loom::thread::spawn(move || other.0.call_once(|| other.1.store(7, Relaxed)));
            shared.0.wait();
            assert_eq!(shared.1.load(Relaxed), 7);
            caller.join().unwrap();
        });
    }
}
