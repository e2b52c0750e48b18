//! Sends and receives with a deadline: a select of one operation.

use std::mem::{ManuallyDrop, MaybeUninit};
use std::time::{Duration, Instant};

use super::errors::{RecvTimeoutError, SendTimeoutError, TrySendError};
use super::hchan::Received;
use super::receiver::Receiver;
use super::select::complete::Token;
use super::select::selectgo::{Op, SelectOptions, Until, selectgo};
use super::sender::Sender;
use crate::sched::g::WaitReason;
use crate::sys::clock::{instant_to_ns, nanotime, saturating_ns};

/// The end of a wait of `timeout` that begins now. A timeout beyond the end of the clock means for
/// ever.
pub(super) fn until_timeout(timeout: Duration) -> Until {
    match nanotime().saturating_add(saturating_ns(timeout)) {
        i64::MAX => Until::Forever,
        ns => Until::At(ns),
    }
}

impl<T> Sender<T> {
    /// Like [`send`](Sender::send), but waits at most `timeout`.
    ///
    /// # Errors
    /// Returns the message if the time is up first, or if the channel is closed or has no receivers
    /// left.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::chan::{SendTimeoutError, bounded};
    /// use std::time::Duration;
    /// let (s, _r) = bounded(0);
    /// assert_eq!(s.send_timeout(1, Duration::from_millis(5)), Err(SendTimeoutError::Timeout(1)));
    /// # }) } }
    /// ```
    pub fn send_timeout(&self, msg: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_until(msg, || until_timeout(timeout))
    }

    /// Like [`send`](Sender::send), but waits until `deadline` at the latest.
    ///
    /// # Errors
    /// Returns the message if the deadline passes first, or if the channel is closed or has no
    /// receivers left.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::chan::{SendTimeoutError, bounded};
    /// use std::time::Instant;
    /// let (s, _r) = bounded(0);
    /// assert_eq!(s.send_deadline(1, Instant::now()), Err(SendTimeoutError::Timeout(1)));
    /// # }) } }
    /// ```
    pub fn send_deadline(&self, msg: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.send_until(msg, || Until::At(instant_to_ns(deadline)))
    }

    /// Reads the clock only if it has to wait.
    fn send_until(&self, msg: T, until: impl FnOnce() -> Until) -> Result<(), SendTimeoutError<T>> {
        let msg = match self.try_send(msg) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Disconnected(msg)) => return Err(SendTimeoutError::Disconnected(msg)),
            Err(TrySendError::Full(msg)) => ManuallyDrop::new(msg),
        };
        let op = Op { elem: (&raw const msg).cast_mut().cast(), ..self.op() };
        // SAFETY: the channel lives; the message is of its type, and ours no more if it was sent.
        let chosen = unsafe { selectgo(&[op], SelectOptions::one_operation(until(), WaitReason::ChanSend)) };
        match chosen.map(|chosen| chosen.token) {
            Some(Token::Sent) => Ok(()),
            Some(_) => Err(SendTimeoutError::Disconnected(ManuallyDrop::into_inner(msg))),
            None => Err(SendTimeoutError::Timeout(ManuallyDrop::into_inner(msg))),
        }
    }
}

impl<T> Receiver<T> {
    /// Like [`recv`](Receiver::recv), but waits at most `timeout`.
    ///
    /// # Errors
    /// If the time is up first, or if the channel is empty and either closed or without senders.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::chan::{RecvTimeoutError, bounded};
    /// use std::time::Duration;
    /// let (_s, r) = bounded::<i32>(0);
    /// assert_eq!(r.recv_timeout(Duration::from_millis(5)), Err(RecvTimeoutError::Timeout));
    /// # }) } }
    /// ```
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until_or_fail(|| until_timeout(timeout))
    }

    /// Like [`recv`](Receiver::recv), but waits until `deadline` at the latest.
    ///
    /// # Errors
    /// If the deadline passes first, or if the channel is empty and either closed or without
    /// senders.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::chan::{RecvTimeoutError, bounded};
    /// use std::time::Instant;
    /// let (_s, r) = bounded::<i32>(0);
    /// assert_eq!(r.recv_deadline(Instant::now()), Err(RecvTimeoutError::Timeout));
    /// # }) } }
    /// ```
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_until_or_fail(|| Until::At(instant_to_ns(deadline)))
    }

    /// Reads the clock only if it has to wait.
    fn recv_until_or_fail(&self, until: impl FnOnce() -> Until) -> Result<T, RecvTimeoutError> {
        if let Ok(msg) = self.try_recv() {
            return Ok(msg);
        }
        let mut slot = MaybeUninit::uninit();
        match self.recv_until(&mut slot, until()) {
            // SAFETY: the message is in the slot.
            Received::Yes => Ok(unsafe { slot.assume_init() }),
            Received::Closed => Err(RecvTimeoutError::Disconnected),
            _ => Err(RecvTimeoutError::Timeout),
        }
    }
}
