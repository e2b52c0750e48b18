//! The sending end. Model: crossbeam-channel's `Sender`.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::{self, NonNull};

use super::counter;
use super::errors::{SendError, TrySendError};
use super::hchan::{Block, ChanFlags, Hchan, Sent};
use super::select::selectgo::Op;
use super::sudog::Dir;

/// The sending end of a channel; made by [`bounded`](super::bounded) and
/// [`unbounded`](super::unbounded).
///
/// Clones send into the same channel. Dropping the last one disconnects the channel: receivers take
/// the messages that are left, then fail.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{chan, go};
/// let (s1, r) = chan::bounded(0);
/// let s2 = s1.clone();
/// go(move || s1.send(1).unwrap());
/// go(move || s2.send(2).unwrap());
/// assert_eq!(r.recv().unwrap() + r.recv().unwrap(), 3);
/// assert!(r.recv().is_err());
/// # }) } }
/// ```
pub struct Sender<T> {
    chan: NonNull<Hchan>,
    marker: PhantomData<T>,
}

// SAFETY: a channel hands messages from thread to thread, which `T: Send` allows, and never shares
// one.
unsafe impl<T: Send> Send for Sender<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Sender<T> {}
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> Sender<T> {
    /// # Safety
    /// Counted in `senders`, of a channel of `T`.
    pub(super) unsafe fn new(chan: NonNull<Hchan>) -> Sender<T> {
        Sender { chan, marker: PhantomData }
    }

    #[inline(always)]
    pub(super) fn chan(&self) -> &Hchan {
        // SAFETY: this handle keeps it alive.
        unsafe { self.chan.as_ref() }
    }

    /// As an operation of a select whose message is made later.
    pub(super) fn op(&self) -> Op {
        Op { chan: self.chan.as_ptr(), elem: ptr::null_mut(), dir: Dir::Send, index: 0 }
    }

    /// Sends a message. Waits for room or, if the capacity is zero, for a receiver.
    ///
    /// # Errors
    /// Returns the message if the channel is closed or has no receivers left, even if that happens
    /// while waiting.
    ///
    /// ```
    /// use gopark::chan::{bounded, SendError};
    /// let (s, r) = bounded(1);
    /// assert_eq!(s.send(1), Ok(()));
    /// drop(r);
    /// assert_eq!(s.send(2), Err(SendError(2)));
    /// ```
    #[inline]
    pub fn send(&self, msg: T) -> Result<(), SendError<T>> {
        match self.send_or_give_back(msg, Block::Yes) {
            Ok(()) => Ok(()),
            Err((_, msg)) => Err(SendError(msg)),
        }
    }

    /// Sends a message if that is possible without waiting.
    ///
    /// # Errors
    /// Returns the message if there is no room (capacity zero: no receiver is waiting), or if the
    /// channel is closed or has no receivers left.
    ///
    /// ```
    /// use gopark::chan::{bounded, TrySendError};
    /// let (s, r) = bounded(1);
    /// assert_eq!(s.try_send(1), Ok(()));
    /// assert_eq!(s.try_send(2), Err(TrySendError::Full(2)));
    /// drop(r);
    /// assert_eq!(s.try_send(3), Err(TrySendError::Disconnected(3)));
    /// ```
    #[inline]
    pub fn try_send(&self, msg: T) -> Result<(), TrySendError<T>> {
        match self.send_or_give_back(msg, Block::No) {
            Ok(()) => Ok(()),
            Err((Sent::Full, msg)) => Err(TrySendError::Full(msg)),
            Err((_, msg)) => Err(TrySendError::Disconnected(msg)),
        }
    }

    #[inline(always)]
    fn send_or_give_back(&self, msg: T, block: Block) -> Result<(), (Sent, T)> {
        let msg = ManuallyDrop::new(msg);
        // SAFETY: a message of the channel's type, ours no more if it was sent.
        match unsafe { self.chan().send((&raw const msg).cast(), size_of::<T>(), block) } {
            Sent::Yes => Ok(()),
            not => Err((not, ManuallyDrop::into_inner(msg))),
        }
    }

    /// Closes the channel, as Go's `close`. Receivers take the messages that are left, then fail;
    /// senders fail, including those that are waiting. (crossbeam-channel has no such method: there
    /// only dropping the last sender closes.)
    ///
    /// # Panics
    /// If the channel is already closed, in Go's words: "close of closed channel".
    ///
    /// ```
    /// use gopark::chan::{unbounded, RecvError, SendError};
    /// let (s, r) = unbounded();
    /// s.send(1).unwrap();
    /// s.close();
    /// assert_eq!(s.send(2), Err(SendError(2)));
    /// assert_eq!(r.recv(), Ok(1));
    /// assert_eq!(r.recv(), Err(RecvError));
    /// ```
    #[doc(alias = "closechan")]
    #[track_caller]
    pub fn close(&self) {
        let before = self.chan().close(ChanFlags::CLOSE_CALLED);
        assert!(!before.has(ChanFlags::CLOSE_CALLED), "close of closed channel");
    }

    /// Whether the buffer is empty. A channel of capacity zero is always empty.
    ///
    /// ```
    /// let (s, _r) = gopark::chan::unbounded();
    /// assert!(s.is_empty());
    /// s.send(0).unwrap();
    /// assert!(!s.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.chan().len() == 0
    }

    /// Whether the buffer is full. A channel of capacity zero is always full.
    ///
    /// ```
    /// let (s, _r) = gopark::chan::bounded(1);
    /// assert!(!s.is_full());
    /// s.send(0).unwrap();
    /// assert!(s.is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        !self.chan().has_room()
    }

    /// Number of messages in the buffer.
    ///
    /// ```
    /// let (s, _r) = gopark::chan::unbounded();
    /// s.send(0).unwrap();
    /// s.send(0).unwrap();
    /// assert_eq!(s.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.chan().len()
    }

    /// The capacity given to [`bounded`](super::bounded); `None` for an unbounded channel.
    ///
    /// ```
    /// use gopark::chan::{bounded, unbounded};
    /// assert_eq!(bounded::<i32>(5).0.capacity(), Some(5));
    /// assert_eq!(unbounded::<i32>().0.capacity(), None);
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        self.chan().capacity()
    }

    /// Whether both send into the same channel.
    ///
    /// ```
    /// use gopark::chan::unbounded;
    /// let (s, _r) = unbounded::<i32>();
    /// assert!(s.same_channel(&s.clone()));
    /// assert!(!s.same_channel(&unbounded().0));
    /// ```
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        self.chan == other.chan
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // SAFETY: this handle was counted, and goes.
        unsafe { counter::release_sender::<T>(self.chan) };
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        counter::acquire(&self.chan().senders);
        // SAFETY: counted just now.
        unsafe { Sender::new(self.chan) }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Sender { .. }")
    }
}
