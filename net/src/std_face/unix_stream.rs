//! Model: `std::os::unix::net::UnixStream`.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::address::raw_unix;
use super::descriptor::Shape;
use super::socket::{Socket, SocketFamily, std_error};
use crate::error::Partial;
use crate::poll::endpoint::{Class, Endpoint};
use crate::poll::{Direction, Error, Fd, Kind};
use crate::sys;

/// How long to sleep before another attempt to connect to a listener whose queue is full: the
/// kernel sends no event.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(1);

/// A unix stream connection.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use std::io::{Read, Write};
/// let (mut a, mut b) = gopark::net::UnixStream::pair().unwrap();
/// a.write_all(b"hello").unwrap();
/// let mut buf = [0; 5];
/// b.read_exact(&mut buf).unwrap();
/// assert_eq!(&buf, b"hello");
/// # }) } }
/// ```
pub struct UnixStream {
    pub(super) socket: Socket,
}

pub(super) const SHAPE: Shape = Shape { name: "UnixStream", kind: Kind::Stream, family: SocketFamily::Other };

impl UnixStream {
    /// Connects to a path.
    ///
    /// # Errors
    /// `InvalidInput` for a path that is too long; those of connect(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{UnixListener, UnixStream};
    /// let path = std::env::temp_dir().join(format!("gopark-doc-sconnect-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path).unwrap();
    /// assert!(UnixStream::connect(&path).is_ok());
    /// # drop(listener);
    /// # std::fs::remove_file(&path).unwrap();
    /// # }) }
    /// ```
    pub fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Connects to an address: a path or an abstract name.
    ///
    /// # Errors
    /// Those of connect(2): `ConnectionRefused` if no socket listens there.
    pub fn connect_addr(addr: &SocketAddr) -> io::Result<UnixStream> {
        loop {
            let socket = Socket::open(libc::AF_UNIX, libc::SOCK_STREAM)?;
            match socket.connect(&raw_unix(addr), None) {
                Ok(socket) => return Ok(UnixStream { socket }),
                // std's connect sleeps in the kernel until the listener's queue has room.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    gopark_runtime::time::sleep(QUEUE_FULL_PAUSE)
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// Two connected sockets.
    ///
    /// # Errors
    /// Those of socketpair(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::io::{Read, Write};
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
    /// (&a).write_all(b"hello").unwrap();
    /// assert_eq!((&b).read(&mut [0; 8]).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (a, b) = sys::socketpair(libc::SOCK_STREAM)?;
        let [a, b] = [a, b].map(UnixStream::fresh);
        Ok((a?, b?))
    }

    /// The address of this end.
    ///
    /// # Errors
    /// Those of getsockname(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
    /// assert!(a.local_addr().unwrap().is_unnamed());
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// Those of getpeername(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
    /// assert!(a.peer_addr().unwrap().is_unnamed());
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.unix_peer_addr()
    }

    /// Shuts down one side or both.
    ///
    /// # Errors
    /// Those of shutdown(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::{io::Read, net::Shutdown};
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
    /// a.shutdown(Shutdown::Write).unwrap();
    /// assert_eq!((&b).read(&mut [0; 8]).unwrap(), 0); // the end
    /// # }) }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }

    /// Reads without taking: the next read gives the same bytes.
    ///
    /// # Errors
    /// `WouldBlock` when the read timeout has passed; those of recv(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::io::Write;
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
    /// (&a).write_all(b"hello").unwrap();
    /// assert_eq!(b.peek(&mut [0; 8]).unwrap(), 5);
    /// assert_eq!(b.peek(&mut [0; 8]).unwrap(), 5); // still there
    /// # }) }
    /// ```
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, libc::MSG_PEEK)
    }

    /// A socket that the system gave us non-blocking.
    pub(super) fn fresh(raw: RawFd) -> io::Result<UnixStream> {
        Ok(UnixStream { socket: SHAPE.fresh(raw)? })
    }

    /// A duplicate: the same open socket under another number. Timeouts and the non-blocking mode
    /// belong to the socket, so both have them in common.
    ///
    /// # Errors
    /// Out of descriptors; a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::io::{Read, Write};
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
    /// a.try_clone().unwrap().write_all(b"hello").unwrap();
    /// assert_eq!((&b).read(&mut [0; 8]).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn try_clone(&self) -> io::Result<UnixStream> {
        Ok(UnixStream { socket: self.socket.try_clone()? })
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
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
    /// a.close().unwrap();
    /// assert!((&a).read(&mut [0; 8]).is_err());
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
    /// use std::io::{ErrorKind, Read};
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
    /// a.set_nonblocking(true).unwrap();
    /// assert_eq!((&a).read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
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
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
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
    /// use std::io::Read;
    /// use std::time::Duration;
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
    /// a.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    /// assert!((&a).read(&mut [0; 8]).is_err()); // nothing has come
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
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
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
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
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
    /// let (a, b) = gopark::net::UnixStream::pair().unwrap();
    /// assert_eq!(a.write_timeout().unwrap(), None);
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.socket.timeout(Direction::Write))
    }
}

impl Endpoint for UnixStream {
    fn descriptor(&self) -> Option<(&Fd, Class)> {
        Some((self.socket.for_copying()?, Class::Unix))
    }

    fn begin(&self, direction: Direction) -> Result<(), Error> {
        self.socket.begin_copying(direction)
    }

    fn copy_error(&self, _op: &'static str, _call: &'static str, stopped: Partial<Error>) -> io::Error {
        std_error(stopped.error)
    }
}

impl Read for &UnixStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.socket.read_vectored(bufs)
    }
}

impl Read for UnixStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.socket.read_vectored(bufs)
    }
}

impl Write for &UnixStream {
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

impl Write for UnixStream {
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

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SHAPE.show_unix(&self.socket, f)
    }
}

impl AsRawFd for UnixStream {
    /// The descriptor, non-blocking and watched; -1 once closed.
    fn as_raw_fd(&self) -> RawFd {
        self.socket.raw()
    }
}

impl AsFd for UnixStream {
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

impl IntoRawFd for UnixStream {
    /// The descriptor, open, non-blocking, no longer watched; -1 after `close`.
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw()
    }
}

impl FromRawFd for UnixStream {
    /// As `From<OwnedFd>`.
    unsafe fn from_raw_fd(fd: RawFd) -> UnixStream {
        // SAFETY: the caller's duty: the descriptor is open, and ours now.
        unsafe { OwnedFd::from_raw_fd(fd) }.into()
    }
}

impl From<OwnedFd> for UnixStream {
    /// Non-blocking and watched from here on. No option of the socket changes.
    ///
    /// # Panics
    /// If the descriptor is no socket: std's conversions cannot fail.
    fn from(fd: OwnedFd) -> UnixStream {
        UnixStream { socket: SHAPE.given(fd) }
    }
}

impl From<UnixStream> for OwnedFd {
    /// Non-blocking still. For one that blocks, as a child wants it, go through std's type:
    /// `OwnedFd::from(std::os::unix::net::UnixStream::from(socket))`.
    ///
    /// # Panics
    /// After `close`.
    fn from(socket: UnixStream) -> OwnedFd {
        socket.socket.into_owned()
    }
}
