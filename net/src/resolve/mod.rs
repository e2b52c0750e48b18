//! Names: hosts, addresses, ports.
//!
//! The resolver is our own, on our own sockets, so that a lookup parks the goroutine and nothing
//! else: nsswitch.conf says where to look ([`nss`], [`sources`]), /etc/hosts is [`hosts`], name
//! servers are asked by [`client`] as resolv.conf says ([`resolv_conf`]), [`lookup`] puts these
//! together, and several addresses come in the order of RFC 6724 ([`rfc6724`]). With
//! `GODEBUG=netdns=cgo` the C library does everything, on its own thread ([`cgo`]).
//!
//! Go: net/lookup.go, net/lookup_unix.go.
//!
//! I1 Only DNS's wire format is foreign code.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use gopark_runtime::chan::bounded;
use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::{go, select};

use crate::addr::NetAddr;
use crate::addr::host_port::{Port, parse_ip, parse_port};
use crate::addr::network::Transport;
use crate::conn::Conn;
use crate::error::{AddrError, Cause, DnsError, OpError, UnknownNetworkError};
use addr_list::{Protocol, internet_addr_list, parse_network};

pub(crate) mod addr_list;
mod cached;
mod cgo;
mod client;
mod failure;
mod group;
mod hosts;
mod lines;
mod lookup;
mod lookup_error;
mod lookup_order;
mod message;
mod names;
mod nss;
mod resolv_conf;
mod rfc6724;
mod services;
mod sources;
#[cfg(test)]
mod tests;

pub use lookup_error::LookupError;
pub(crate) use rfc6724::IpZone;
pub(crate) use services::lookup_protocol;

use failure::Failure;
use lookup::Wanted;
use sources::{NetDns, Way};

/// Connects to a name server: context, network ("udp" or "tcp"), "address:port". An
/// [`std::io::Error`] of another kind of connection goes into the [`OpError`] as it is.
///
/// Over a datagram socket each message is a datagram (RFC 1035 section 4.2.1); over a stream it has
/// its length in front (RFC 7766), whatever network was asked for.
///
/// ```
/// use gopark::net::{Dialer, Resolver, ResolverDial};
/// use std::sync::Arc;
///
/// let dial: Arc<ResolverDial> = Arc::new(|ctx, network, _| {
///     Dialer::default().dial_context(ctx, network, "192.0.2.53:53") // always this server
/// });
/// let resolver = Resolver { dial: Some(dial), ..Resolver::default() };
/// # drop(resolver);
/// ```
pub type ResolverDial = dyn Fn(&Context, &str, &str) -> Result<Conn, OpError> + Send + Sync;

/// Looks names up.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// let resolver = gopark::net::Resolver::default();
/// assert_eq!(resolver.lookup_port("tcp", "http").unwrap(), 80);
/// assert_eq!(resolver.lookup_host("127.0.0.1").unwrap(), ["127.0.0.1"]);
/// # }) } }
/// ```
///
/// With a name server that knows no name at all:
///
/// ```
/// use gopark::net::{Resolver, listen_packet};
/// # fn main() { unsafe { gopark::run(|| {
/// let server = listen_packet("udp", "127.0.0.1:0").unwrap();
/// let addr = server.local_addr().to_string();
/// gopark::go(move || {
///     let mut message = [0; 512];
///     while let Ok((n, Some(from))) = server.read_from(&mut message) {
///         message[2] |= 0x80; // a response
///         message[3] |= 3; // NXDOMAIN
///         server.write_to(&message[..n], &from).unwrap();
///     }
/// });
/// let resolver = Resolver { servers: vec![addr.clone()], ..Resolver::default() };
/// let e = resolver.lookup_host("none.example.").unwrap_err();
/// assert_eq!(e.to_string(), format!("lookup none.example. on {addr}: no such host"));
/// assert!(e.is_not_found);
/// # }) } }
/// ```
#[derive(Clone, Default)]
pub struct Resolver {
    /// Use this resolver even if `GODEBUG=netdns=cgo` asks for the C library's.
    pub prefer_go: bool,
    /// A temporary failure of one query fails the lookup, instead of giving what the others found.
    pub strict_errors: bool,
    /// Name servers ("host:port") to ask instead of those in resolv.conf, whose options (time,
    /// attempts, rotation, search list) are kept. As the C library knows nothing of them, they
    /// imply `prefer_go`. Beyond Go.
    pub servers: Vec<String>,
    /// How to reach a name server; `None`: as [`dial`](crate::dial) does.
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
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::Resolver;
    ///
    /// assert_eq!(Resolver::default().lookup_host("127.0.0.1").unwrap(), ["127.0.0.1"]);
    /// # }) }
    /// ```
    #[doc(alias = "LookupHost")]
    pub fn lookup_host(&self, host: &str) -> Result<Vec<String>, DnsError> {
        self.lookup_host_until(&Context::background(), host)
    }

    /// [`lookup_host`](Self::lookup_host) until the context ends.
    ///
    /// # Errors
    /// As [`lookup_host`](Self::lookup_host); "operation was canceled" or "i/o timeout" when the
    /// context ends it.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::{context::Context, net::Resolver};
    ///
    /// let ctx = Context::background();
    /// assert_eq!(Resolver::default().lookup_host_context(&ctx, "::1").unwrap(), ["::1"]);
    /// # }) }
    /// ```
    pub fn lookup_host_context(&self, ctx: &Context, host: &str) -> Result<Vec<String>, DnsError> {
        unless_cancelled(ctx, self, host, Resolver::lookup_host_until)
    }

    fn lookup_host_until(&self, ctx: &Context, host: &str) -> Result<Vec<String>, DnsError> {
        if host.is_empty() {
            return Err(Failure::NoSuchHost.into_dns_error(host, ""));
        }
        if parse_ip(host).is_some() {
            return Ok(vec![host.to_owned()]);
        }
        match self.way("hostLookupOrder", host) {
            Way::CLibrary => {
                let ips = cgo::lookup_ip(ctx, "ip", host)?;
                Ok(ips.iter().map(IpZone::to_host).collect())
            }
            Way::Own(sources) => self.lookup_host_in(ctx, host, &sources),
        }
    }

    /// The addresses of a host on "ip", "ip4" or "ip6", the best one first.
    ///
    /// # Errors
    /// An unknown network, no address of the family, and what [`lookup_host`](Self::lookup_host)
    /// fails with.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::Resolver;
    ///
    /// let ips = Resolver::default().lookup_ip("ip4", "127.0.0.1").unwrap();
    /// assert!(ips[0].is_loopback());
    /// # }) }
    /// ```
    #[doc(alias = "LookupIP")]
    pub fn lookup_ip(&self, network: &str, host: &str) -> Result<Vec<IpAddr>, LookupError> {
        self.lookup_ip_context(&Context::background(), network, host)
    }

    /// [`lookup_ip`](Self::lookup_ip) until the context ends.
    ///
    /// # Errors
    /// As [`lookup_ip`](Self::lookup_ip); "operation was canceled" or "i/o timeout" when the
    /// context ends it.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::{context::Context, net::Resolver};
    ///
    /// let ctx = Context::background();
    /// let ips = Resolver::default().lookup_ip_context(&ctx, "ip", "127.0.0.1").unwrap();
    /// assert!(ips[0].is_loopback());
    /// # }) }
    /// ```
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
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::Resolver;
    ///
    /// assert_eq!(Resolver::default().lookup_port("tcp", "https").unwrap(), 443);
    /// # }) }
    /// ```
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
                self.lookup_service(network, service)?.into()
            }
        };
        u16::try_from(port).map_err(|_| AddrError::new("invalid port", service).into())
    }

    fn lookup_service(&self, network: &str, service: &str) -> Result<u32, DnsError> {
        if self.must_use_own(NetDns::of_environment()) {
            return services::lookup_port(network, service);
        }
        cgo::lookup_port(network, service).or_else(|e| services::lookup_port(network, service).map_err(|_| e))
    }

    /// The names of an address, each with its final dot.
    ///
    /// # Errors
    /// As [`lookup_host`](Self::lookup_host); a text that is no address; names that cannot be
    /// names, where [`DnsError::valid_names`] has the others.
    #[doc(alias = "LookupAddr")]
    pub fn lookup_addr(&self, addr: &str) -> Result<Vec<String>, DnsError> {
        self.lookup_addr_until(&Context::background(), addr)
    }

    /// [`lookup_addr`](Self::lookup_addr) until the context ends.
    ///
    /// # Errors
    /// As [`lookup_addr`](Self::lookup_addr); "operation was canceled" or "i/o timeout" when the
    /// context ends it.
    pub fn lookup_addr_context(&self, ctx: &Context, addr: &str) -> Result<Vec<String>, DnsError> {
        unless_cancelled(ctx, self, addr, Resolver::lookup_addr_until)
    }

    fn lookup_addr_until(&self, ctx: &Context, addr: &str) -> Result<Vec<String>, DnsError> {
        let names = match self.way("addrLookupOrder", addr) {
            Way::CLibrary => cgo::lookup_ptr(ctx, addr),
            Way::Own(sources) => self.lookup_names_in(ctx, addr, &sources),
        }?;
        let (valid_names, invalid): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| names::is_domain_name(name));
        if invalid.is_empty() { Ok(valid_names) } else { Err(DnsError { valid_names, ..malformed(addr) }) }
    }

    /// The canonical name of a host, with its final dot: what its aliases lead to, or its own if it
    /// has addresses.
    ///
    /// # Errors
    /// As [`lookup_host`](Self::lookup_host).
    #[doc(alias = "LookupCNAME")]
    pub fn lookup_cname(&self, host: &str) -> Result<String, DnsError> {
        self.lookup_cname_until(&Context::background(), host)
    }

    /// [`lookup_cname`](Self::lookup_cname) until the context ends. The C library is not asked for
    /// these.
    ///
    /// # Errors
    /// As [`lookup_cname`](Self::lookup_cname); "operation was canceled" or "i/o timeout" when the
    /// context ends it.
    pub fn lookup_cname_context(&self, ctx: &Context, host: &str) -> Result<String, DnsError> {
        unless_cancelled(ctx, self, host, Resolver::lookup_cname_until)
    }

    fn lookup_cname_until(&self, ctx: &Context, host: &str) -> Result<String, DnsError> {
        let own = Resolver { prefer_go: true, ..self.clone() };
        let Way::Own(sources) = own.way("hostLookupOrder", host) else {
            unreachable!("the resolver insists on itself")
        };
        let found = own.lookup_ip_in(ctx, Wanted::CanonicalName, host, &sources)?;
        let name = found.canonical_name.ok_or_else(|| malformed(host))?;
        if names::is_domain_name(&name) { Ok(name) } else { Err(malformed(host)) }
    }

    /// A literal address, or those of a name; concurrent callers that want the same name share one
    /// lookup.
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

    /// The addresses of a name, in one lookup of several callers'.
    #[doc(alias = "lookupIP")]
    fn lookup_ip_by_name(&self, ctx: &Context, network: &str, host: &str) -> Result<Vec<IpZone>, DnsError> {
        match self.way("hostLookupOrder", host) {
            Way::CLibrary => cgo::lookup_ip(ctx, network, host),
            Way::Own(sources) => {
                let wanted = Wanted::of_network(network);
                self.lookup_ip_in(ctx, wanted, host, &sources).map(|found| found.addrs)
            }
        }
    }
}

/// A lookup that goes on when its context is cancelled, but without its caller. It keeps a deadline
/// itself.
///
/// In Go the caller of these waits too, for as long as a server may take.
fn unless_cancelled<T: Send + 'static>(
    ctx: &Context,
    resolver: &Resolver,
    name: &str,
    look_up: fn(&Resolver, &Context, &str) -> Result<T, DnsError>,
) -> Result<T, DnsError> {
    if ctx.err().is_some() {
        return look_up(resolver, ctx, name);
    }
    let (result, results) = bounded(1);
    let (looking_up, its_resolver, its_name) = (ctx.clone(), resolver.clone(), name.to_owned());
    go(move || {
        // There is room; nobody may wait any more.
        let _ = result.send(look_up(&its_resolver, &looking_up, &its_name));
    });
    let done = ctx.done();
    select! {
        recv(results) -> found => return found.expect("the look-up did not panic"),
        recv(done) -> _ => {}
    }
    match ctx.err() {
        Some(ContextError::Canceled) => {
            Err(Failure::Context(ContextError::Canceled).into_dns_error(name, ""))
        }
        _ => results.recv().expect("the look-up did not panic"),
    }
}

fn malformed(name: &str) -> DnsError {
    let err = "DNS response contained records which contain invalid names".into();
    DnsError { err, name: name.to_owned(), ..Default::default() }
}
