//! The parts of std's types that concern the descriptor, common to all six: how a socket is taken
//! over, given up, and shown.
//!
//! I1 A type of std's face holds a socket of its own kind. For a descriptor that a user hands over,
//!    the user answers for it.

use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::time::Duration;

use super::socket::{Socket, SocketFamily};
use crate::poll::{Direction, Kind};

/// What a type's sockets are.
pub(super) struct Shape {
    /// The type's name, for messages and `Debug`.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) family: SocketFamily,
}

impl Shape {
    /// A socket that the system gave us non-blocking.
    pub(super) fn fresh(&self, raw: RawFd) -> io::Result<Socket> {
        Socket::unwatched(self.family, raw, self.kind).watched()
    }

    /// A socket that a user hands over: non-blocking and watched from here on. No option of it
    /// changes.
    ///
    /// # Panics
    /// If the poller does not take it (it takes every socket): std's conversions cannot fail.
    pub(super) fn given(&self, fd: OwnedFd) -> Socket {
        match Socket::adopt(self.family, fd.into_raw_fd(), self.kind) {
            Ok(socket) => socket,
            Err(e) => panic!("a descriptor that is no socket was given to a {}: {e}", self.name),
        }
    }

    /// A socket of std's, with its timeouts for reads and writes.
    pub(super) fn given_with(&self, fd: OwnedFd, timeouts: [io::Result<Option<Duration>>; 2]) -> Socket {
        let socket = self.given(fd);
        for (direction, timeout) in [Direction::Read, Direction::Write].into_iter().zip(timeouts) {
            // An error of the kernel counts as no timeout; a timeout that it reports is not 0.
            if let Ok(Some(timeout)) = timeout {
                socket.set_timeout(direction, Some(timeout)).expect("a timeout that is not 0");
            }
        }
        socket
    }

    /// Gives a socket up to one of std's types, which blocks.
    pub(super) fn to_std<S: From<OwnedFd>>(&self, socket: Socket) -> S {
        if let Err(e) = socket.leave_to_kernel() {
            panic!("a {} cannot become std's: {e}", self.name);
        }
        socket.into_owned().into()
    }

    /// `Debug` of an internet socket: std's fields in std's order.
    pub(super) fn show_inet(&self, socket: &Socket, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(self.name);
        socket.local_addr().iter().for_each(|addr| _ = out.field("addr", addr));
        if self.kind == Kind::Stream {
            socket.peer_addr().iter().for_each(|addr| _ = out.field("peer", addr));
        }
        out.field("fd", &socket.raw()).finish()
    }

    /// `Debug` of a unix socket: std's fields in std's order.
    pub(super) fn show_unix(&self, socket: &Socket, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(self.name);
        out.field("fd", &socket.raw());
        socket.unix_local_addr().iter().for_each(|addr| _ = out.field("local", addr));
        socket.unix_peer_addr().iter().for_each(|addr| _ = out.field("peer", addr));
        out.finish()
    }
}

impl Socket {
    /// The descriptor, for a user that closes the socket only after the borrow: `close` does not
    /// wait for its end.
    ///
    /// # Panics
    /// After `close`.
    pub(super) fn borrowed(&self) -> BorrowedFd<'_> {
        let fd = self.raw();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: open now, and until `close` or the end of the borrow. Not to close it before is
        // the user's part, see above.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }

    /// The descriptor alone, still non-blocking.
    ///
    /// # Panics
    /// After `close`.
    pub(super) fn into_owned(self) -> OwnedFd {
        let fd = self.into_raw();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: into_raw gave the descriptor up to us.
        unsafe { OwnedFd::from_raw_fd(fd) }
    }
}
