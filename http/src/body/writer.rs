//! The writing end of a streamed body.

use std::fmt;
use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Frame;

use super::pipe::Sender;

/// What is gathered before it is sent without a flush.
const BUFFER: usize = 16 << 10;

/// What a closure given to [`Body::stream`](super::Body::stream) writes to. It parks while the peer takes no more. `flush` sends
/// what is there.
///
/// ```
/// use gopark::http::Body;
/// use std::io::Write;
///
/// let body = Body::stream(|w| {
///     writeln!(w, "one")?;
///     w.flush()?; // The client has the line now.
///     writeln!(w, "two")
/// });
/// # unsafe { gopark::run(|| assert_eq!(body.text(64).unwrap(), "one\ntwo\n")) }
/// ```
pub struct BodyWriter {
    sender: Sender,
    buffer: BytesMut,
    trailers: Option<HeaderMap>,
}

impl BodyWriter {
    pub(super) fn new(sender: Sender) -> BodyWriter {
        BodyWriter { sender, buffer: BytesMut::new(), trailers: None }
    }

    /// Sets the fields that follow the body.
    ///
    /// HTTP/1.1 sends those that the response's `Trailer` field announces, if the client's `TE` field says that it takes them.
    ///
    /// ```
    /// use gopark::http::{Body, HeaderMap};
    /// use std::io::Write;
    ///
    /// let body = Body::stream(|w| {
    ///     w.write_all(b"data")?;
    ///     w.set_trailers(HeaderMap::from_iter([("sum".parse().unwrap(), "42".parse().unwrap())]));
    ///     Ok(())
    /// });
    /// # drop(body);
    /// ```
    pub fn set_trailers(&mut self, trailers: HeaderMap) {
        self.trailers = Some(trailers);
    }

    /// Sends a piece that exists already, without a copy, after what was written before.
    ///
    /// # Errors
    /// `BrokenPipe` when the peer has gone.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let body = gopark::http::Body::stream(|w| w.send("piece".into()));
    /// assert_eq!(body.text(64).unwrap(), "piece");
    /// # }) }
    /// ```
    pub fn send(&mut self, piece: Bytes) -> io::Result<()> {
        self.flush()?;
        if piece.is_empty() { Ok(()) } else { self.sender.send(Frame::data(piece)) }
    }

    /// The body ends as its maker did.
    pub(super) fn finish(mut self, result: io::Result<()>) {
        let result = result.and_then(|()| {
            self.flush()?;
            match self.trailers.take() {
                Some(trailers) => self.sender.send(Frame::trailers(trailers)),
                None => Ok(()),
            }
        });
        self.sender.finish(result);
    }
}

impl Write for BodyWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.sender.is_closed() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.buffer.extend_from_slice(data);
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.sender.send(Frame::data(self.buffer.split().freeze()))
    }
}

impl fmt::Debug for BodyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyWriter").field("buffered", &self.buffer.len()).finish_non_exhaustive()
    }
}
