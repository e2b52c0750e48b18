//! What a TCP connection gets when it is made. Go: net/tcpsock.go newTCPConn, KeepAliveConfig;
//! tcpconn_keepalive_conf_unix.go.

use std::time::Duration;

use gopark_runtime::poll_api::fewest_syscalls;

use crate::addr::network::Transport;
use crate::poll::{Error, Fd};
use crate::sock::net_fd::NetFd;
use crate::sock::sockopt::{self, DEFAULT_KEEP_ALIVE, DEFAULT_KEEP_ALIVE_COUNT};
use crate::sys;

/// Keep-alive probes of a TCP connection: when the first, how often, how many. `None` leaves the
/// system's value; part seconds round up.
///
/// ```
/// use gopark::net::KeepAliveConfig;
/// let config = KeepAliveConfig { enable: true, count: Some(3), ..Default::default() };
/// assert_eq!(config.idle, Some(std::time::Duration::from_secs(15)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAliveConfig {
    /// Whether probes are sent.
    pub enable: bool,
    /// How long a connection is idle before the first probe.
    pub idle: Option<Duration>,
    /// The time between probes.
    pub interval: Option<Duration>,
    /// How many may go unanswered before the connection is dropped.
    pub count: Option<u32>,
}

impl Default for KeepAliveConfig {
    fn default() -> Self {
        KeepAliveConfig {
            enable: false,
            idle: Some(DEFAULT_KEEP_ALIVE),
            interval: Some(DEFAULT_KEEP_ALIVE),
            count: Some(DEFAULT_KEEP_ALIVE_COUNT),
        }
    }
}

impl KeepAliveConfig {
    /// Sets all four options.
    #[doc(alias = "SetKeepAliveConfig")]
    pub(crate) fn apply(&self, fd: &Fd) -> Result<(), Error> {
        sockopt::set_keep_alive(fd, self.enable)?;
        sockopt::set_keep_alive_idle(fd, self.idle)?;
        sockopt::set_keep_alive_interval(fd, self.interval)?;
        sockopt::set_keep_alive_count(fd, self.count)
    }
}

/// The two keep-alive settings of listeners and dialers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeepAlive {
    /// `Some`: probes after this time. `None`: no probes. An enabled `config` wins.
    pub(crate) idle: Option<Duration>,
    pub(crate) config: KeepAliveConfig,
}

impl Default for KeepAlive {
    /// Go's: probes after 15 s.
    fn default() -> Self {
        KeepAlive { idle: Some(DEFAULT_KEEP_ALIVE), config: KeepAliveConfig::default() }
    }
}

impl KeepAlive {
    /// What is to be set, if anything.
    fn effective(self) -> Option<KeepAliveConfig> {
        if self.config.enable {
            return Some(self.config);
        }
        self.idle.map(|idle| KeepAliveConfig { enable: true, idle: Some(idle), ..Default::default() })
    }

    /// Makes a fresh TCP socket a TCP connection: no delay, and probes. Errors do not matter, as in
    /// Go.
    #[doc(alias = "newTCPConn")]
    pub(crate) fn new_tcp_conn(self, fd: &NetFd) {
        let _ = self.set_no_delay_and_probes(fd);
    }

    fn set_no_delay_and_probes(self, fd: &NetFd) -> Result<(), Error> {
        let no_delay = sockopt::set_no_delay(&fd.pfd, true);
        let probes = self.effective().map_or(Ok(()), |config| config.apply(&fd.pfd));
        no_delay.and(probes)
    }

    /// With the knob `fewest_syscalls`, sets on a TCP listener what
    /// [`new_tcp_conn`](Self::new_tcp_conn) would set on each of its connections: on Linux they
    /// inherit it. False: they do not, and each must be made one. (Multipath TCP's connections are
    /// other sockets than its listener.)
    pub(crate) fn inherited_from(self, listener: &NetFd) -> bool {
        fewest_syscalls()
            && listener.network.transport == Transport::Tcp
            && listener.pfd.control(sys::protocol).is_ok_and(|proto| proto == libc::IPPROTO_TCP)
            && self.set_no_delay_and_probes(listener).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_setting_wins() {
        let default = KeepAliveConfig::default();
        let ten = Some(Duration::from_secs(10));
        let on = KeepAliveConfig { enable: true, ..default };
        let cases = [
            (KeepAlive { idle: None, config: default }, None),
            (KeepAlive { idle: ten, config: default }, Some(KeepAliveConfig { idle: ten, ..on })),
            (KeepAlive { idle: None, config: on }, Some(on)),
            (
                KeepAlive { idle: ten, config: KeepAliveConfig { count: None, ..on } },
                Some(KeepAliveConfig { count: None, ..on }),
            ),
        ];
        for (setting, want) in cases {
            assert_eq!(setting.effective(), want);
        }
    }
}
