//! `Mutex`: Go's lock under `lock_api`'s types.

use lock_api::GuardSend;

use super::raw_mutex::Lock;

/// Mutual exclusion that parks the goroutine. Go: sync.Mutex; spelled as parking_lot's.
///
/// An uncontended `lock` is one compare-and-swap. Waiters queue first come, first served. A
/// newcomer may overtake them until one has waited 1 ms; from then on the lock is handed over in
/// order. There is no poisoning: a panic with the lock held unlocks it. The guard may be held over
/// a park, and may be sent to another goroutine and dropped there.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{go, sync::Mutex};
/// use std::sync::Arc;
///
/// let count = Arc::new(Mutex::new(0));
/// let workers: Vec<_> = (0..8)
///     .map(|_| {
///         let count = count.clone();
///         go(move || *count.lock() += 1)
///     })
///     .collect();
/// for worker in workers {
///     worker.join().unwrap();
/// }
/// assert_eq!(*count.lock(), 8);
/// # }) } }
/// ```
pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;

/// Access to the data of a [`Mutex`] until it is dropped; returned by
/// [`Mutex::lock`](lock_api::Mutex::lock).
///
/// ```
/// use gopark::sync::{Mutex, MutexGuard};
///
/// let pair = Mutex::new((1, 2));
/// let guard: MutexGuard<'_, (i32, i32)> = pair.lock();
/// assert_eq!(guard.0, 1);
/// ```
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;

/// A guard for a part of the data.
///
/// ```
/// use gopark::sync::{MappedMutexGuard, Mutex, MutexGuard};
///
/// let pair = Mutex::new((1, 2));
/// let mut second: MappedMutexGuard<'_, i32> = MutexGuard::map(pair.lock(), |p| &mut p.1);
/// *second = 3;
/// drop(second);
/// assert_eq!(*pair.lock(), (1, 3));
/// ```
pub type MappedMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawMutex, T>;

/// A guard that owns its mutex, so that another goroutine can hold it.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{go, sync::{ArcMutexGuard, Mutex, RawMutex}};
/// use std::sync::Arc;
///
/// let value = Arc::new(Mutex::new(1));
/// let guard: ArcMutexGuard<RawMutex, i32> = value.lock_arc();
/// go(move || drop(guard)); // unlocks
/// assert_eq!(*value.lock(), 1);
/// # }) } }
/// ```
pub type ArcMutexGuard<R, T> = lock_api::ArcMutexGuard<R, T>;

/// The raw lock under `lock_api`'s types.
///
/// ```
/// use gopark::sync::RawMutex;
/// use lock_api::RawMutex as _;
///
/// let lock = RawMutex::INIT;
/// let guard = lock.lock();
/// assert!(lock.try_lock().is_none());
/// // SAFETY: locked above.
/// unsafe { lock.unlock(guard) };
/// ```
#[derive(Debug)]
pub struct RawMutex(Lock);

impl RawMutex {
    pub(crate) fn inner(&self) -> &Lock {
        &self.0
    }
}

// SAFETY: `Lock` excludes, with Acquire on locking and Release on unlocking (raw_mutex.rs,
// loom_mutex_*). The guard has no state and does nothing when dropped or forgotten; lock and unlock
// do not unwind.
unsafe impl lock_api::RawMutex for RawMutex {
    const INIT: RawMutex = RawMutex(Lock::new());
    type Guard = GuardSend;

    #[inline]
    fn lock(&self) -> GuardSend {
        self.0.lock();
        GuardSend::new()
    }

    #[inline]
    fn try_lock(&self) -> Option<GuardSend> {
        self.0.try_lock().then(GuardSend::new)
    }

    #[inline]
    unsafe fn unlock(&self, _guard: GuardSend) {
        self.0.unlock();
    }

    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }
}

// SAFETY: as above; the lock stays locked, or goes to one waiter.
unsafe impl lock_api::RawMutexFair for RawMutex {
    unsafe fn unlock_fair(&self, _guard: GuardSend) {
        self.0.unlock_fair();
    }
}
