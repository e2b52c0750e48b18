//! From "tcp", "host:port" to addresses a socket takes.
//!
//! Go: net/dial.go `parseNetwork resolveAddrList`, net/ipsock.go `internetAddrList filterAddrList`.
//!
//! I1 Literal addresses never resolve: no file is opened for them.
//! I2 A list that is returned has at least one address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gopark_runtime::context::Context;

use super::rfc6724::IpZone;
use super::{Resolver, services};
use crate::addr::{Inet, InetAddr, NetAddr, UnixAddr};
use crate::error::{AddrError, Cause, Sentinel, UnknownNetworkError};
use crate::host_port::{dtoi, split_host_port};

const NO_SUITABLE_ADDRESS: &str = "no suitable address found";

/// A network's name taken apart: "ip4:icmp" is "ip4" and 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ParsedNetwork<'a> {
    /// "tcp", "udp6", "ip4", "unix" ...
    pub(crate) afnet: &'a str,
    /// The protocol of a raw IP network, else 0.
    pub(crate) proto: i32,
}

/// Whether "ip" must name its protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protocol {
    Needed,
    Optional,
}

/// What the addresses are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    Dial,
    Listen,
}

/// Checks a network's name.
#[doc(alias = "parseNetwork")]
pub(crate) fn parse_network(network: &str, protocol: Protocol) -> Result<ParsedNetwork<'_>, Cause> {
    let unknown = || Err(UnknownNetworkError(network.to_owned()).into());
    match network.rsplit_once(':') {
        None => match network {
            "ip" | "ip4" | "ip6" if protocol == Protocol::Needed => unknown(),
            "tcp" | "tcp4" | "tcp6" | "udp" | "udp4" | "udp6" | "ip" | "ip4" | "ip6" | "unix" | "unixgram"
            | "unixpacket" => Ok(ParsedNetwork { afnet: network, proto: 0 }),
            _ => unknown(),
        },
        Some((afnet @ ("ip" | "ip4" | "ip6"), proto)) => {
            let number = match dtoi(proto) {
                Some((number, len)) if len == proto.len() => number,
                _ => services::lookup_protocol(proto)?,
            };
            Ok(ParsedNetwork { afnet, proto: number as i32 })
        }
        Some(_) => unknown(),
    }
}

impl Resolver {
    /// The addresses behind a network and an address; `hint` is the local address of a dial.
    #[doc(alias = "resolveAddrList")]
    pub(crate) fn resolve_addr_list(
        &self,
        ctx: &Context,
        purpose: Purpose,
        network: &str,
        address: &str,
        hint: Option<&NetAddr>,
    ) -> Result<Vec<NetAddr>, Cause> {
        let afnet = parse_network(network, Protocol::Needed)?.afnet;
        if purpose == Purpose::Dial && address.is_empty() {
            return Err(Sentinel::MissingAddress.into());
        }
        let hint = hint.filter(|_| purpose == Purpose::Dial);
        let addrs = match UnixAddr::new(afnet, address) {
            Ok(addr) => vec![NetAddr::Unix(addr)],
            Err(_) => self.internet_addr_list(ctx, afnet, address)?.into_iter().map(NetAddr::Inet).collect(),
        };
        match hint {
            None => Ok(addrs),
            Some(hint) => matching(addrs, hint),
        }
    }

    /// A literal address or a name, with a port except on "ip".
    #[doc(alias = "internetAddrList")]
    pub(crate) fn internet_addr_list(
        &self,
        ctx: &Context,
        network: &str,
        address: &str,
    ) -> Result<Vec<InetAddr>, Cause> {
        let inet = match network {
            "tcp" | "tcp4" | "tcp6" => Inet::Tcp,
            "udp" | "udp4" | "udp6" => Inet::Udp,
            "ip" | "ip4" | "ip6" => Inet::Ip,
            _ => return Err(UnknownNetworkError(network.to_owned()).into()),
        };
        let (host, port) = match inet {
            _ if address.is_empty() => ("", 0),
            Inet::Ip => (address, 0),
            Inet::Tcp | Inet::Udp => {
                let (host, port) = split_host_port(address)?;
                (host, self.lookup_port_cause(network, port)?)
            }
        };
        let of_ip = |ip: IpZone| InetAddr { inet, ip: Some(ip.ip), port, zone: ip.zone };
        if host.is_empty() {
            return Ok(vec![InetAddr { inet, ip: None, port, zone: String::new() }]);
        }
        let mut ips = self.lookup_ip_addr(ctx, network, host)?;
        // Half configured IPv6: "::" may be bound but not connected to, so 0.0.0.0 is the way out (issue 18806).
        if let [IpZone { ip: IpAddr::V6(Ipv6Addr::UNSPECIFIED), .. }] = ips.as_slice() {
            ips.push(IpZone { ip: Ipv4Addr::UNSPECIFIED.into(), zone: String::new() });
        }
        ips.retain(|ip| match network.as_bytes().last() {
            Some(b'4') => ip.ip.to_canonical().is_ipv4(),
            Some(b'6') => ip.ip.to_canonical().is_ipv6(),
            _ => true,
        });
        if ips.is_empty() {
            return Err(AddrError::new(NO_SUITABLE_ADDRESS, host).into());
        }
        Ok(ips.into_iter().map(of_ip).collect())
    }
}

/// The addresses that go with a local one.
fn matching(addrs: Vec<NetAddr>, local: &NetAddr) -> Result<Vec<NetAddr>, Cause> {
    if addrs.iter().any(|addr| addr.network() != local.network()) {
        return Err(AddrError::new("mismatched local address type", local.to_string()).into());
    }
    let suits = |addr: &NetAddr| match (addr, local) {
        (NetAddr::Inet(addr), NetAddr::Inet(local)) => {
            local.is_wildcard() || addr.is_wildcard() || addr.to4().is_some() == local.to4().is_some()
        }
        _ => true,
    };
    let addrs: Vec<NetAddr> = addrs.into_iter().filter(suits).collect();
    if addrs.is_empty() {
        return Err(AddrError::new(NO_SUITABLE_ADDRESS, local.to_string()).into());
    }
    Ok(addrs)
}
