//! Multipath TCP when it is asked for, and plain TCP where the system has none. Go:
//! net/mptcpsock_linux.go, dial.go.

use std::sync::OnceLock;

use crate::error::{Cause, Errno};
use crate::poll::{Error, Fd};
use crate::sock::net_fd::NetFd;
use crate::sys;

/// Whether to try it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    No,
    Try,
}

/// What `GODEBUG=multipathtcp=N` says. Go: 0 none, 1 both, 2 listeners only, 3 dialers only.
fn godebug() -> Option<u8> {
    static SETTING: OnceLock<Option<u8>> = OnceLock::new();
    *SETTING.get_or_init(|| {
        let settings = std::env::var("GODEBUG").ok()?;
        let value = settings.split(',').rev().find_map(|s| s.strip_prefix("multipathtcp="))?;
        value.parse().ok()
    })
}

impl Use {
    /// For a listener.
    pub(crate) fn listener(asked: Option<bool>) -> Use {
        Use::of(asked.unwrap_or_else(|| matches!(godebug(), Some(1 | 2))))
    }

    /// For a dialer.
    pub(crate) fn dialer(asked: Option<bool>) -> Use {
        Use::of(asked.unwrap_or_else(|| matches!(godebug(), Some(1 | 3))))
    }

    fn of(asked: bool) -> Use {
        if asked { Use::Try } else { Use::No }
    }
}

/// Can the system? Asked once.
#[doc(alias = "supportsMultipathTCP")]
fn supported() -> bool {
    static SUPPORTED: OnceLock<bool> = OnceLock::new();
    *SUPPORTED.get_or_init(|| {
        match sys::own_socket(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_MPTCP) {
            Ok(fd) => {
                let _ = sys::close(fd);
                true
            }
            // Before Linux 5.6 EINVAL; EPROTONOSUPPORT and ENOPROTOOPT where it is built without or
            // turned off.
            Err(Errno(libc::EINVAL | libc::EPROTONOSUPPORT | libc::ENOPROTOOPT)) => false,
            // Another failure: the attempt will show it, and plain TCP follows.
            Err(_) => true,
        }
    })
}

/// A socket made by `make(protocol)`: with Multipath TCP if that is wanted and works, else with
/// TCP.
#[doc(alias = "listenMPTCP")]
#[doc(alias = "dialMPTCP")]
pub(crate) fn socket(wanted: Use, make: impl Fn(i32) -> Result<NetFd, Cause>) -> Result<NetFd, Cause> {
    if wanted == Use::Try
        && supported()
        && let Ok(fd) = make(libc::IPPROTO_MPTCP)
    {
        return Ok(fd);
    }
    make(0)
}

/// Does the connection use it? One that was made with it may have fallen back to TCP since.
#[doc(alias = "isUsingMultipathTCP")]
pub(crate) fn in_use(fd: &Fd) -> Result<bool, Error> {
    const SOL_MPTCP: i32 = 284;
    const MPTCP_INFO: i32 = 1;
    if fd.control(sys::protocol)? != libc::IPPROTO_MPTCP {
        return Ok(false);
    }
    match fd.control(|fd| sys::getsockopt_int(fd, SOL_MPTCP, MPTCP_INFO)) {
        // Fallen back; and of IPv6 ENOPROTOOPT. Before Linux 5.16 it cannot be told, and Go says
        // yes.
        Err(Error::Errno(Errno(libc::EOPNOTSUPP | libc::ENOPROTOOPT))) => Ok(!can_tell()),
        result => result.map(|_| true),
    }
}

/// Linux 5.16 and later know SOL_MPTCP.
#[doc(alias = "hasSOLMPTCP")]
fn can_tell() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut numbers = release.split(['.', '-', '\n']).map_while(|part| part.parse::<u32>().ok());
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (5, 16)
    })
}
