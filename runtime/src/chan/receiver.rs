//! The receiving end. Model: crossbeam-channel's `Receiver`.
//!
//! I1 `None` is the channel of [`never`](super::never), Go's nil channel.

use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::{self, NonNull};

use super::counter;
use super::errors::{RecvError, TryRecvError};
use super::hchan::{Block, ChanFlags, Hchan, Received};
use super::select::complete::Token;
use super::select::selectgo::{Op, SelectOptions, Until, selectgo};
use super::sudog::Dir;
use crate::sched::g::WaitReason;

/// The receiving end of a channel; made by [`bounded`](super::bounded) and
/// [`unbounded`](super::unbounded).
///
/// Clones receive from the same channel, and each message goes to one of them. Dropping the last
/// one disconnects the channel: its messages are dropped and senders fail.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{chan, go};
/// let (s, r) = chan::unbounded();
/// go(move || {
///     let _ = s.send(1);
///     let _ = s.send(2);
/// });
/// assert_eq!(r.recv(), Ok(1));
/// assert_eq!(r.recv(), Ok(2));
/// assert!(r.recv().is_err());
/// # }) } }
/// ```
pub struct Receiver<T> {
    chan: Option<NonNull<Hchan>>,
    marker: PhantomData<T>,
}

// SAFETY: a channel hands messages from thread to thread, which `T: Send` allows, and never shares
// one.
unsafe impl<T: Send> Send for Receiver<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Receiver<T> {}
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Receiver<T> {
    /// # Safety
    /// Counted in `receivers`, of a channel of `T`.
    pub(super) const unsafe fn new(chan: NonNull<Hchan>) -> Receiver<T> {
        Receiver { chan: Some(chan), marker: PhantomData }
    }

    /// See I1.
    pub(super) const fn nil() -> Receiver<T> {
        Receiver { chan: None, marker: PhantomData }
    }

    #[inline(always)]
    pub(super) fn chan(&self) -> Option<&Hchan> {
        // SAFETY: this handle keeps it alive.
        self.chan.map(|c| unsafe { c.as_ref() })
    }

    /// As an operation of a select, without a slot.
    pub(super) fn op(&self) -> Op {
        let chan = self.chan.map_or(ptr::null(), |c| c.as_ptr().cast_const());
        Op { chan, elem: ptr::null_mut(), dir: Dir::Recv, index: 0 }
    }

    /// Receives a message, waiting until there is one.
    ///
    /// # Errors
    /// If the channel is empty and either closed or without senders, even if that happens while
    /// waiting.
    ///
    /// ```
    /// use gopark::chan::{unbounded, RecvError};
    /// let (s, r) = unbounded();
    /// s.send(5).unwrap();
    /// drop(s);
    /// assert_eq!(r.recv(), Ok(5));
    /// assert_eq!(r.recv(), Err(RecvError));
    /// ```
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        let mut slot = MaybeUninit::uninit();
        match self.recv_into(&mut slot, Block::Yes) {
            // SAFETY: the message is in the slot.
            Received::Yes => Ok(unsafe { slot.assume_init() }),
            _ => Err(RecvError),
        }
    }

    /// Receives a message if that is possible without waiting.
    ///
    /// # Errors
    /// [`Empty`](TryRecvError::Empty) if there is no message now (capacity zero: no sender is
    /// waiting), [`Disconnected`](TryRecvError::Disconnected) if there will never be one.
    ///
    /// ```
    /// use gopark::chan::{unbounded, TryRecvError};
    /// let (s, r) = unbounded();
    /// assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
    /// s.send(5).unwrap();
    /// drop(s);
    /// assert_eq!(r.try_recv(), Ok(5));
    /// assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut slot = MaybeUninit::uninit();
        match self.recv_into(&mut slot, Block::No) {
            // SAFETY: the message is in the slot.
            Received::Yes => Ok(unsafe { slot.assume_init() }),
            Received::Closed => Err(TryRecvError::Disconnected),
            _ => Err(TryRecvError::Empty),
        }
    }

    #[inline(always)]
    fn recv_into(&self, slot: &mut MaybeUninit<T>, block: Block) -> Received {
        let Some(c) = self.chan() else { return super::never::recv(block) };
        // SAFETY: room for a message of the channel's type.
        match unsafe { c.recv(slot.as_mut_ptr().cast(), size_of::<T>(), block) } {
            Received::Timed => {
                self.recv_until(slot, if block == Block::Yes { Until::Forever } else { Until::Now })
            }
            received => received,
        }
    }

    /// Receives by a select.
    #[cold]
    pub(super) fn recv_until(&self, slot: &mut MaybeUninit<T>, until: Until) -> Received {
        let op = Op { elem: slot.as_mut_ptr().cast(), ..self.op() };
        // SAFETY: the channel lives, and the slot has room for its messages.
        let chosen = unsafe { selectgo(&[op], SelectOptions::one_operation(until, WaitReason::ChanReceive)) };
        match chosen.map(|chosen| chosen.token) {
            Some(Token::Received) => Received::Yes,
            Some(_) => Received::Closed,
            None => Received::Empty,
        }
    }

    /// Whether the buffer is empty. A channel of capacity zero is always empty.
    ///
    /// ```
    /// let (s, r) = gopark::chan::unbounded();
    /// assert!(r.is_empty());
    /// s.send(0).unwrap();
    /// assert!(!r.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the buffer is full. A channel of capacity zero is always full.
    ///
    /// ```
    /// let (s, r) = gopark::chan::bounded(1);
    /// assert!(!r.is_full());
    /// s.send(0).unwrap();
    /// assert!(r.is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        match self.chan() {
            None => true,
            Some(c) if c.state().has(ChanFlags::TIMED) => c.due_len() == 1,
            Some(c) => !c.has_room(),
        }
    }

    /// Number of messages in the buffer.
    ///
    /// ```
    /// let (s, r) = gopark::chan::unbounded();
    /// s.send(0).unwrap();
    /// s.send(0).unwrap();
    /// assert_eq!(r.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        match self.chan() {
            None => 0,
            Some(c) if c.state().has(ChanFlags::TIMED) => c.due_len(),
            Some(c) => c.len(),
        }
    }

    /// The capacity given to [`bounded`](super::bounded); `None` for an unbounded channel.
    ///
    /// ```
    /// use gopark::chan::{bounded, unbounded};
    /// assert_eq!(bounded::<i32>(5).1.capacity(), Some(5));
    /// assert_eq!(unbounded::<i32>().1.capacity(), None);
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        match self.chan() {
            None => Some(0),
            Some(c) if c.state().has(ChanFlags::TIMED) => Some(1),
            Some(c) => c.capacity(),
        }
    }

    /// Whether both receive from the same channel.
    ///
    /// ```
    /// use gopark::chan::unbounded;
    /// let (_s, r) = unbounded::<i32>();
    /// assert!(r.same_channel(&r.clone()));
    /// assert!(!r.same_channel(&unbounded().1));
    /// ```
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        self.chan == other.chan
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let Some(chan) = self.chan {
            // SAFETY: this handle was counted, and goes.
            unsafe { counter::release_receiver::<T>(chan) };
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        if let Some(c) = self.chan() {
            counter::acquire(&c.receivers);
        }
        Receiver { chan: self.chan, marker: PhantomData }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Receiver { .. }")
    }
}
