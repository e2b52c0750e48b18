//! `Notify`: wakes goroutines that wait for something to happen. Model: tokio::sync::Notify.
//!
//! I1 A permit is kept only while nobody waits: `wait` takes it before it lists itself, and
//!    `notify_one` keeps one only if the list is empty.

use std::pin::{Pin, pin};
#[cfg(not(loom))]
use std::time::{Duration, Instant};

#[cfg(not(loom))]
use crate::context::{Context, ContextError};
use crate::sched::g::WaitReason;
#[cfg(not(loom))]
use crate::sync::sema::Deadline;
use crate::sync::sema::{
    HasWaitList, Interrupt, Interrupted, ParkedWaiter, Taken, WaitList, wait_interruptible,
};
use crate::words::shim;

/// Tells goroutines that something has happened, without a value. Model: tokio::sync::Notify.
///
/// [`notify_one`](Self::notify_one) wakes the longest waiter; without one it is remembered for the
/// next [`wait`](Self::wait), once, however often it is called. [`notify_waiters`](Self::notify_waiters) wakes those that wait now, and is
/// not remembered.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{go, sync::{Mutex, Notify}};
/// use std::collections::VecDeque;
/// use std::sync::Arc;
///
/// let shared = Arc::new((Mutex::new(VecDeque::new()), Notify::new()));
/// let other = shared.clone();
/// go(move || {
///     other.0.lock().push_back("job");
///     other.1.notify_one();
/// });
/// let job = loop {
///     if let Some(job) = shared.0.lock().pop_front() {
///         break job;
///     }
///     shared.1.wait(); // a notification between the look and the wait is not lost
/// };
/// assert_eq!(job, "job");
/// # }) } }
/// ```
pub struct Notify {
    state: shim::Mutex<NotifyState>,
}

/// See I1.
pub(crate) struct NotifyState {
    permit: bool,
    waiting: WaitList,
}

impl Notify {
    /// Makes one that nobody has notified.
    ///
    /// ```
    /// static CHANGED: gopark::sync::Notify = gopark::sync::Notify::new();
    /// CHANGED.notify_one();
    /// CHANGED.wait(); // returns at once
    /// ```
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Notify { state: shim::Mutex::new(NotifyState { permit: false, waiting: WaitList::new() }) }
    }
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Notify { state: shim::Mutex::new(NotifyState { permit: false, waiting: WaitList::new() }) }
    }

    /// Wakes the longest waiter. Without one, the next [`wait`](Self::wait) returns at once.
    ///
    /// ```
    /// let notify = gopark::sync::Notify::new();
    /// notify.notify_one();
    /// notify.notify_one(); // the same permit
    /// notify.wait();
    /// ```
    pub fn notify_one(&self) {
        let mut state = self.state.lock();
        let first = state.waiting.take_first();
        state.permit |= first.count == 0;
        drop(state);
        first.tell();
    }

    /// Wakes all that wait now. A later [`wait`](Self::wait) is not affected.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    ///
    /// let notify = gopark::sync::Notify::new();
    /// notify.notify_waiters();
    /// assert!(!notify.wait_timeout(Duration::from_millis(1)));
    /// # }) }
    /// ```
    pub fn notify_waiters(&self) {
        let all = self.state.lock().waiting.take_all();
        all.tell();
    }

    /// Parks until notified. Never returns without a notification.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::sync::Arc;
    ///
    /// let notify = Arc::new(gopark::sync::Notify::new());
    /// let other = notify.clone();
    /// gopark::go(move || other.notify_one());
    /// notify.wait();
    /// # }) }
    /// ```
    pub fn wait(&self) {
        let waiter = pin!(ParkedWaiter::new(0));
        if !self.take_or_queue(waiter.as_ref()) {
            waiter.as_ref().wait(WaitReason::SyncCondWait);
        }
    }

    /// As [`wait`](Self::wait), ended early by an [`Interrupt`]: `Err` means that no notification
    /// was consumed.
    pub(crate) fn wait_interruptible(&self, by: &impl Interrupt) -> Result<(), Interrupted> {
        let waiter = pin!(ParkedWaiter::new(0));
        if self.take_or_queue(waiter.as_ref()) {
            return Ok(());
        }
        wait_interruptible(self, waiter.as_ref(), WaitReason::SyncCondWait, by)
    }

    /// True if a permit was there; otherwise the waiter is queued.
    fn take_or_queue(&self, waiter: Pin<&ParkedWaiter>) -> bool {
        let mut state = self.state.lock();
        let taken = std::mem::take(&mut state.permit);
        if !taken {
            // SAFETY: fresh, and the callers wait with it.
            unsafe { state.waiting.push(waiter) };
        }
        taken
    }
}

#[cfg(not(loom))]
impl Notify {
    /// Parks until notified, for `timeout` at most; returns whether it was notified.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    ///
    /// let notify = gopark::sync::Notify::new();
    /// assert!(!notify.wait_timeout(Duration::from_millis(1)));
    /// notify.notify_one();
    /// assert!(notify.wait_timeout(Duration::from_millis(1)));
    /// # }) }
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.wait_interruptible(&Deadline::at(deadline)).is_ok(),
            None => {
                self.wait();
                true
            }
        }
    }

    /// Parks until notified, or gives up when the context is done.
    ///
    /// # Errors
    ///
    /// Why the context is done; no notification was consumed.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::{context::{Context, ContextError}, sync::Notify};
    ///
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// gopark::go(move || cancel());
    /// assert_eq!(Notify::new().wait_context(&ctx), Err(ContextError::Canceled));
    /// # }) }
    /// ```
    pub fn wait_context(&self, ctx: &Context) -> Result<(), ContextError> {
        self.wait_interruptible(ctx).map_err(|Interrupted| ctx.interrupted())
    }
}

impl HasWaitList for Notify {
    type Locked = NotifyState;
    fn lock(&self) -> &shim::Mutex<NotifyState> {
        &self.state
    }
    fn list(state: &mut NotifyState) -> &mut WaitList {
        &mut state.waiting
    }
    fn has_left(&self, _state: &mut NotifyState) -> Taken {
        Taken::none()
    }
}

impl Default for Notify {
    fn default() -> Self {
        Notify::new()
    }
}

impl std::fmt::Debug for Notify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notify").field("permit", &self.state.lock().permit).finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::sync::sema::FromAnotherThread;
    use loom::sync::Arc;

    /// A wait that gives up takes no notification with it: the one sent is still there.
    #[test]
    fn loom_notify_one_reaches_one() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(|| {
            let notify = Arc::new(Notify::new());
            let other = notify.clone();
            let notifier = loom::thread::spawn(move || other.notify_one());
            if notify.wait_interruptible(&FromAnotherThread).is_err() {
                notify.wait();
            }
            notifier.join().unwrap();
            assert!(!notify.state.lock().permit, "it was consumed once");
        });
    }
}
