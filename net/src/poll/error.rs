//! What an operation on a descriptor fails with, before anybody has said which operation it was.
//! Go: internal/poll/fd.go, fd_poll_runtime.go convertErr.

use std::fmt;
use std::io;

use gopark_runtime::poll_api::PollError;

use crate::error::{Cause, Errno, Sentinel};

/// The system failed, or the descriptor's state forbids the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Error {
    /// The system call failed.
    Errno(Errno),
    /// Closed, timed out and the like.
    Sentinel(Sentinel),
}

impl Error {
    /// What the poller said, in the words for a file or a socket.
    pub(crate) fn from_poll(e: PollError, closing: Sentinel) -> Error {
        Error::Sentinel(match e {
            PollError::Closing => closing,
            PollError::Timeout => Sentinel::DeadlineExceeded,
            PollError::NotPollable => Sentinel::NotPollable,
            PollError::Refused(errno) => return Error::Errno(Errno(errno)),
        })
    }

    /// With the call's name, if a call failed. Go: wrapSyscallError.
    #[doc(alias = "wrapSyscallError")]
    pub(crate) fn in_call(self, call: &'static str) -> Cause {
        match self {
            Error::Errno(e) => Cause::syscall(call, e),
            Error::Sentinel(s) => s.into(),
        }
    }

    /// Does errno say this?
    pub(crate) fn is_errno(self, number: i32) -> bool {
        self == Error::Errno(Errno(number))
    }
}

impl From<Errno> for Error {
    fn from(e: Errno) -> Self {
        Error::Errno(e)
    }
}

impl From<Sentinel> for Error {
    fn from(s: Sentinel) -> Self {
        Error::Sentinel(s)
    }
}

impl From<Error> for Cause {
    fn from(e: Error) -> Self {
        match e {
            Error::Errno(e) => e.into(),
            Error::Sentinel(s) => s.into(),
        }
    }
}

impl From<Error> for io::Error {
    fn from(e: Error) -> Self {
        match e {
            Error::Errno(e) => e.into(),
            Error::Sentinel(s) => io::Error::new(s.kind(), s),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Errno(e) => e.fmt(f),
            Error::Sentinel(s) => s.fmt(f),
        }
    }
}

impl std::error::Error for Error {}
