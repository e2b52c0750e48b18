//! Model: `std::os::unix::net::UnixStream`.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::address::raw_unix;
use super::convert::{adopt_other, net_fd};
use super::socket::{Socket, SocketFamily};
use crate::Conn;
use crate::poll::{Kind, Mode};
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
pub struct UnixStream(pub(super) Socket);

impl UnixStream {
    /// Connects to a path.
    pub fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Connects to an address: a path or an abstract name.
    pub fn connect_addr(addr: &SocketAddr) -> io::Result<UnixStream> {
        loop {
            let socket = Socket::open(libc::AF_UNIX, libc::SOCK_STREAM)?;
            match socket.connect(&raw_unix(addr), None) {
                Ok(socket) => return Ok(UnixStream(socket)),
                // std's connect sleeps in the kernel until the listener's queue has room.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    gopark_runtime::time::sleep(QUEUE_FULL_PAUSE)
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// Two connected ones.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (a, b) = sys::socketpair(libc::SOCK_STREAM)?;
        let [a, b] = [a, b].map(|raw| {
            Socket::unwatched_of(SocketFamily::Other, raw, Kind::Stream).watched().map(UnixStream)
        });
        Ok((a?, b?))
    }

    /// The address of this end.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.unix_local_addr()
    }

    /// The address of the other end.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.unix_peer_addr()
    }

    /// Shuts one side or both.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }

    /// Reads without taking: the next read gives the same bytes.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.recv_with(buf, libc::MSG_PEEK)
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

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("UnixStream");
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

impl From<UnixStream> for Conn {
    fn from(stream: UnixStream) -> Conn {
        Conn::new(net_fd(stream.0.into_raw(), "unix"))
    }
}

impl Read for UnixStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_vectored(bufs)
    }
}

impl Write for UnixStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for &UnixStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_vectored(bufs)
    }
}

impl Write for &UnixStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsRawFd for UnixStream {
    fn as_raw_fd(&self) -> RawFd {
        self.0.raw()
    }
}

impl AsFd for UnixStream {
    /// # Panics
    /// After `close`.
    fn as_fd(&self) -> BorrowedFd<'_> {
        let fd = self.0.raw();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: open, unless another reference closes it meanwhile; then the number is only wrong.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }
}

impl IntoRawFd for UnixStream {
    fn into_raw_fd(self) -> RawFd {
        self.0.into_raw()
    }
}

impl FromRawFd for UnixStream {
    /// # Panics
    /// If the descriptor is not open, or the poller does not take it.
    unsafe fn from_raw_fd(fd: RawFd) -> Self {
        UnixStream(adopt_other(fd, Kind::Stream))
    }
}

impl From<OwnedFd> for UnixStream {
    /// # Panics
    /// If the poller does not take the descriptor.
    fn from(fd: OwnedFd) -> Self {
        // SAFETY: the descriptor is ours now.
        unsafe { UnixStream::from_raw_fd(fd.into_raw_fd()) }
    }
}

impl From<UnixStream> for OwnedFd {
    /// # Panics
    /// After `close`.
    fn from(socket: UnixStream) -> OwnedFd {
        let fd = socket.into_raw_fd();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: into_raw_fd gave the descriptor up to us.
        unsafe { OwnedFd::from_raw_fd(fd) }
    }
}

impl From<std::os::unix::net::UnixStream> for UnixStream {
    fn from(socket: std::os::unix::net::UnixStream) -> Self {
        OwnedFd::from(socket).into()
    }
}
