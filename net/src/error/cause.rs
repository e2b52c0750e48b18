//! The reason inside an error: one of the types that Go's `OpError.Err` and `PathError.Err` hold.

use std::error::Error;
use std::fmt;
use std::io;

use super::{AddrError, DnsError, Errno, ParseError, Sentinel, SyscallError, UnknownNetworkError};

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

    pub(super) fn temporary(&self) -> bool {
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

/// In Go's words also where std's error only carries the system's number: a control function can
/// hardly make another.
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
