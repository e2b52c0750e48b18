//! The `_context` forms of the locks: they give up when the context is done.

use std::pin::pin;

use lock_api::GuardSend;

use super::{Context, ContextError};
use crate::sched::g::WaitReason;
use crate::sync::sema::{ParkedWaiter, wait_interruptible};
use crate::sync::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit,
};

/// Locking a [`Mutex`] under a context.
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
    /// Like [`Mutex::lock`](lock_api::Mutex::lock), but gives up when the context is done. Takes a
    /// free lock in any case.
    ///
    /// # Errors
    ///
    /// Why the context is done.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::{context::Context, sync::{LockContext, Mutex}};
    ///
    /// let count = Mutex::new(1);
    /// *count.lock_context(&Context::background()).unwrap() += 1;
    /// assert_eq!(*count.lock(), 2);
    /// # }) }
    /// ```
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

/// Locking a [`RwLock`] under a context.
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
    /// Like [`RwLock::read`](lock_api::RwLock::read), but gives up when the context is done. Takes
    /// the lock in any case if no writer holds it or waits for it.
    ///
    /// # Errors
    ///
    /// Why the context is done.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::{context::Context, sync::{RwLock, RwLockContext}};
    ///
    /// let lock = RwLock::new(1);
    /// assert_eq!(*lock.read_context(&Context::background()).unwrap(), 1);
    /// # }) }
    /// ```
    fn read_context(&self, ctx: &Context) -> Result<RwLockReadGuard<'_, T>, ContextError>;

    /// Like [`RwLock::write`](lock_api::RwLock::write), but gives up when the context is done.
    /// Takes a free lock in any case.
    ///
    /// # Errors
    ///
    /// Why the context is done. Readers that waited behind this writer are let in.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::{context::Context, sync::{RwLock, RwLockContext}};
    ///
    /// let lock = RwLock::new(1);
    /// *lock.write_context(&Context::background()).unwrap() += 1;
    /// assert_eq!(*lock.read(), 2);
    /// # }) }
    /// ```
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

/// Waiting for a [`Condvar`] under a context.
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
    /// Like [`Condvar::wait`](lock_api::Condvar::wait), but gives up when the context is done. The
    /// lock is held again in either case.
    ///
    /// # Errors
    ///
    /// Why the context is done; no notification was consumed.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::context::{Context, ContextError};
    /// use gopark::sync::{Condvar, Mutex, WaitContext};
    ///
    /// let (mutex, changed) = (Mutex::new(0), Condvar::new());
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// gopark::go(move || cancel());
    /// let mut value = mutex.lock();
    /// assert_eq!(changed.wait_context(&mut value, &ctx), Err(ContextError::Canceled));
    /// # }) }
    /// ```
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
    /// Takes one permit, or gives up when the context is done. Takes an available permit in any
    /// case.
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

    /// Takes `n` permits at once, or gives up when the context is done.
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
