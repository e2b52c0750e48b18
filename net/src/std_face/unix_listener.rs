//! Model: `std::os::unix::net::UnixListener`.

use std::fmt;
use std::io;
use std::iter::FusedIterator;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;

use super::UnixStream;
use super::address::{raw_unix, unix_addr};
use super::descriptor::Shape;
use super::socket::{Socket, SocketFamily};
use crate::poll::Kind;
use crate::sys;

/// std's: as many as the system allows.
const BACKLOG: i32 = -1;

/// A socket that accepts unix stream connections. Its path stays when it closes, as std's.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
/// use gopark::net::{UnixListener, UnixStream};
/// let name = format!("gopark-doc-{}", std::process::id());
/// let addr = SocketAddr::from_abstract_name(name).unwrap();
/// let listener = UnixListener::bind_addr(&addr).unwrap();
/// let client = UnixStream::connect_addr(&addr).unwrap();
/// listener.accept().unwrap();
/// # drop(client);
/// # }) } }
/// ```
pub struct UnixListener {
    pub(super) socket: Socket,
}

pub(super) const SHAPE: Shape =
    Shape { name: "UnixListener", kind: Kind::Stream, family: SocketFamily::Other };

impl UnixListener {
    /// Listens at a path.
    ///
    /// # Errors
    /// `InvalidInput` for a path that is too long; those of bind(2): `AddrInUse` if the path
    /// exists.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let path = std::env::temp_dir().join(format!("gopark-doc-ubind-{}", std::process::id()));
    /// let listener = gopark::net::UnixListener::bind(&path).unwrap();
    /// assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path));
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
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
        Ok(UnixListener { socket: socket.watched()? })
    }

    /// The next connection and its peer's address; parks until there is one.
    ///
    /// # Errors
    /// Those of accept4(2); out of descriptors among them, after which the listener goes on
    /// working; EINVAL once it is shut down.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{UnixListener, UnixStream};
    /// let path = std::env::temp_dir().join(format!("gopark-doc-uaccept-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path).unwrap();
    /// let _client = UnixStream::connect(&path).unwrap();
    /// let (_stream, peer) = listener.accept().unwrap();
    /// assert!(peer.is_unnamed());
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (raw, peer) = self.socket.accept()?;
        let stream = UnixStream::fresh(raw)?;
        let peer = unix_addr(&peer).or_else(|_| stream.peer_addr())?;
        Ok((stream, peer))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of getsockname(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let path = std::env::temp_dir().join(format!("gopark-doc-ulocal-{}", std::process::id()));
    /// let listener = gopark::net::UnixListener::bind(&path).unwrap();
    /// assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path));
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_local_addr()
    }

    /// Connections, one after the other, without end.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{UnixListener, UnixStream};
    /// let path = std::env::temp_dir().join(format!("gopark-doc-uincoming-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path).unwrap();
    /// let _client = UnixStream::connect(&path).unwrap();
    /// assert!(listener.incoming().next().unwrap().is_ok());
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// A duplicate: the same open socket under another number. Timeouts and the non-blocking mode
    /// belong to the socket, so both have them in common.
    ///
    /// # Errors
    /// Out of descriptors; a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let path = std::env::temp_dir().join(format!("gopark-doc-uclone-{}", std::process::id()));
    /// let listener = gopark::net::UnixListener::bind(&path).unwrap();
    /// assert!(listener.try_clone().unwrap().local_addr().is_ok());
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    pub fn try_clone(&self) -> io::Result<UnixListener> {
        Ok(UnixListener { socket: self.socket.try_clone()? })
    }

    /// Closes the socket now; goroutines parked in it wake with an error. Duplicates stay open.
    /// Beyond std.
    ///
    /// # Errors
    /// It is closed already.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let path = std::env::temp_dir().join(format!("gopark-doc-uclose-{}", std::process::id()));
    /// let listener = gopark::net::UnixListener::bind(&path).unwrap();
    /// listener.close().unwrap();
    /// assert!(listener.accept().is_err());
    /// # std::fs::remove_file(&path).unwrap();
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
    /// let path = std::env::temp_dir().join(format!("gopark-doc-unonb-{}", std::process::id()));
    /// let listener = gopark::net::UnixListener::bind(&path).unwrap();
    /// listener.set_nonblocking(true).unwrap();
    /// assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    /// # std::fs::remove_file(&path).unwrap();
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
    /// let path = std::env::temp_dir().join(format!("gopark-doc-uerr-{}", std::process::id()));
    /// let listener = gopark::net::UnixListener::bind(&path).unwrap();
    /// assert!(listener.take_error().unwrap().is_none());
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }
}

/// The connections of a [`UnixListener`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::net::{UnixListener, UnixStream};
/// let path = std::env::temp_dir().join(format!("gopark-doc-uinc-{}", std::process::id()));
/// let listener = UnixListener::bind(&path).unwrap();
/// let _client = UnixStream::connect(&path).unwrap();
/// assert!(listener.incoming().next().unwrap().is_ok());
/// # std::fs::remove_file(&path).unwrap();
/// # }) }
/// ```
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
        SHAPE.show_unix(&self.socket, f)
    }
}

impl AsRawFd for UnixListener {
    /// The descriptor, non-blocking and watched; -1 once closed.
    fn as_raw_fd(&self) -> RawFd {
        self.socket.raw()
    }
}

impl AsFd for UnixListener {
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

impl IntoRawFd for UnixListener {
    /// The descriptor, open, non-blocking, no longer watched; -1 after `close`.
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw()
    }
}

impl FromRawFd for UnixListener {
    /// As `From<OwnedFd>`.
    unsafe fn from_raw_fd(fd: RawFd) -> UnixListener {
        // SAFETY: the caller's duty: the descriptor is open, and ours now.
        unsafe { OwnedFd::from_raw_fd(fd) }.into()
    }
}

impl From<OwnedFd> for UnixListener {
    /// Non-blocking and watched from here on. No option of the socket changes.
    ///
    /// # Panics
    /// If the descriptor is no socket: std's conversions cannot fail.
    fn from(fd: OwnedFd) -> UnixListener {
        UnixListener { socket: SHAPE.given(fd) }
    }
}

impl From<UnixListener> for OwnedFd {
    /// Non-blocking still. For one that blocks, as a child wants it, go through std's type:
    /// `OwnedFd::from(std::os::unix::net::UnixListener::from(socket))`.
    ///
    /// # Panics
    /// After `close`.
    fn from(socket: UnixListener) -> OwnedFd {
        socket.socket.into_owned()
    }
}
