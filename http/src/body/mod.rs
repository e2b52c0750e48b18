//! Bodies of requests and responses.
//!
//! | file | holds |
//! |---|---|
//! | `pipe.rs` | frames between two goroutines, with back-pressure |
//! | `incoming.rs` | a body that arrives |
//! | `outgoing.rs` | a body as hyper sends it |
//! | `reader.rs`, `writer.rs` | a body that a goroutine makes |

mod incoming;
mod outgoing;
mod pipe;
mod reader;
mod writer;

use std::fmt;
use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use gopark_net::os::File;
use gopark_runtime::go;
use http::HeaderMap;

pub(crate) use incoming::{Incoming, Source};
pub(crate) use outgoing::Outgoing;
pub use writer::BodyWriter;

/// The body of a request or a response: bytes that are there, or that come when they are read.
///
/// It is [`Read`]: reading parks the goroutine until bytes arrive.
///
/// ```
/// use gopark::http::Body;
///
/// assert_eq!(Body::from("hello").text(64).unwrap(), "hello");
/// assert_eq!(Body::from_reader(&b"from a reader"[..]).bytes(64).unwrap(), "from a reader");
/// ```
#[derive(Default)]
pub struct Body {
    kind: Kind,
}

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Bytes(Bytes),
    Incoming(Incoming),
    Made(Maker),
}

/// What makes a body.
enum Maker {
    Stream(StreamFn),
    Reader(Box<dyn Read + Send>, Option<u64>),
}

type StreamFn = Box<dyn FnOnce(&mut BodyWriter) -> io::Result<()> + Send>;

impl Maker {
    fn len(&self) -> Option<u64> {
        match self {
            Maker::Stream(_) => None,
            Maker::Reader(_, len) => *len,
        }
    }
}

impl Body {
    /// No bytes.
    ///
    /// ```
    /// assert!(gopark::http::Body::empty().bytes(0).unwrap().is_empty());
    /// ```
    pub fn empty() -> Body {
        Body::default()
    }

    /// What the reader gives, to its end. A goroutine reads it while the body is sent.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let body = gopark::http::Body::from_reader(std::io::repeat(b'x'));
    /// assert!(body.bytes(1 << 20).is_err()); // endless
    /// # }) }
    /// ```
    pub fn from_reader(reader: impl Read + Send + 'static) -> Body {
        Body::made(Maker::Reader(Box::new(reader), None))
    }

    /// The same of a known length, which the peer is told. A reader that ends earlier cuts the body.
    ///
    /// ```
    /// let body = gopark::http::Body::from_reader_sized(&b"hello, world"[..], 5);
    /// assert_eq!(body.text(64).unwrap(), "hello");
    /// ```
    pub fn from_reader_sized(reader: impl Read + Send + 'static, len: u64) -> Body {
        Body::made(Maker::Reader(Box::new(reader), Some(len)))
    }

    /// What the closure writes. It runs in a goroutine while the body is sent, and parks while the peer takes no more. An error, or a
    /// panic, cuts the body: the peer sees that it is not whole.
    ///
    /// ```
    /// use gopark::http::Body;
    /// use std::io::Write;
    ///
    /// let body = Body::stream(|w| (0..3).try_for_each(|i| writeln!(w, "{i}")));
    /// # unsafe { gopark::run(|| assert_eq!(body.text(64).unwrap(), "0\n1\n2\n")) }
    /// ```
    pub fn stream(f: impl FnOnce(&mut BodyWriter) -> io::Result<()> + Send + 'static) -> Body {
        Body::made(Maker::Stream(Box::new(f)))
    }

    /// All of it.
    ///
    /// # Errors
    /// Those of reading; `FileTooLarge` if it is longer than `limit` bytes.
    ///
    /// ```
    /// use gopark::http::Body;
    ///
    /// assert_eq!(Body::from("hello").bytes(5).unwrap(), "hello");
    /// assert!(Body::from("hello").bytes(4).is_err());
    /// ```
    pub fn bytes(self, limit: usize) -> io::Result<Bytes> {
        let mut incoming = match self.kind {
            Kind::Empty => return Ok(Bytes::new()),
            Kind::Bytes(data) if data.len() <= limit => return Ok(data),
            Kind::Bytes(_) => return Err(too_large(limit)),
            Kind::Incoming(incoming) => incoming,
            Kind::Made(Maker::Reader(reader, len)) => return read_all(reader, len, limit),
            Kind::Made(maker) => run_aside(maker),
        };
        if incoming.size_hint().lower() > limit as u64 {
            return Err(too_large(limit));
        }
        let first = incoming.next_bytes()?;
        let mut next = incoming.next_bytes()?;
        if next.is_empty() {
            return if first.len() > limit { Err(too_large(limit)) } else { Ok(first) };
        }
        let mut all = BytesMut::from(first);
        while !next.is_empty() {
            if all.len() + next.len() > limit {
                return Err(too_large(limit));
            }
            all.extend_from_slice(&next);
            next = incoming.next_bytes()?;
        }
        Ok(all.freeze())
    }

    /// All of it as text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); `InvalidData` if it is not UTF-8.
    ///
    /// ```
    /// assert_eq!(gopark::http::Body::from("grüß dich").text(64).unwrap(), "grüß dich");
    /// ```
    pub fn text(self, limit: usize) -> io::Result<String> {
        String::from_utf8(self.bytes(limit)?.into())
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
    }

    /// The fields that followed the body, once it has been read to its end.
    ///
    /// ```
    /// assert!(gopark::http::Body::from("whole").trailers().is_none());
    /// ```
    pub fn trailers(&self) -> Option<&HeaderMap> {
        match &self.kind {
            Kind::Incoming(incoming) => incoming.trailers(),
            _ => None,
        }
    }

    /// The length, if it is known; of what has not been read yet.
    ///
    /// ```
    /// use gopark::http::Body;
    ///
    /// assert_eq!(Body::from("hello").len_hint(), Some(5));
    /// assert_eq!(Body::stream(|_| Ok(())).len_hint(), None);
    /// ```
    pub fn len_hint(&self) -> Option<u64> {
        match &self.kind {
            Kind::Empty => Some(0),
            Kind::Bytes(data) => Some(data.len() as u64),
            Kind::Incoming(incoming) => incoming.size_hint().exact(),
            Kind::Made(maker) => maker.len(),
        }
    }

    /// The next frame, for a service that polls.
    #[cfg(feature = "tower")]
    pub(crate) fn poll_next_frame(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<io::Result<http_body::Frame<Bytes>>>> {
        use std::task::Poll;
        loop {
            match std::mem::take(&mut self.kind) {
                Kind::Empty => return Poll::Ready(None),
                Kind::Bytes(data) if data.is_empty() => return Poll::Ready(None),
                Kind::Bytes(data) => return Poll::Ready(Some(Ok(http_body::Frame::data(data)))),
                Kind::Incoming(mut incoming) => {
                    let frame = incoming.poll_frame(cx);
                    self.kind = Kind::Incoming(incoming);
                    return frame;
                }
                Kind::Made(maker) => self.kind = Kind::Incoming(run_aside(maker)),
            }
        }
    }

    pub(crate) fn arriving(incoming: hyper::body::Incoming) -> Body {
        if http_body::Body::is_end_stream(&incoming) {
            return Body::empty();
        }
        Body { kind: Kind::Incoming(Incoming::new(Source::Hyper(incoming))) }
    }

    /// Of a client's response: keeps `guard` until the body has come to its end.
    pub(crate) fn arriving_with(incoming: hyper::body::Incoming, guard: impl Send + 'static) -> Body {
        let mut body = Body::arriving(incoming);
        if let Kind::Incoming(incoming) = &mut body.kind {
            incoming.keep(guard);
        }
        body
    }

    /// The same body again, if it need not be made.
    pub(crate) fn again(&self) -> Option<Body> {
        match &self.kind {
            Kind::Empty => Some(Body::empty()),
            Kind::Bytes(data) => Some(data.clone().into()),
            _ => None,
        }
    }

    fn made(maker: Maker) -> Body {
        Body { kind: Kind::Made(maker) }
    }
}

/// Runs what makes a body in a goroutine, for somebody in this process who reads it.
fn run_aside(maker: Maker) -> Incoming {
    let (outgoing, producer) = Body::made(maker).into_outgoing();
    let Outgoing::Piped(frames, _) = outgoing else { unreachable!("what is made goes through a pipe") };
    if let Some(producer) = producer {
        go(move || producer.run());
    }
    Incoming::new(Source::Pipe(frames))
}

fn read_all(reader: Box<dyn Read + Send>, len: Option<u64>, limit: usize) -> io::Result<Bytes> {
    let mut all = Vec::new();
    let most = len.unwrap_or(u64::MAX).min(limit as u64 + 1);
    reader.take(most).read_to_end(&mut all)?;
    if all.len() > limit {
        return Err(too_large(limit));
    }
    if len.is_some_and(|len| len != all.len() as u64) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(all.into())
}

fn too_large(limit: usize) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("the body is longer than {limit} bytes"))
}

impl Read for Body {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.kind {
                Kind::Empty => return Ok(0),
                Kind::Bytes(data) => {
                    let n = data.len().min(buf.len());
                    buf[..n].copy_from_slice(&data.split_to(n));
                    return Ok(n);
                }
                Kind::Incoming(incoming) => return incoming.read(buf),
                Kind::Made(_) => {
                    let Kind::Made(maker) = std::mem::take(&mut self.kind) else { unreachable!() };
                    self.kind = Kind::Incoming(run_aside(maker));
                }
            }
        }
    }
}

impl From<()> for Body {
    fn from((): ()) -> Body {
        Body::empty()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Body {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for Body {
    fn from(data: &'static [u8]) -> Body {
        Bytes::from_static(data).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Body {
        text.into_bytes().into()
    }
}

impl From<Vec<u8>> for Body {
    fn from(data: Vec<u8>) -> Body {
        Bytes::from(data).into()
    }
}

impl From<Bytes> for Body {
    fn from(data: Bytes) -> Body {
        Body { kind: Kind::Bytes(data) }
    }
}

/// From where the file stands to its end. The length is told the peer if it is a regular file.
impl From<File> for Body {
    fn from(file: File) -> Body {
        let len = remaining(&file);
        Body::made(Maker::Reader(Box::new(file), len))
    }
}

/// What is left of a regular file.
fn remaining(file: &File) -> Option<u64> {
    use std::os::fd::{AsRawFd, BorrowedFd};
    // SAFETY: borrowed for this call from a file that is open.
    let fd = unsafe { BorrowedFd::borrow_raw(file.as_raw_fd()) };
    let same = std::fs::File::from(fd.try_clone_to_owned().ok()?);
    let metadata = same.metadata().ok()?;
    let at = io::Seek::stream_position(&mut &same).ok()?;
    metadata.is_file().then(|| metadata.len().saturating_sub(at))
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Empty => "empty",
            Kind::Bytes(_) => "bytes",
            Kind::Incoming(_) => "incoming",
            Kind::Made(_) => "made",
        };
        f.debug_struct("Body").field("kind", &kind).field("len", &self.len_hint()).finish()
    }
}
