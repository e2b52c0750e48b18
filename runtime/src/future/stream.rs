//! A channel's receiver as a stream.
//!
//! While the channel is empty, a helper goroutine waits for readiness, takes nothing, and wakes the
//! task. So dropping a stream loses no message.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::JoinFuture;
use crate::chan::{self, Receiver, Select, Sender};
use crate::sched::join::go;

/// A channel's messages as a stream; made by [`Receiver::into_stream`].
///
/// With the feature `futures-core` it is a `Stream`. [`next`](Self::next) and
/// [`poll_next`](Self::poll_next) need no feature.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{block_on, chan, go};
///
/// let (s, r) = chan::bounded(0);
/// go(move || (1..=3).for_each(|i| s.send(i).unwrap()));
/// let sum = block_on(async move {
///     let (mut messages, mut sum) = (r.into_stream(), 0);
///     while let Some(i) = messages.next().await {
///         sum += i;
///     }
///     sum
/// });
/// assert_eq!(sum, 6);
/// # }) } }
/// ```
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct ReceiverStream<T> {
    receiver: Receiver<T>,
    watch: Option<Watch>,
}

/// A goroutine that waits until the channel is ready. Dropping this ends it.
#[derive(Debug)]
struct Watch {
    ended: JoinFuture<()>,
    _stop: Sender<()>,
}

impl Watch {
    fn start<T: Send + 'static>(receiver: Receiver<T>) -> Watch {
        let (stop, stopped) = chan::bounded(0);
        let ended = go(move || {
            let mut select = Select::new();
            select.recv(&receiver);
            select.recv(&stopped);
            select.ready();
        });
        Watch { ended: ended.into_future(), _stop: stop }
    }
}

impl<T: Send + 'static> Receiver<T> {
    /// Turns the receiver into a stream.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::{block_on, chan};
    ///
    /// let (s, r) = chan::unbounded();
    /// s.send(1).unwrap();
    /// let mut messages = r.into_stream();
    /// assert_eq!(block_on(messages.next()), Some(1));
    /// drop(s);
    /// assert_eq!(block_on(messages.next()), None);
    /// # }) } }
    /// ```
    pub fn into_stream(self) -> ReceiverStream<T> {
        ReceiverStream { receiver: self, watch: None }
    }
}

impl<T: Send + 'static> ReceiverStream<T> {
    /// Returns the next message; `None` if the channel is empty and either closed or without
    /// senders. Dropping the future loses no message.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::{block_on, chan};
    ///
    /// let (s, r) = chan::bounded(1);
    /// gopark::go(move || s.send("later").unwrap());
    /// assert_eq!(block_on(r.into_stream().next()), Some("later"));
    /// # }) } }
    /// ```
    pub async fn next(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Polls for the next message, like `Stream::poll_next`.
    ///
    /// ```
    /// use gopark::chan;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let (s, r) = chan::unbounded();
    /// s.send(5).unwrap();
    /// let mut cx = Context::from_waker(Waker::noop());
    /// assert_eq!(r.into_stream().poll_next(&mut cx), Poll::Ready(Some(5)));
    /// ```
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            match self.receiver.try_recv() {
                Ok(message) => return Poll::Ready(Some(message)),
                Err(e) if e.is_disconnected() => return Poll::Ready(None),
                Err(_) => {}
            }
            let watch = self.watch.get_or_insert_with(|| Watch::start(self.receiver.clone()));
            if Pin::new(&mut watch.ended).poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.watch = None;
        }
    }

    /// Turns the stream back into the receiver.
    ///
    /// ```
    /// let (_s, r) = gopark::chan::bounded::<()>(1);
    /// let r = r.into_stream().into_inner();
    /// assert!(r.is_empty());
    /// ```
    pub fn into_inner(self) -> Receiver<T> {
        self.receiver
    }
}

#[cfg(feature = "futures-core")]
impl<T: Send + 'static> futures_core::Stream for ReceiverStream<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        ReceiverStream::poll_next(self.get_mut(), cx)
    }
}

// It holds no reference into itself.
impl<T> Unpin for ReceiverStream<T> {}
