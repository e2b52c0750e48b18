//! From the address a user writes to the addresses to try. Go: net/dial.go parseNetwork,
//! resolveAddrList; net/ipsock.go internetAddrList.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gopark_runtime::context::Context;

use super::{IpZone, Resolver, lookup_protocol};
use crate::addr::host_port::{dtoi, split_host_port};
use crate::addr::network::{IpVersion, Network, Transport};
use crate::addr::{Inet, InetAddr, NetAddr, UnixAddr};
use crate::error::{AddrError, Cause, Sentinel, UnknownNetworkError};

/// What a network's name and an address stand for.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) network: Network,
    /// Of a raw network ("ip4:icmp"); else 0.
    pub(crate) proto: i32,
    /// At least one.
    pub(crate) addrs: Vec<NetAddr>,
}

/// What the address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Listen,
    Dial,
}

/// Whether a raw network must name its protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Needed,
    Optional,
}

/// The addresses that `address` stands for on `network`; for a dial those that go with the local
/// address `hint`.
#[doc(alias = "resolveAddrList")]
pub(crate) fn resolve_addr_list(
    resolver: &Resolver,
    ctx: &Context,
    op: Op,
    network: &str,
    address: &str,
    hint: Option<&NetAddr>,
) -> Result<Resolved, Cause> {
    let (network, proto) = parse_network(network, Protocol::Needed)?;
    if op == Op::Dial && address.is_empty() {
        return Err(Sentinel::MissingAddress.into());
    }
    let hint = hint.filter(|_| op == Op::Dial);
    let mismatch =
        |hint: &NetAddr| Cause::from(AddrError::new("mismatched local address type", hint.to_string()));
    let addrs = match network.transport {
        Transport::Unix(unix) => vec![NetAddr::Unix(UnixAddr::of(unix, address.as_ref()))],
        _ => internet_addr_list(resolver, ctx, network, address)?,
    };
    let Some(hint) = hint else { return Ok(Resolved { network, proto, addrs }) };
    if addrs.iter().any(|a| a.network() != hint.network()) {
        return Err(mismatch(hint));
    }
    let addrs: Vec<NetAddr> = addrs.into_iter().filter(|a| goes_with(a, hint)).collect();
    if addrs.is_empty() {
        return Err(AddrError::new("no suitable address found", hint.to_string()).into());
    }
    Ok(Resolved { network, proto, addrs })
}

/// Can a socket bound to `local` reach `remote`? Go: matchAddrFamily and the wildcard rule.
fn goes_with(remote: &NetAddr, local: &NetAddr) -> bool {
    match (remote, local) {
        (NetAddr::Inet(r), NetAddr::Inet(l)) => {
            l.is_wildcard() || r.is_wildcard() || l.to4().is_some() == r.to4().is_some()
        }
        _ => true,
    }
}

/// A network's name, and the protocol of a raw one. Go: parseNetwork.
#[doc(alias = "parseNetwork")]
pub(crate) fn parse_network(name: &str, protocol: Protocol) -> Result<(Network, i32), Cause> {
    let unknown = || UnknownNetworkError(name.to_owned());
    let Some((base, proto)) = name.rsplit_once(':') else {
        let network = Network::parse(name)?;
        let lacks_protocol = network.transport == Transport::Ip && protocol == Protocol::Needed;
        return if lacks_protocol { Err(unknown().into()) } else { Ok((network, 0)) };
    };
    let network = Network::parse(base).map_err(|_| unknown())?;
    if network.transport != Transport::Ip {
        return Err(unknown().into());
    }
    match dtoi(proto) {
        Some((n, len)) if len == proto.len() => Ok((network, n as i32)),
        _ => Ok((network, lookup_protocol(proto)? as i32)),
    }
}

/// The addresses of "host:port" (or "host" of a raw network), of the version that the network
/// wants.
#[doc(alias = "internetAddrList")]
pub(crate) fn internet_addr_list(
    resolver: &Resolver,
    ctx: &Context,
    network: Network,
    address: &str,
) -> Result<Vec<NetAddr>, Cause> {
    let (inet, host, port) = match network.transport {
        Transport::Ip => (Inet::Ip, address, 0),
        _ if address.is_empty() => (inet_of(network), "", 0),
        _ => {
            let (host, service) = split_host_port(address)?;
            (inet_of(network), host, resolver.lookup_port_cause(network.name(), service)?)
        }
    };
    let net_addr = |ip, zone: String| NetAddr::Inet(InetAddr { inet, ip, port, zone });
    if host.is_empty() {
        return Ok(vec![net_addr(None, String::new())]);
    }
    let mut ips = resolver.lookup_ip_addr(ctx, network.name(), host)?;
    if let [IpZone { ip: IpAddr::V6(Ipv6Addr::UNSPECIFIED), .. }] = ips[..] {
        // A machine with half an IPv6 can bind to "::" but not connect to it: try 0.0.0.0 too
        // (golang.org/issue/18806).
        ips.push(IpZone { ip: Ipv4Addr::UNSPECIFIED.into(), zone: String::new() });
    }
    let addrs: Vec<NetAddr> = ips
        .into_iter()
        .filter(|IpZone { ip, .. }| match network.version {
            IpVersion::Any => true,
            IpVersion::V4 => ip.to_canonical().is_ipv4(),
            IpVersion::V6 => ip.to_canonical().is_ipv6(),
        })
        .map(|IpZone { ip, zone }| net_addr(Some(ip), zone))
        .collect();
    if addrs.is_empty() {
        return Err(AddrError::new("no suitable address found", host).into());
    }
    Ok(addrs)
}

fn inet_of(network: Network) -> Inet {
    if network.transport == Transport::Udp { Inet::Udp } else { Inet::Tcp }
}

/// The first address that is IPv4, or the first. Go: addrList.first(isIPv4), for listeners.
pub(crate) fn first_ipv4(addrs: &[NetAddr]) -> &NetAddr {
    addrs.iter().find(|a| a.is_ipv4()).unwrap_or(&addrs[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::Addr;

    fn texts(network: &str, address: &str) -> Result<Vec<String>, String> {
        resolve_addr_list(&Resolver::default(), &Context::background(), Op::Listen, network, address, None)
            .map(|r| r.addrs.iter().map(NetAddr::to_string).collect())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn literal_addresses() {
        assert_eq!(texts("tcp", "127.0.0.1:80").unwrap(), ["127.0.0.1:80"]);
        assert_eq!(texts("tcp", ":80").unwrap(), [":80"]);
        assert_eq!(texts("tcp", "").unwrap(), [":0"]);
        assert_eq!(texts("tcp", "[::]:80").unwrap(), ["[::]:80", "0.0.0.0:80"]);
        assert_eq!(texts("tcp6", "[::]:80").unwrap(), ["[::]:80"]);
        assert_eq!(texts("udp", "[fe80::1%lo]:80").unwrap(), ["[fe80::1%lo]:80"]);
        assert_eq!(texts("ip4:icmp", "1.2.3.4").unwrap(), ["1.2.3.4"]);
        assert_eq!(texts("unix", "a:b").unwrap(), ["a:b"]);
    }

    #[test]
    fn bad_addresses() {
        let no = |network, address| texts(network, address).unwrap_err();
        assert_eq!(no("tcp", "127.0.0.1:99999"), "address 99999: invalid port");
        assert_eq!(no("tcp", "127.0.0.1:-1"), "address -1: invalid port");
        assert_eq!(no("tcp6", "127.0.0.1:80"), "address 127.0.0.1: no suitable address found");
        assert_eq!(no("bogus", "127.0.0.1:1"), "unknown network bogus");
        assert_eq!(no("ip", "127.0.0.1"), "unknown network ip");
        assert_eq!(no("tcp:6", "127.0.0.1:1"), "unknown network tcp:6");
    }

    #[test]
    fn a_local_address_selects() {
        let local = |a: &str| NetAddr::from(&Addr::Tcp(a.parse().unwrap()));
        let r = |address: &str, hint: &NetAddr| {
            resolve_addr_list(
                &Resolver::default(),
                &Context::background(),
                Op::Dial,
                "tcp",
                address,
                Some(hint),
            )
            .map(|r| r.addrs.len())
        };
        assert_eq!(r("[::]:80", &local("127.0.0.1:0")).unwrap(), 2);
        assert_eq!(r("127.0.0.1:80", &local("127.0.0.1:0")).unwrap(), 1);
        let e = r("127.0.0.1:80", &local("[::1]:0")).unwrap_err();
        assert_eq!(e.to_string(), "address [::1]:0: no suitable address found");
        let udp = NetAddr::from(&Addr::Udp("127.0.0.1:0".parse().unwrap()));
        let e = r("127.0.0.1:80", &udp).unwrap_err();
        assert_eq!(e.to_string(), "address 127.0.0.1:0: mismatched local address type");
    }

    fn tcp(addrs: &[&str]) -> Vec<NetAddr> {
        addrs.iter().map(|a| NetAddr::from(&Addr::Tcp(a.parse().unwrap()))).collect()
    }

    #[test]
    fn test_addr_list() {
        let first = |addrs: &[&str]| first_ipv4(&tcp(addrs)).to_string();
        assert_eq!(first(&["127.0.0.1:0", "[::1]:0"]), "127.0.0.1:0");
        assert_eq!(first(&["[::1]:0", "127.0.0.1:0"]), "127.0.0.1:0");
        assert_eq!(first(&["[::1]:0", "[::2]:0"]), "[::1]:0");
    }
}
