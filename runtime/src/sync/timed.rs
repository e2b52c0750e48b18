//! The forms that give up at a deadline: `try_lock_for`, `try_read_for`, `wait_until` and the like.

use std::pin::pin;
use std::time::{Duration, Instant};

use lock_api::GuardSend;

use super::condvar::RawCondvar;
use super::mutex::RawMutex;
use super::rwlock::RawRwLock;
use super::semaphore::{Semaphore, SemaphorePermit};
use crate::sched::g::WaitReason;
use crate::sync::sema::{Deadline, ParkedWaiter, wait_interruptible};

// SAFETY: as in mutex.rs; a wait that has timed out has not taken the lock
// (loom_mutex_interrupted_*).
unsafe impl lock_api::RawMutexTimed for RawMutex {
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_for(&self, timeout: Duration) -> Option<GuardSend> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.try_lock_until(deadline),
            None => Some(lock_api::RawMutex::lock(self)),
        }
    }

    fn try_lock_until(&self, deadline: Instant) -> Option<GuardSend> {
        self.inner().lock_interruptible(&Deadline::at(deadline)).ok().map(|()| GuardSend::new())
    }
}

// SAFETY: as in rwlock.rs; a wait that has timed out has not taken the lock
// (loom_rwlock_*_gives_up_*).
unsafe impl lock_api::RawRwLockTimed for RawRwLock {
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_shared_for(&self, timeout: Duration) -> Option<GuardSend> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.try_lock_shared_until(deadline),
            None => Some(lock_api::RawRwLock::lock_shared(self)),
        }
    }

    fn try_lock_shared_until(&self, deadline: Instant) -> Option<GuardSend> {
        self.inner().lock_shared_interruptible(&Deadline::at(deadline)).ok().map(|()| GuardSend::new())
    }

    fn try_lock_exclusive_for(&self, timeout: Duration) -> Option<GuardSend> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.try_lock_exclusive_until(deadline),
            None => Some(lock_api::RawRwLock::lock_exclusive(self)),
        }
    }

    fn try_lock_exclusive_until(&self, deadline: Instant) -> Option<GuardSend> {
        self.inner().lock_interruptible(&Deadline::at(deadline)).ok().map(|()| GuardSend::new())
    }
}

// SAFETY: as in condvar.rs; a wait that has timed out is off the list.
unsafe impl lock_api::RawCondvarTimed for RawCondvar {
    fn checked_duration_to_instant(timeout: &Duration) -> Option<Instant> {
        Instant::now().checked_add(*timeout)
    }

    unsafe fn wait_until(&self, mutex: &RawMutex, _guard: &mut GuardSend, deadline: &Instant) -> bool {
        let (deadline, waiter) = (Deadline::at(*deadline), pin!(ParkedWaiter::new(0)));
        // SAFETY: fresh, and waited with two lines below.
        unsafe { self.inner().add(waiter.as_ref()) };
        mutex.inner().unlock();
        let end = wait_interruptible(self.inner(), waiter.as_ref(), WaitReason::SyncCondWait, &deadline);
        mutex.inner().lock();
        end.is_err()
    }
}

impl Semaphore {
    /// Takes one permit, parking for `timeout` at most.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// let semaphore = gopark::sync::Semaphore::new(0);
    /// assert!(semaphore.try_acquire_for(std::time::Duration::from_millis(5)).is_none());
    /// # }) } }
    /// ```
    pub fn try_acquire_for(&self, timeout: Duration) -> Option<SemaphorePermit<'_>> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.try_acquire_until(deadline),
            None => Some(self.acquire()),
        }
    }

    /// Takes one permit, parking until `deadline` at most.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// let semaphore = gopark::sync::Semaphore::new(1);
    /// assert!(semaphore.try_acquire_until(std::time::Instant::now()).is_some(), "it was there");
    /// # }) } }
    /// ```
    pub fn try_acquire_until(&self, deadline: Instant) -> Option<SemaphorePermit<'_>> {
        self.acquire_interruptible(1, &Deadline::at(deadline)).ok()
    }
}
