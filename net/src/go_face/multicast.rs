//! Listening to multicast groups. Go: net/udpsock.go `ListenMulticastUDP`, udpsock_posix.go
//! `listenIPv4MulticastUDP`, sockoptip_linux.go, sockoptip_posix.go, interface.go.
//!
//! The calls and their order are Go's: messages to a group of IPv4 go out by the interface's number
//! (`ip_mreqn`), but the group is joined by an address of the interface, which netlink is asked
//! for.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;

use crate::addr::network::{Network, Transport};
use crate::addr::zone;
use crate::addr::{Addr, NetAddr};
use crate::error::{Cause, OpError, UnknownNetworkError};
use crate::go_face::listen::ListenConfig;
use crate::go_face::packet::PacketConn;
use crate::poll::{Error, Fd};
use crate::sock::ipsock::Purpose;
use crate::sys;

/// A network interface, by number.
///
/// ```
/// let lo = gopark::net::Interface::by_name("lo").unwrap();
/// assert_eq!(lo.to_string(), "lo");
/// let e = gopark::net::Interface::by_name("no such").unwrap_err();
/// assert_eq!(e.to_string(), "route ip+net: no such network interface");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Interface(NonZeroU32);

impl Interface {
    /// The interface with this name.
    ///
    /// # Errors
    /// There is none.
    ///
    /// ```
    /// assert_eq!(gopark::net::Interface::by_name("lo").unwrap().to_string(), "lo");
    /// ```
    #[doc(alias = "InterfaceByName")]
    pub fn by_name(name: &str) -> Result<Interface, OpError> {
        let failed = |cause: Cause| OpError::new("route", "ip+net", cause);
        let missing = |text: &'static str| failed(io::Error::new(io::ErrorKind::NotFound, text).into());
        if name.is_empty() {
            return Err(missing("invalid network interface name"));
        }
        let links = zone::links().map_err(|e| failed(Cause::syscall("netlinkrib", e)))?;
        let found = links.iter().find(|link| link.name == name);
        let index = found.and_then(|link| NonZeroU32::new(link.index));
        index.map(Interface).ok_or_else(|| missing("no such network interface"))
    }

    /// The interface with this number, which is not looked up.
    ///
    /// ```
    /// use gopark::net::Interface;
    ///
    /// let number = std::num::NonZeroU32::new(1).unwrap();
    /// assert_eq!(Interface::by_index(number).index(), 1);
    /// ```
    pub fn by_index(index: NonZeroU32) -> Interface {
        Interface(index)
    }

    /// The interface's number.
    ///
    /// ```
    /// assert!(gopark::net::Interface::by_name("lo").unwrap().index() > 0);
    /// ```
    pub fn index(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Interface {
    /// The name; the number if there is no interface with it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&zone::name(self.index()))
    }
}

/// Listens for packets to a group, on "udp", "udp4" or "udp6". The socket shares the port with
/// others that listen to groups, is bound to the wildcard, and does not hear itself. Without an
/// interface the system chooses one.
///
/// Simple programs need no more; others set options on a [`UdpSocket`](crate::UdpSocket).
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::net::{Interface, listen_multicast_udp};
/// let lo = Interface::by_name("lo").unwrap();
/// let c = listen_multicast_udp("udp", Some(lo), "224.0.0.251:0".parse().unwrap()).unwrap();
/// assert!(c.local_addr().to_string().starts_with("0.0.0.0:"));
/// # }) } }
/// ```
///
/// # Errors
/// Another network; what bind(2) and setsockopt(2) say: no such interface, no route to the group,
/// no multicast address.
#[doc(alias = "ListenMulticastUDP")]
pub fn listen_multicast_udp(
    network: &str,
    interface: Option<Interface>,
    group: SocketAddr,
) -> Result<PacketConn, OpError> {
    let local = NetAddr::from(&Addr::Udp(group));
    let failed = |cause: Cause| OpError::new("listen", network.to_owned(), cause).with_addr(Some(&local));
    let known = Network::parse(network).ok().filter(|n| n.transport == Transport::Udp);
    let known = known.ok_or_else(|| failed(UnknownNetworkError(network.to_owned()).into()))?;
    let config = ListenConfig::default();
    let fd = config.spec(known, &local, 0).internet_socket(Purpose::Listen).map_err(failed)?;
    let joined = match group.ip().to_canonical() {
        IpAddr::V4(ip) => listen_ipv4(&fd.pfd, interface, ip),
        IpAddr::V6(ip) => listen_ipv6(&fd.pfd, interface, ip),
    };
    joined.map_err(|e| failed(e.in_call("setsockopt")))?;
    Ok(PacketConn::new(fd))
}

#[doc(alias = "listenIPv4MulticastUDP")]
fn listen_ipv4(fd: &Fd, interface: Option<Interface>, group: Ipv4Addr) -> Result<(), Error> {
    let in_addr = |ip: Ipv4Addr| libc::in_addr { s_addr: u32::from_ne_bytes(ip.octets()) };
    let any = in_addr(Ipv4Addr::UNSPECIFIED);
    if let Some(interface) = interface {
        let imr_ifindex = interface.index() as i32;
        let mreqn = libc::ip_mreqn { imr_multiaddr: any, imr_address: any, imr_ifindex };
        fd.control(|fd| sys::setsockopt(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, &mreqn))?;
    }
    fd.control(|fd| sys::setsockopt_int(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP, 0))?;
    // As Go: this option names the interface by its address, if it has one.
    let address = interface.map(|interface| zone::ipv4_of(interface.index())).transpose()?.flatten();
    let imr_interface = address.map_or(any, in_addr);
    let mreq = libc::ip_mreq { imr_multiaddr: in_addr(group), imr_interface };
    fd.control(|fd| sys::setsockopt(fd, libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP, &mreq))
}

#[doc(alias = "listenIPv6MulticastUDP")]
fn listen_ipv6(fd: &Fd, interface: Option<Interface>, group: Ipv6Addr) -> Result<(), Error> {
    let set_int = |option, value| fd.control(|fd| sys::setsockopt_int(fd, libc::IPPROTO_IPV6, option, value));
    let index = interface.map_or(0, Interface::index);
    if interface.is_some() {
        set_int(libc::IPV6_MULTICAST_IF, index as i32)?;
    }
    set_int(libc::IPV6_MULTICAST_LOOP, 0)?;
    let ipv6mr_multiaddr = libc::in6_addr { s6_addr: group.octets() };
    let mreq = libc::ipv6_mreq { ipv6mr_multiaddr, ipv6mr_interface: index };
    fd.control(|fd| sys::setsockopt(fd, libc::IPPROTO_IPV6, libc::IPV6_ADD_MEMBERSHIP, &mreq))
}
