//! Broadcast: every receiver gets every message. Model: tokio::sync::broadcast.
//!
//! The last `capacity` messages are kept in a ring. A receiver knows the number of its next
//! message; one that is too slow finds it overwritten, learns how many it has missed, and goes on
//! with the oldest that is left.
//!
//! I1 Messages `tail - len ..  tail` are in the ring; a receiver's `next` is at most `tail`.
//! I2 A message is kept while a receiver that was there when it was sent has not read it: its slot
//!    counts them.
//! I3 Clones and destructors are the user's code and run without the lock.

mod errors;

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::sched::g::WaitReason;
use crate::sync::Mutex;
use crate::sync::sema::{
    Deadline, HasWaitList, Interrupt, Interrupted, ParkedWaiter, Taken, WaitList, wait_interruptible,
};
use crate::words::shim;

pub use crate::chan::SendError;
pub use errors::{RecvContextError, RecvError, RecvTimeoutError, TryRecvError};

/// Makes a channel whose receivers get every message. At least the last `capacity` messages are
/// kept for those that are slow (the capacity is rounded up to a power of two). Model:
/// tokio::sync::broadcast::channel.
///
/// # Panics
///
/// If `capacity` is 0 or more than half of the address space.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{go, sync::broadcast::{self, RecvError}};
///
/// let (sender, first) = broadcast::channel(16);
/// let second = sender.subscribe();
/// go(move || assert_eq!(sender.send("news"), Ok(2))); // went to two; dropped afterwards
/// for receiver in [first, second] {
///     assert_eq!(receiver.recv(), Ok("news"));
///     assert_eq!(receiver.recv(), Err(RecvError::Closed));
/// }
/// # }) } }
/// ```
#[must_use]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "broadcast channel capacity cannot be zero");
    assert!(capacity <= usize::MAX >> 1, "broadcast channel capacity exceeded `usize::MAX / 2`");
    let ring = Ring {
        slots: VecDeque::new(),
        capacity: capacity.next_power_of_two(),
        tail: 0,
        senders: 1,
        receivers: 1,
        waiting: WaitList::new(),
    };
    let shared = Arc::new(Shared(shim::Mutex::new(ring)));
    let receiver = Receiver { shared: shared.clone(), next: shim::Mutex::new(0) };
    (Sender { shared }, receiver)
}

/// The sending side of a [`channel`]. Clones send to the same receivers.
///
/// ```
/// let (sender, receiver) = gopark::sync::broadcast::channel(1);
/// sender.clone().send(1).unwrap();
/// assert_eq!(receiver.try_recv(), Ok(1));
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

/// A receiving side of a [`channel`]: it gets what is sent while it exists.
///
/// ```
/// let (sender, receiver) = gopark::sync::broadcast::channel(1);
/// sender.send(1).unwrap();
/// assert_eq!(receiver.try_recv(), Ok(1));
/// ```
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// Number of the next message. Locked inside the ring's lock, so never contended.
    next: shim::Mutex<u64>,
}

struct Shared<T>(shim::Mutex<Ring<T>>);

/// See I1, I2.
struct Ring<T> {
    slots: VecDeque<Slot<T>>,
    capacity: usize,
    /// Number of the message to come.
    tail: u64,
    senders: usize,
    receivers: usize,
    waiting: WaitList,
}

/// Locked while it is cloned, so that `T` need not be `Sync`; one of our own mutexes (I3).
type Message<T> = Arc<Mutex<T>>;

struct Slot<T> {
    /// `None`: all have read it.
    message: Option<Message<T>>,
    /// Receivers that have not.
    unread: usize,
}

impl<T> Sender<T> {
    /// Sends `message` to all receivers and returns how many there are. Never parks: if the ring is
    /// full, the oldest message makes room.
    ///
    /// # Errors
    ///
    /// There is no receiver; the message comes back.
    ///
    /// ```
    /// use gopark::sync::broadcast;
    ///
    /// let (sender, receiver) = broadcast::channel(4);
    /// assert_eq!(sender.send(1), Ok(1));
    /// drop(receiver);
    /// assert!(sender.send(2).is_err());
    /// ```
    pub fn send(&self, message: T) -> Result<usize, SendError<T>> {
        let mut ring = self.shared.0.lock();
        let receivers = ring.receivers;
        if receivers == 0 {
            drop(ring);
            return Err(SendError(message));
        }
        let oldest = if ring.slots.len() == ring.capacity { ring.slots.pop_front() } else { None };
        ring.slots.push_back(Slot { message: Some(Arc::new(Mutex::new(message))), unread: receivers });
        ring.tail += 1;
        let waiting = ring.waiting.take_all();
        drop(ring);
        waiting.tell();
        drop(oldest); // I3
        Ok(receivers)
    }

    /// Makes another receiver, for what is sent from now on.
    ///
    /// ```
    /// let (sender, _) = gopark::sync::broadcast::channel(4);
    /// let receiver = sender.subscribe();
    /// sender.send(1).unwrap();
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        self.shared.subscribe()
    }

    /// Number of receivers.
    ///
    /// ```
    /// let (sender, _receiver) = gopark::sync::broadcast::channel::<u8>(4);
    /// assert_eq!(sender.receiver_count(), 1);
    /// ```
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.0.lock().receivers
    }
}

impl<T: Clone> Receiver<T> {
    /// Parks until the next message.
    ///
    /// # Errors
    ///
    /// [`Lagged`](RecvError::Lagged) with the number of messages that were overwritten before this receiver read
    /// them; the next call returns the oldest that is left. [`Closed`](RecvError::Closed) when all senders are
    /// gone and everything was read.
    ///
    /// ```
    /// use gopark::sync::broadcast::{self, RecvError};
    ///
    /// let (sender, receiver) = broadcast::channel(2);
    /// (1..=3).for_each(|i| _ = sender.send(i));
    /// drop(sender);
    /// assert_eq!(receiver.recv(), Err(RecvError::Lagged(1)));
    /// assert_eq!((receiver.recv(), receiver.recv()), (Ok(2), Ok(3)));
    /// assert_eq!(receiver.recv(), Err(RecvError::Closed));
    /// ```
    pub fn recv(&self) -> Result<T, RecvError> {
        loop {
            let waiter = pin!(ParkedWaiter::new(0));
            if let Some(found) = self.take_or_queue(waiter.as_ref()) {
                return found.map(own);
            }
            waiter.as_ref().wait(WaitReason::ChanReceive);
        }
    }

    /// Takes the next message if it is there.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and [`Empty`](TryRecvError::Empty).
    ///
    /// ```
    /// use gopark::sync::broadcast::{self, TryRecvError};
    ///
    /// let (sender, receiver) = broadcast::channel(2);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(1).unwrap();
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// ```
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut ring = self.shared.0.lock();
        let found = self.take(&mut ring);
        drop(ring);
        Ok(found.ok_or(TryRecvError::Empty)?.map(own)?)
    }

    /// As [`recv`](Self::recv), parking for `timeout` at most.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and [`Timeout`](RecvTimeoutError::Timeout).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::sync::broadcast::{self, RecvTimeoutError};
    /// use std::time::Duration;
    ///
    /// let (_sender, receiver) = broadcast::channel::<u8>(2);
    /// let result = receiver.recv_timeout(Duration::from_millis(1));
    /// assert_eq!(result, Err(RecvTimeoutError::Timeout));
    /// # }) }
    /// ```
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError>
    where
        T: Send,
    {
        let Some(deadline) = Instant::now().checked_add(timeout) else { return Ok(self.recv()?) };
        let found = self.recv_interruptible(&Deadline::at(deadline));
        Ok(found.map_err(|Interrupted| RecvTimeoutError::Timeout)?.map(own)?)
    }

    /// As [`recv`](Self::recv), but gives up when the context is done.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and why the context is done.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::context::{Context, ContextError};
    /// use gopark::sync::broadcast::{self, RecvContextError};
    ///
    /// let (_sender, receiver) = broadcast::channel::<u8>(2);
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// cancel();
    /// let result = receiver.recv_context(&ctx);
    /// assert_eq!(result, Err(RecvContextError::Context(ContextError::Canceled)));
    /// # }) }
    /// ```
    pub fn recv_context(&self, ctx: &Context) -> Result<T, RecvContextError>
    where
        T: Send,
    {
        let found = self.recv_interruptible(ctx);
        let found = found.map_err(|Interrupted| RecvContextError::Context(ctx.interrupted()))?;
        Ok(found.map(own)?)
    }
}

impl<T> Receiver<T> {
    /// Number of messages that were sent and not received by this one, overwritten ones included.
    ///
    /// ```
    /// let (sender, receiver) = gopark::sync::broadcast::channel(4);
    /// sender.send(1).unwrap();
    /// assert_eq!(receiver.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        let ring = self.shared.0.lock();
        (ring.tail - *self.next.lock()) as usize
    }

    /// Whether nothing is there to receive.
    ///
    /// ```
    /// let (_sender, receiver) = gopark::sync::broadcast::channel::<u8>(4);
    /// assert!(receiver.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes another receiver of this channel, for what is sent from now on.
    ///
    /// ```
    /// let (sender, receiver) = gopark::sync::broadcast::channel(4);
    /// sender.send(1).unwrap();
    /// assert!(receiver.resubscribe().is_empty());
    /// ```
    #[must_use]
    pub fn resubscribe(&self) -> Receiver<T> {
        self.shared.subscribe()
    }

    fn recv_interruptible(&self, by: &impl Interrupt) -> Result<Result<Message<T>, RecvError>, Interrupted>
    where
        T: Send,
    {
        loop {
            let waiter = pin!(ParkedWaiter::new(0));
            if let Some(found) = self.take_or_queue(waiter.as_ref()) {
                return Ok(found);
            }
            wait_interruptible(&*self.shared, waiter.as_ref(), WaitReason::ChanReceive, by)?;
        }
    }

    /// What a receive finds; `None`: nothing yet, and the waiter is queued.
    fn take_or_queue(&self, waiter: Pin<&ParkedWaiter>) -> Option<Result<Message<T>, RecvError>> {
        let mut ring = self.shared.0.lock();
        let found = self.take(&mut ring);
        if found.is_none() {
            // SAFETY: fresh, and the callers wait with it.
            unsafe { ring.waiting.push(waiter) };
        }
        found
    }

    /// What there is; `None`: nothing yet.
    fn take(&self, ring: &mut Ring<T>) -> Option<Result<Message<T>, RecvError>> {
        let mut next = self.next.lock();
        let oldest = ring.tail - ring.slots.len() as u64;
        if *next < oldest {
            let missed = oldest - *next;
            *next = oldest;
            return Some(Err(RecvError::Lagged(missed)));
        }
        if *next == ring.tail {
            return (ring.senders == 0).then_some(Err(RecvError::Closed));
        }
        let message = ring.read((*next - oldest) as usize);
        *next += 1;
        Some(Ok(message))
    }
}

/// A receiver's own copy: the message itself for the last one.
fn own<T: Clone>(message: Message<T>) -> T {
    match Arc::try_unwrap(message) {
        Ok(message) => message.into_inner(),
        Err(shared) => shared.lock().clone(),
    }
}

impl<T> Ring<T> {
    /// One receiver reads a message that is kept; the last one takes it (I2).
    fn read(&mut self, index: usize) -> Message<T> {
        let slot = &mut self.slots[index];
        slot.unread -= 1;
        let message = if slot.unread == 0 { slot.message.take() } else { slot.message.clone() };
        message.expect("I2: kept for this receiver")
    }
}

impl<T> Shared<T> {
    fn subscribe(self: &Arc<Self>) -> Receiver<T> {
        let mut ring = self.0.lock();
        ring.receivers += 1;
        Receiver { shared: self.clone(), next: shim::Mutex::new(ring.tail) }
    }
}

impl<T: Send> HasWaitList for Shared<T> {
    type Locked = Ring<T>;
    fn lock(&self) -> &shim::Mutex<Ring<T>> {
        &self.0
    }
    fn list(ring: &mut Ring<T>) -> &mut WaitList {
        &mut ring.waiting
    }
    fn has_left(&self, _ring: &mut Ring<T>) -> Taken {
        Taken::none()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.0.lock().senders += 1;
        Sender { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut ring = self.shared.0.lock();
        ring.senders -= 1;
        let waiting = if ring.senders == 0 { ring.waiting.take_all() } else { Taken::none() };
        drop(ring);
        waiting.tell();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut ring = self.shared.0.lock();
        ring.receivers -= 1;
        let oldest = ring.tail - ring.slots.len() as u64;
        let unread = (*self.next.lock()).max(oldest);
        let unread: Vec<_> = (unread..ring.tail).map(|at| ring.read((at - oldest) as usize)).collect();
        drop(ring);
        drop(unread); // I3
    }
}

impl<T> std::fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("receivers", &self.receiver_count()).finish_non_exhaustive()
    }
}

impl<T> std::fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).finish_non_exhaustive()
    }
}
