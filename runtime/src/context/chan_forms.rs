//! The `_context` forms of the channels.

use std::fmt;

use super::{Context, ContextError};
use crate::chan::{Receiver, RecvError, Select, SendError, Sender};

/// Error of [`Receiver::recv_context`].
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{chan, context::{Context, RecvContextError}};
///
/// let (s, r) = chan::bounded::<()>(1);
/// drop(s);
/// assert_eq!(r.recv_context(&Context::background()), Err(RecvContextError::Disconnected));
/// # }) } }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecvContextError {
    /// The context is done.
    Context(ContextError),
    /// The channel is empty and either closed or without senders.
    Disconnected,
}

/// Error of [`Sender::send_context`]. Carries the message.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{chan, context::{Context, SendContextError}};
///
/// let (s, r) = chan::bounded(1);
/// drop(r);
/// assert_eq!(s.send_context(5, &Context::background()), Err(SendContextError::Disconnected(5)));
/// # }) } }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendContextError<T> {
    /// The context is done.
    Context(ContextError, T),
    /// The channel is closed or has no receivers left.
    Disconnected(T),
}

impl<T> Receiver<T> {
    /// Like [`recv`](Receiver::recv), but gives up when the context is done. Receives an available
    /// message in any case.
    ///
    /// # Errors
    ///
    /// If the context is done, or if the channel is empty and either closed or without senders.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::{chan, context::{Context, ContextError, RecvContextError}};
    /// use std::time::Duration;
    ///
    /// let (_s, r) = chan::bounded::<()>(1);
    /// let (ctx, _cancel) = Context::background().with_timeout(Duration::from_millis(5));
    /// assert_eq!(r.recv_context(&ctx), Err(RecvContextError::Context(ContextError::DeadlineExceeded)));
    /// # }) } }
    /// ```
    pub fn recv_context(&self, ctx: &Context) -> Result<T, RecvContextError> {
        match self.try_recv() {
            Ok(message) => return Ok(message),
            Err(e) if e.is_disconnected() => return Err(RecvContextError::Disconnected),
            Err(_) => {}
        }
        let done = ctx.done();
        let mut select = Select::new();
        let message = select.recv(self);
        select.recv(&done);
        let chosen = select.select();
        if chosen.index() == message {
            return chosen.recv(self).map_err(|RecvError| RecvContextError::Disconnected);
        }
        let _ = chosen.recv(&done);
        Err(RecvContextError::Context(ctx.interrupted()))
    }
}

impl<T> Sender<T> {
    /// Like [`send`](Sender::send), but gives up when the context is done. Sends in any case if
    /// there is room or a waiting receiver.
    ///
    /// # Errors
    ///
    /// Returns the message if the context is done, or if the channel is closed or has no receivers
    /// left.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::{chan, context::{Context, ContextError, SendContextError}};
    ///
    /// let (s, _r) = chan::bounded(0);
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// cancel();
    /// assert_eq!(s.send_context(1, &ctx), Err(SendContextError::Context(ContextError::Canceled, 1)));
    /// # }) } }
    /// ```
    pub fn send_context(&self, message: T, ctx: &Context) -> Result<(), SendContextError<T>> {
        let message = match self.try_send(message) {
            Ok(()) => return Ok(()),
            Err(e) if e.is_disconnected() => return Err(SendContextError::Disconnected(e.into_inner())),
            Err(e) => e.into_inner(),
        };
        let done = ctx.done();
        let mut select = Select::new();
        let sent = select.send(self);
        select.recv(&done);
        let chosen = select.select();
        if chosen.index() == sent {
            return chosen.send(self, message).map_err(|SendError(m)| SendContextError::Disconnected(m));
        }
        let _ = chosen.recv(&done);
        Err(SendContextError::Context(ctx.interrupted(), message))
    }
}

impl fmt::Display for RecvContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvContextError::Context(e) => e.fmt(f),
            RecvContextError::Disconnected => RecvError.fmt(f),
        }
    }
}

impl std::error::Error for RecvContextError {}

impl<T> SendContextError<T> {
    /// The message that was not sent.
    ///
    /// ```
    /// use gopark::context::SendContextError;
    /// assert_eq!(SendContextError::Disconnected(3).into_inner(), 3);
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            SendContextError::Context(_, message) | SendContextError::Disconnected(message) => message,
        }
    }
}

impl<T> fmt::Display for SendContextError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendContextError::Context(e, _) => e.fmt(f),
            SendContextError::Disconnected(_) => SendError(()).fmt(f),
        }
    }
}

impl<T> fmt::Debug for SendContextError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendContextError::Context(e, _) => f.debug_tuple("Context").field(e).finish_non_exhaustive(),
            SendContextError::Disconnected(_) => f.write_str("Disconnected(..)"),
        }
    }
}

impl<T> std::error::Error for SendContextError<T> {}
