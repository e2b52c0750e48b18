//! [`TcpListener`]. Model: std::net::TcpListener.

use std::fmt;
use std::io;
use std::iter::FusedIterator;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use super::TcpStream;
use super::descriptor::Shape;
use super::socket::{Socket, SocketFamily, each_addr};
use crate::poll::Kind;

/// A TCP socket that listens. Model: [`std::net::TcpListener`]; `accept` parks the goroutine
/// instead of blocking the thread.
///
/// # Examples
/// ```
/// use gopark::net::{TcpListener, TcpStream};
/// use std::io::{Read, Write};
///
/// # fn main() -> std::io::Result<()> {
/// # unsafe { gopark::run(|| {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let addr = listener.local_addr()?;
/// let client = gopark::go(move || TcpStream::connect(addr)?.write_all(b"hello"));
/// let (mut conn, _) = listener.accept()?;
/// let mut text = String::new();
/// conn.read_to_string(&mut text)?;
/// assert_eq!(text, "hello");
/// client.join().unwrap()
/// # }) }
/// # }
/// ```
pub struct TcpListener {
    pub(super) socket: Socket,
}

pub(super) const SHAPE: Shape = Shape { name: "TcpListener", kind: Kind::Stream, family: SocketFamily::Tcp };

impl TcpListener {
    /// Binds and listens, on the first of the addresses that allows it. SO_REUSEADDR is set, as std
    /// does.
    ///
    /// # Errors
    /// Those of the last address; `InvalidInput` without any.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// assert!(listener.local_addr().unwrap().port() > 0);
    /// # }) }
    /// ```
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        each_addr(addr, |addr| Ok(std::net::TcpListener::bind(addr)?.into()))
    }

    /// The local address.
    ///
    /// # Errors
    /// Those of getsockname(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// assert!(listener.local_addr().unwrap().ip().is_loopback());
    /// # }) }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with_std(std::net::TcpListener::local_addr)
    }

    /// The next connection and its peer; parks until one comes.
    ///
    /// # Errors
    /// Those of accept4(2); out of descriptors among them, after which the listener goes on
    /// working.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// let (stream, peer) = listener.accept().unwrap();
    /// assert_eq!(peer, client.local_addr().unwrap());
    /// # drop(stream);
    /// # }) }
    /// ```
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (raw, peer) = self.socket.accept()?;
        let stream = TcpStream::fresh(raw)?;
        let peer = peer.to_socket_addr().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok((stream, peer))
    }

    /// An iterator over connections without end; each `next` is an `accept`.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// let stream = listener.incoming().next().unwrap().unwrap();
    /// assert_eq!(stream.peer_addr().unwrap(), client.local_addr().unwrap());
    /// # }) }
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// The same, owning the listener.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// let stream = listener.into_incoming().next().unwrap().unwrap();
    /// assert_eq!(stream.peer_addr().unwrap(), client.local_addr().unwrap());
    /// # }) }
    /// ```
    pub fn into_incoming(self) -> IntoIncoming {
        IntoIncoming { listener: self }
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// listener.set_ttl(64).unwrap();
    /// assert_eq!(listener.ttl().unwrap(), 64);
    /// # }) }
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.socket.with_std(|s: &std::net::TcpListener| s.set_ttl(ttl))
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// assert!(listener.ttl().unwrap() > 0);
    /// # }) }
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket.with_std(std::net::TcpListener::ttl)
    }

    /// A duplicate: the same open socket under another number. Timeouts and the non-blocking mode
    /// belong to the socket, so both have them in common.
    ///
    /// # Errors
    /// Out of descriptors; a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let second = listener.try_clone().unwrap();
    /// assert_eq!(second.local_addr().unwrap(), listener.local_addr().unwrap());
    /// # }) }
    /// ```
    pub fn try_clone(&self) -> io::Result<TcpListener> {
        Ok(TcpListener { socket: self.socket.try_clone()? })
    }

    /// Closes the socket now; goroutines parked in it wake with an error. Duplicates stay open.
    /// Beyond std.
    ///
    /// # Errors
    /// It is closed already.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// listener.close().unwrap();
    /// assert!(listener.accept().is_err());
    /// # }) }
    /// ```
    pub fn close(&self) -> io::Result<()> {
        self.socket.close()
    }

    /// In non-blocking mode nothing parks: an operation that would fails with `WouldBlock`.
    ///
    /// # Errors
    /// None; the result is std's.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// listener.set_nonblocking(true).unwrap();
    /// assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    /// # }) }
    /// ```
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.socket.set_nonblocking(nonblocking)
    }

    /// Returns and clears the socket's pending error (`SO_ERROR`).
    ///
    /// # Errors
    /// Those of getsockopt(2); a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// assert!(listener.take_error().unwrap().is_none());
    /// # }) }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }
}

/// The connections of a listener. See [`TcpListener::incoming`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
/// for stream in listener.incoming().take(1) {
///     assert!(stream.unwrap().peer_addr().is_ok());
/// }
/// # }) }
/// ```
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;
    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

impl FusedIterator for Incoming<'_> {}

/// The connections of a listener that it owns. See [`TcpListener::into_incoming`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
/// let accepted = gopark::go(move || listener.into_incoming().next().unwrap().is_ok());
/// assert!(accepted.join().unwrap());
/// # }) }
/// ```
#[derive(Debug)]
pub struct IntoIncoming {
    listener: TcpListener,
}

impl Iterator for IntoIncoming {
    type Item = io::Result<TcpStream>;
    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

impl FusedIterator for IntoIncoming {}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SHAPE.show_inet(&self.socket, f)
    }
}

impl AsRawFd for TcpListener {
    /// The descriptor, non-blocking and watched; -1 once closed.
    fn as_raw_fd(&self) -> RawFd {
        self.socket.raw()
    }
}

impl AsFd for TcpListener {
    /// The number is valid until [`close`](Self::close), which does not wait for the end of the
    /// borrow (std's type has no such method): close only when nobody uses it, or hand out a
    /// duplicate ([`try_clone`](Self::try_clone)).
    ///
    /// # Panics
    /// After `close`.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.borrowed()
    }
}

impl IntoRawFd for TcpListener {
    /// The descriptor, open, non-blocking, no longer watched; -1 after `close`.
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw()
    }
}

impl FromRawFd for TcpListener {
    /// As `From<OwnedFd>`.
    unsafe fn from_raw_fd(fd: RawFd) -> TcpListener {
        // SAFETY: the caller's duty: the descriptor is open, and ours now.
        unsafe { OwnedFd::from_raw_fd(fd) }.into()
    }
}

impl From<OwnedFd> for TcpListener {
    /// Non-blocking and watched from here on. No option of the socket changes.
    ///
    /// # Panics
    /// If the descriptor is no socket: std's conversions cannot fail.
    fn from(fd: OwnedFd) -> TcpListener {
        TcpListener { socket: SHAPE.given(fd) }
    }
}

impl From<TcpListener> for OwnedFd {
    /// Non-blocking still. For one that blocks, as a child wants it, go through std's type:
    /// `OwnedFd::from(std::net::TcpListener::from(socket))`.
    ///
    /// # Panics
    /// After `close`.
    fn from(socket: TcpListener) -> OwnedFd {
        socket.socket.into_owned()
    }
}
