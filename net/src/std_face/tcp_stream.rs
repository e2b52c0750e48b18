//! [`TcpStream`]. Model: std::net::TcpStream.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::linux::net::TcpStreamExt;
use std::time::{Duration, Instant};

use super::descriptor::Shape;
use super::socket::{Socket, SocketFamily, each_addr, std_error};
use crate::error::Partial;
use crate::poll::endpoint::{Class, Endpoint};
use crate::poll::{Direction, Error, Fd, Kind};
use crate::sys::{self, RawAddr};

/// A TCP connection. Model: [`std::net::TcpStream`]; operations park the goroutine instead of
/// blocking the thread.
///
/// Nothing is set on it that std does not set. `try_clone` is a second descriptor.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use std::io::{Read, Write};
/// use gopark::net::{TcpListener, TcpStream};
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
/// client.write_all(b"hello").unwrap();
/// let (mut server, _) = listener.accept().unwrap();
/// let mut buf = [0; 8];
/// assert_eq!(server.read(&mut buf).unwrap(), 5);
/// # }) } }
/// ```
pub struct TcpStream {
    pub(super) socket: Socket,
}

pub(super) const SHAPE: Shape = Shape { name: "TcpStream", kind: Kind::Stream, family: SocketFamily::Tcp };

impl TcpStream {
    /// Connects to the first of the addresses that answers.
    ///
    /// # Errors
    /// Those of the last address; `InvalidInput` without any.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// assert!(client.peer_addr().is_ok());
    /// # }) }
    /// ```
    pub fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        each_addr(addr, |addr| TcpStream::connect_one(addr, None))
    }

    /// Connects within a time.
    ///
    /// # Errors
    /// `TimedOut`; `InvalidInput` for a timeout of 0.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    /// use gopark::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let address = listener.local_addr().unwrap();
    /// let client = TcpStream::connect_timeout(&address, Duration::from_secs(5)).unwrap();
    /// assert_eq!(client.peer_addr().unwrap(), address);
    /// # }) }
    /// ```
    pub fn connect_timeout(addr: &SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
        if timeout.is_zero() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "cannot set a 0 duration timeout"));
        }
        TcpStream::connect_one(addr, Instant::now().checked_add(timeout))
    }

    fn connect_one(addr: &SocketAddr, deadline: Option<Instant>) -> io::Result<TcpStream> {
        let family = if addr.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
        let raw = sys::socket(family, libc::SOCK_STREAM, 0)?;
        let socket = Socket::unwatched(SocketFamily::Tcp, raw, Kind::Stream);
        socket.connect(&RawAddr::from_socket_addr(addr), deadline).map(|socket| TcpStream { socket })
    }

    /// The peer's address.
    ///
    /// # Errors
    /// Those of getpeername(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// assert_eq!(client.peer_addr().unwrap(), listener.local_addr().unwrap());
    /// # }) }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with_std(std::net::TcpStream::peer_addr)
    }

    /// The address of this end.
    ///
    /// # Errors
    /// Those of getsockname(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// assert!(client.local_addr().unwrap().ip().is_loopback());
    /// # }) }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with_std(std::net::TcpStream::local_addr)
    }

    /// Shuts down one direction or both; goroutines parked in it wake.
    ///
    /// # Errors
    /// Those of shutdown(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::{io::Read, net::Shutdown};
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// client.shutdown(Shutdown::Write).unwrap();
    /// let (mut server, _) = listener.accept().unwrap();
    /// assert_eq!(server.read(&mut [0; 8]).unwrap(), 0); // the end
    /// # }) }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }

    /// Reads without removing the bytes: they come again.
    ///
    /// # Errors
    /// Those of recv(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::io::Write;
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// (&client).write_all(b"hello").unwrap();
    /// let (server, _) = listener.accept().unwrap();
    /// assert_eq!(server.peek(&mut [0; 8]).unwrap(), 5);
    /// assert_eq!(server.peek(&mut [0; 8]).unwrap(), 5); // still there
    /// # }) }
    /// ```
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, libc::MSG_PEEK)
    }

    /// TCP_NODELAY.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// client.set_nodelay(true).unwrap();
    /// assert!(client.nodelay().unwrap());
    /// # }) }
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.with_std(|s: &std::net::TcpStream| s.set_nodelay(nodelay))
    }

    /// TCP_NODELAY.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// assert!(!client.nodelay().unwrap()); // as with std
    /// # }) }
    /// ```
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.with_std(std::net::TcpStream::nodelay)
    }

    /// TCP_QUICKACK: acknowledges at once. Model: `std::os::linux::net::TcpStreamExt`.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// client.set_quickack(true).unwrap();
    /// # }) }
    /// ```
    pub fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        self.socket.with_std(|s: &std::net::TcpStream| s.set_quickack(quickack))
    }

    /// TCP_QUICKACK.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// println!("{}", client.quickack().unwrap());
    /// # }) }
    /// ```
    pub fn quickack(&self) -> io::Result<bool> {
        self.socket.with_std(|s: &std::net::TcpStream| s.quickack())
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// client.set_ttl(64).unwrap();
    /// assert_eq!(client.ttl().unwrap(), 64);
    /// # }) }
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.socket.with_std(|s: &std::net::TcpStream| s.set_ttl(ttl))
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// assert!(client.ttl().unwrap() > 0);
    /// # }) }
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket.with_std(std::net::TcpStream::ttl)
    }

    /// A socket that the system gave us non-blocking.
    pub(super) fn fresh(raw: RawFd) -> io::Result<TcpStream> {
        Ok(TcpStream { socket: SHAPE.fresh(raw)? })
    }

    /// A duplicate: the same open socket under another number. Timeouts and the non-blocking mode
    /// belong to the socket, so both have them in common.
    ///
    /// # Errors
    /// Out of descriptors; a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// let second = client.try_clone().unwrap();
    /// assert_eq!(second.local_addr().unwrap(), client.local_addr().unwrap());
    /// # }) }
    /// ```
    pub fn try_clone(&self) -> io::Result<TcpStream> {
        Ok(TcpStream { socket: self.socket.try_clone()? })
    }

    /// Closes the socket now; goroutines parked in it wake with an error. Duplicates stay open.
    /// Beyond std.
    ///
    /// # Errors
    /// It is closed already.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::io::Read;
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// client.close().unwrap();
    /// assert!((&client).read(&mut [0; 8]).is_err());
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
    /// use std::io::{ErrorKind, Read};
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// client.set_nonblocking(true).unwrap();
    /// assert_eq!((&client).read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
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
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// assert!(client.take_error().unwrap().is_none());
    /// # }) }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    /// The time that a read may take before it fails with `WouldBlock`. `None`: no limit.
    ///
    /// # Errors
    /// `InvalidInput` for 0.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::io::Read;
    /// use std::time::Duration;
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// client.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    /// assert!((&client).read(&mut [0; 8]).is_err()); // nothing has come
    /// # }) }
    /// ```
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_timeout(Direction::Read, timeout)
    }

    /// The time that a write may take before it fails with `WouldBlock`. `None`: no limit.
    ///
    /// # Errors
    /// `InvalidInput` for 0.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// client.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    /// # }) }
    /// ```
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_timeout(Direction::Write, timeout)
    }

    /// The value of [`set_read_timeout`](Self::set_read_timeout).
    ///
    /// # Errors
    /// None; the result is std's.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// assert_eq!(client.read_timeout().unwrap(), None);
    /// # }) }
    /// ```
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.socket.timeout(Direction::Read))
    }

    /// The value of [`set_write_timeout`](Self::set_write_timeout).
    ///
    /// # Errors
    /// None; the result is std's.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    /// assert_eq!(client.write_timeout().unwrap(), None);
    /// # }) }
    /// ```
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.socket.timeout(Direction::Write))
    }
}

impl Endpoint for TcpStream {
    fn descriptor(&self) -> Option<(&Fd, Class)> {
        Some((self.socket.for_copying()?, Class::Tcp))
    }

    fn begin(&self, direction: Direction) -> Result<(), Error> {
        self.socket.begin_copying(direction)
    }

    fn copy_error(&self, _op: &'static str, _call: &'static str, stopped: Partial<Error>) -> io::Error {
        std_error(stopped.error)
    }
}

impl Read for &TcpStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.socket.read_vectored(bufs)
    }
}

impl Read for TcpStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.socket.read_vectored(bufs)
    }
}

impl Write for &TcpStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.socket.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.socket.write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for TcpStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.socket.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.socket.write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SHAPE.show_inet(&self.socket, f)
    }
}

impl AsRawFd for TcpStream {
    /// The descriptor, non-blocking and watched; -1 once closed.
    fn as_raw_fd(&self) -> RawFd {
        self.socket.raw()
    }
}

impl AsFd for TcpStream {
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

impl IntoRawFd for TcpStream {
    /// The descriptor, open, non-blocking, no longer watched; -1 after `close`.
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw()
    }
}

impl FromRawFd for TcpStream {
    /// As `From<OwnedFd>`.
    unsafe fn from_raw_fd(fd: RawFd) -> TcpStream {
        // SAFETY: the caller's duty: the descriptor is open, and ours now.
        unsafe { OwnedFd::from_raw_fd(fd) }.into()
    }
}

impl From<OwnedFd> for TcpStream {
    /// Non-blocking and watched from here on. No option of the socket changes.
    ///
    /// # Panics
    /// If the descriptor is no socket: std's conversions cannot fail.
    fn from(fd: OwnedFd) -> TcpStream {
        TcpStream { socket: SHAPE.given(fd) }
    }
}

impl From<TcpStream> for OwnedFd {
    /// Non-blocking still. For one that blocks, as a child wants it, go through std's type:
    /// `OwnedFd::from(std::net::TcpStream::from(socket))`.
    ///
    /// # Panics
    /// After `close`.
    fn from(socket: TcpStream) -> OwnedFd {
        socket.socket.into_owned()
    }
}
