//! Names: hosts, addresses, ports.
//!
//! The resolver is our own, on our own sockets, so that a look-up parks the goroutine and nothing else: nsswitch.conf says
//! where to look ([`nss`]), /etc/hosts is [`hosts`], name servers are asked by [`client`] as resolv.conf says
//! ([`resolv_conf`]), and several addresses are put in the order of RFC 6724 ([`rfc6724`]). With `GODEBUG=netdns=cgo` the C
//! library does it all, on a thread of its own ([`cgo`]).
//!
//! Go: net/lookup.go, net/lookup_unix.go, net/conf.go.
//!
//! I1 resolv.conf is looked at before nsswitch.conf, that before /etc/hosts, as in Go: it shows in traces.
//! I2 Only DNS's wire format is foreign code.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use gopark_runtime::context::{Context, ContextError};

use crate::addr::NetAddr;
use crate::addr_list::{Protocol, internet_addr_list, parse_network};
use crate::conn::Conn;
use crate::dial::Dialer;
use crate::error::{AddrError, Cause, DnsError, OpError, UnknownNetworkError};
use crate::host_port::{Port, parse_ip, parse_port};
use crate::network::Transport;

mod cached;
mod cgo;
mod client;
mod failure;
mod group;
mod hosts;
mod lines;
mod lookup;
mod message;
mod nss;
mod resolv_conf;
mod rfc6724;
mod services;

pub(crate) use rfc6724::IpZone;
pub(crate) use services::lookup_protocol;

use failure::Failure;

/// Connects to a name server: context, network ("udp" or "tcp"), "address:port".
pub type ResolverDial = dyn Fn(&Context, &str, &str) -> Result<Conn, OpError> + Send + Sync;

/// Looks names up.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// let resolver = gopark_net::Resolver::default();
/// assert_eq!(resolver.lookup_port("tcp", "http").unwrap(), 80);
/// assert_eq!(resolver.lookup_host("127.0.0.1").unwrap(), ["127.0.0.1"]);
/// # }) } }
/// ```
#[derive(Clone, Default)]
pub struct Resolver {
    /// Use this resolver even if `GODEBUG=netdns=cgo` asks for the C library's.
    pub prefer_go: bool,
    /// A temporary failure of one query fails the look-up, instead of giving what the others found.
    pub strict_errors: bool,
    /// Name servers ("host:port") to ask instead of those in resolv.conf.
    pub servers: Vec<String>,
    /// How to reach a name server.
    pub dial: Option<Arc<ResolverDial>>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("prefer_go", &self.prefer_go)
            .field("strict_errors", &self.strict_errors)
            .field("servers", &self.servers)
            .field("dial", &self.dial.as_ref().map(|_| "Fn"))
            .finish()
    }
}

impl Resolver {
    /// The addresses of a host, as text, the best one first.
    ///
    /// # Errors
    /// "no such host" and the failures of the name servers.
    #[doc(alias = "LookupHost")]
    pub fn lookup_host(&self, host: &str) -> Result<Vec<String>, DnsError> {
        self.lookup_host_context(&Context::background(), host)
    }

    /// [`lookup_host`](Self::lookup_host) until the context ends.
    pub fn lookup_host_context(&self, ctx: &Context, host: &str) -> Result<Vec<String>, DnsError> {
        if host.is_empty() {
            return Err(Failure::NoSuchHost.into_dns_error(host, ""));
        }
        if parse_ip(host).is_some() {
            return Ok(vec![host.to_owned()]);
        }
        self.lookup_host_in_order(ctx, host)
    }

    /// The addresses of a host on "ip", "ip4" or "ip6", the best one first.
    ///
    /// # Errors
    /// An unknown network, no address of the family, and what [`lookup_host`](Self::lookup_host) fails with.
    #[doc(alias = "LookupIP")]
    pub fn lookup_ip(&self, network: &str, host: &str) -> Result<Vec<IpAddr>, LookupError> {
        self.lookup_ip_context(&Context::background(), network, host)
    }

    /// [`lookup_ip`](Self::lookup_ip) until the context ends.
    pub fn lookup_ip_context(
        &self,
        ctx: &Context,
        network: &str,
        host: &str,
    ) -> Result<Vec<IpAddr>, LookupError> {
        let (parsed, _) = parse_network(network, Protocol::Optional).map_err(LookupError)?;
        if parsed.transport != Transport::Ip {
            return Err(LookupError(UnknownNetworkError(network.to_owned()).into()));
        }
        if host.is_empty() {
            return Err(LookupError(Failure::NoSuchHost.into_dns_error(host, "").into()));
        }
        let addrs = internet_addr_list(self, ctx, parsed, host).map_err(LookupError)?;
        Ok(addrs.iter().filter_map(NetAddr::inet).filter_map(|addr| addr.ip).collect())
    }

    /// The port of a service ("http") on "tcp", "udp" or "ip"; digits are a port themselves.
    ///
    /// # Errors
    /// An unknown service or network; a number above 65535.
    #[doc(alias = "LookupPort")]
    pub fn lookup_port(&self, network: &str, service: &str) -> Result<u16, LookupError> {
        self.lookup_port_cause(network, service).map_err(LookupError)
    }

    pub(crate) fn lookup_port_cause(&self, network: &str, service: &str) -> Result<u16, Cause> {
        let port = match parse_port(service) {
            Port::Number(n) => n,
            Port::Name => {
                let network = if network.is_empty() { "ip" } else { network };
                let known = ["tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "ip"];
                if !known.contains(&network) {
                    return Err(AddrError::new("unknown network", network).into());
                }
                services::lookup_port(network, service)?.into()
            }
        };
        u16::try_from(port).map_err(|_| AddrError::new("invalid port", service).into())
    }

    /// The names of an address, each with its final dot.
    ///
    /// # Errors
    /// As [`lookup_host`](Self::lookup_host); a text that is no address.
    #[doc(alias = "LookupAddr")]
    pub fn lookup_addr(&self, addr: &str) -> Result<Vec<String>, DnsError> {
        self.lookup_addr_context(&Context::background(), addr)
    }

    /// [`lookup_addr`](Self::lookup_addr) until the context ends.
    pub fn lookup_addr_context(&self, ctx: &Context, addr: &str) -> Result<Vec<String>, DnsError> {
        let mut names = self.lookup_names_of(ctx, addr)?;
        names.retain(|name| lookup::is_domain_name(name));
        Ok(names)
    }

    /// The canonical name of a host, with its final dot.
    ///
    /// # Errors
    /// As [`lookup_host`](Self::lookup_host).
    #[doc(alias = "LookupCNAME")]
    pub fn lookup_cname(&self, host: &str) -> Result<String, DnsError> {
        self.lookup_canonical_name(&Context::background(), host)
    }

    /// A literal address, or those of a name; several callers who want the same share one look-up.
    #[doc(alias = "lookupIPAddr")]
    pub(crate) fn lookup_ip_addr(
        &self,
        ctx: &Context,
        network: &str,
        host: &str,
    ) -> Result<Vec<IpZone>, DnsError> {
        if host.is_empty() {
            return Err(Failure::NoSuchHost.into_dns_error(host, ""));
        }
        if let Some((ip, zone)) = parse_ip(host) {
            return Ok(vec![IpZone { ip, zone: zone.to_owned() }]);
        }
        group::lookup(self, ctx, network, host)
    }

    /// A connection to a name server, whose address is literal: dialling does not come back here.
    fn dial_server(&self, ctx: &Context, network: &str, server: &str) -> Result<Conn, Failure> {
        let conn = match &self.dial {
            Some(dial) => dial(ctx, network, server),
            None => Dialer::default().dial_context(ctx, network, server),
        };
        conn.map_err(|e| Failure::of_net(&e))
    }
}

/// A context that ended, as the network says it.
#[doc(alias = "mapErr")]
fn context_failure(e: ContextError) -> Failure {
    match e {
        ContextError::DeadlineExceeded => Failure::TimedOut,
        _ => Failure::Canceled,
    }
}

/// A look-up failed: shows the reason, which [`err`](Self::err) gives as the type it is.
pub struct LookupError(Cause);

impl LookupError {
    /// A [`DnsError`], [`AddrError`] or [`UnknownNetworkError`].
    pub fn err(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self.0.as_error()
    }

    /// Whether a time limit is known to have passed.
    pub fn timeout(&self) -> bool {
        self.0.timeout()
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LookupError").field(&self.0).finish()
    }
}

impl std::error::Error for LookupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.0.as_error())
    }
}

impl From<LookupError> for std::io::Error {
    fn from(e: LookupError) -> Self {
        std::io::Error::new(e.0.kind(), e)
    }
}

/// A setting in the environment's GODEBUG, a list "a=1,b=2" in which the last one counts.
fn godebug(key: &str) -> Option<String> {
    let all = std::env::var("GODEBUG").ok()?;
    let settings = all.split(',').filter_map(|setting| setting.split_once('='));
    settings.rev().find(|(k, _)| *k == key).map(|(_, value)| value.to_owned())
}

/// `GODEBUG=netdns=cgo`, perhaps with a debug level ("cgo+1", "1+cgo"), which has no effect here.
#[doc(alias = "goDebugNetDNS")]
fn prefers_cgo() -> bool {
    godebug("netdns").is_some_and(|value| value.split('+').any(|part| part == "cgo"))
}
