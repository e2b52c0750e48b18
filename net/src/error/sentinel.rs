//! The errors that are a condition and no more. Go: net/net.go `errTimeout errCanceled
//! ErrWriteToConnected`, internal/poll/fd.go `ErrNetClosing ErrFileClosing ErrNoDeadline
//! ErrNotPollable`, os/error.go.

use std::error::Error;
use std::fmt;
use std::io;

/// Conditions of the library's own, without further data. Compare with what `err()` gives:
///
/// ```
/// use gopark::net::Sentinel;
/// assert_eq!(Sentinel::NetClosing.to_string(), "use of closed network connection");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Sentinel {
    /// The connection or listener was closed (`net.ErrClosed`).
    NetClosing,
    /// The file was closed (`os.ErrClosed`).
    FileClosing,
    /// The same where Go does not put it in os's words: deadlines of a closed file
    /// (`poll.ErrFileClosing`).
    ClosedFile,
    /// A deadline passed (`os.ErrDeadlineExceeded`).
    DeadlineExceeded,
    /// A context's or dialer's deadline passed; same text.
    ContextDeadline,
    /// A context was cancelled.
    Canceled,
    /// The descriptor knows no deadlines.
    NoDeadline,
    /// The poller does not take the descriptor.
    NotPollable,
    /// A wait for a descriptor that the poller does not watch.
    Unwaitable,
    /// `dial` with an empty address.
    MissingAddress,
    /// `write_to` on a connection that has its peer.
    WriteToConnected,
    /// A write went nowhere.
    UnexpectedEof,
    /// `write_at` on a file that was opened to be appended to: the system would append.
    WriteAtAppends,
}

impl Sentinel {
    pub(super) fn timeout(self) -> bool {
        matches!(self, Sentinel::DeadlineExceeded | Sentinel::ContextDeadline)
    }

    pub(super) fn is_closed(self) -> bool {
        matches!(self, Sentinel::NetClosing | Sentinel::FileClosing | Sentinel::ClosedFile)
    }

    pub(crate) fn kind(self) -> io::ErrorKind {
        match self {
            Sentinel::NetClosing | Sentinel::FileClosing | Sentinel::ClosedFile => {
                io::ErrorKind::NotConnected
            }
            Sentinel::DeadlineExceeded | Sentinel::ContextDeadline => io::ErrorKind::TimedOut,
            Sentinel::Canceled => io::ErrorKind::ConnectionAborted,
            Sentinel::NoDeadline | Sentinel::NotPollable | Sentinel::Unwaitable => io::ErrorKind::Unsupported,
            Sentinel::MissingAddress | Sentinel::WriteToConnected | Sentinel::WriteAtAppends => {
                io::ErrorKind::InvalidInput
            }
            Sentinel::UnexpectedEof => io::ErrorKind::UnexpectedEof,
        }
    }
}

impl fmt::Display for Sentinel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sentinel::NetClosing => "use of closed network connection",
            Sentinel::FileClosing => "file already closed",
            Sentinel::ClosedFile => "use of closed file",
            Sentinel::DeadlineExceeded | Sentinel::ContextDeadline => "i/o timeout",
            Sentinel::Canceled => "operation was canceled",
            Sentinel::NoDeadline => "file type does not support deadline",
            Sentinel::NotPollable => "not pollable",
            Sentinel::Unwaitable => "waiting for unsupported file type",
            Sentinel::MissingAddress => "missing address",
            Sentinel::WriteToConnected => "use of WriteTo with pre-connected connection",
            Sentinel::UnexpectedEof => "unexpected EOF",
            Sentinel::WriteAtAppends => "os: invalid use of WriteAt on file opened with O_APPEND",
        })
    }
}

impl Error for Sentinel {}
