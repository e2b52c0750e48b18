//! [`TcpStream`]. Model: std::net::TcpStream.

use std::io;
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::os::linux::net::TcpStreamExt;
use std::time::{Duration, Instant};

use super::socket::{Socket, SocketFamily, each_addr, std_error};
use super::typed::{Addresses, Model, SocketOf, Stream, Traits, Transfer};
use crate::poll::endpoint::{Class, CopyFailure, Endpoint};
use crate::poll::{Error, Fd, Kind, Mode};
use crate::sys;
use crate::sys::RawAddr;

/// A TCP connection. Model: [`std::net::TcpStream`]; operations park the goroutine instead of blocking the thread.
///
/// Nothing is set on it that std does not set. `try_clone` is a second descriptor.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// use std::io::{Read, Write};
/// use gopark_net::{TcpListener, TcpStream};
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
/// client.write_all(b"hello").unwrap();
/// let (mut server, _) = listener.accept().unwrap();
/// let mut buf = [0; 8];
/// assert_eq!(server.read(&mut buf).unwrap(), 5);
/// # }) } }
/// ```
pub type TcpStream = SocketOf<ModelTcpStream>;

/// [`TcpStream`]'s mark.
#[derive(Debug)]
pub struct ModelTcpStream;

impl Model for ModelTcpStream {
    const TRAITS: Traits = Traits {
        name: "TcpStream",
        kind: Kind::Stream,
        family: SocketFamily::Tcp,
        addresses: Addresses::InetStream,
    };
}

impl Transfer for ModelTcpStream {}

impl Stream for ModelTcpStream {}

impl TcpStream {
    /// Connects to the first of the addresses that answers.
    ///
    /// # Errors
    /// Those of the last address; `InvalidInput` when there is none.
    pub fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        each_addr(addr, |addr| TcpStream::connect_one(addr, None))
    }

    /// Connects within a time.
    ///
    /// # Errors
    /// `TimedOut`; `InvalidInput` for a timeout of 0.
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
        socket.connect(&RawAddr::from_socket_addr(addr), deadline).map(TcpStream::of)
    }

    /// The peer's address.
    ///
    /// # Errors
    /// Those of getpeername(2).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with_std(std::net::TcpStream::peer_addr)
    }

    /// The own address.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with_std(std::net::TcpStream::local_addr)
    }

    /// Ends one direction or both; goroutines parked in it wake.
    ///
    /// # Errors
    /// Those of shutdown(2).
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }

    /// Reads without taking: the same bytes come again.
    ///
    /// # Errors
    /// Those of recv(2).
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, libc::MSG_PEEK)
    }

    /// TCP_NODELAY.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.with_std(|s: &std::net::TcpStream| s.set_nodelay(nodelay))
    }

    /// TCP_NODELAY.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.with_std(std::net::TcpStream::nodelay)
    }

    /// TCP_QUICKACK: acknowledges at once. Model: `std::os::linux::net::TcpStreamExt`.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        self.socket.with_std(|s: &std::net::TcpStream| s.set_quickack(quickack))
    }

    /// TCP_QUICKACK.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn quickack(&self) -> io::Result<bool> {
        self.socket.with_std(|s: &std::net::TcpStream| s.quickack())
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.socket.with_std(|s: &std::net::TcpStream| s.set_ttl(ttl))
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket.with_std(std::net::TcpStream::ttl)
    }
}

impl Endpoint for TcpStream {
    fn descriptor(&self) -> Option<(&Fd, Class)> {
        Some((self.socket.for_copying()?, Class::Tcp))
    }

    fn begin(&self, mode: Mode) -> Result<(), Error> {
        self.socket.begin_copying(mode)
    }

    fn copy_error(&self, failure: CopyFailure) -> io::Error {
        std_error(failure.error)
    }
}
