//! The errors of channel operations. Model: crossbeam-channel's `err.rs`: the same names, variants
//! and texts.
//!
//! The error of a send carries the message, whatever its type, so `Debug` never prints it.

use std::error::Error;
use std::fmt;

/// Error of [`send`](super::Sender::send): the channel is closed or has no receivers left. Carries
/// the message.
///
/// ```
/// use gopark::chan::{bounded, SendError};
/// let (s, r) = bounded(1);
/// drop(r);
/// assert_eq!(s.send("lost"), Err(SendError("lost")));
/// ```
#[derive(PartialEq, Eq, Clone, Copy)]
pub struct SendError<T>(pub T);

/// Error of [`try_send`](super::Sender::try_send). Carries the message.
///
/// ```
/// use gopark::chan::{bounded, TrySendError};
/// let (s, _r) = bounded(1);
/// assert_eq!(s.try_send(1), Ok(()));
/// assert_eq!(s.try_send(2), Err(TrySendError::Full(2)));
/// ```
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum TrySendError<T> {
    /// No room; with capacity zero, no receiver is waiting.
    Full(T),
    /// The channel is closed or has no receivers left.
    Disconnected(T),
}

/// Error of [`send_timeout`](super::Sender::send_timeout) and `send_deadline`. Carries the message.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::chan::{SendTimeoutError, bounded};
/// use std::time::Duration;
///
/// let (s, _r) = bounded(0);
/// let result = s.send_timeout("late", Duration::from_millis(1));
/// assert_eq!(result, Err(SendTimeoutError::Timeout("late")));
/// # }) }
/// ```
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum SendTimeoutError<T> {
    /// The time was up before there was room.
    Timeout(T),
    /// The channel is closed or has no receivers left.
    Disconnected(T),
}

/// Error of [`recv`](super::Receiver::recv): the channel is empty and either closed or without
/// senders.
///
/// ```
/// use gopark::chan::{RecvError, bounded};
///
/// let (s, r) = bounded::<i32>(1);
/// drop(s);
/// assert_eq!(r.recv(), Err(RecvError));
/// ```
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub struct RecvError;

/// Error of [`try_recv`](super::Receiver::try_recv).
///
/// ```
/// use gopark::chan::{TryRecvError, bounded};
///
/// let (s, r) = bounded::<i32>(1);
/// assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
/// drop(s);
/// assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
/// ```
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub enum TryRecvError {
    /// No message now; with capacity zero, no sender is waiting.
    Empty,
    /// No message now or ever: closed or without senders.
    Disconnected,
}

/// Error of [`recv_timeout`](super::Receiver::recv_timeout) and `recv_deadline`.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::chan::{RecvTimeoutError, bounded};
/// use std::time::Duration;
///
/// let (_s, r) = bounded::<i32>(0);
/// let result = r.recv_timeout(Duration::from_millis(1));
/// assert_eq!(result, Err(RecvTimeoutError::Timeout));
/// # }) }
/// ```
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub enum RecvTimeoutError {
    /// The time was up before there was a message.
    Timeout,
    /// No message now or ever: closed or without senders.
    Disconnected,
}

/// Error of [`try_select`](super::Select::try_select): every operation would block.
///
/// ```
/// use gopark::chan::{Select, TrySelectError, bounded};
///
/// let (_s, r) = bounded::<i32>(1);
/// let mut select = Select::new();
/// select.recv(&r);
/// assert_eq!(select.try_select().unwrap_err(), TrySelectError);
/// ```
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub struct TrySelectError;

/// Error of [`select_timeout`](super::Select::select_timeout): the time was up before an operation
/// could go on.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::chan::{Select, SelectTimeoutError, bounded};
/// use std::time::Duration;
///
/// let (_s, r) = bounded::<i32>(1);
/// let mut select = Select::new();
/// select.recv(&r);
/// let result = select.select_timeout(Duration::from_millis(1));
/// assert_eq!(result.unwrap_err(), SelectTimeoutError);
/// # }) }
/// ```
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub struct SelectTimeoutError;

/// Error of [`try_ready`](super::Select::try_ready): every operation would block.
///
/// ```
/// use gopark::chan::{Select, TryReadyError, bounded};
///
/// let (_s, r) = bounded::<i32>(1);
/// let mut select = Select::new();
/// select.recv(&r);
/// assert_eq!(select.try_ready(), Err(TryReadyError));
/// ```
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub struct TryReadyError;

/// Error of [`ready_timeout`](super::Select::ready_timeout): the time was up before an operation
/// was ready.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::chan::{ReadyTimeoutError, Select, bounded};
/// use std::time::Duration;
///
/// let (_s, r) = bounded::<i32>(1);
/// let mut select = Select::new();
/// select.recv(&r);
/// let result = select.ready_timeout(Duration::from_millis(1));
/// assert_eq!(result, Err(ReadyTimeoutError));
/// # }) }
/// ```
#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub struct ReadyTimeoutError;

const SEND_DISCONNECTED: &str = "sending on a disconnected channel";
const RECV_DISCONNECTED: &str = "receiving on an empty and disconnected channel";
const SELECT_WOULD_BLOCK: &str = "all operations in select would block";
const SELECT_TIMED_OUT: &str = "timed out waiting on select";

impl<T> SendError<T> {
    /// The message that was not sent.
    ///
    /// ```
    /// assert_eq!(gopark::chan::SendError(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> TrySendError<T> {
    /// The message that was not sent.
    ///
    /// ```
    /// assert_eq!(gopark::chan::TrySendError::Full(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            TrySendError::Full(msg) | TrySendError::Disconnected(msg) => msg,
        }
    }

    /// Whether the channel was full.
    ///
    /// ```
    /// assert!(gopark::chan::TrySendError::Full(7).is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        matches!(self, TrySendError::Full(_))
    }

    /// Whether the channel was closed or had no receivers.
    ///
    /// ```
    /// assert!(gopark::chan::TrySendError::Disconnected(7).is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, TrySendError::Disconnected(_))
    }
}

impl<T> SendTimeoutError<T> {
    /// The message that was not sent.
    ///
    /// ```
    /// assert_eq!(gopark::chan::SendTimeoutError::Timeout(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            SendTimeoutError::Timeout(msg) | SendTimeoutError::Disconnected(msg) => msg,
        }
    }

    /// Whether the time was up.
    ///
    /// ```
    /// assert!(gopark::chan::SendTimeoutError::Timeout(7).is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        matches!(self, SendTimeoutError::Timeout(_))
    }

    /// Whether the channel was closed or had no receivers.
    ///
    /// ```
    /// assert!(gopark::chan::SendTimeoutError::Disconnected(7).is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, SendTimeoutError::Disconnected(_))
    }
}

impl TryRecvError {
    /// Whether a message may still come.
    ///
    /// ```
    /// assert!(gopark::chan::TryRecvError::Empty.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        matches!(self, TryRecvError::Empty)
    }

    /// Whether no message will ever come.
    ///
    /// ```
    /// assert!(gopark::chan::TryRecvError::Disconnected.is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, TryRecvError::Disconnected)
    }
}

impl RecvTimeoutError {
    /// Whether the time was up.
    ///
    /// ```
    /// assert!(gopark::chan::RecvTimeoutError::Timeout.is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        matches!(self, RecvTimeoutError::Timeout)
    }

    /// Whether no message will ever come.
    ///
    /// ```
    /// assert!(gopark::chan::RecvTimeoutError::Disconnected.is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, RecvTimeoutError::Disconnected)
    }
}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(err: SendError<T>) -> Self {
        TrySendError::Disconnected(err.0)
    }
}

impl<T> From<SendError<T>> for SendTimeoutError<T> {
    fn from(err: SendError<T>) -> Self {
        SendTimeoutError::Disconnected(err.0)
    }
}

impl From<RecvError> for TryRecvError {
    fn from(_: RecvError) -> Self {
        TryRecvError::Disconnected
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(_: RecvError) -> Self {
        RecvTimeoutError::Disconnected
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SendError(..)")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(SEND_DISCONNECTED)
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TrySendError::Full(_) => "Full(..)",
            TrySendError::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TrySendError::Full(_) => "sending on a full channel",
            TrySendError::Disconnected(_) => SEND_DISCONNECTED,
        })
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SendTimeoutError(..)")
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            SendTimeoutError::Timeout(_) => "timed out waiting on send operation",
            SendTimeoutError::Disconnected(_) => SEND_DISCONNECTED,
        })
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(RECV_DISCONNECTED)
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TryRecvError::Empty => "receiving on an empty channel",
            TryRecvError::Disconnected => RECV_DISCONNECTED,
        })
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            RecvTimeoutError::Timeout => "timed out waiting on receive operation",
            RecvTimeoutError::Disconnected => "channel is empty and disconnected",
        })
    }
}

impl fmt::Display for TrySelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(SELECT_WOULD_BLOCK)
    }
}

impl fmt::Display for SelectTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(SELECT_TIMED_OUT)
    }
}

impl fmt::Display for TryReadyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(SELECT_WOULD_BLOCK)
    }
}

impl fmt::Display for ReadyTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(SELECT_TIMED_OUT)
    }
}

impl<T: Send> Error for SendError<T> {}
impl<T: Send> Error for TrySendError<T> {}
impl<T: Send> Error for SendTimeoutError<T> {}
impl Error for RecvError {}
impl Error for TryRecvError {}
impl Error for RecvTimeoutError {}
impl Error for TrySelectError {}
impl Error for SelectTimeoutError {}
impl Error for TryReadyError {}
impl Error for ReadyTimeoutError {}
