//! Model: `std::os::unix::net::UnixListener`.

use std::io;
use std::iter::FusedIterator;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use super::UnixStream;
use super::address::{raw_unix, unix_addr};
use super::socket::{Socket, SocketFamily};
use super::typed::{Addresses, Model, SocketOf, Traits};
use crate::poll::Kind;
use crate::sys;

/// std's: as many as the system allows.
const BACKLOG: i32 = -1;

/// A socket that accepts unix stream connections. Its path stays when it closes, as std's.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
/// use gopark_net::{UnixListener, UnixStream};
/// let name = format!("gopark-doc-{}", std::process::id());
/// let addr = SocketAddr::from_abstract_name(name).unwrap();
/// let listener = UnixListener::bind_addr(&addr).unwrap();
/// let client = UnixStream::connect_addr(&addr).unwrap();
/// listener.accept().unwrap();
/// # drop(client);
/// # }) } }
/// ```
pub type UnixListener = SocketOf<ModelUnixListener>;

/// [`UnixListener`]'s mark.
#[derive(Debug)]
pub struct ModelUnixListener;

impl Model for ModelUnixListener {
    const TRAITS: Traits = Traits {
        name: "UnixListener",
        kind: Kind::Stream,
        family: SocketFamily::Other,
        addresses: Addresses::Unix,
    };
}

impl UnixListener {
    /// Listens at a path.
    ///
    /// # Errors
    /// `InvalidInput` for a path that is too long; those of bind(2): `AddrInUse` if the path exists.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        UnixListener::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Listens at an address: a path or an abstract name.
    ///
    /// # Errors
    /// Those of bind(2) and listen(2): `AddrInUse` if it is taken.
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<UnixListener> {
        let socket = Socket::open(libc::AF_UNIX, libc::SOCK_STREAM)?;
        sys::bind(socket.raw(), &raw_unix(addr))?;
        sys::listen(socket.raw(), BACKLOG)?;
        Ok(UnixListener::of(socket.watched()?))
    }

    /// The next connection and its peer's address; parks until there is one.
    ///
    /// # Errors
    /// Those of accept4(2); out of descriptors among them, after which the listener goes on working.
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (raw, peer) = self.socket.accept()?;
        Ok((UnixStream::fresh(raw)?, unix_addr(&peer)?))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_local_addr()
    }

    /// Connections, one after the other, without end.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }
}

/// The connections of a [`UnixListener`].
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a UnixListener,
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<UnixStream>;

    fn next(&mut self) -> Option<io::Result<UnixStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

impl FusedIterator for Incoming<'_> {}

impl<'a> IntoIterator for &'a UnixListener {
    type Item = io::Result<UnixStream>;
    type IntoIter = Incoming<'a>;

    fn into_iter(self) -> Incoming<'a> {
        self.incoming()
    }
}
