//! [`TcpListener`]. Model: std::net::TcpListener.

use std::fmt;
use std::io;
use std::iter::FusedIterator;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use super::TcpStream;
use super::socket::{Socket, each_addr};

/// A TCP socket that listens. Model: [`std::net::TcpListener`]; `accept` parks the goroutine instead of blocking the thread.
///
/// # Examples
/// ```
/// use gopark_net::{TcpListener, TcpStream};
/// use std::io::{Read, Write};
///
/// # fn main() -> std::io::Result<()> {
/// # unsafe { gopark_runtime::run(|| {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let addr = listener.local_addr()?;
/// let client = gopark_runtime::go(move || TcpStream::connect(addr)?.write_all(b"hello"));
/// let (mut conn, _) = listener.accept()?;
/// let mut text = String::new();
/// conn.read_to_string(&mut text)?;
/// assert_eq!(text, "hello");
/// client.join().unwrap()
/// # }) }
/// # }
/// ```
pub struct TcpListener(Socket);

impl TcpListener {
    /// Binds and listens, on the first of the addresses that allows it. SO_REUSEADDR is set, as std does.
    ///
    /// # Errors
    /// Those of the last address; `InvalidInput` when there is none.
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        each_addr(addr, |addr| Ok(std::net::TcpListener::bind(addr)?.into()))
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.with_std(std::net::TcpListener::local_addr)
    }

    /// The next connection and its peer; parks until one comes.
    ///
    /// # Errors
    /// Those of accept4(2); out of descriptors among them, after which the listener goes on working.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (raw, peer) = self.0.accept()?;
        let stream = TcpStream::accepted(raw)?;
        let peer = peer.to_socket_addr().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok((stream, peer))
    }

    /// The connections that come, for ever; each `next` is an `accept`.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// The same, owning the listener.
    pub fn into_incoming(self) -> IntoIncoming {
        IntoIncoming { listener: self }
    }

    /// A second descriptor of the same socket.
    ///
    /// # Errors
    /// Out of descriptors.
    pub fn try_clone(&self) -> io::Result<TcpListener> {
        self.0.try_clone().map(TcpListener)
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.0.with_std(|s: &std::net::TcpListener| s.set_ttl(ttl))
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn ttl(&self) -> io::Result<u32> {
        self.0.with_std(std::net::TcpListener::ttl)
    }

    /// SO_ERROR, cleared by the call.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.with_std(std::net::TcpListener::take_error)
    }

    /// Whether `accept` fails with `WouldBlock` instead of parking.
    ///
    /// # Errors
    /// None; the result is std's.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.set_nonblocking(nonblocking)
    }

    /// Closes: goroutines parked in `accept` wake with an error. Beyond std.
    ///
    /// # Errors
    /// When it is closed already.
    pub fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    pub(super) fn of(socket: Socket) -> TcpListener {
        TcpListener(socket)
    }

    pub(super) fn into_socket(self) -> Socket {
        self.0
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("TcpListener");
        if let Ok(addr) = self.local_addr() {
            out.field("addr", &addr);
        }
        out.field("fd", &self.as_raw_fd()).finish()
    }
}

/// The connections of a listener. See [`TcpListener::incoming`].
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

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.0.raw()
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: open as long as the listener is not closed; `close` by another goroutine is the user's to keep apart.
        unsafe { BorrowedFd::borrow_raw(self.0.raw()) }
    }
}
