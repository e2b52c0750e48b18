//! Frames of a body on their way from a goroutine that makes them to one that takes them, with
//! back-pressure: one frame waits at most.
//!
//! I1 Each side stores its waker under the lock before it goes to sleep, and the other takes it
//!    under the lock: no wake-up is lost.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use gopark_runtime::block_on;
use http_body::{Body, Frame};
use parking_lot::Mutex;

/// Makes a pipe.
pub(crate) fn pipe() -> (Sender, Receiver) {
    let shared = Arc::new(Mutex::new(State::default()));
    (Sender(shared.clone()), Receiver(shared))
}

#[derive(Default)]
struct State {
    frame: Option<Frame<Bytes>>,
    /// The sender has ended: well, or with this error.
    end: Option<Result<(), io::Error>>,
    receiver_gone: bool,
    /// Wakers: the receiver's while it waits for a frame, the sender's while it waits for room.
    receiver: Option<Waker>,
    sender: Option<Waker>,
}

/// The end that makes frames. Dropped without [`finish`](Self::finish), the body is cut.
pub(crate) struct Sender(Arc<Mutex<State>>);

impl Sender {
    /// Sends a frame; parks while the last one has not been taken.
    ///
    /// # Errors
    /// `BrokenPipe` if nobody takes frames any more.
    pub(crate) fn send(&self, frame: Frame<Bytes>) -> io::Result<()> {
        let mut frame = Some(frame);
        if let Poll::Ready(sent) = self.poll_send(&mut frame, None) {
            return sent;
        }
        block_on(std::future::poll_fn(|cx| self.poll_send(&mut frame, Some(cx))))
    }

    fn poll_send(
        &self,
        frame: &mut Option<Frame<Bytes>>,
        cx: Option<&mut Context<'_>>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        if state.receiver_gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if state.frame.is_some() {
            state.sender = cx.map(|cx| cx.waker().clone());
            return Poll::Pending;
        }
        state.frame = frame.take();
        let receiver = state.receiver.take();
        drop(state);
        receiver.inspect(Waker::wake_by_ref);
        Poll::Ready(Ok(()))
    }

    /// Whether nobody takes frames any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.lock().receiver_gone
    }

    /// Ends the body.
    pub(crate) fn finish(self, result: io::Result<()>) {
        self.end(result);
    }

    fn end(&self, result: io::Result<()>) {
        let mut state = self.0.lock();
        if state.end.is_none() {
            state.end = Some(result);
            let receiver = state.receiver.take();
            drop(state);
            receiver.inspect(Waker::wake_by_ref);
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.end(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body was cut")));
    }
}

/// The end that takes them.
pub(crate) struct Receiver(Arc<Mutex<State>>);

impl Body for Receiver {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let mut state = self.0.lock();
        if let Some(frame) = state.frame.take() {
            let sender = state.sender.take();
            drop(state);
            sender.inspect(Waker::wake_by_ref);
            return Poll::Ready(Some(Ok(frame)));
        }
        match &mut state.end {
            Some(end) => Poll::Ready(std::mem::replace(end, Ok(())).err().map(Err)),
            None => {
                state.receiver = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let state = self.0.lock();
        state.frame.is_none() && matches!(state.end, Some(Ok(())))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.receiver_gone = true;
        state.frame = None;
        let sender = state.sender.take();
        drop(state);
        sender.inspect(Waker::wake_by_ref);
    }
}
