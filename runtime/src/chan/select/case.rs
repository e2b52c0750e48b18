//! What `select!` expands to: cases on the stack, each with its own slot. Doc-hidden; not for use
//! by hand, but safe.
//!
//! I1 A case is borrowed while its select waits, so its slot does not move; afterwards nobody else
//!    refers to it.
//! I2 A token lies in the case that won it until it is used up, by `finish`, `begin` or the case's
//!    drop.

use std::fmt;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::time::Duration;

use super::complete::Token;
use super::selectgo::{Chosen, Op, Preference, SelectOptions, Until, Want, selectgo};
use crate::chan::errors::{RecvError, SendError};
use crate::chan::hchan::Sent;
use crate::chan::receiver::Receiver;
use crate::chan::sender::Sender;
use crate::chan::timeout::until_timeout;
use crate::sched::g::WaitReason;

/// `select!` takes any of the cases that can go on.
pub const FAIR: Order = Order(Preference::Fair);
/// `select_biased!` takes the first.
pub const BIASED: Order = Order(Preference::Biased);

/// Which of several cases is taken.
#[derive(Debug, Clone, Copy)]
pub struct Order(Preference);

/// An operation, closed.
#[derive(Debug)]
pub struct CaseOp(Op);

/// A token, closed.
#[derive(Debug)]
pub struct CaseToken(Token);

mod sealed {
    use super::{CaseOp, CaseToken};

    /// The select's view of a case.
    pub trait Sealed {
        /// The operation; its pointers are good while `self` is borrowed.
        fn op(&mut self) -> CaseOp;
        /// It was chosen.
        fn win(&mut self, token: CaseToken);
    }
}

/// A case of a `select!`.
pub trait Case: sealed::Sealed {}

/// Waits for one of the cases; returns its place.
pub fn select<const N: usize>(cases: [&mut dyn Case; N], order: Order) -> usize {
    run(cases, order, Until::Forever).expect("without a deadline")
}

/// One of the cases that can go on now.
pub fn try_select<const N: usize>(cases: [&mut dyn Case; N], order: Order) -> Option<usize> {
    run(cases, order, Until::Now)
}

/// Waits for one of the cases for a limited time.
pub fn select_timeout<const N: usize>(
    cases: [&mut dyn Case; N],
    order: Order,
    timeout: Duration,
) -> Option<usize> {
    run(cases, order, until_timeout(timeout))
}

#[inline]
fn run<const N: usize>(mut cases: [&mut dyn Case; N], order: Order, until: Until) -> Option<usize> {
    let ops = cases.each_mut().map(|case| case.op().0);
    let options =
        SelectOptions { until, preference: order.0, want: Want::Operation, reason: WaitReason::Select };
    // SAFETY: the cases borrow the channels and are borrowed themselves; slots are of the channels'
    // types (I1); the token goes into its case (I2).
    let Chosen { at, token } = unsafe { selectgo(&ops, options) }?;
    cases[at].win(CaseToken(token));
    Some(at)
}

/// `recv(r) -> ..`
pub struct RecvCase<'a, T> {
    receiver: &'a Receiver<T>,
    slot: MaybeUninit<T>,
    token: Option<Token>,
}

impl<'a, T> RecvCase<'a, T> {
    /// Not yet chosen.
    #[inline]
    pub fn new(receiver: &'a Receiver<T>) -> Self {
        RecvCase { receiver, slot: MaybeUninit::uninit(), token: None }
    }

    /// The result, if this is the case that was chosen.
    #[inline]
    pub fn finish(&mut self) -> Result<T, RecvError> {
        match self.token.take().expect("not the chosen case") {
            // SAFETY: the message is in the slot; with the token taken it is read once.
            Token::Received => Ok(unsafe { self.slot.assume_init_read() }),
            _ => Err(RecvError),
        }
    }
}

impl<T> sealed::Sealed for RecvCase<'_, T> {
    fn op(&mut self) -> CaseOp {
        assert!(self.token.is_none(), "a case takes part in one select");
        CaseOp(Op { elem: self.slot.as_mut_ptr().cast(), ..self.receiver.op() })
    }

    fn win(&mut self, token: CaseToken) {
        self.token = Some(token.0);
    }
}

impl<T> Case for RecvCase<'_, T> {}

impl<T> Drop for RecvCase<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.token == Some(Token::Received) {
            // SAFETY: the message is in the slot and was not read.
            unsafe { self.slot.assume_init_drop() };
        }
    }
}

impl<T> fmt::Debug for RecvCase<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("RecvCase { .. }")
    }
}

/// `send(s, ..) -> ..`
pub struct SendCase<'a, T> {
    sender: &'a Sender<T>,
    token: Option<Token>,
}

impl<'a, T> SendCase<'a, T> {
    /// Not yet chosen.
    #[inline]
    pub fn new(sender: &'a Sender<T>) -> Self {
        SendCase { sender, token: None }
    }

    /// The send that has begun, if this is the case that was chosen; its message is made now.
    #[inline]
    pub fn begin(&mut self) -> SendBegun<'a, T> {
        SendBegun { sender: self.sender, token: Some(self.token.take().expect("not the chosen case")) }
    }
}

impl<T> sealed::Sealed for SendCase<'_, T> {
    fn op(&mut self) -> CaseOp {
        assert!(self.token.is_none(), "a case takes part in one select");
        CaseOp(self.sender.op())
    }

    fn win(&mut self, token: CaseToken) {
        self.token = Some(token.0);
    }
}

impl<T> Case for SendCase<'_, T> {}

impl<T> Drop for SendCase<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.token.is_some() {
            drop(self.begin());
        }
    }
}

impl<T> fmt::Debug for SendCase<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SendCase { .. }")
    }
}

/// A chosen send. Dropped, because the message's expression left or panicked, it gives its promise
/// back.
pub struct SendBegun<'a, T> {
    sender: &'a Sender<T>,
    /// There until `send`.
    token: Option<Token>,
}

impl<T> SendBegun<'_, T> {
    /// Sends; does not wait.
    #[inline]
    pub fn send(mut self, msg: T) -> Result<(), SendError<T>> {
        let token = self.token.take().expect("sent once");
        let msg = ManuallyDrop::new(msg);
        // SAFETY: the token was won on this channel and is used up; the message is of its type,
        // ours no more if sent.
        match unsafe { token.send(self.sender.chan(), (&raw const msg).cast()) } {
            Sent::Yes => Ok(()),
            _ => Err(SendError(ManuallyDrop::into_inner(msg))),
        }
    }
}

impl<T> Drop for SendBegun<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            // SAFETY: the token was won on this channel and is used up.
            unsafe { token.abandon(self.sender.chan()) };
        }
    }
}

impl<T> fmt::Debug for SendBegun<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SendBegun { .. }")
    }
}
