//! Model: `std::os::unix::net::UnixDatagram`.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::address::{ask_kernel, raw_unix, recv_by_std, unix_addr};
use super::descriptor::Shape;
use super::socket::{Socket, SocketFamily};
use crate::poll::{Direction, Kind};
use crate::sys::{self, RawAddr};

/// A unix datagram socket.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
/// a.send(b"hello").unwrap();
/// let mut buf = [0; 8];
/// assert_eq!(b.recv(&mut buf).unwrap(), 5);
/// # }) } }
/// ```
pub struct UnixDatagram {
    pub(super) socket: Socket,
}

pub(super) const SHAPE: Shape =
    Shape { name: "UnixDatagram", kind: Kind::Datagram, family: SocketFamily::Other };

impl UnixDatagram {
    /// A socket at a path.
    ///
    /// # Errors
    /// `InvalidInput` for a path that is too long; those of bind(2): `AddrInUse` if the path
    /// exists.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let path = std::env::temp_dir().join(format!("gopark-doc-dbind-{}", std::process::id()));
    /// let socket = gopark::net::UnixDatagram::bind(&path).unwrap();
    /// assert_eq!(socket.local_addr().unwrap().as_pathname(), Some(&*path));
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        UnixDatagram::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// A socket at an address: a path or an abstract name.
    ///
    /// # Errors
    /// Those of bind(2): `AddrInUse` if it is taken.
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<UnixDatagram> {
        let socket = Socket::open(libc::AF_UNIX, libc::SOCK_DGRAM)?;
        sys::bind(socket.raw(), &raw_unix(addr))?;
        Ok(UnixDatagram { socket: socket.watched()? })
    }

    /// A socket without an address.
    ///
    /// # Errors
    /// Those of socket(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UnixDatagram::unbound().unwrap();
    /// assert!(socket.local_addr().unwrap().is_unnamed());
    /// # }) }
    /// ```
    pub fn unbound() -> io::Result<UnixDatagram> {
        let socket = Socket::open(libc::AF_UNIX, libc::SOCK_DGRAM)?;
        Ok(UnixDatagram { socket: socket.watched()? })
    }

    /// Two connected sockets.
    ///
    /// # Errors
    /// Those of socketpair(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// a.send(b"hello").unwrap();
    /// assert_eq!(b.recv(&mut [0; 8]).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (a, b) = sys::socketpair(libc::SOCK_DGRAM)?;
        let [a, b] = [a, b].map(UnixDatagram::fresh);
        Ok((a?, b?))
    }

    /// Sets the peer, by path.
    ///
    /// # Errors
    /// `InvalidInput` for a path that is too long; those of connect(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::UnixDatagram;
    /// let path = std::env::temp_dir().join(format!("gopark-doc-dconnect-{}", std::process::id()));
    /// let server = UnixDatagram::bind(&path).unwrap();
    /// let client = UnixDatagram::unbound().unwrap();
    /// client.connect(&path).unwrap();
    /// client.send(b"hello").unwrap();
    /// assert_eq!(server.recv(&mut [0; 8]).unwrap(), 5);
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Sets the peer.
    ///
    /// # Errors
    /// Those of connect(2): `ConnectionRefused` if no socket has the address.
    pub fn connect_addr(&self, addr: &SocketAddr) -> io::Result<()> {
        self.socket.control(|fd| sys::connect(fd, &raw_unix(addr)))
    }

    /// The local address.
    ///
    /// # Errors
    /// Those of getsockname(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// assert!(a.local_addr().unwrap().is_unnamed());
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_local_addr()
    }

    /// The peer's address.
    ///
    /// # Errors
    /// Those of getpeername(2): `NotConnected` without a peer.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// assert!(a.peer_addr().unwrap().is_unnamed());
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_peer_addr()
    }

    /// Receives a message and its sender. Bytes that do not fit into `buf` are lost.
    ///
    /// # Errors
    /// `WouldBlock` when the read timeout has passed; those of recvfrom(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// a.send(b"hello").unwrap();
    /// let (n, from) = b.recv_from(&mut [0; 8]).unwrap();
    /// assert!(n == 5 && from.is_unnamed());
    /// # }) }
    /// ```
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.receive(|raw| recv_by_std(raw, buf), || Ok((0, unix_addr(&RawAddr::unnamed())?)))?
    }

    /// The same without removing it.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from). `InvalidInput` if the sender has a path of 108 bytes and
    /// is gone: std takes such a path only from the kernel.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// a.send(b"hello").unwrap();
    /// assert_eq!(b.peek_from(&mut [0; 8]).unwrap().0, 5);
    /// assert_eq!(b.recv(&mut [0; 8]).unwrap(), 5); // the same message
    /// # }) }
    /// ```
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, from) = self.socket.recv_from(buf, libc::MSG_PEEK)?;
        Ok((n, unix_addr(&from).or_else(|e| ask_kernel(&from).map_err(|_| e))?))
    }

    /// Receives a message. Bytes that do not fit into `buf` are lost.
    ///
    /// # Errors
    /// `WouldBlock` when the read timeout has passed; those of recv(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// a.send(b"hello").unwrap();
    /// assert_eq!(b.recv(&mut [0; 8]).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, 0)
    }

    /// The same without removing it.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// a.send(b"hello").unwrap();
    /// assert_eq!(b.peek(&mut [0; 8]).unwrap(), 5);
    /// assert_eq!(b.recv(&mut [0; 8]).unwrap(), 5); // the same message
    /// # }) }
    /// ```
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, libc::MSG_PEEK)
    }

    /// Sends a message to a path.
    ///
    /// # Errors
    /// As [`send_to_addr`](Self::send_to_addr); `InvalidInput` for a path that is too long.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::UnixDatagram;
    /// let path = std::env::temp_dir().join(format!("gopark-doc-dsendto-{}", std::process::id()));
    /// let server = UnixDatagram::bind(&path).unwrap();
    /// let client = UnixDatagram::unbound().unwrap();
    /// assert_eq!(client.send_to(b"hello", &path).unwrap(), 5);
    /// # drop(server);
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    pub fn send_to(&self, buf: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        self.send_to_addr(buf, &SocketAddr::from_pathname(path)?)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// `WouldBlock` when the write timeout has passed while the receiver's queue was full; those of
    /// sendto(2).
    pub fn send_to_addr(&self, buf: &[u8], addr: &SocketAddr) -> io::Result<usize> {
        self.socket.send_to(buf, &raw_unix(addr))
    }

    /// Sends a message to the peer.
    ///
    /// # Errors
    /// `WouldBlock` when the write timeout has passed while the receiver's queue was full; those of
    /// send(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// assert_eq!(a.send(b"hello").unwrap(), 5);
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.socket.write(buf)
    }

    /// Shuts down one side or both.
    ///
    /// # Errors
    /// Those of shutdown(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// a.shutdown(std::net::Shutdown::Write).unwrap();
    /// assert!(a.send(b"hello").is_err());
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }

    /// A socket that the system gave us non-blocking.
    pub(super) fn fresh(raw: RawFd) -> io::Result<UnixDatagram> {
        Ok(UnixDatagram { socket: SHAPE.fresh(raw)? })
    }

    /// A duplicate: the same open socket under another number. Timeouts and the non-blocking mode
    /// belong to the socket, so both have them in common.
    ///
    /// # Errors
    /// Out of descriptors; a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// let second = a.try_clone().unwrap();
    /// second.send(b"hello").unwrap();
    /// assert_eq!(b.recv(&mut [0; 8]).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn try_clone(&self) -> io::Result<UnixDatagram> {
        Ok(UnixDatagram { socket: self.socket.try_clone()? })
    }

    /// Closes the socket now; goroutines parked in it wake with an error. Duplicates stay open.
    /// Beyond std.
    ///
    /// # Errors
    /// It is closed already.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// a.close().unwrap();
    /// assert!(a.recv(&mut [0; 8]).is_err());
    /// # drop(b);
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
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// a.set_nonblocking(true).unwrap();
    /// let e = a.recv(&mut [0; 8]).unwrap_err();
    /// assert_eq!(e.kind(), std::io::ErrorKind::WouldBlock);
    /// # drop(b);
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
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// assert!(a.take_error().unwrap().is_none());
    /// # drop(b);
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
    /// use std::time::Duration;
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// a.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    /// assert!(a.recv(&mut [0; 8]).is_err()); // nothing has come
    /// # drop(b);
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
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// a.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    /// # drop(b);
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
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// assert_eq!(a.read_timeout().unwrap(), None);
    /// # drop(b);
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
    /// let (a, b) = gopark::net::UnixDatagram::pair().unwrap();
    /// assert_eq!(a.write_timeout().unwrap(), None);
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.socket.timeout(Direction::Write))
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SHAPE.show_unix(&self.socket, f)
    }
}

impl AsRawFd for UnixDatagram {
    /// The descriptor, non-blocking and watched; -1 once closed.
    fn as_raw_fd(&self) -> RawFd {
        self.socket.raw()
    }
}

impl AsFd for UnixDatagram {
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

impl IntoRawFd for UnixDatagram {
    /// The descriptor, open, non-blocking, no longer watched; -1 after `close`.
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw()
    }
}

impl FromRawFd for UnixDatagram {
    /// As `From<OwnedFd>`.
    unsafe fn from_raw_fd(fd: RawFd) -> UnixDatagram {
        // SAFETY: the caller's duty: the descriptor is open, and ours now.
        unsafe { OwnedFd::from_raw_fd(fd) }.into()
    }
}

impl From<OwnedFd> for UnixDatagram {
    /// Non-blocking and watched from here on. No option of the socket changes.
    ///
    /// # Panics
    /// If the descriptor is no socket: std's conversions cannot fail.
    fn from(fd: OwnedFd) -> UnixDatagram {
        UnixDatagram { socket: SHAPE.given(fd) }
    }
}

impl From<UnixDatagram> for OwnedFd {
    /// Non-blocking still. For one that blocks, as a child wants it, go through std's type:
    /// `OwnedFd::from(std::os::unix::net::UnixDatagram::from(socket))`.
    ///
    /// # Panics
    /// After `close`.
    fn from(socket: UnixDatagram) -> OwnedFd {
        socket.socket.into_owned()
    }
}
