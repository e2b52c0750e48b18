//! [`SocketOf`]: a [`Socket`] that is typed as one of std's. What all six types have is here: duplicates, closing, timeouts, streams'
//! `Read` and `Write`, and everything about descriptors.
//!
//! I1 A `SocketOf<M>` holds a socket of `M`'s kind; where a user hands a descriptor over, that is the user's word.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::time::Duration;

use super::socket::{Socket, SocketFamily};
use crate::poll::{Kind, Mode};

/// Which of std's types.
pub trait Model: 'static {
    /// What the type is.
    #[doc(hidden)]
    const TRAITS: Traits;
}

/// What tells the types apart at run time.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// The type's name, for `Debug`.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) family: SocketFamily,
    pub(super) addresses: Addresses,
}

/// Which addresses `Debug` shows, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Addresses {
    /// `addr`, and `peer` of a connection.
    InetStream,
    /// `addr`.
    InetDatagram,
    /// `local`, and `peer` of a connection.
    Unix,
}

/// It reads and writes, within timeouts.
pub trait Transfer: Model {}

/// It is a stream of bytes.
pub trait Stream: Transfer {}

/// A socket shaped like one of std's: [`TcpStream`](super::TcpStream) and its kin.
pub struct SocketOf<M: Model> {
    pub(super) socket: Socket,
    model: PhantomData<M>,
}

impl<M: Model> SocketOf<M> {
    pub(super) fn of(socket: Socket) -> Self {
        SocketOf { socket, model: PhantomData }
    }

    /// A socket that the system gave us non-blocking.
    pub(super) fn fresh(raw: RawFd) -> io::Result<Self> {
        Socket::unwatched(M::TRAITS.family, raw, M::TRAITS.kind).watched().map(Self::of)
    }

    /// A duplicate: the same open socket under another number. Timeouts and mode are the socket's: what is set on one holds for both.
    ///
    /// # Errors
    /// Out of descriptors; a closed socket.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.socket.try_clone().map(Self::of)
    }

    /// Closes the socket now; who is parked in it wakes with an error. Duplicates stay open. Beyond std.
    ///
    /// # Errors
    /// It is closed already.
    pub fn close(&self) -> io::Result<()> {
        self.socket.close()
    }

    /// In non-blocking mode nothing parks: what would is `WouldBlock`.
    ///
    /// # Errors
    /// None; the result is std's.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.socket.set_nonblocking(nonblocking)
    }

    /// The socket's pending error (SO_ERROR), which it has no longer then.
    ///
    /// # Errors
    /// Those of getsockopt(2); a closed socket.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }
}

impl<M: Transfer> SocketOf<M> {
    /// How long a read may take; it fails with `WouldBlock` then. `None`: for ever.
    ///
    /// # Errors
    /// `InvalidInput` for 0.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_timeout(Mode::Read, timeout)
    }

    /// How long a write may take; it fails with `WouldBlock` then. `None`: for ever.
    ///
    /// # Errors
    /// `InvalidInput` for 0.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_timeout(Mode::Write, timeout)
    }

    /// What [`set_read_timeout`](Self::set_read_timeout) set.
    ///
    /// # Errors
    /// None; the result is std's.
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.socket.timeout(Mode::Read))
    }

    /// What [`set_write_timeout`](Self::set_write_timeout) set.
    ///
    /// # Errors
    /// None; the result is std's.
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.socket.timeout(Mode::Write))
    }
}

impl<M: Stream> Read for &SocketOf<M> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.socket.read_vectored(bufs)
    }
}

impl<M: Stream> Read for SocketOf<M> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

impl<M: Stream> Write for &SocketOf<M> {
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

impl<M: Stream> Write for SocketOf<M> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<M: Model> fmt::Debug for SocketOf<M> {
    /// std's fields in std's order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Traits { name, addresses, .. } = M::TRAITS;
        let mut out = f.debug_struct(name);
        if addresses == Addresses::Unix {
            out.field("fd", &self.socket.raw());
            self.socket.unix_local_addr().iter().for_each(|addr| _ = out.field("local", addr));
            self.socket.unix_peer_addr().iter().for_each(|addr| _ = out.field("peer", addr));
            return out.finish();
        }
        self.socket.local_addr().iter().for_each(|addr| _ = out.field("addr", addr));
        if addresses == Addresses::InetStream {
            self.socket.peer_addr().iter().for_each(|addr| _ = out.field("peer", addr));
        }
        out.field("fd", &self.socket.raw()).finish()
    }
}

impl<M: Model> AsRawFd for SocketOf<M> {
    /// The descriptor, non-blocking and watched; -1 once closed.
    fn as_raw_fd(&self) -> RawFd {
        self.socket.raw()
    }
}

impl<M: Model> AsFd for SocketOf<M> {
    /// The number is good until somebody calls `close`, which does not need the borrow to be over (std's types have no such
    /// method): close only when nobody uses it any more, or give out a duplicate (`try_clone`).
    ///
    /// # Panics
    /// After `close`.
    fn as_fd(&self) -> BorrowedFd<'_> {
        let fd = self.socket.raw();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: open now, and until `close` or the end of the borrow. That nobody closes before is the users' part, see above.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }
}

impl<M: Model> IntoRawFd for SocketOf<M> {
    /// The descriptor, open, non-blocking, no longer watched; -1 after `close`.
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw()
    }
}

impl<M: Model> FromRawFd for SocketOf<M> {
    /// Non-blocking and watched from here on. No option of the socket changes.
    ///
    /// # Panics
    /// If the descriptor is not open, or the poller does not take it (it takes every socket): std's conversions cannot fail.
    unsafe fn from_raw_fd(fd: RawFd) -> Self {
        match Socket::adopt(M::TRAITS.family, fd, M::TRAITS.kind) {
            Ok(socket) => Self::of(socket),
            Err(e) => panic!("a descriptor that is no socket was given to a {}: {e}", M::TRAITS.name),
        }
    }
}

impl<M: Model> From<OwnedFd> for SocketOf<M> {
    /// # Panics
    /// As [`from_raw_fd`](FromRawFd::from_raw_fd).
    fn from(fd: OwnedFd) -> Self {
        // SAFETY: the descriptor is ours now.
        unsafe { Self::from_raw_fd(fd.into_raw_fd()) }
    }
}

impl<M: Model> From<SocketOf<M>> for OwnedFd {
    /// Non-blocking still. One that blocks, as a child wants it, comes from std's type: `OwnedFd::from(std::net::TcpStream::from(stream))`.
    ///
    /// # Panics
    /// After `close`.
    fn from(socket: SocketOf<M>) -> OwnedFd {
        let fd = socket.into_raw_fd();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: into_raw_fd gave the descriptor up to us.
        unsafe { OwnedFd::from_raw_fd(fd) }
    }
}
