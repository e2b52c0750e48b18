//! The `_context` forms of the locks: they end, without the lock, when the context is done.

use std::pin::pin;

use lock_api::GuardSend;

use super::{Context, ContextError};
use crate::sched::g::WaitReason;
use crate::sync::sema::{ParkedWaiter, wait_interruptible};
use crate::sync::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit,
};

/// Locking under a context.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::context::{Context, ContextError};
/// use gopark::sync::{LockContext, Mutex};
///
/// let mutex = Mutex::new(1);
/// let (ctx, cancel) = Context::background().with_cancel();
/// let held = mutex.lock_context(&ctx).unwrap();
/// gopark::go(move || cancel());
/// assert_eq!(mutex.lock_context(&ctx).unwrap_err(), ContextError::Canceled);
/// # drop(held);
/// # }) } }
/// ```
pub trait LockContext<T: ?Sized> {
    /// As [`Mutex::lock`](lock_api::Mutex::lock), unless the context is done first. A lock that is free is taken in any case.
    ///
    /// # Errors
    ///
    /// Why the context is done.
    fn lock_context(&self, ctx: &Context) -> Result<MutexGuard<'_, T>, ContextError>;
}

impl<T: ?Sized> LockContext<T> for Mutex<T> {
    fn lock_context(&self, ctx: &Context) -> Result<MutexGuard<'_, T>, ContextError> {
        // SAFETY: the raw lock is locked here and handed to the guard below.
        let raw = unsafe { self.raw() };
        raw.inner().lock_interruptible(ctx).map_err(|_| ctx.interrupted())?;
        // SAFETY: locked just now; the guard has no state.
        Ok(unsafe { self.make_guard_unchecked(GuardSend::new()) })
    }
}

/// Reading and writing under a context.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::context::{Context, ContextError};
/// use gopark::sync::{RwLock, RwLockContext};
///
/// let lock = RwLock::new(1);
/// let (ctx, cancel) = Context::background().with_cancel();
/// let reader = lock.read_context(&ctx).unwrap();
/// gopark::go(move || cancel());
/// assert_eq!(lock.write_context(&ctx).unwrap_err(), ContextError::Canceled);
/// drop(reader);
/// let writer = lock.write();
/// assert_eq!(lock.read_context(&ctx).unwrap_err(), ContextError::Canceled);
/// # drop(writer);
/// # }) } }
/// ```
pub trait RwLockContext<T: ?Sized> {
    /// As [`RwLock::read`](lock_api::RwLock::read), unless the context is done first. A lock that no writer holds or waits for is
    /// taken in any case.
    ///
    /// # Errors
    ///
    /// Why the context is done.
    fn read_context(&self, ctx: &Context) -> Result<RwLockReadGuard<'_, T>, ContextError>;

    /// As [`RwLock::write`](lock_api::RwLock::write), unless the context is done first. A lock that is free is taken in any case.
    ///
    /// # Errors
    ///
    /// Why the context is done; the readers who came meanwhile are let in.
    fn write_context(&self, ctx: &Context) -> Result<RwLockWriteGuard<'_, T>, ContextError>;
}

impl<T: ?Sized> RwLockContext<T> for RwLock<T> {
    fn read_context(&self, ctx: &Context) -> Result<RwLockReadGuard<'_, T>, ContextError> {
        // SAFETY: the raw lock is locked here and handed to the guard below.
        let raw = unsafe { self.raw() };
        raw.inner().lock_shared_interruptible(ctx).map_err(|_| ctx.interrupted())?;
        // SAFETY: locked for reading just now; the guard has no state.
        Ok(unsafe { self.make_read_guard_unchecked(GuardSend::new()) })
    }

    fn write_context(&self, ctx: &Context) -> Result<RwLockWriteGuard<'_, T>, ContextError> {
        // SAFETY: the raw lock is locked here and handed to the guard below.
        let raw = unsafe { self.raw() };
        raw.inner().lock_interruptible(ctx).map_err(|_| ctx.interrupted())?;
        // SAFETY: locked for writing just now; the guard has no state.
        Ok(unsafe { self.make_write_guard_unchecked(GuardSend::new()) })
    }
}

/// Waiting for a condition under a context.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::context::{Context, ContextError};
/// use gopark::sync::{Condvar, Mutex, WaitContext};
/// use std::time::Duration;
///
/// let (mutex, condvar) = (Mutex::new(()), Condvar::new());
/// let (ctx, _cancel) = Context::background().with_timeout(Duration::from_millis(5));
/// let mut guard = mutex.lock();
/// assert_eq!(condvar.wait_context(&mut guard, &ctx), Err(ContextError::DeadlineExceeded));
/// # }) } }
/// ```
pub trait WaitContext {
    /// As [`Condvar::wait`](lock_api::Condvar::wait), unless the context is done first. The lock is held again in either case.
    ///
    /// # Errors
    ///
    /// Why the context is done; no notification was taken.
    fn wait_context<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        ctx: &Context,
    ) -> Result<(), ContextError>;
}

impl WaitContext for Condvar {
    fn wait_context<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        ctx: &Context,
    ) -> Result<(), ContextError> {
        let (list, waiter) = (self.raw().inner(), pin!(ParkedWaiter::new(0)));
        // SAFETY: fresh, and waited with two lines below.
        unsafe { list.add(waiter.as_ref()) };
        let end = MutexGuard::unlocked(guard, || {
            wait_interruptible(list, waiter.as_ref(), WaitReason::SyncCondWait, ctx)
        });
        end.map_err(|_| ctx.interrupted())
    }
}

impl Semaphore {
    /// Takes one permit, unless the context is done first. A permit that is there is taken in any case.
    ///
    /// # Errors
    ///
    /// Why the context is done.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::context::{Context, ContextError};
    ///
    /// let semaphore = gopark::sync::Semaphore::new(0);
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// cancel();
    /// assert_eq!(semaphore.acquire_context(&ctx).unwrap_err(), ContextError::Canceled);
    /// # }) } }
    /// ```
    pub fn acquire_context(&self, ctx: &Context) -> Result<SemaphorePermit<'_>, ContextError> {
        self.acquire_many_context(1, ctx)
    }

    /// Takes `n` permits at once, unless the context is done first.
    ///
    /// # Errors
    ///
    /// Why the context is done.
    ///
    /// ```
    /// use gopark::{context::Context, sync::Semaphore};
    ///
    /// let semaphore = Semaphore::new(2);
    /// let permits = semaphore.acquire_many_context(2, &Context::background()).unwrap();
    /// assert_eq!(permits.permits(), 2);
    /// ```
    #[doc(alias = "Acquire")]
    pub fn acquire_many_context(&self, n: usize, ctx: &Context) -> Result<SemaphorePermit<'_>, ContextError> {
        self.acquire_interruptible(n, ctx).map_err(|_| ctx.interrupted())
    }
}
