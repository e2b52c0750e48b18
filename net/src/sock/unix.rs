//! Unix domain sockets by path or abstract name. Go: net/unixsock.go, unixsock_posix.go.
//!
//! I1 A listener's path is removed by the first close, before the socket goes, and only if it is a
//!    path.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::Spec;
use crate::addr::{Addr, NetAddr};
use crate::error::{Cause, Sentinel};
use crate::sock::ipsock::{Purpose, V6Only};
use crate::sock::net_fd::NetFd;
use crate::sys::{self, Family};

/// A Unix domain socket. Go: unixSocket.
#[doc(alias = "unixSocket")]
pub(crate) fn socket(spec: Spec<'_>, purpose: Purpose) -> Result<NetFd, Cause> {
    let named = |addr: &&NetAddr| matches!(addr, NetAddr::Unix(a) if !a.name().is_empty());
    let spec = match purpose {
        Purpose::Listen => spec,
        Purpose::Dial => Spec { local: spec.local.filter(named), remote: spec.remote.filter(named), ..spec },
    };
    let nowhere = spec.remote.is_none() && (spec.sotype != libc::SOCK_DGRAM || spec.local.is_none());
    if purpose == Purpose::Dial && nowhere {
        return Err(Sentinel::MissingAddress.into());
    }
    spec.socket(Family::Unix, V6Only::No)
}

/// The path a listener removes when it closes.
#[derive(Debug)]
pub(crate) struct Unlink {
    path: CString,
    /// Users change it, close reads it. Relaxed: nothing else hangs on it.
    wanted: AtomicBool,
    /// Set by the first close. Relaxed: the swap decides who is first.
    done: AtomicBool,
}

impl Unlink {
    /// For a listener at this address; `None` if it has no path.
    pub(crate) fn of(local: Option<&Addr>) -> Option<Unlink> {
        let Some(Addr::Unix(addr)) = local else { return None };
        let path = CString::new(addr.path()?.as_os_str().as_bytes()).ok()?;
        Some(Unlink { path, wanted: AtomicBool::new(true), done: AtomicBool::new(false) })
    }

    pub(crate) fn set_wanted(&self, unlink: bool) {
        self.wanted.store(unlink, Relaxed);
    }

    pub(crate) fn run(&self) {
        if !self.done.swap(true, Relaxed) && self.wanted.load(Relaxed) {
            // It may have been removed already.
            let _ = sys::unlink(&self.path);
        }
    }
}
