//! What goes wrong in the network, shown exactly as Go shows it.
//!
//! Go: net/net.go `OpError errTimeout errCanceled`, internal/poll/fd.go (the sentinels).
//!
//! An [`OpError`] says which operation failed on which network between which addresses; its `err` is the reason, a
//! [`Cause`] inside, handed out as the type it really is ([`SyscallError`], [`AddrError`], [`Sentinel`] ...).
//!
//! I1 `OpError` is one word, so a `Result<usize, OpError>` stays small; the rest is boxed.
//! I2 `Display` is Go's `Error()`, byte for byte.
//! I3 No kind an `OpError` turns into is `Interrupted`: std's loops would retry for ever.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

use crate::addr::{Addr, Shown};
pub use crate::errno::{Errno, SyscallError};
pub use crate::name_error::{AddrError, DnsError, ParseError, UnknownNetworkError};

/// An operation on the network failed.
///
/// ```
/// let e = gopark_net::split_host_port("127.0.0.1").unwrap_err();
/// assert_eq!(e.to_string(), "address 127.0.0.1: missing port in address");
/// ```
pub struct OpError(Box<Inner>);

struct Inner {
    op: &'static str,
    net: Cow<'static, str>,
    source: Option<Shown>,
    addr: Option<Shown>,
    cause: Cause,
    transferred: usize,
}

impl OpError {
    pub(crate) fn new(
        op: &'static str,
        net: impl Into<Cow<'static, str>>,
        cause: impl Into<Cause>,
    ) -> OpError {
        OpError(Box::new(Inner {
            op,
            net: net.into(),
            source: None,
            addr: None,
            cause: cause.into(),
            transferred: 0,
        }))
    }

    /// The reason alone, where Go returns it as it is: it displays without operation and addresses.
    pub(crate) fn bare(cause: impl Into<Cause>) -> OpError {
        OpError::new("", "", cause)
    }

    pub(crate) fn with_source(mut self, source: Option<impl Into<Shown>>) -> OpError {
        self.0.source = source.map(Into::into);
        self
    }

    pub(crate) fn with_addr(mut self, addr: Option<impl Into<Shown>>) -> OpError {
        self.0.addr = addr.map(Into::into);
        self
    }

    pub(crate) fn with_transferred(mut self, bytes: usize) -> OpError {
        self.0.transferred = bytes;
        self
    }

    /// The operation: "dial", "listen", "accept", "read", "write", "close", "set" ...
    pub fn op(&self) -> &str {
        self.0.op
    }

    /// The network as the caller named it: "tcp", "unix" ...
    pub fn net(&self) -> &str {
        &self.0.net
    }

    /// The local address of an operation that involves a remote one.
    pub fn source(&self) -> Option<&Addr> {
        self.0.source.as_ref().map(Shown::addr)
    }

    /// The remote address, or the local one of a local operation.
    pub fn addr(&self) -> Option<&Addr> {
        self.0.addr.as_ref().map(Shown::addr)
    }

    /// The reason: a [`SyscallError`], [`Errno`], [`AddrError`], [`ParseError`], [`DnsError`], [`UnknownNetworkError`],
    /// [`Sentinel`], or what a control function returned.
    pub fn err(&self) -> &(dyn Error + Send + Sync + 'static) {
        self.0.cause.as_error()
    }

    /// Whether a deadline passed.
    pub fn timeout(&self) -> bool {
        self.0.cause.timeout()
    }

    /// Go's deprecated `Temporary`: worth a retry.
    pub fn temporary(&self) -> bool {
        self.0.cause.temporary()
            || (self.0.op == "accept"
                && matches!(self.raw_os_error(), Some(libc::ECONNRESET | libc::ECONNABORTED)))
    }

    /// Whether the descriptor was closed, before the operation or in its middle.
    pub fn is_closed(&self) -> bool {
        self.0.cause.is_closed()
    }

    /// The system's number, if the system failed.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.0.cause.raw_os_error()
    }

    /// Bytes that went through before the error.
    pub fn transferred(&self) -> usize {
        self.0.transferred
    }

    /// The kind the error has as an [`io::Error`].
    pub fn kind(&self) -> io::ErrorKind {
        self.0.cause.kind()
    }
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &*self.0;
        if e.op.is_empty() {
            return write!(f, "{}", e.cause);
        }
        f.write_str(e.op)?;
        if !e.net.is_empty() {
            write!(f, " {}", e.net)?;
        }
        match (&e.source, &e.addr) {
            (Some(source), Some(addr)) => write!(f, " {source}->{addr}")?,
            (Some(one), None) | (None, Some(one)) => write!(f, " {one}")?,
            (None, None) => {}
        }
        write!(f, ": {}", e.cause)
    }
}

impl fmt::Debug for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpError")
            .field("op", &self.0.op)
            .field("net", &self.0.net)
            .field("source", &self.source())
            .field("addr", &self.addr())
            .field("err", &self.0.cause)
            .field("transferred", &self.0.transferred)
            .finish()
    }
}

impl Error for OpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.cause.as_error())
    }
}

impl From<OpError> for io::Error {
    fn from(e: OpError) -> Self {
        io::Error::new(e.kind(), e)
    }
}

/// The reason alone, for functions of a user's that dial: [`OpError::err`] gives it as it was.
impl From<io::Error> for OpError {
    fn from(e: io::Error) -> Self {
        OpError::bare(e)
    }
}

/// Conditions of the library's own, without further data. Compare with what `err()` gives:
///
/// ```
/// use gopark_net::Sentinel;
/// assert_eq!(Sentinel::NetClosing.to_string(), "use of closed network connection");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Sentinel {
    /// The connection or listener was closed (`net.ErrClosed`).
    NetClosing,
    /// The file was closed (`os.ErrClosed`).
    FileClosing,
    /// The same where Go does not put it in os's words: deadlines of a closed file (`poll.ErrFileClosing`).
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
    fn timeout(self) -> bool {
        matches!(self, Sentinel::DeadlineExceeded | Sentinel::ContextDeadline)
    }

    fn is_closed(self) -> bool {
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

/// The reason inside an [`OpError`] or a path error.
#[derive(Debug)]
pub(crate) enum Cause {
    Errno(Errno),
    Syscall(SyscallError),
    Sentinel(Sentinel),
    Addr(Box<AddrError>),
    Parse(Box<ParseError>),
    UnknownNetwork(UnknownNetworkError),
    Dns(Box<DnsError>),
    /// What a user's function returned, as it is.
    Io(io::Error),
}

impl Cause {
    pub(crate) fn syscall(syscall: &'static str, errno: Errno) -> Cause {
        Cause::Syscall(SyscallError { syscall, errno })
    }

    pub(crate) fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        match self {
            Cause::Errno(e) => e,
            Cause::Syscall(e) => e,
            Cause::Sentinel(e) => e,
            Cause::Addr(e) => &**e,
            Cause::Parse(e) => &**e,
            Cause::UnknownNetwork(e) => e,
            Cause::Dns(e) => &**e,
            Cause::Io(e) => e,
        }
    }

    pub(crate) fn timeout(&self) -> bool {
        match self {
            Cause::Errno(e) => e.timeout(),
            Cause::Syscall(e) => e.errno.timeout(),
            Cause::Sentinel(e) => e.timeout(),
            Cause::Dns(e) => e.is_timeout,
            Cause::Io(e) => e.kind() == io::ErrorKind::TimedOut,
            Cause::Addr(_) | Cause::Parse(_) | Cause::UnknownNetwork(_) => false,
        }
    }

    fn temporary(&self) -> bool {
        match self {
            Cause::Errno(e) => e.temporary(),
            Cause::Syscall(e) => e.errno.temporary(),
            Cause::Dns(e) => e.is_timeout || e.is_temporary,
            other => other.timeout(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Cause::Sentinel(e) => e.is_closed(),
            Cause::Io(e) => causes(e).filter_map(|e| e.downcast_ref()).any(|e: &Sentinel| e.is_closed()),
            _ => false,
        }
    }

    pub(crate) fn raw_os_error(&self) -> Option<i32> {
        match self {
            Cause::Errno(e) => Some(e.0),
            Cause::Syscall(e) => Some(e.errno.0),
            Cause::Io(e) => e.raw_os_error().or_else(|| causes(e).find_map(number_of)),
            _ => None,
        }
    }

    pub(crate) fn kind(&self) -> io::ErrorKind {
        match self {
            Cause::Errno(e) => e.kind(),
            Cause::Syscall(e) => e.errno.kind(),
            Cause::Sentinel(e) => e.kind(),
            Cause::Addr(_) | Cause::Parse(_) | Cause::UnknownNetwork(_) => io::ErrorKind::InvalidInput,
            Cause::Dns(e) => e.kind(),
            Cause::Io(e) => e.kind(),
        }
    }
}

/// What an error of a user's, or one of ours that came back as std's, was caused by.
fn causes(e: &io::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first = e.get_ref().map(|e| e as &(dyn Error + 'static));
    std::iter::successors(first, |&e| e.source())
}

/// The system's number, of errors that have one.
fn number_of(e: &(dyn Error + 'static)) -> Option<i32> {
    let errno = e.downcast_ref::<Errno>().copied();
    Some(errno.or_else(|| Some(e.downcast_ref::<SyscallError>()?.errno))?.0)
}

/// In Go's words also where std's error only carries the system's number: a control function can hardly make another.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Io(e) if let Some(number) = e.raw_os_error() => fmt::Display::fmt(&Errno(number), f),
            other => fmt::Display::fmt(other.as_error(), f),
        }
    }
}

impl From<Errno> for Cause {
    fn from(e: Errno) -> Self {
        Cause::Errno(e)
    }
}

impl From<SyscallError> for Cause {
    fn from(e: SyscallError) -> Self {
        Cause::Syscall(e)
    }
}

impl From<Sentinel> for Cause {
    fn from(e: Sentinel) -> Self {
        Cause::Sentinel(e)
    }
}

impl From<AddrError> for Cause {
    fn from(e: AddrError) -> Self {
        Cause::Addr(Box::new(e))
    }
}

impl From<ParseError> for Cause {
    fn from(e: ParseError) -> Self {
        Cause::Parse(Box::new(e))
    }
}

impl From<UnknownNetworkError> for Cause {
    fn from(e: UnknownNetworkError) -> Self {
        Cause::UnknownNetwork(e)
    }
}

impl From<DnsError> for Cause {
    fn from(e: DnsError) -> Self {
        Cause::Dns(Box::new(e))
    }
}

impl From<io::Error> for Cause {
    fn from(e: io::Error) -> Self {
        Cause::Io(e)
    }
}
