//! An operation that a select has chosen. Model: crossbeam-channel's `SelectedOperation`.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::{self, NonNull};

use super::complete::Token;
use crate::chan::errors::{RecvError, SendError};
use crate::chan::hchan::{Hchan, Sent};
use crate::chan::receiver::Receiver;
use crate::chan::sender::Sender;

/// A chosen operation. It **must** be completed with [`send`](SelectedOperation::send) or
/// [`recv`](SelectedOperation::recv).
///
/// # Panics
/// On drop, if it was not completed. (The place in the buffer goes to another sender, the receiver
/// back to its queue; a received message is lost.)
///
/// ```
/// use gopark::chan::{Select, bounded};
/// let (s, r) = bounded(1);
/// let mut sel = Select::new();
/// sel.send(&s);
/// let oper = sel.select();
/// assert_eq!(oper.send(&s, "made after it was chosen"), Ok(()));
/// assert_eq!(r.len(), 1);
/// ```
#[must_use]
pub struct SelectedOperation<'a> {
    token: Token,
    index: usize,
    chan: *const Hchan,
    /// Holds the message if the token is `Received`.
    slot: MessageBuf,
    /// The channels are borrowed.
    marker: PhantomData<&'a ()>,
}

impl SelectedOperation<'_> {
    /// The token was won on `chan`, the message, if any, is in `slot`.
    pub(in crate::chan) fn new(token: Token, index: usize, chan: *const Hchan, slot: MessageBuf) -> Self {
        SelectedOperation { token, index, chan, slot, marker: PhantomData }
    }

    /// The operation's number, as returned by `Select::send` or `Select::recv`.
    ///
    /// ```
    /// use gopark::chan::{Select, bounded};
    /// let (s, _r) = bounded(1);
    /// let mut sel = Select::new();
    /// let number = sel.send(&s);
    /// let oper = sel.select();
    /// assert_eq!(oper.index(), number);
    /// oper.send(&s, ()).unwrap();
    /// ```
    pub fn index(&self) -> usize {
        self.index
    }

    /// Completes a send without waiting.
    ///
    /// # Errors
    /// Returns the message if the channel is closed or has no receivers left.
    ///
    /// # Panics
    /// If `s` is not the sender of the chosen operation.
    ///
    /// ```
    /// use gopark::chan::{Select, SendError, bounded};
    /// let (s, r) = bounded(0);
    /// drop(r);
    /// let mut sel = Select::new();
    /// sel.send(&s);
    /// assert_eq!(sel.select().send(&s, 10), Err(SendError(10)));
    /// ```
    pub fn send<T>(mut self, s: &Sender<T>, msg: T) -> Result<(), SendError<T>> {
        let token = self.token;
        let fits = ptr::eq(s.chan(), self.chan) && token != Token::Received;
        assert!(fits, "passed a sender that wasn't selected");
        self.chan = ptr::null();
        let msg = ManuallyDrop::new(msg);
        // SAFETY: the token was won on this channel, and `self.chan` is forgotten; the message is
        // of its type, ours no more if it was sent.
        match unsafe { token.send(s.chan(), (&raw const msg).cast()) } {
            Sent::Yes => Ok(()),
            _ => Err(SendError(ManuallyDrop::into_inner(msg))),
        }
    }

    /// Completes a receive without waiting.
    ///
    /// # Errors
    /// If the channel is empty and either closed or without senders.
    ///
    /// # Panics
    /// If `r` is not the receiver of the chosen operation.
    ///
    /// ```
    /// use gopark::chan::{Select, bounded};
    /// let (s, r) = bounded(1);
    /// s.send(10).unwrap();
    /// let mut sel = Select::new();
    /// sel.recv(&r);
    /// assert_eq!(sel.select().recv(&r), Ok(10));
    /// ```
    pub fn recv<T>(mut self, r: &Receiver<T>) -> Result<T, RecvError> {
        let fits = r.chan().is_some_and(|c| ptr::eq(c, self.chan))
            && matches!(self.token, Token::Received | Token::Disconnected);
        assert!(fits, "passed a receiver that wasn't selected");
        self.chan = ptr::null();
        match self.token {
            // SAFETY: the message of this channel's type is in the slot; it is read once, as `self`
            // goes.
            Token::Received => Ok(unsafe { self.slot.as_mut_ptr().cast::<T>().read() }),
            _ => Err(RecvError),
        }
    }
}

impl Drop for SelectedOperation<'_> {
    fn drop(&mut self) {
        // SAFETY: the channel is borrowed by the select's lifetime; null when the operation was
        // completed.
        let Some(c) = (unsafe { self.chan.as_ref() }) else { return };
        // SAFETY: the token was won on this channel and not used.
        unsafe { self.token.abandon(c) };
        if !std::thread::panicking() {
            panic!("dropped `SelectedOperation` without completing the operation");
        }
    }
}

impl fmt::Debug for SelectedOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SelectedOperation { .. }")
    }
}

/// Room for the message of the chosen receive: in place for small ones.
#[derive(Debug)]
pub(in crate::chan) struct MessageBuf {
    here: Here,
    /// For messages that do not fit.
    heap: Option<(NonNull<u8>, Layout)>,
}

#[derive(Debug)]
#[repr(align(16))]
struct Here([MaybeUninit<u8>; 64]);

impl MessageBuf {
    /// Room for any of these.
    pub(in crate::chan) fn for_largest(layouts: impl Iterator<Item = Layout>) -> MessageBuf {
        let (size, align) = layouts.fold((0, 1), |(s, a), l| (l.size().max(s), l.align().max(a)));
        let mut slot = MessageBuf { here: Here([MaybeUninit::uninit(); 64]), heap: None };
        if size > size_of::<Here>() || align > align_of::<Here>() {
            let layout = Layout::from_size_align(size.max(1), align)
                .expect("the alignment is a type's, the size a type's");
            // SAFETY: the size is not 0.
            let p = unsafe { alloc(layout) };
            slot.heap = Some((NonNull::new(p).unwrap_or_else(|| handle_alloc_error(layout)), layout));
        }
        slot
    }

    /// Where the message is; moves with the slot unless it is on the heap.
    pub(in crate::chan) fn as_mut_ptr(&mut self) -> *mut u8 {
        match self.heap {
            Some((p, _)) => p.as_ptr(),
            None => self.here.0.as_mut_ptr().cast(),
        }
    }
}

impl Drop for MessageBuf {
    fn drop(&mut self) {
        if let Some((p, layout)) = self.heap {
            // SAFETY: allocated so in `for_largest`; a message in it was read out or is lost.
            unsafe { dealloc(p.as_ptr(), layout) };
        }
    }
}
