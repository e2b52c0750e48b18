//! `RwLock`: Go's reader/writer lock under `lock_api`'s types.

use lock_api::GuardSend;

use super::raw_rwlock::RwLockState;

/// Many readers or one writer. Go: sync.RWMutex; spelled as parking_lot's.
///
/// A waiting writer keeps new readers out, so it is not starved; readers that arrive in the
/// meantime go before the next writer. Therefore a goroutine that holds a read lock must not take a
/// second one: with a writer between the two it would wait for itself. A writer that gives up
/// (`try_write_for`, `write_context`) lets the waiting readers in at once.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::sync::RwLock;
///
/// let config = RwLock::new(String::from("a"));
/// assert_eq!(*config.read(), "a");
/// config.write().push('b');
/// assert_eq!(config.read().len(), 2);
/// # }) } }
/// ```
pub type RwLock<T> = lock_api::RwLock<RawRwLock, T>;

/// Shared access to the data of an [`RwLock`]; returned by
/// [`RwLock::read`](lock_api::RwLock::read).
///
/// ```
/// use gopark::sync::{RwLock, RwLockReadGuard};
///
/// let lock = RwLock::new(1);
/// let (one, two): (RwLockReadGuard<'_, i32>, RwLockReadGuard<'_, i32>) = (lock.read(), lock.read());
/// assert_eq!(*one, *two);
/// ```
pub type RwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLock, T>;

/// Exclusive access to the data of an [`RwLock`]; returned by
/// [`RwLock::write`](lock_api::RwLock::write).
///
/// ```
/// use gopark::sync::{RwLock, RwLockWriteGuard};
///
/// let lock = RwLock::new(1);
/// let mut guard = lock.write();
/// *guard = 2;
/// let reader = RwLockWriteGuard::downgrade(guard); // no writer comes in between
/// assert_eq!(*reader, 2);
/// ```
pub type RwLockWriteGuard<'a, T> = lock_api::RwLockWriteGuard<'a, RawRwLock, T>;

/// A read guard for a part of the data.
///
/// ```
/// use gopark::sync::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
///
/// let lock = RwLock::new((1, 2));
/// let second: MappedRwLockReadGuard<'_, i32> = RwLockReadGuard::map(lock.read(), |p| &p.1);
/// assert_eq!(*second, 2);
/// ```
pub type MappedRwLockReadGuard<'a, T> = lock_api::MappedRwLockReadGuard<'a, RawRwLock, T>;

/// A write guard for a part of the data.
///
/// ```
/// use gopark::sync::{MappedRwLockWriteGuard, RwLock, RwLockWriteGuard};
///
/// let lock = RwLock::new((1, 2));
/// let mut second: MappedRwLockWriteGuard<'_, i32> = RwLockWriteGuard::map(lock.write(), |p| &mut p.1);
/// *second += 1;
/// drop(second);
/// assert_eq!(lock.read().1, 3);
/// ```
pub type MappedRwLockWriteGuard<'a, T> = lock_api::MappedRwLockWriteGuard<'a, RawRwLock, T>;

/// A read guard that owns its lock.
///
/// ```
/// use gopark::sync::{ArcRwLockReadGuard, RawRwLock, RwLock};
/// use std::sync::Arc;
///
/// let lock = Arc::new(RwLock::new(5));
/// let guard: ArcRwLockReadGuard<RawRwLock, i32> = lock.read_arc();
/// assert_eq!(*guard, 5);
/// ```
pub type ArcRwLockReadGuard<R, T> = lock_api::ArcRwLockReadGuard<R, T>;

/// A write guard that owns its lock.
///
/// ```
/// use gopark::sync::{ArcRwLockWriteGuard, RawRwLock, RwLock};
/// use std::sync::Arc;
///
/// let lock = Arc::new(RwLock::new(5));
/// let mut guard: ArcRwLockWriteGuard<RawRwLock, i32> = lock.write_arc();
/// *guard = 6;
/// ```
pub type ArcRwLockWriteGuard<R, T> = lock_api::ArcRwLockWriteGuard<R, T>;

/// The raw lock under `lock_api`'s types.
///
/// ```
/// use gopark::sync::RawRwLock;
/// use lock_api::RawRwLock as _;
///
/// let lock = RawRwLock::INIT;
/// let guard = lock.lock_shared();
/// assert!(lock.try_lock_exclusive().is_none());
/// // SAFETY: locked above.
/// unsafe { lock.unlock_shared(guard) };
/// ```
#[derive(Debug)]
pub struct RawRwLock(RwLockState);

impl RawRwLock {
    pub(crate) fn inner(&self) -> &RwLockState {
        &self.0
    }
}

// SAFETY: `RwLockState` excludes writers from each other and from readers, with Acquire on locking
// and Release on unlocking (raw_rwlock/mod.rs, loom_rwlock_*). The guards have no state and do
// nothing when dropped or forgotten; nothing here unwinds.
unsafe impl lock_api::RawRwLock for RawRwLock {
    const INIT: RawRwLock = RawRwLock(RwLockState::new());
    type SharedGuard = GuardSend;
    type ExclusiveGuard = GuardSend;

    #[inline]
    fn lock_shared(&self) -> GuardSend {
        self.0.lock_shared();
        GuardSend::new()
    }

    fn try_lock_shared(&self) -> Option<GuardSend> {
        self.0.try_lock_shared().then(GuardSend::new)
    }

    #[inline]
    unsafe fn unlock_shared(&self, _guard: GuardSend) {
        self.0.unlock_shared();
    }

    fn lock_exclusive(&self) -> GuardSend {
        self.0.lock();
        GuardSend::new()
    }

    fn try_lock_exclusive(&self) -> Option<GuardSend> {
        self.0.try_lock().then(GuardSend::new)
    }

    unsafe fn unlock_exclusive(&self, _guard: GuardSend) {
        self.0.unlock();
    }

    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    fn is_locked_exclusive(&self) -> bool {
        self.0.is_locked_exclusive()
    }
}

// SAFETY: as above; the writer becomes a reader before any other writer can come
// (loom_rwlock_two_writers_one_downgrades).
unsafe impl lock_api::RawRwLockDowngrade for RawRwLock {
    unsafe fn downgrade(&self, _guard: GuardSend) -> GuardSend {
        self.0.downgrade();
        GuardSend::new()
    }
}
