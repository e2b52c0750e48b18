//! Model: `std::os::unix::net::UnixStream`.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::address::raw_unix;
use super::socket::{Socket, SocketFamily, std_error};
use super::typed::{Addresses, Model, SocketOf, Stream, Traits, Transfer};
use crate::poll::endpoint::{Class, CopyFailure, Endpoint};
use crate::poll::{Error, Fd, Kind, Mode};
use crate::sys;

/// How long to sleep before a listener whose queue is full is asked again: there is no event for that.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(1);

/// A unix stream connection.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// use std::io::{Read, Write};
/// let (mut a, mut b) = gopark_net::UnixStream::pair().unwrap();
/// a.write_all(b"hello").unwrap();
/// let mut buf = [0; 5];
/// b.read_exact(&mut buf).unwrap();
/// assert_eq!(&buf, b"hello");
/// # }) } }
/// ```
pub type UnixStream = SocketOf<ModelUnixStream>;

/// [`UnixStream`]'s mark.
#[derive(Debug)]
pub struct ModelUnixStream;

impl Model for ModelUnixStream {
    const TRAITS: Traits = Traits {
        name: "UnixStream",
        kind: Kind::Stream,
        family: SocketFamily::Other,
        addresses: Addresses::Unix,
    };
}

impl Transfer for ModelUnixStream {}

impl Stream for ModelUnixStream {}

impl UnixStream {
    /// Connects to a path.
    ///
    /// # Errors
    /// `InvalidInput` for a path that is too long; those of connect(2).
    pub fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Connects to an address: a path or an abstract name.
    ///
    /// # Errors
    /// Those of connect(2): `ConnectionRefused` if nobody listens there.
    pub fn connect_addr(addr: &SocketAddr) -> io::Result<UnixStream> {
        loop {
            let socket = Socket::open(libc::AF_UNIX, libc::SOCK_STREAM)?;
            match socket.connect(&raw_unix(addr), None) {
                Ok(socket) => return Ok(UnixStream::of(socket)),
                // std's connect sleeps in the kernel until the listener's queue has room.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    gopark_runtime::time::sleep(QUEUE_FULL_PAUSE)
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// Two connected ones.
    ///
    /// # Errors
    /// Those of socketpair(2).
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (a, b) = sys::socketpair(libc::SOCK_STREAM)?;
        let [a, b] = [a, b].map(UnixStream::fresh);
        Ok((a?, b?))
    }

    /// The address of this end.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// Those of getpeername(2).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_peer_addr()
    }

    /// Shuts one side or both.
    ///
    /// # Errors
    /// Those of shutdown(2).
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }

    /// Reads without taking: the next read gives the same bytes.
    ///
    /// # Errors
    /// `WouldBlock` when the read timeout has passed; those of recv(2).
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, libc::MSG_PEEK)
    }
}

impl Endpoint for UnixStream {
    fn descriptor(&self) -> Option<(&Fd, Class)> {
        Some((self.socket.for_copying()?, Class::Unix))
    }

    fn begin(&self, mode: Mode) -> Result<(), Error> {
        self.socket.begin_copying(mode)
    }

    fn copy_error(&self, failure: CopyFailure) -> io::Error {
        std_error(failure.error)
    }
}
