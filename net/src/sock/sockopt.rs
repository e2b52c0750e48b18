//! Socket options. Go: net/sockopt_linux.go, sockopt_posix.go, tcpsockopt_posix.go,
//! tcpsockopt_unix.go.

use std::os::fd::RawFd;
use std::time::Duration;

use crate::error::Errno;
use crate::poll::{Error, Fd};
use crate::sock::ipsock::V6Only;
use crate::sys::{self, Family};

/// Go: defaultTCPKeepAliveIdle, defaultTCPKeepAliveInterval.
pub(crate) const DEFAULT_KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Go: defaultTCPKeepAliveCount.
pub(crate) const DEFAULT_KEEP_ALIVE_COUNT: u32 = 9;

/// What every new socket gets.
#[doc(alias = "setDefaultSockopts")]
pub(crate) fn set_default_sockopts(
    fd: RawFd,
    family: Family,
    sotype: i32,
    v6only: V6Only,
) -> Result<(), Errno> {
    if family == Family::Inet6 && sotype != libc::SOCK_RAW {
        // Some systems do not let this be set; then it is what it is.
        let value = i32::from(v6only == V6Only::Yes);
        let _ = sys::setsockopt_int(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, value);
    }
    if (sotype == libc::SOCK_DGRAM || sotype == libc::SOCK_RAW) && family != Family::Unix {
        return sys::setsockopt_int(fd, libc::SOL_SOCKET, libc::SO_BROADCAST, 1);
    }
    Ok(())
}

/// What every listener gets, and a socket that shares a multicast group.
#[doc(alias = "setDefaultListenerSockopts")]
#[doc(alias = "setDefaultMulticastSockopts")]
pub(crate) fn set_reuse_addr(fd: RawFd) -> Result<(), Errno> {
    sys::setsockopt_int(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)
}

fn set_int(fd: &Fd, level: i32, name: i32, value: i32) -> Result<(), Error> {
    fd.control(|fd| sys::setsockopt_int(fd, level, name, value))
}

#[doc(alias = "setNoDelay")]
pub(crate) fn set_no_delay(fd: &Fd, on: bool) -> Result<(), Error> {
    set_int(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, i32::from(on))
}

#[doc(alias = "setReadBuffer")]
pub(crate) fn set_read_buffer(fd: &Fd, bytes: usize) -> Result<(), Error> {
    set_int(fd, libc::SOL_SOCKET, libc::SO_RCVBUF, clamp(bytes))
}

#[doc(alias = "setWriteBuffer")]
pub(crate) fn set_write_buffer(fd: &Fd, bytes: usize) -> Result<(), Error> {
    set_int(fd, libc::SOL_SOCKET, libc::SO_SNDBUF, clamp(bytes))
}

fn clamp(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// `None`: close returns at once and the kernel goes on sending. `Some`: it waits for at most this
/// time; 0 discards what is unsent.
#[doc(alias = "setLinger")]
pub(crate) fn set_linger(fd: &Fd, linger: Option<Duration>) -> Result<(), Error> {
    let value =
        libc::linger { l_onoff: i32::from(linger.is_some()), l_linger: linger.map_or(0, whole_seconds) };
    fd.control(|fd| sys::setsockopt(fd, libc::SOL_SOCKET, libc::SO_LINGER, &value))
}

#[doc(alias = "setKeepAlive")]
pub(crate) fn set_keep_alive(fd: &Fd, on: bool) -> Result<(), Error> {
    set_int(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, i32::from(on))
}

/// `None` leaves the system's value; zero is the default.
#[doc(alias = "setKeepAliveIdle")]
pub(crate) fn set_keep_alive_idle(fd: &Fd, idle: Option<Duration>) -> Result<(), Error> {
    match idle {
        None => Ok(()),
        Some(d) => set_int(fd, libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, whole_seconds(or_default(d))),
    }
}

/// As `set_keep_alive_idle`.
#[doc(alias = "setKeepAliveInterval")]
pub(crate) fn set_keep_alive_interval(fd: &Fd, interval: Option<Duration>) -> Result<(), Error> {
    match interval {
        None => Ok(()),
        Some(d) => set_int(fd, libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, whole_seconds(or_default(d))),
    }
}

/// As `set_keep_alive_idle`.
#[doc(alias = "setKeepAliveCount")]
pub(crate) fn set_keep_alive_count(fd: &Fd, count: Option<u32>) -> Result<(), Error> {
    let count = match count {
        None => return Ok(()),
        Some(0) => DEFAULT_KEEP_ALIVE_COUNT,
        Some(n) => n,
    };
    set_int(fd, libc::IPPROTO_TCP, libc::TCP_KEEPCNT, i32::try_from(count).unwrap_or(i32::MAX))
}

fn or_default(d: Duration) -> Duration {
    if d.is_zero() { DEFAULT_KEEP_ALIVE } else { d }
}

/// Part seconds round up: the kernel takes whole ones.
#[doc(alias = "roundDurationUp")]
fn whole_seconds(d: Duration) -> i32 {
    let secs = d.as_secs().saturating_add(u64::from(d.subsec_nanos() != 0));
    i32::try_from(secs).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_seconds_round_up() {
        for (ms, secs) in [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2), (15_000, 15)] {
            assert_eq!(whole_seconds(Duration::from_millis(ms)), secs, "{ms} ms");
        }
        assert_eq!(whole_seconds(Duration::MAX), i32::MAX);
    }
}
