//! Why a receive of a broadcast channel fails. Model: tokio::sync::broadcast::error.

use std::error::Error;
use std::fmt;

use crate::context::ContextError;

/// Error of [`recv`](super::Receiver::recv).
///
/// ```
/// use gopark::sync::broadcast::{self, RecvError};
///
/// let (sender, receiver) = broadcast::channel::<u8>(1);
/// drop(sender);
/// assert_eq!(receiver.recv(), Err(RecvError::Closed));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvError {
    /// This many messages were overwritten before the receiver read them.
    Lagged(u64),
    /// All senders are gone, and everything was read.
    Closed,
}

/// Error of [`try_recv`](super::Receiver::try_recv).
///
/// ```
/// use gopark::sync::broadcast::{self, TryRecvError};
///
/// let (_sender, receiver) = broadcast::channel::<u8>(1);
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryRecvError {
    /// No message now.
    Empty,
    /// As [`RecvError::Lagged`].
    Lagged(u64),
    /// As [`RecvError::Closed`].
    Closed,
}

/// Error of [`recv_timeout`](super::Receiver::recv_timeout).
///
/// ```
/// use gopark::sync::broadcast::RecvTimeoutError;
/// assert_eq!(RecvTimeoutError::Timeout.to_string(), "timed out waiting on receive operation");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// The time was up before a message came.
    Timeout,
    /// As [`RecvError::Lagged`].
    Lagged(u64),
    /// As [`RecvError::Closed`].
    Closed,
}

/// Error of [`recv_context`](super::Receiver::recv_context).
///
/// ```
/// use gopark::sync::broadcast::RecvContextError;
/// assert_eq!(RecvContextError::Closed.to_string(), "channel closed");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvContextError {
    /// Why the context is done.
    Context(ContextError),
    /// As [`RecvError::Lagged`].
    Lagged(u64),
    /// As [`RecvError::Closed`].
    Closed,
}

impl From<RecvError> for TryRecvError {
    fn from(e: RecvError) -> Self {
        match e {
            RecvError::Lagged(n) => TryRecvError::Lagged(n),
            RecvError::Closed => TryRecvError::Closed,
        }
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(e: RecvError) -> Self {
        match e {
            RecvError::Lagged(n) => RecvTimeoutError::Lagged(n),
            RecvError::Closed => RecvTimeoutError::Closed,
        }
    }
}

impl From<RecvError> for RecvContextError {
    fn from(e: RecvError) -> Self {
        match e {
            RecvError::Lagged(n) => RecvContextError::Lagged(n),
            RecvError::Closed => RecvContextError::Closed,
        }
    }
}

fn lagged(f: &mut fmt::Formatter<'_>, n: u64) -> fmt::Result {
    write!(f, "channel lagged by {n}")
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvError::Lagged(n) => lagged(f, *n),
            RecvError::Closed => f.write_str("channel closed"),
        }
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryRecvError::Empty => f.write_str("channel empty"),
            TryRecvError::Lagged(n) => lagged(f, *n),
            TryRecvError::Closed => f.write_str("channel closed"),
        }
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvTimeoutError::Timeout => f.write_str("timed out waiting on receive operation"),
            RecvTimeoutError::Lagged(n) => lagged(f, *n),
            RecvTimeoutError::Closed => f.write_str("channel closed"),
        }
    }
}

impl fmt::Display for RecvContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvContextError::Context(e) => e.fmt(f),
            RecvContextError::Lagged(n) => lagged(f, *n),
            RecvContextError::Closed => f.write_str("channel closed"),
        }
    }
}

impl Error for RecvError {}
impl Error for TryRecvError {}
impl Error for RecvTimeoutError {}
impl Error for RecvContextError {}
