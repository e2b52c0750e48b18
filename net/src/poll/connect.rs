//! Connecting. Go: net/fd_unix.go connect.
//!
//! The socket is not shared yet, so no lock is needed. Between the two halves the caller registers
//! it with the poller.

use super::{Direction, Error, Fd, Wait};
use crate::error::{Cause, Errno};
use crate::sys::{self, RawAddr};

/// What connect(2) came to.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connecting {
    /// It is connected.
    Done,
    /// The kernel works on it: [`Fd::wait_connected`].
    UnderWay,
}

/// A failure with the call that it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectError {
    pub(crate) call: &'static str,
    pub(crate) error: Error,
}

impl From<ConnectError> for Cause {
    fn from(e: ConnectError) -> Cause {
        e.error.in_call(e.call)
    }
}

impl Fd {
    /// Begins to connect.
    pub(crate) fn connect(&self, to: &RawAddr) -> Result<Connecting, ConnectError> {
        match sys::connect(self.raw(), to) {
            Ok(()) | Err(Errno(libc::EISCONN)) => Ok(Connecting::Done),
            Err(Errno(libc::EINPROGRESS | libc::EALREADY | libc::EINTR)) => Ok(Connecting::UnderWay),
            Err(e) => Err(ConnectError { call: "connect", error: e.into() }),
        }
    }

    /// Parks until the kernel has decided. Returns the peer's address if it had to be asked for on
    /// the way.
    ///
    /// There is no reset before the wait: an event that came right after the poller was told of the
    /// socket counts.
    pub(crate) fn wait_connected(&self, wait: Wait<'_>) -> Result<Option<RawAddr>, ConnectError> {
        let fd = self.raw();
        loop {
            self.wait(Direction::Write, wait).map_err(|error| ConnectError { call: "connect", error })?;
            // A second connect would not report an earlier error; SO_ERROR does
            // (golang.org/issue/7474).
            let error = sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_ERROR)
                .map_err(|e| ConnectError { call: "getsockopt", error: e.into() })?;
            match error {
                libc::EINPROGRESS | libc::EALREADY | libc::EINTR => {}
                libc::EISCONN => return Ok(None),
                0 => {
                    // Woken for nothing? Then there is no peer yet (golang.org/issue/14548).
                    if let Ok(peer) = sys::getpeername(fd) {
                        return Ok(Some(peer));
                    }
                }
                error => return Err(ConnectError { call: "connect", error: Errno(error).into() }),
            }
        }
    }
}
