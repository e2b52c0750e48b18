//! [`TcpStream`]. Model: std::net::TcpStream.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

use super::socket::{Socket, each_addr};
use crate::poll::{Kind, Mode};
use crate::sockaddr::RawAddr;
use crate::sys;

/// A TCP connection. Model: [`std::net::TcpStream`]; operations park the goroutine instead of blocking the thread.
///
/// Nothing is set on it that std does not set. `try_clone` is a second descriptor.
pub struct TcpStream(Socket);

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
        let socket = Socket::unwatched(raw, Kind::Stream);
        socket.connect(&RawAddr::from_socket_addr(addr), deadline).map(TcpStream)
    }

    /// A fresh connection: accept4 has made it non-blocking.
    pub(super) fn accepted(raw: RawFd) -> io::Result<TcpStream> {
        Socket::unwatched(raw, Kind::Stream).watched().map(TcpStream)
    }

    /// The peer's address.
    ///
    /// # Errors
    /// Those of getpeername(2).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.with_std(std::net::TcpStream::peer_addr)
    }

    /// The own address.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.with_std(std::net::TcpStream::local_addr)
    }

    /// Ends one direction or both; goroutines parked in it wake.
    ///
    /// # Errors
    /// Those of shutdown(2).
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }

    /// A second descriptor of the same connection.
    ///
    /// # Errors
    /// Out of descriptors.
    pub fn try_clone(&self) -> io::Result<TcpStream> {
        self.0.try_clone().map(TcpStream)
    }

    /// How long a read may take; it fails with `WouldBlock` then. `None`: for ever.
    ///
    /// # Errors
    /// `InvalidInput` for 0.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Mode::Read, timeout)
    }

    /// How long a write may take; it fails with `WouldBlock` then. `None`: for ever.
    ///
    /// # Errors
    /// `InvalidInput` for 0.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Mode::Write, timeout)
    }

    /// See [`set_read_timeout`](Self::set_read_timeout).
    ///
    /// # Errors
    /// None; the result is std's.
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.0.timeout(Mode::Read))
    }

    /// See [`set_write_timeout`](Self::set_write_timeout).
    ///
    /// # Errors
    /// None; the result is std's.
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.0.timeout(Mode::Write))
    }

    /// Reads without taking: the same bytes come again.
    ///
    /// # Errors
    /// Those of recv(2).
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.recv_with(buf, libc::MSG_PEEK)
    }

    /// TCP_NODELAY.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.0.with_std(|s: &std::net::TcpStream| s.set_nodelay(nodelay))
    }

    /// TCP_NODELAY.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.with_std(std::net::TcpStream::nodelay)
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.0.with_std(|s: &std::net::TcpStream| s.set_ttl(ttl))
    }

    /// IP_TTL.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn ttl(&self) -> io::Result<u32> {
        self.0.with_std(std::net::TcpStream::ttl)
    }

    /// SO_ERROR, cleared by the call.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.with_std(std::net::TcpStream::take_error)
    }

    /// Whether operations fail with `WouldBlock` instead of parking.
    ///
    /// # Errors
    /// None; the result is std's.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.set_nonblocking(nonblocking)
    }

    /// Closes: goroutines parked on it wake with an error. Beyond std.
    ///
    /// # Errors
    /// When it is closed already.
    pub fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    pub(super) fn of(socket: Socket) -> TcpStream {
        TcpStream(socket)
    }

    pub(super) fn into_socket(self) -> Socket {
        self.0
    }
}

impl Read for &TcpStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_vectored(bufs)
    }
}

impl Read for TcpStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_vectored(bufs)
    }
}

impl Write for &TcpStream {
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

impl Write for TcpStream {
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

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("TcpStream");
        if let Ok(addr) = self.local_addr() {
            out.field("addr", &addr);
        }
        if let Ok(peer) = self.peer_addr() {
            out.field("peer", &peer);
        }
        out.field("fd", &self.as_raw_fd()).finish()
    }
}

impl AsRawFd for TcpStream {
    fn as_raw_fd(&self) -> RawFd {
        self.0.raw()
    }
}

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: open as long as the stream is not closed; `close` by another goroutine is the user's to keep apart.
        unsafe { BorrowedFd::borrow_raw(self.0.raw()) }
    }
}
