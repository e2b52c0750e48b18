//! Networks by name. Go: net/dial.go parseNetwork; the names that net/fd_posix.go keeps in each
//! netFD.

use super::name_error::UnknownNetworkError;
use super::{Addr, UnixNet};
use crate::sys::{Family, RawAddr};

/// A protocol family as users name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp,
    Udp,
    Ip,
    Unix(UnixNet),
}

/// Which IP the name asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IpVersion {
    Any,
    V4,
    V6,
}

/// A network's name, without a raw protocol's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) transport: Transport,
    pub(crate) version: IpVersion,
}

impl Network {
    /// "tcp", "udp6", "unixgram" ... and "ip", "ip4", "ip6", whose protocol follows a colon in what
    /// users write.
    pub(crate) fn parse(name: &str) -> Result<Network, UnknownNetworkError> {
        if let Some(unix) = UnixNet::parse(name) {
            return Ok(Network { transport: Transport::Unix(unix), version: IpVersion::Any });
        }
        let (base, version) = match name.as_bytes().last() {
            Some(b'4') => (&name[..name.len() - 1], IpVersion::V4),
            Some(b'6') => (&name[..name.len() - 1], IpVersion::V6),
            _ => (name, IpVersion::Any),
        };
        let transport = match base {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            "ip" => Transport::Ip,
            _ => return Err(UnknownNetworkError(name.to_owned())),
        };
        Ok(Network { transport, version })
    }

    /// The name.
    pub(crate) fn name(self) -> &'static str {
        match (self.transport, self.version) {
            (Transport::Tcp, IpVersion::Any) => "tcp",
            (Transport::Tcp, IpVersion::V4) => "tcp4",
            (Transport::Tcp, IpVersion::V6) => "tcp6",
            (Transport::Udp, IpVersion::Any) => "udp",
            (Transport::Udp, IpVersion::V4) => "udp4",
            (Transport::Udp, IpVersion::V6) => "udp6",
            (Transport::Ip, IpVersion::Any) => "ip",
            (Transport::Ip, IpVersion::V4) => "ip4",
            (Transport::Ip, IpVersion::V6) => "ip6",
            (Transport::Unix(unix), _) => unix.name(),
        }
    }

    /// The name passed to a control function: with the family of the socket at hand. Go:
    /// ctrlNetwork.
    #[doc(alias = "ctrlNetwork")]
    pub(crate) fn control_name(self, family: Family) -> &'static str {
        let version = match (self.version, family) {
            (IpVersion::Any, Family::Inet) => IpVersion::V4,
            (IpVersion::Any, Family::Inet6) => IpVersion::V6,
            (version, _) => version,
        };
        Network { version, ..self }.name()
    }

    /// The socket type.
    pub(crate) fn sotype(self) -> i32 {
        match self.transport {
            Transport::Tcp => libc::SOCK_STREAM,
            Transport::Udp => libc::SOCK_DGRAM,
            Transport::Ip => libc::SOCK_RAW,
            Transport::Unix(unix) => unix.sotype(),
        }
    }

    /// What the kernel wrote, as an address on this network. Go: addrFunc.
    #[doc(alias = "addrFunc")]
    pub(crate) fn addr(self, raw: &RawAddr) -> Option<Addr> {
        raw.look_up_zone();
        match self.transport {
            Transport::Tcp => raw.to_socket_addr().map(Addr::Tcp),
            Transport::Udp => raw.to_socket_addr().map(Addr::Udp),
            Transport::Ip => raw.to_socket_addr().map(|a| Addr::Ip(a.ip())),
            Transport::Unix(unix) => raw.to_unix(unix).map(Addr::Unix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        let names = [
            "tcp",
            "tcp4",
            "tcp6",
            "udp",
            "udp4",
            "udp6",
            "ip",
            "ip4",
            "ip6",
            "unix",
            "unixgram",
            "unixpacket",
        ];
        for name in names {
            assert_eq!(Network::parse(name).unwrap().name(), name);
        }
        for name in ["", "tcp5", "4", "TCP", "unix4", "sctp"] {
            assert_eq!(Network::parse(name).unwrap_err().to_string(), format!("unknown network {name}"));
        }
    }

    #[test]
    fn control_functions_hear_the_family() {
        let tcp = Network::parse("tcp").unwrap();
        assert_eq!(tcp.control_name(Family::Inet), "tcp4");
        assert_eq!(tcp.control_name(Family::Inet6), "tcp6");
        assert_eq!(Network::parse("tcp6").unwrap().control_name(Family::Inet6), "tcp6");
        assert_eq!(Network::parse("unix").unwrap().control_name(Family::Unix), "unix");
    }
}
