//! Model: `std::os::unix::net::UnixDatagram`.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::address::{raw_unix, unix_addr};
use super::convert::{adopt_other, net_fd};
use super::socket::{Socket, SocketFamily};
use crate::PacketConn;
use crate::poll::{Kind, Mode};
use crate::sys;

/// A unix datagram socket.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// let (a, b) = gopark_net::UnixDatagram::pair().unwrap();
/// a.send(b"hello").unwrap();
/// let mut buf = [0; 8];
/// assert_eq!(b.recv(&mut buf).unwrap(), 5);
/// # }) } }
/// ```
pub struct UnixDatagram(Socket);

impl UnixDatagram {
    /// A socket at a path.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        UnixDatagram::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// A socket at an address: a path or an abstract name.
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<UnixDatagram> {
        let socket = Socket::open(libc::AF_UNIX, libc::SOCK_DGRAM)?;
        sys::bind(socket.raw(), &raw_unix(addr))?;
        Ok(UnixDatagram(socket.watched()?))
    }

    /// A socket without an address.
    pub fn unbound() -> io::Result<UnixDatagram> {
        let socket = Socket::open(libc::AF_UNIX, libc::SOCK_DGRAM)?;
        Ok(UnixDatagram(socket.watched()?))
    }

    /// Two connected ones.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (a, b) = sys::socketpair(libc::SOCK_DGRAM)?;
        let [a, b] = [a, b].map(|raw| {
            Socket::unwatched_of(SocketFamily::Other, raw, Kind::Datagram).watched().map(UnixDatagram)
        });
        Ok((a?, b?))
    }

    /// Gives it a peer at a path.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Gives it a peer.
    pub fn connect_addr(&self, addr: &SocketAddr) -> io::Result<()> {
        self.0.control(|fd| sys::connect(fd, &raw_unix(addr)))
    }

    /// Its own address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.unix_local_addr()
    }

    /// The peer's address.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.unix_peer_addr()
    }

    /// Receives a message, and who sent it.
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, from) = self.0.recv_from(buf, 0)?;
        Ok((n, unix_addr(&from)?))
    }

    /// The same without taking it.
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, from) = self.0.recv_from(buf, libc::MSG_PEEK)?;
        Ok((n, unix_addr(&from)?))
    }

    /// Receives a message.
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.recv_with(buf, 0)
    }

    /// The same without taking it.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.recv_with(buf, libc::MSG_PEEK)
    }

    /// Sends a message to a path.
    pub fn send_to(&self, buf: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        self.send_to_addr(buf, &SocketAddr::from_pathname(path)?)
    }

    /// Sends a message.
    pub fn send_to_addr(&self, buf: &[u8], addr: &SocketAddr) -> io::Result<usize> {
        self.0.send_to(buf, &raw_unix(addr))
    }

    /// Sends a message to the peer.
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    /// Shuts one side or both.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }

    /// How long a read waits; `None`: for ever.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Mode::Read, timeout)
    }

    /// How long a write waits; `None`: for ever.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Mode::Write, timeout)
    }

    /// What [`set_read_timeout`](Self::set_read_timeout) set.
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.0.timeout(Mode::Read))
    }

    /// What [`set_write_timeout`](Self::set_write_timeout) set.
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.0.timeout(Mode::Write))
    }

    /// A duplicate: the same open socket under another number, with the same time-outs and mode.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Closes the socket now; who is parked in it wakes with an error. Duplicates stay open.
    pub fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    /// In non-blocking mode nothing waits: what would is `WouldBlock`.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.set_nonblocking(nonblocking)
    }

    /// The socket's pending error, which it has no longer then.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.take_error()
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("UnixDatagram");
        out.field("fd", &self.0.raw());
        if let Ok(addr) = self.local_addr() {
            out.field("local", &addr);
        }
        if let Ok(peer) = self.peer_addr() {
            out.field("peer", &peer);
        }
        out.finish()
    }
}

impl From<UnixDatagram> for PacketConn {
    fn from(socket: UnixDatagram) -> PacketConn {
        PacketConn::new(net_fd(socket.0.into_raw(), "unixgram"))
    }
}

impl AsRawFd for UnixDatagram {
    fn as_raw_fd(&self) -> RawFd {
        self.0.raw()
    }
}

impl AsFd for UnixDatagram {
    /// # Panics
    /// After `close`.
    fn as_fd(&self) -> BorrowedFd<'_> {
        let fd = self.0.raw();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: open, unless another reference closes it meanwhile; then the number is only wrong.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }
}

impl IntoRawFd for UnixDatagram {
    fn into_raw_fd(self) -> RawFd {
        self.0.into_raw()
    }
}

impl FromRawFd for UnixDatagram {
    /// # Panics
    /// If the descriptor is not open, or the poller does not take it.
    unsafe fn from_raw_fd(fd: RawFd) -> Self {
        UnixDatagram(adopt_other(fd, Kind::Datagram))
    }
}

impl From<OwnedFd> for UnixDatagram {
    /// # Panics
    /// If the poller does not take the descriptor.
    fn from(fd: OwnedFd) -> Self {
        // SAFETY: the descriptor is ours now.
        unsafe { UnixDatagram::from_raw_fd(fd.into_raw_fd()) }
    }
}

impl From<UnixDatagram> for OwnedFd {
    /// # Panics
    /// After `close`.
    fn from(socket: UnixDatagram) -> OwnedFd {
        let fd = socket.into_raw_fd();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: into_raw_fd gave the descriptor up to us.
        unsafe { OwnedFd::from_raw_fd(fd) }
    }
}

impl From<std::os::unix::net::UnixDatagram> for UnixDatagram {
    fn from(socket: std::os::unix::net::UnixDatagram) -> Self {
        OwnedFd::from(socket).into()
    }
}
