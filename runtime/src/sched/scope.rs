//! Goroutines that borrow. Model: std::thread::scope.
//!
//! I1 `scope` does not return, and does not unwind, before `running` is 0: what the goroutines
//!    borrow outlives them.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{
    AtomicIsize, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed},
};

use crate::sched::g::{GRef, WaitReason};
use crate::sched::join::{self, JoinHandle};
use crate::sched::newproc::Options;
use crate::sched::{gopark, goready};

/// What a scope's goroutines share with it.
struct Data {
    /// The goroutines that have not ended, and one for the scope itself while it does not wait.
    running: AtomicUsize,
    /// The scope's caller, parked; 0 while it is not. Written before the caller gives up its own
    /// count.
    waiter: AtomicUsize,
    /// How many have panicked, less those whose panic a join has taken. A join may be counted
    /// before its goroutine's end.
    panicked: AtomicIsize,
}

impl Data {
    /// Counts one less; the last wakes the caller.
    fn leave(&self) {
        // ORDERING: Release publishes what the goroutine did to the scope's caller; Acquire for
        // `waiter`.
        if self.running.fetch_sub(1, AcqRel) == 1 {
            // SAFETY: the last to leave is behind the caller's own leave, before which `waiter` was
            // set from a GRef.
            goready(unsafe { GRef::from_usize(self.waiter.load(Relaxed)) });
        }
    }
}

/// A scope to spawn goroutines in. See [`scope`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// let words = ["a", "b"];
/// let joined = gopark::scope(|s| {
///     let (one, two) = (s.go(|| words[0]), s.go(|| words[1]));
///     one.join().unwrap().to_owned() + two.join().unwrap()
/// });
/// assert_eq!(joined, "ab");
/// # }) }
/// ```
pub struct Scope<'scope, 'env: 'scope> {
    data: Arc<Data>,
    /// Invariant in both, as std's.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl std::fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("running", &self.data.running).finish_non_exhaustive()
    }
}

/// A scoped goroutine's end to wait for. Model: [`std::thread::ScopedJoinHandle`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// let value = 20;
/// let doubled = gopark::scope(|s| s.go(|| value * 2).join().unwrap());
/// assert_eq!(doubled, 40);
/// # }) }
/// ```
pub struct ScopedJoinHandle<'scope, T> {
    handle: JoinHandle<T>,
    data: Arc<Data>,
    scope: PhantomData<&'scope ()>,
}

impl<T> std::fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScopedJoinHandle").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Parks until the goroutine has ended; its value, or what it panicked with.
    ///
    /// # Errors
    /// The panic's payload.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// gopark::scope(|s| assert_eq!(s.go(|| 1).join().unwrap(), 1));
    /// # }) }
    /// ```
    pub fn join(self) -> std::thread::Result<T> {
        let result = self.handle.join();
        if result.is_err() {
            // Relaxed: read by the scope's caller, who is this goroutine or has waited for it.
            self.data.panicked.fetch_sub(1, Relaxed);
        }
        result
    }

    /// Whether the goroutine has ended.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// gopark::scope(|s| {
    ///     let handle = s.go(|| ());
    ///     while !handle.is_finished() {
    ///         gopark::gosched();
    ///     }
    /// });
    /// # }) }
    /// ```
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// The goroutine's number, as in dumps and messages.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// gopark::scope(|s| assert!(s.go(|| ()).id() > 1));
    /// # }) }
    /// ```
    pub fn id(&self) -> u64 {
        self.handle.id()
    }
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// Spawns a goroutine that may borrow what outlives the scope. Model:
    /// `std::thread::Scope::spawn`.
    ///
    /// # Panics
    /// As [`go`](crate::go).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let mut value = 1;
    /// gopark::scope(|s| {
    ///     s.go(|| value += 1);
    /// });
    /// assert_eq!(value, 2);
    /// # }) }
    /// ```
    #[track_caller]
    pub fn go<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        // Relaxed: the scope's own count keeps it above 0 meanwhile.
        self.data.running.fetch_add(1, Relaxed);
        let leave = LeaveOnDrop(self.data.clone());
        let mine = self.data.clone();
        let main = move || match catch_unwind(AssertUnwindSafe(f)) {
            Ok(value) => value,
            Err(payload) => {
                // Relaxed: published by the scope's count.
                mine.panicked.fetch_add(1, Relaxed);
                resume_unwind(payload)
            }
        };
        // SAFETY: I1: `leave` runs after `f`, its captures and its result have been dropped or left
        // to the handle, and the scope waits for it.
        let handle =
            unsafe { join::spawn_then(main, move || drop(leave), Options::default(), Location::caller()) };
        ScopedJoinHandle { handle, data: self.data.clone(), scope: PhantomData }
    }
}

/// Counts itself out however it ends, also when the goroutine could not be made.
struct LeaveOnDrop(Arc<Data>);

impl Drop for LeaveOnDrop {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Runs `f` with a scope whose goroutines may borrow; all have ended when this returns. Model:
/// [`std::thread::scope`].
///
/// # Panics
/// If one of the goroutines panicked and was not joined, as std's; and with what `f` panics with.
///
/// # Examples
/// ```
/// # unsafe { gopark::run(|| {
/// let mut parts = [1, 2, 3];
/// gopark::scope(|s| {
///     for p in &mut parts {
///         s.go(|| *p *= 2);
///     }
/// });
/// assert_eq!(parts, [2, 4, 6]);
/// # }) }
/// ```
///
/// What is borrowed must outlive the scope, not only the closure; and no handle leaves it:
///
/// ```compile_fail,E0373
/// gopark::scope(|s| {
///     let inside = 1;
///     s.go(|| inside + 1);
/// });
/// ```
///
/// ```compile_fail
/// let handle = gopark::scope(|s| s.go(|| 1));
/// ```
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let data = Arc::new(Data {
        running: AtomicUsize::new(1),
        waiter: AtomicUsize::new(0),
        panicked: AtomicIsize::new(0),
    });
    let scope = Scope { data: data.clone(), scope: PhantomData, env: PhantomData };
    let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    // ORDERING: Acquire pairs with the Release in `leave`: what the goroutines did is seen.
    if data.running.load(Acquire) != 1 {
        gopark(WaitReason::SyncWaitGroupWait, |gp| {
            // Relaxed: published by the count below.
            data.waiter.store(gp.as_usize(), Relaxed);
            // ORDERING: Release publishes `waiter`; Acquire as above. 1: all have left meanwhile.
            data.running.fetch_sub(1, AcqRel) != 1
        });
    }
    match result {
        Err(payload) => resume_unwind(payload),
        Ok(_) if data.panicked.load(Relaxed) > 0 => panic!("a scoped goroutine panicked"),
        Ok(value) => value,
    }
}
