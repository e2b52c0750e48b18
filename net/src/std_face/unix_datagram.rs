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
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        UnixDatagram::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// A socket at an address: a path or an abstract name.
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<UnixDatagram> {
        let socket = Socket::open(libc::AF_UNIX, libc::SOCK_DGRAM)?;
        sys::bind(socket.raw(), &raw_unix(addr))?;
        Ok(UnixDatagram::of(socket.watched()?))
    }

    /// A socket without an address.
    pub fn unbound() -> io::Result<UnixDatagram> {
        let socket = Socket::open(libc::AF_UNIX, libc::SOCK_DGRAM)?;
        Ok(UnixDatagram::of(socket.watched()?))
    }

    /// Two connected ones.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (a, b) = sys::socketpair(libc::SOCK_DGRAM)?;
        let [a, b] = [a, b].map(UnixDatagram::fresh);
        Ok((a?, b?))
    }

    /// Gives it a peer at a path.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Gives it a peer.
    pub fn connect_addr(&self, addr: &SocketAddr) -> io::Result<()> {
        self.socket.control(|fd| sys::connect(fd, &raw_unix(addr)))
    }

    /// Its own address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_local_addr()
    }

    /// The peer's address.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_peer_addr()
    }

    /// Receives a message, and who sent it.
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, from) = self.socket.recv_from(buf, 0)?;
        Ok((n, unix_addr(&from)?))
    }

    /// The same without taking it.
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, from) = self.socket.recv_from(buf, libc::MSG_PEEK)?;
        Ok((n, unix_addr(&from)?))
    }

    /// Receives a message.
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, 0)
    }

    /// The same without taking it.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, libc::MSG_PEEK)
    }

    /// Sends a message to a path.
    pub fn send_to(&self, buf: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        self.send_to_addr(buf, &SocketAddr::from_pathname(path)?)
    }

    /// Sends a message.
    pub fn send_to_addr(&self, buf: &[u8], addr: &SocketAddr) -> io::Result<usize> {
        self.socket.send_to(buf, &raw_unix(addr))
    }

    /// Sends a message to the peer.
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.socket.write(buf)
    }

    /// Shuts one side or both.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }
}
