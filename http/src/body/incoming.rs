//! A body that arrives in frames: from a peer, or from a goroutine of this process.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use gopark_runtime::block_on;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::pipe::Receiver;

/// Where the frames come from.
pub(crate) enum Source {
    Hyper(hyper::body::Incoming),
    Pipe(Receiver),
}

/// A body that arrives, and what has arrived of it and was not read.
pub(crate) struct Incoming {
    source: Source,
    unread: Bytes,
    ended: bool,
    trailers: Option<HeaderMap>,
    /// Dropped at the end of the body, or with it.
    guard: Option<Box<dyn Send>>,
}

impl Incoming {
    pub(crate) fn new(source: Source) -> Incoming {
        Incoming { source, unread: Bytes::new(), ended: false, trailers: None, guard: None }
    }

    /// Keeps this until the body has come to its end, or is dropped.
    pub(super) fn keep(&mut self, guard: impl Send + 'static) {
        self.guard = Some(Box::new(guard));
    }

    pub(super) fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_ref()
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let unread = self.unread.len() as u64;
        let mut hint = match &self.source {
            Source::Hyper(body) => body.size_hint(),
            Source::Pipe(frames) => frames.size_hint(),
        };
        if unread > 0 {
            hint.set_lower(hint.lower() + unread);
            if let Some(upper) = hint.upper() {
                hint.set_upper(upper + unread);
            }
        }
        hint
    }

    pub(super) fn is_end(&self) -> bool {
        let source_ended = match &self.source {
            Source::Hyper(body) => body.is_end_stream(),
            Source::Pipe(frames) => frames.is_end_stream(),
        };
        self.unread.is_empty() && (self.ended || source_ended)
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if !self.unread.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.unread)))));
        }
        let frame = match &mut self.source {
            Source::Hyper(body) => {
                Pin::new(body).poll_frame(cx).map(|frame| frame.map(|f| f.map_err(into_io_error)))
            }
            Source::Pipe(frames) => Pin::new(frames).poll_frame(cx),
        };
        let over = match &self.source {
            Source::Hyper(body) => body.is_end_stream(),
            Source::Pipe(_) => false,
        };
        if over || matches!(frame, Poll::Ready(None)) {
            self.guard = None;
        }
        frame
    }

    fn next_frame(&mut self) -> Option<io::Result<Frame<Bytes>>> {
        // Often it is there, and no waker is needed.
        match self.poll_frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(frame) => frame,
            Poll::Pending => block_on(std::future::poll_fn(|cx| self.poll_frame(cx))),
        }
    }

    /// The next bytes, parking until some are there; empty at the end.
    pub(super) fn next_bytes(&mut self) -> io::Result<Bytes> {
        loop {
            if !self.unread.is_empty() {
                return Ok(std::mem::take(&mut self.unread));
            }
            if self.ended {
                return Ok(Bytes::new());
            }
            let Some(frame) = self.next_frame() else {
                self.ended = true;
                continue;
            };
            match frame?.into_data() {
                Ok(data) => self.unread = data,
                Err(frame) => self.trailers = frame.into_trailers().ok().or(self.trailers.take()),
            }
        }
    }

    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let mut data = self.next_bytes()?;
        let n = data.len().min(buf.len());
        buf[..n].copy_from_slice(&data[..n]);
        bytes::Buf::advance(&mut data, n);
        self.unread = data;
        Ok(n)
    }
}

/// What went wrong with a body in transit.
pub(crate) fn into_io_error(e: hyper::Error) -> io::Error {
    let kind = if e.is_incomplete_message() || e.is_canceled() || e.is_closed() {
        io::ErrorKind::UnexpectedEof
    } else if e.is_timeout() {
        io::ErrorKind::TimedOut
    } else {
        io::ErrorKind::InvalidData
    };
    io::Error::new(kind, e)
}
