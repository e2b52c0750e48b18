//! Model: `std::os::unix::net::UnixDatagram`.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use super::address::{raw_unix, unix_addr};
use super::socket::{Socket, SocketFamily};
use super::typed::{Addresses, Model, SocketOf, Traits, Transfer};
use crate::poll::Kind;
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
pub type UnixDatagram = SocketOf<ModelUnixDatagram>;

/// [`UnixDatagram`]'s mark.
#[derive(Debug)]
pub struct ModelUnixDatagram;

impl Model for ModelUnixDatagram {
    const TRAITS: Traits = Traits {
        name: "UnixDatagram",
        kind: Kind::Datagram,
        family: SocketFamily::Other,
        addresses: Addresses::Unix,
    };
}

impl Transfer for ModelUnixDatagram {}

impl UnixDatagram {
    /// A socket at a path.
    ///
    /// # Errors
    /// `InvalidInput` for a path that is too long; those of bind(2): `AddrInUse` if the path exists.
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
        Ok(UnixDatagram::of(socket.watched()?))
    }

    /// A socket without an address.
    ///
    /// # Errors
    /// Those of socket(2).
    pub fn unbound() -> io::Result<UnixDatagram> {
        let socket = Socket::open(libc::AF_UNIX, libc::SOCK_DGRAM)?;
        Ok(UnixDatagram::of(socket.watched()?))
    }

    /// Two connected ones.
    ///
    /// # Errors
    /// Those of socketpair(2).
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (a, b) = sys::socketpair(libc::SOCK_DGRAM)?;
        let [a, b] = [a, b].map(UnixDatagram::fresh);
        Ok((a?, b?))
    }

    /// Gives it a peer at a path.
    ///
    /// # Errors
    /// `InvalidInput` for a path that is too long; those of connect(2).
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Gives it a peer.
    ///
    /// # Errors
    /// Those of connect(2): `ConnectionRefused` if nobody has the address.
    pub fn connect_addr(&self, addr: &SocketAddr) -> io::Result<()> {
        self.socket.control(|fd| sys::connect(fd, &raw_unix(addr)))
    }

    /// Its own address.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_local_addr()
    }

    /// The peer's address.
    ///
    /// # Errors
    /// Those of getpeername(2): `NotConnected` without a peer.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_peer_addr()
    }

    /// Receives a message, and who sent it. What does not fit into `buf` is lost.
    ///
    /// # Errors
    /// `WouldBlock` when the read timeout has passed; those of recvfrom(2).
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, from) = self.socket.recv_from(buf, 0)?;
        Ok((n, unix_addr(&from)?))
    }

    /// The same without taking it.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, from) = self.socket.recv_from(buf, libc::MSG_PEEK)?;
        Ok((n, unix_addr(&from)?))
    }

    /// Receives a message. What does not fit into `buf` is lost.
    ///
    /// # Errors
    /// `WouldBlock` when the read timeout has passed; those of recv(2).
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, 0)
    }

    /// The same without taking it.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, libc::MSG_PEEK)
    }

    /// Sends a message to a path.
    ///
    /// # Errors
    /// As [`send_to_addr`](Self::send_to_addr); `InvalidInput` for a path that is too long.
    pub fn send_to(&self, buf: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        self.send_to_addr(buf, &SocketAddr::from_pathname(path)?)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// `WouldBlock` when the write timeout has passed while the receiver's queue was full; those of sendto(2).
    pub fn send_to_addr(&self, buf: &[u8], addr: &SocketAddr) -> io::Result<usize> {
        self.socket.send_to(buf, &raw_unix(addr))
    }

    /// Sends a message to the peer.
    ///
    /// # Errors
    /// `WouldBlock` when the write timeout has passed while the receiver's queue was full; those of send(2).
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.socket.write(buf)
    }

    /// Shuts one side or both.
    ///
    /// # Errors
    /// Those of shutdown(2).
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }
}
