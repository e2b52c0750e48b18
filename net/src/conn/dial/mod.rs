//! Connecting to addresses that are known. Names are looked up by
//! [`go_face::dial`](crate::go_face::dial).
//!
//! Go: net/dial.go sysDialer.

mod parallel;
mod serial;

use std::sync::Arc;
use std::time::Duration;

use gopark_runtime::context::{CancelFn, Context};

use super::Conn;
use crate::addr::NetAddr;
use crate::addr::network::Network;
use crate::error::{Cause, OpError};
use crate::sock::ControlFn;
use crate::sock::keep_alive::KeepAlive;

/// Go's `Dialer.fallbackDelay`: the head start of the first address family.
pub(crate) const FALLBACK_DELAY: Duration = Duration::from_millis(300);

/// The part of a `Dialer` that concerns sockets.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) control: Option<Arc<ControlFn>>,
    pub(crate) keep_alive: KeepAlive,
    pub(crate) multipath_tcp: Option<bool>,
    /// `None`: addresses of two families are not tried in parallel.
    pub(crate) fallback_delay: Option<Duration>,
    /// The library dials for itself ([`Spec::own`](crate::sock::Spec)).
    pub(crate) own: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            control: None,
            keep_alive: KeepAlive::default(),
            multipath_tcp: None,
            fallback_delay: Some(FALLBACK_DELAY),
            own: false,
        }
    }
}

/// One dial under way.
#[derive(Clone)]
pub(crate) struct SysDialer {
    pub(crate) options: Options,
    pub(crate) network: Network,
    /// The network as the user named it.
    pub(crate) name: String,
    pub(crate) proto: i32,
    pub(crate) local: Option<NetAddr>,
}

impl SysDialer {
    /// Connects to one of the addresses. There is at least one.
    pub(crate) fn dial(&self, ctx: &Context, remotes: Vec<NetAddr>) -> Result<Conn, OpError> {
        match self.options.fallback_delay {
            Some(delay) if self.name == "tcp" => {
                let (primaries, fallbacks) = partition(remotes);
                self.dial_parallel(ctx, primaries, fallbacks, delay)
            }
            _ => self.dial_serial(ctx, &remotes),
        }
    }

    fn error(&self, cause: impl Into<Cause>) -> OpError {
        OpError::new("dial", self.name.clone(), cause)
    }

    fn error_at(&self, remote: &NetAddr, cause: impl Into<Cause>) -> OpError {
        self.error(cause).with_source(self.local.as_ref()).with_addr(Some(remote))
    }
}

/// Contexts made in a loop, cancelled when the function that has the loop ends, the last one first:
/// Go's `defer cancel()`. Until then their timers run, which shows in how long the poller waits.
#[derive(Default)]
pub(crate) struct Cancels(Vec<CancelFn>);

impl Cancels {
    pub(crate) fn push(&mut self, (ctx, cancel): (Context, CancelFn)) -> Context {
        self.0.push(cancel);
        ctx
    }
}

impl Drop for Cancels {
    fn drop(&mut self) {
        self.0.drain(..).rev().for_each(|cancel| cancel());
    }
}

/// Primaries have the family of the first address, fallbacks the other one. Go:
/// addrList.partition(isIPv4).
fn partition(addrs: Vec<NetAddr>) -> (Vec<NetAddr>, Vec<NetAddr>) {
    let label = addrs[0].is_ipv4();
    addrs.into_iter().partition(|a| a.is_ipv4() == label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::Addr;

    /// Go: net/ipsock_test.go TestAddrListPartition's cases.
    #[test]
    fn test_addr_list_partition() {
        let parts = |addrs: &[&str]| {
            let tcp = addrs.iter().map(|a| NetAddr::from(&Addr::Tcp(a.parse().unwrap())));
            let (first, rest) = partition(tcp.collect());
            (first.len(), rest.len())
        };
        assert_eq!(parts(&["1.1.1.1:1"]), (1, 0));
        assert_eq!(parts(&["1.1.1.1:1", "[::1]:1", "1.1.1.2:1"]), (2, 1));
        assert_eq!(parts(&["[::1]:1", "1.1.1.1:1", "[::ffff:1.1.1.2]:1"]), (1, 2));
    }
}
