//! `Condvar`: Go's condition variable under `lock_api`'s type.

use std::pin::pin;

use lock_api::GuardSend;
pub use lock_api::WaitTimeoutResult;

use super::mutex::RawMutex;
use crate::sched::g::WaitReason;
use crate::sync::sema::{NotifyList, ParkedWaiter};

/// A condition variable for a [`Mutex`](super::Mutex). Go: sync.Cond; spelled as parking_lot's.
///
/// `wait` releases the guard's lock while it parks and holds it again when it returns. It returns
/// only when notified: there are no spurious wake-ups. Notifications go to the longest waiter, and
/// `notify_one` and `notify_all` report exactly how many they woke. One condition may be used with
/// several mutexes.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{go, sync::{Condvar, Mutex}};
/// use std::sync::Arc;
///
/// let ready = Arc::new((Mutex::new(false), Condvar::new()));
/// let other = ready.clone();
/// go(move || {
///     *other.0.lock() = true;
///     other.1.notify_one();
/// });
/// let mut guard = ready.0.lock();
/// ready.1.wait_while(&mut guard, |ready| !*ready);
/// assert!(*guard);
/// # }) } }
/// ```
pub type Condvar = lock_api::Condvar<RawCondvar>;

/// The raw condition variable under `lock_api`'s type.
///
/// ```
/// use gopark::sync::RawCondvar;
/// use lock_api::RawCondvar as _;
///
/// assert!(!RawCondvar::INIT.notify_one(), "nobody waits");
/// ```
pub struct RawCondvar(NotifyList);

impl RawCondvar {
    pub(crate) fn inner(&self) -> &NotifyList {
        &self.0
    }
}

// SAFETY: `wait` lists the caller before it unlocks, so every notification after the unlock finds
// it; it locks again before it returns, and nothing in between unwinds. The guard has no state.
unsafe impl lock_api::RawCondvar for RawCondvar {
    const INIT: RawCondvar = RawCondvar(NotifyList::new());
    type RawMutex = RawMutex;

    unsafe fn wait(&self, mutex: &RawMutex, _guard: &mut GuardSend) {
        let waiter = pin!(ParkedWaiter::new(0));
        // SAFETY: fresh, and waited with two lines below.
        unsafe { self.0.add(waiter.as_ref()) };
        mutex.inner().unlock();
        waiter.as_ref().wait(WaitReason::SyncCondWait);
        mutex.inner().lock();
    }

    fn notify_one(&self) -> bool {
        self.0.notify_one()
    }

    fn notify_all(&self) -> usize {
        self.0.notify_all()
    }
}

impl std::fmt::Debug for RawCondvar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawCondvar").finish_non_exhaustive()
    }
}
