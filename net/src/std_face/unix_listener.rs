//! Model: `std::os::unix::net::UnixListener`.

use std::fmt;
use std::io;
use std::iter::FusedIterator;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;

use super::UnixStream;
use super::address::{raw_unix, unix_addr};
use super::convert::{adopt_other, net_fd};
use super::socket::{Socket, SocketFamily};
use crate::Listener;
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
pub struct UnixListener(Socket);

impl UnixListener {
    /// Listens at a path.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        UnixListener::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Listens at an address: a path or an abstract name.
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<UnixListener> {
        let socket = Socket::open(libc::AF_UNIX, libc::SOCK_STREAM)?;
        sys::bind(socket.raw(), &raw_unix(addr))?;
        sys::listen(socket.raw(), BACKLOG)?;
        Ok(UnixListener(socket.watched()?))
    }

    /// The next connection and its peer's address; parks until there is one.
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (raw, peer) = self.0.accept()?;
        let socket = Socket::unwatched_of(SocketFamily::Other, raw, Kind::Stream).watched()?;
        Ok((UnixStream(socket), unix_addr(&peer)?))
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.unix_local_addr()
    }

    /// Connections, one after the other, without end.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
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

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("UnixListener");
        out.field("fd", &self.0.raw());
        if let Ok(addr) = self.local_addr() {
            out.field("local", &addr);
        }
        out.finish()
    }
}

impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Listener {
        Listener::of(net_fd(listener.0.into_raw(), "unix"))
    }
}

impl AsRawFd for UnixListener {
    fn as_raw_fd(&self) -> RawFd {
        self.0.raw()
    }
}

impl AsFd for UnixListener {
    /// # Panics
    /// After `close`.
    fn as_fd(&self) -> BorrowedFd<'_> {
        let fd = self.0.raw();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: open, unless another reference closes it meanwhile; then the number is only wrong.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }
}

impl IntoRawFd for UnixListener {
    fn into_raw_fd(self) -> RawFd {
        self.0.into_raw()
    }
}

impl FromRawFd for UnixListener {
    /// # Panics
    /// If the descriptor is not open, or the poller does not take it.
    unsafe fn from_raw_fd(fd: RawFd) -> Self {
        UnixListener(adopt_other(fd, Kind::Stream))
    }
}

impl From<OwnedFd> for UnixListener {
    /// # Panics
    /// If the poller does not take the descriptor.
    fn from(fd: OwnedFd) -> Self {
        // SAFETY: the descriptor is ours now.
        unsafe { UnixListener::from_raw_fd(fd.into_raw_fd()) }
    }
}

impl From<UnixListener> for OwnedFd {
    /// # Panics
    /// After `close`.
    fn from(socket: UnixListener) -> OwnedFd {
        let fd = socket.into_raw_fd();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: into_raw_fd gave the descriptor up to us.
        unsafe { OwnedFd::from_raw_fd(fd) }
    }
}

impl From<std::os::unix::net::UnixListener> for UnixListener {
    fn from(socket: std::os::unix::net::UnixListener) -> Self {
        OwnedFd::from(socket).into()
    }
}
