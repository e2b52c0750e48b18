//! The system's errors: the runtime's [`Errno`], and a call's name with it.
//!
//! Go: os/error.go `SyscallError`.

use std::error::Error;
use std::fmt;
use std::io;

pub use gopark_runtime::poll_api::Errno;

/// The calling thread's `errno`. Only right directly after the failed call, in the same function.
#[inline(always)]
pub(crate) fn last_errno() -> Errno {
    Errno(io::Error::last_os_error().raw_os_error().unwrap_or(0))
}

/// A failed call with its name: "bind: address already in use".
///
/// ```
/// use gopark::net::{Errno, SyscallError};
///
/// let e = SyscallError { syscall: "bind", errno: Errno(libc::EADDRINUSE) };
/// assert_eq!(e.to_string(), "bind: address already in use");
/// ```
#[doc(alias = "os.SyscallError")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SyscallError {
    /// The call's name, as Go names it ("accept4").
    pub syscall: &'static str,
    /// What it returned.
    pub errno: Errno,
}

impl fmt::Display for SyscallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.syscall, self.errno)
    }
}

impl Error for SyscallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.errno)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syscall_error_names_the_call() {
        let e = SyscallError { syscall: "bind", errno: Errno(libc::EADDRINUSE) };
        assert_eq!(e.to_string(), "bind: address already in use");
        assert_eq!(e.errno.kind(), io::ErrorKind::AddrInUse);
    }
}
