//! Locks and other synchronisation that park the goroutine, not the thread.
//!
//! ```
//! use gopark::scope;
//! use gopark::sync::{Mutex, Semaphore};
//!
//! # fn main() { unsafe { gopark::run(|| {
//! let done = Mutex::new(Vec::new());
//! let two_at_a_time = Semaphore::new(2);
//! scope(|s| {
//!     for i in 0..5 {
//!         let (done, two_at_a_time) = (&done, &two_at_a_time);
//!         s.go(move || {
//!             let _permit = two_at_a_time.acquire();
//!             done.lock().push(i);
//!         });
//!     }
//! });
//! assert_eq!(done.lock().len(), 5);
//! # }) } }
//! ```
//!
//! Everything here works between goroutines, between plain threads, and across the two: a plain
//! thread sleeps where a goroutine parks. Guards may be held over a park. A panic poisons nothing
//! but [`Once`].
//!
//! | type | Go | guards and methods |
//! |---|---|---|
//! | [`Mutex`], [`RwLock`] | sync.Mutex, sync.RWMutex | `lock_api`'s, mapped and `Arc` guards included |
//! | [`Condvar`] | sync.Cond | `lock_api`'s; never wakes spuriously |
//! | [`Once`], [`OnceLock`], [`LazyLock`] | sync.Once, OnceValue | std's |
//! | [`Semaphore`] | golang.org/x/sync/semaphore | weighted, first come, first served |
//! | [`Barrier`] | | std's |
//! | [`WaitGroup`] | sync.WaitGroup | Go's |
//! | [`Group`] | golang.org/x/sync/errgroup | Go's |
//! | [`singleflight::Group`] | golang.org/x/sync/singleflight | Go's |
//! | [`JoinSet`], [`Notify`], [`broadcast`], [`watch`] | | tokio's |
//!
//! Waits under a context are the methods that end in `_context`; for locks they come from the
//! traits [`LockContext`], [`RwLockContext`] and [`WaitContext`].

#[cfg(not(loom))]
pub mod broadcast;
#[cfg(not(loom))]
pub mod singleflight;
#[cfg(not(loom))]
pub mod watch;

mod notify;
mod raw_mutex;
mod raw_rwlock;
pub(crate) mod sema;
mod spin;
mod wait_group;

#[cfg(not(loom))]
mod barrier;
#[cfg(not(loom))]
mod condvar;
#[cfg(not(loom))]
mod group;
#[cfg(not(loom))]
mod join_set;
#[cfg(not(loom))]
mod mutex;
mod once;
#[cfg(not(loom))]
mod once_lock;
#[cfg(not(loom))]
mod rwlock;
#[cfg(not(loom))]
mod semaphore;
#[cfg(not(loom))]
mod semaphore_owned;
#[cfg(not(loom))]
mod timed;

#[cfg(not(loom))]
pub use crate::context::{LockContext, RwLockContext, WaitContext};
#[cfg(not(loom))]
pub use barrier::{Barrier, BarrierWaitResult};
#[cfg(not(loom))]
pub use condvar::{Condvar, RawCondvar, WaitTimeoutResult};
#[cfg(not(loom))]
pub use group::Group;
#[cfg(not(loom))]
pub use join_set::JoinSet;
#[cfg(not(loom))]
pub use mutex::{ArcMutexGuard, MappedMutexGuard, Mutex, MutexGuard, RawMutex};
#[cfg(not(loom))]
pub use notify::Notify;
#[cfg(not(loom))]
pub use once::{Once, OnceState};
#[cfg(not(loom))]
pub use once_lock::{LazyLock, OnceLock};
#[cfg(not(loom))]
pub use rwlock::{
    ArcRwLockReadGuard, ArcRwLockWriteGuard, MappedRwLockReadGuard, MappedRwLockWriteGuard, RawRwLock,
    RwLock, RwLockReadGuard, RwLockWriteGuard,
};
#[cfg(not(loom))]
pub use semaphore::{Semaphore, SemaphorePermit};
#[cfg(not(loom))]
pub use semaphore_owned::OwnedSemaphorePermit;
#[cfg(not(loom))]
pub use wait_group::WaitGroup;

/// A panic leaves none of these in an inconsistent state.
#[cfg(not(loom))]
mod unwind {
    use std::panic::{RefUnwindSafe, UnwindSafe};

    use super::{Barrier, Notify, Once, RawCondvar, RawMutex, RawRwLock, Semaphore, WaitGroup};

    impl UnwindSafe for Barrier {}
    impl RefUnwindSafe for Barrier {}
    impl UnwindSafe for Notify {}
    impl RefUnwindSafe for Notify {}
    impl UnwindSafe for Once {}
    impl RefUnwindSafe for Once {}
    impl UnwindSafe for RawCondvar {}
    impl RefUnwindSafe for RawCondvar {}
    impl UnwindSafe for RawMutex {}
    impl RefUnwindSafe for RawMutex {}
    impl UnwindSafe for RawRwLock {}
    impl RefUnwindSafe for RawRwLock {}
    impl UnwindSafe for Semaphore {}
    impl RefUnwindSafe for Semaphore {}
    impl UnwindSafe for WaitGroup {}
    impl RefUnwindSafe for WaitGroup {}
}
