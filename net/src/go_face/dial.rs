//! Dialling: Go's face. Go: net/dial.go Dial, Dialer; net/tcpsock_posix.go doDialTCP.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark_runtime::context::Context;

use crate::addr::{Addr, NetAddr};
use crate::conn::Conn;
use crate::conn::dial::{FALLBACK_DELAY, Options, SysDialer};
use crate::error::OpError;
use crate::resolve::Resolver;
use crate::resolve::addr_list::{Op, resolve_addr_list};
use crate::sock::ControlFn;
use crate::sock::keep_alive::{KeepAlive, KeepAliveConfig};
use crate::sock::sockopt::DEFAULT_KEEP_ALIVE;

/// Connects to "host:port" on "tcp" or "udp" (with a 4 or 6 behind it, of that family only), to a
/// path or "@name" on "unix", "unixgram" or "unixpacket", or to a host on a raw "ip:icmp", "ip4:1",
/// "ip6:58". Of several addresses the first that answers.
///
/// # Errors
/// An unknown network, a malformed address; no address of the name answers (the error is the first
/// one's).
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// let e = gopark::net::dial("tcp", "127.0.0.1:70000").unwrap_err();
/// assert_eq!(e.to_string(), "dial tcp: address 70000: invalid port");
/// # }) } }
/// ```
#[doc(alias = "Dial")]
pub fn dial(network: &str, address: &str) -> Result<Conn, OpError> {
    Dialer::default().dial(network, address)
}

/// As [`dial`], for at most `timeout`, name lookups included; 0 is no limit, as in Go.
///
/// # Errors
/// As [`dial`]; "i/o timeout".
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use std::time::Duration;
/// let ln = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
/// let c = gopark::net::dial_timeout("tcp", &ln.addr().to_string(), Duration::from_secs(5)).unwrap();
/// assert_eq!(c.remote_addr(), ln.addr());
/// # }) } }
/// ```
#[doc(alias = "DialTimeout")]
pub fn dial_timeout(network: &str, address: &str, timeout: Duration) -> Result<Conn, OpError> {
    let timeout = (!timeout.is_zero()).then_some(timeout);
    Dialer { timeout, ..Dialer::default() }.dial(network, address)
}

/// How to dial. Go: net.Dialer.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use std::time::Duration;
/// use gopark::net::{Dialer, listen};
/// let ln = listen("tcp", "127.0.0.1:0").unwrap();
/// let dialer = Dialer { timeout: Some(Duration::from_secs(5)), keep_alive: None, ..Default::default() };
/// assert_eq!(dialer.dial("tcp", &ln.addr().to_string()).unwrap().remote_addr(), ln.addr());
/// # }) } }
/// ```
#[derive(Clone)]
pub struct Dialer {
    /// The most a dial may take; Go's 0 is `None`.
    pub timeout: Option<Duration>,
    /// When a dial gives up; the earlier of the two counts.
    pub deadline: Option<Instant>,
    /// The address of this end; `None`: the system chooses.
    pub local_addr: Option<Addr>,
    /// How long to try addresses of the first family before the other family is tried in parallel;
    /// `None`: never in parallel.
    pub fallback_delay: Option<Duration>,
    /// The resolver; `None`: as the system is configured.
    pub resolver: Option<Resolver>,
    /// Called with each socket before it connects.
    pub control: Option<Arc<ControlFn>>,
    /// A TCP connection sends probes after being idle for this time; `None`: never.
    pub keep_alive: Option<Duration>,
    /// The same in detail; it wins if it is enabled.
    pub keep_alive_config: KeepAliveConfig,
    /// Whether to dial Multipath TCP, if the system can. `None`: if `GODEBUG=multipathtcp=1` says
    /// so.
    pub multipath_tcp: Option<bool>,
}

impl Default for Dialer {
    fn default() -> Self {
        Dialer {
            timeout: None,
            deadline: None,
            local_addr: None,
            fallback_delay: Some(FALLBACK_DELAY),
            resolver: None,
            control: None,
            keep_alive: Some(DEFAULT_KEEP_ALIVE),
            keep_alive_config: KeepAliveConfig::default(),
            multipath_tcp: None,
        }
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer")
            .field("timeout", &self.timeout)
            .field("deadline", &self.deadline)
            .field("local_addr", &self.local_addr)
            .field("fallback_delay", &self.fallback_delay)
            .field("resolver", &self.resolver)
            .field("control", &self.control.is_some())
            .field("keep_alive", &self.keep_alive)
            .field("keep_alive_config", &self.keep_alive_config)
            .field("multipath_tcp", &self.multipath_tcp)
            .finish()
    }
}

impl Dialer {
    /// As [`dial`].
    ///
    /// # Errors
    /// As [`dial`]; "i/o timeout" when `timeout` or `deadline` has passed.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    /// use gopark::net::Dialer;
    ///
    /// let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// let dialer = Dialer { timeout: Some(Duration::from_secs(5)), ..Default::default() };
    /// assert!(dialer.dial("tcp", &listener.addr().to_string()).is_ok());
    /// # }) }
    /// ```
    pub fn dial(&self, network: &str, address: &str) -> Result<Conn, OpError> {
        self.dial_context(&Context::background(), network, address)
    }

    /// As [`dial`], given up when the context is done. A connection once made is not touched by it.
    ///
    /// # Errors
    /// As [`dial`](Self::dial); "operation was canceled".
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::net::Dialer;
    /// use gopark::context::Context;
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// cancel();
    /// let e = Dialer::default().dial_context(&ctx, "tcp", "127.0.0.1:9").unwrap_err();
    /// assert_eq!(e.to_string(), "dial tcp 127.0.0.1:9: operation was canceled");
    /// # }) } }
    /// ```
    #[doc(alias = "DialContext")]
    pub fn dial_context(&self, ctx: &Context, network: &str, address: &str) -> Result<Conn, OpError> {
        match self.deadline_from(Instant::now()) {
            Some(at) if ctx.deadline().is_none_or(|d| at < d) => {
                let (limited, cancel) = ctx.with_deadline(at);
                let result = self.dial_limited(&limited, network, address);
                cancel();
                result
            }
            _ => self.dial_limited(ctx, network, address),
        }
    }

    fn dial_limited(&self, ctx: &Context, network: &str, address: &str) -> Result<Conn, OpError> {
        let resolver = self.resolver.clone().unwrap_or_default();
        let hint = self.local_addr.as_ref().map(NetAddr::from);
        let resolved = resolve_addr_list(&resolver, ctx, Op::Dial, network, address, hint.as_ref())
            .map_err(|cause| OpError::new("dial", network.to_owned(), cause))?;
        let dialer = SysDialer {
            options: self.options(),
            network: resolved.network,
            name: network.to_owned(),
            proto: resolved.proto,
            local: hint,
        };
        dialer.dial(ctx, resolved.addrs)
    }

    fn options(&self) -> Options {
        Options {
            control: self.control.clone(),
            keep_alive: KeepAlive { idle: self.keep_alive, config: self.keep_alive_config },
            multipath_tcp: self.multipath_tcp,
            fallback_delay: self.fallback_delay,
            own: false,
        }
    }

    /// When to give up.
    fn deadline_from(&self, now: Instant) -> Option<Instant> {
        let timeout = self.timeout.and_then(|t| now.checked_add(t));
        match (timeout, self.deadline) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}
