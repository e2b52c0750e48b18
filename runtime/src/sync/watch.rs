//! Watch: a value and the news that it has changed. Model: tokio::sync::watch.
//!
//! I1 A version is counted while the value's lock is held for writing, so a reader of the value
//!    that looks at the version under the same lock sees the two together.
//! I2 A receiver that finds its version current lists itself under the lock of `changes`, which
//!    the sender takes after the change: a change is not missed.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::RwLock;
use crate::context::{Context, ContextError};
use crate::sched::g::WaitReason;
use crate::sync::sema::{
    Deadline, HasWaitList, Interrupt, Interrupted, ParkedWaiter, Taken, WaitList, wait_interruptible,
};
use crate::words::shim;

pub use crate::chan::SendError;

/// Makes a channel that holds one value, at first `first`. Receivers see the latest one. Model:
/// tokio::sync::watch::channel.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{go, sync::watch};
///
/// let (sender, receiver) = watch::channel("starting");
/// let observer = go(move || {
///     receiver.wait_for(|state| *state == "ready").unwrap();
///     receiver.get()
/// });
/// sender.send("ready").unwrap();
/// assert_eq!(observer.join().unwrap(), "ready");
/// # }) } }
/// ```
#[must_use]
pub fn channel<T>(first: T) -> (Sender<T>, Receiver<T>) {
    let changes = Changes { version: 0, senders: 1, receivers: 1, waiting: WaitList::new() };
    let shared = Arc::new(Shared { value: RwLock::new(first), changes: shim::Mutex::new(changes) });
    (Sender { shared: shared.clone() }, Receiver { shared, seen: AtomicU64::new(0) })
}

/// The side of a [`channel`] that changes the value. Clones change the same one.
///
/// ```
/// let (sender, receiver) = gopark::sync::watch::channel(1);
/// sender.send_modify(|value| *value += 1);
/// assert_eq!(receiver.get(), 2);
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

/// A side of a [`channel`] that sees the value. A clone has seen what its original has.
///
/// ```
/// let (_sender, receiver) = gopark::sync::watch::channel(1);
/// assert_eq!(receiver.clone().get(), 1);
/// ```
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The version that `changed` last returned for. Relaxed: orders nothing.
    seen: AtomicU64,
}

/// Error of [`Receiver::changed`] and [`Receiver::wait_for`]: all senders are gone.
///
/// ```
/// use gopark::sync::watch::{self, Closed};
///
/// let (sender, receiver) = watch::channel(1);
/// drop(sender);
/// assert_eq!(receiver.changed(), Err(Closed));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

struct Shared<T> {
    /// One of our own locks: what is done with the value is the user's code.
    value: RwLock<T>,
    changes: shim::Mutex<Changes>,
}

struct Changes {
    version: u64,
    senders: usize,
    receivers: usize,
    waiting: WaitList,
}

impl<T> Sender<T> {
    /// Replaces the value and tells the receivers.
    ///
    /// # Errors
    ///
    /// There is no receiver; the value comes back, and nothing is changed.
    ///
    /// ```
    /// let (sender, receiver) = gopark::sync::watch::channel(1);
    /// sender.send(2).unwrap();
    /// assert_eq!(receiver.get(), 2);
    /// drop(receiver);
    /// assert!(sender.send(3).is_err());
    /// ```
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.receiver_count() == 0 {
            return Err(SendError(value));
        }
        drop(self.send_replace(value));
        Ok(())
    }

    /// Replaces the value, whether or not there are receivers, and returns the old one.
    ///
    /// ```
    /// let (sender, _) = gopark::sync::watch::channel(1);
    /// assert_eq!(sender.send_replace(2), 1);
    /// ```
    pub fn send_replace(&self, mut value: T) -> T {
        self.send_modify(|current| std::mem::swap(current, &mut value));
        value
    }

    /// Changes the value in place and tells the receivers. They are not told if `f` panics.
    ///
    /// ```
    /// let (sender, receiver) = gopark::sync::watch::channel(vec![1]);
    /// sender.send_modify(|list| list.push(2));
    /// assert_eq!(receiver.get(), [1, 2]);
    /// ```
    pub fn send_modify(&self, f: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            f(value);
            true
        });
    }

    /// Lets `f` look at the value and change it; tells the receivers, and returns true, if `f` does.
    ///
    /// ```
    /// let (sender, receiver) = gopark::sync::watch::channel(1);
    /// assert!(!sender.send_if_modified(|value| *value > 1));
    /// assert!(!receiver.has_changed());
    /// ```
    pub fn send_if_modified(&self, f: impl FnOnce(&mut T) -> bool) -> bool {
        let mut value = self.shared.value.write();
        if !f(&mut value) {
            return false;
        }
        let mut changes = self.shared.changes.lock();
        changes.version += 1;
        let waiting = changes.waiting.take_all();
        drop(changes);
        drop(value);
        waiting.tell();
        true
    }

    /// Makes a receiver that has seen the present value.
    ///
    /// ```
    /// let (sender, _) = gopark::sync::watch::channel(1);
    /// let receiver = sender.subscribe();
    /// sender.send(2).unwrap();
    /// assert!(receiver.has_changed());
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        let mut changes = self.shared.changes.lock();
        changes.receivers += 1;
        Receiver { shared: self.shared.clone(), seen: AtomicU64::new(changes.version) }
    }

    /// Calls `f` with the value.
    ///
    /// ```
    /// let (sender, _receiver) = gopark::sync::watch::channel(String::from("a"));
    /// assert_eq!(sender.with(|value| value.len()), 1);
    /// ```
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        f(&self.shared.value.read())
    }

    /// Number of receivers.
    ///
    /// ```
    /// let (sender, _receiver) = gopark::sync::watch::channel(1);
    /// assert_eq!(sender.receiver_count(), 1);
    /// ```
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.changes.lock().receivers
    }
}

impl<T> Receiver<T> {
    /// A clone of the value. The receiver still has to see a change that came with it: see
    /// [`get_and_update`](Self::get_and_update).
    ///
    /// ```
    /// let (_sender, receiver) = gopark::sync::watch::channel(1);
    /// assert_eq!(receiver.get(), 1);
    /// ```
    #[must_use]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// A clone of the value, which counts as seen.
    ///
    /// ```
    /// let (sender, receiver) = gopark::sync::watch::channel(1);
    /// sender.send(2).unwrap();
    /// assert_eq!(receiver.get_and_update(), 2);
    /// assert!(!receiver.has_changed());
    /// ```
    pub fn get_and_update(&self) -> T
    where
        T: Clone,
    {
        let value = self.shared.value.read();
        let version = self.shared.changes.lock().version; // I1
        self.seen.store(version, Relaxed);
        value.clone()
    }

    /// Calls `f` with the value. A sender waits as long as `f` runs.
    ///
    /// ```
    /// let (_sender, receiver) = gopark::sync::watch::channel(String::from("a"));
    /// assert_eq!(receiver.with(|value| value.len()), 1);
    /// ```
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        f(&self.shared.value.read())
    }

    /// Parks until there is a change that this receiver has not seen; it counts as seen then.
    ///
    /// # Errors
    ///
    /// All senders are gone, and the last change was seen.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (sender, receiver) = gopark::sync::watch::channel(1);
    /// gopark::go(move || sender.send(2).unwrap());
    /// receiver.changed().unwrap();
    /// assert_eq!(receiver.get(), 2);
    /// # }) }
    /// ```
    pub fn changed(&self) -> Result<(), Closed> {
        loop {
            let waiter = pin!(ParkedWaiter::new(0));
            if let Some(result) = self.look_or_queue(waiter.as_ref()) {
                return result;
            }
            waiter.as_ref().wait(WaitReason::ChanReceive);
        }
    }

    /// As [`changed`](Self::changed), parking for `timeout` at most; false if nothing changed by
    /// then.
    ///
    /// # Errors
    ///
    /// All senders are gone, and the last change was seen.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    ///
    /// let (_sender, receiver) = gopark::sync::watch::channel(1);
    /// assert_eq!(receiver.changed_timeout(Duration::from_millis(1)), Ok(false));
    /// # }) }
    /// ```
    pub fn changed_timeout(&self, timeout: Duration) -> Result<bool, Closed> {
        let Some(deadline) = Instant::now().checked_add(timeout) else {
            return self.changed().map(|()| true);
        };
        match self.changed_interruptible(&Deadline::at(deadline)) {
            Ok(result) => result.map(|()| true),
            Err(Interrupted) => Ok(false),
        }
    }

    /// As [`changed`](Self::changed), but gives up when the context is done.
    ///
    /// # Errors
    ///
    /// Why the context is done; within that, as [`changed`](Self::changed).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::context::{Context, ContextError};
    ///
    /// let (_sender, receiver) = gopark::sync::watch::channel(1);
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// cancel();
    /// assert_eq!(receiver.changed_context(&ctx), Err(ContextError::Canceled));
    /// # }) }
    /// ```
    pub fn changed_context(&self, ctx: &Context) -> Result<Result<(), Closed>, ContextError> {
        self.changed_interruptible(ctx).map_err(|Interrupted| ctx.interrupted())
    }

    /// Parks until the value meets the condition, which may be at once; the value that did counts
    /// as seen.
    ///
    /// # Errors
    ///
    /// All senders are gone, and the last value does not meet it.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (sender, receiver) = gopark::sync::watch::channel(0);
    /// gopark::go(move || (1..=10).for_each(|i| sender.send(i).unwrap()));
    /// receiver.wait_for(|value| *value >= 5).unwrap();
    /// # }) }
    /// ```
    pub fn wait_for(&self, mut condition: impl FnMut(&T) -> bool) -> Result<(), Closed> {
        loop {
            let value = self.shared.value.read();
            let (version, closed) = {
                let changes = self.shared.changes.lock();
                (changes.version, changes.senders == 0)
            };
            self.seen.store(version, Relaxed);
            if condition(&value) {
                return Ok(());
            }
            drop(value);
            // A value that was sent before the last sender went is looked at once more.
            match self.changed() {
                Err(Closed) if closed => return Err(Closed),
                Ok(()) | Err(Closed) => {}
            }
        }
    }

    /// Whether there is a change that this receiver has not seen.
    ///
    /// ```
    /// let (sender, receiver) = gopark::sync::watch::channel(1);
    /// assert!(!receiver.has_changed());
    /// sender.send(2).unwrap();
    /// assert!(receiver.has_changed());
    /// ```
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.shared.changes.lock().version != self.seen.load(Relaxed)
    }

    fn changed_interruptible(&self, by: &impl Interrupt) -> Result<Result<(), Closed>, Interrupted> {
        loop {
            let waiter = pin!(ParkedWaiter::new(0));
            if let Some(result) = self.look_or_queue(waiter.as_ref()) {
                return Ok(result);
            }
            wait_interruptible(&*self.shared, waiter.as_ref(), WaitReason::ChanReceive, by)?;
        }
    }

    /// What `changed` finds; `None`: nothing yet, and the waiter is queued.
    fn look_or_queue(&self, waiter: Pin<&ParkedWaiter>) -> Option<Result<(), Closed>> {
        let mut changes = self.shared.changes.lock();
        let found = self.look(&changes);
        if found.is_none() {
            // SAFETY: fresh, and the callers wait with it.
            unsafe { changes.waiting.push(waiter) };
        }
        found
    }

    /// What there is; `None`: nothing yet.
    fn look(&self, changes: &Changes) -> Option<Result<(), Closed>> {
        if self.seen.swap(changes.version, Relaxed) != changes.version {
            return Some(Ok(()));
        }
        (changes.senders == 0).then_some(Err(Closed))
    }
}

impl<T> HasWaitList for Shared<T> {
    type Locked = Changes;
    fn lock(&self) -> &shim::Mutex<Changes> {
        &self.changes
    }
    fn list(changes: &mut Changes) -> &mut WaitList {
        &mut changes.waiting
    }
    fn has_left(&self, _changes: &mut Changes) -> Taken {
        Taken::none()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.changes.lock().senders += 1;
        Sender { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut changes = self.shared.changes.lock();
        changes.senders -= 1;
        let waiting = if changes.senders == 0 { changes.waiting.take_all() } else { Taken::none() };
        drop(changes);
        waiting.tell();
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.changes.lock().receivers += 1;
        Receiver { shared: self.shared.clone(), seen: AtomicU64::new(self.seen.load(Relaxed)) }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.changes.lock().receivers -= 1;
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("channel closed")
    }
}

impl std::error::Error for Closed {}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("receivers", &self.receiver_count()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("has_changed", &self.has_changed()).finish_non_exhaustive()
    }
}
