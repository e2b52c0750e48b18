//! What this machine's IP can do, and which family a socket gets. Go: net/ipsock_posix.go.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;

use crate::addr::InetAddr;
use crate::addr::network::{IpVersion, Network};
use crate::sys::{self, Family, RawAddr};

/// What a probe found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct IpStack {
    ipv4: bool,
    ipv6: bool,
    ipv4_mapped: bool,
}

/// Probes once, when first asked: the calls show in a trace.
fn ip_stack() -> IpStack {
    static STACK: OnceLock<IpStack> = OnceLock::new();
    *STACK.get_or_init(probe)
}

fn probe() -> IpStack {
    let mut stack = IpStack::default();
    if let Ok(fd) = sys::own_socket(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_TCP) {
        let _ = sys::close(fd);
        stack.ipv4 = true;
    }
    // The sockets stay open until the end and close in reverse order, as Go's deferred closes do.
    let v6 = probe_v6(Ipv6Addr::LOCALHOST, 1);
    let mapped = probe_v6(Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 0);
    stack.ipv6 = v6.is_some_and(|p| p.bound);
    stack.ipv4_mapped = mapped.is_some_and(|p| p.bound);
    for probe in [mapped, v6].into_iter().flatten() {
        let _ = sys::close(probe.fd);
    }
    stack
}

#[derive(Clone, Copy)]
struct Probe {
    fd: i32,
    bound: bool,
}

/// Can a socket with this V6ONLY value bind to this address?
fn probe_v6(ip: Ipv6Addr, v6only: i32) -> Option<Probe> {
    let fd = sys::own_socket(libc::AF_INET6, libc::SOCK_STREAM, libc::IPPROTO_TCP).ok()?;
    let _ = sys::setsockopt_int(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, v6only);
    let addr = RawAddr::from_socket_addr(&SocketAddr::from((ip, 0)));
    Some(Probe { fd, bound: sys::bind(fd, &addr).is_ok() })
}

#[doc(alias = "supportsIPv4")]
pub(crate) fn supports_ipv4() -> bool {
    ip_stack().ipv4
}

#[doc(alias = "supportsIPv4map")]
pub(crate) fn supports_ipv4_map() -> bool {
    ip_stack().ipv4_mapped
}

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Listen,
    Dial,
}

/// The value of IPV6_V6ONLY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum V6Only {
    No,
    Yes,
}

/// The family that serves these addresses best. Go: favoriteAddrFamily.
#[doc(alias = "favoriteAddrFamily")]
pub(crate) fn favorite_addr_family(
    network: Network,
    local: Option<&InetAddr>,
    remote: Option<&InetAddr>,
    purpose: Purpose,
) -> (Family, V6Only) {
    match network.version {
        IpVersion::V4 => return (Family::Inet, V6Only::No),
        IpVersion::V6 => return (Family::Inet6, V6Only::Yes),
        IpVersion::Any => {}
    }
    if purpose == Purpose::Listen && local.is_none_or(InetAddr::is_wildcard) {
        if supports_ipv4_map() || !supports_ipv4() {
            return (Family::Inet6, V6Only::No);
        }
        return (local.map_or(Family::Inet, family), V6Only::No);
    }
    let v4 = |addr: Option<&InetAddr>| addr.is_none_or(|a| family(a) == Family::Inet);
    (if v4(local) && v4(remote) { Family::Inet } else { Family::Inet6 }, V6Only::No)
}

/// The family an address is of by itself; one without an IP is IPv4's.
fn family(addr: &InetAddr) -> Family {
    if addr.ip.is_none() || addr.to4().is_some() { Family::Inet } else { Family::Inet6 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::Inet;

    fn addr(ip: &str) -> InetAddr {
        let ip = (!ip.is_empty()).then(|| ip.parse().unwrap());
        InetAddr { inet: Inet::Tcp, ip, port: 80, zone: String::new() }
    }

    /// Go: net/ipsock_test.go and the truth table above favoriteAddrFamily; here without wildcards,
    /// which ask the machine.
    #[test]
    fn family_of_literals() {
        use Family::{Inet, Inet6};
        let cases = [
            ("tcp", "127.0.0.1", Purpose::Listen, Inet, V6Only::No),
            ("tcp", "::1", Purpose::Listen, Inet6, V6Only::No),
            ("tcp", "::ffff:127.0.0.1", Purpose::Listen, Inet, V6Only::No),
            ("tcp4", "", Purpose::Listen, Inet, V6Only::No),
            ("tcp6", "", Purpose::Listen, Inet6, V6Only::Yes),
            ("tcp", "1.2.3.4", Purpose::Dial, Inet, V6Only::No),
            ("tcp", "", Purpose::Dial, Inet, V6Only::No),
            ("udp6", "::1", Purpose::Dial, Inet6, V6Only::Yes),
        ];
        for (network, ip, purpose, family, only) in cases {
            let network = Network::parse(network).unwrap();
            let a = addr(ip);
            let (local, remote) = if purpose == Purpose::Dial { (None, Some(&a)) } else { (Some(&a), None) };
            assert_eq!(favorite_addr_family(network, local, remote, purpose), (family, only), "{ip}");
        }
        let (four, six) = (addr("1.2.3.4"), addr("::1"));
        let tcp = Network::parse("tcp").unwrap();
        let mixed = favorite_addr_family(tcp, Some(&four), Some(&six), Purpose::Dial);
        assert_eq!(mixed, (Inet6, V6Only::No));
    }

    #[test]
    fn a_machine_has_some_ip() {
        let stack = ip_stack();
        assert!(stack.ipv4 || stack.ipv6);
        assert_eq!(stack, probe());
    }
}
