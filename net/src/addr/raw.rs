//! Go's addresses in the kernel's form and back.
//!
//! Go: syscall/syscall_linux.go `anyToSockaddr`, `SockaddrUnix.sockaddr`; net/ipsock_posix.go
//! `ipToSockaddrInet4`, `ipToSockaddrInet6`.

use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStrExt;

use super::name_error::AddrError;
use super::{InetAddr, UnixAddr, UnixNet, zone};
use crate::sys::{Errno, FAMILY_SIZE, Family, RawAddr, SUN_PATH_SIZE};

impl RawAddr {
    /// Go's `ipToSockaddr`: the address in the socket's family, mapped where need be.
    pub(crate) fn from_inet(family: Family, addr: &InetAddr) -> Result<RawAddr, AddrError> {
        match family {
            Family::Inet => {
                let ip = match addr.ip {
                    None => Ipv4Addr::UNSPECIFIED,
                    Some(ip) => {
                        addr.to4().ok_or_else(|| AddrError::new("non-IPv4 address", ip.to_string()))?
                    }
                };
                Ok(RawAddr::inet4(ip, addr.port))
            }
            Family::Inet6 => {
                // An IPv4 wildcard means "anything" on a dual-stack socket.
                let ip = match addr.ip {
                    None => Ipv6Addr::UNSPECIFIED,
                    Some(_) if addr.to4() == Some(Ipv4Addr::UNSPECIFIED) => Ipv6Addr::UNSPECIFIED,
                    Some(IpAddr::V4(ip)) => ip.to_ipv6_mapped(),
                    Some(IpAddr::V6(ip)) => ip,
                };
                Ok(RawAddr::inet6(ip, addr.port, addr.scope_id()))
            }
            Family::Unix => Err(AddrError::new("invalid address family", addr.to_string())),
        }
    }

    /// A path or, with '@' or NUL in front, an abstract name.
    pub(crate) fn from_unix(addr: &UnixAddr) -> Result<RawAddr, Errno> {
        let name = addr.name().as_bytes();
        let marked = matches!(name.first(), Some(b'@' | 0));
        if name.len() > SUN_PATH_SIZE || (name.len() == SUN_PATH_SIZE && !marked) {
            return Err(Errno(libc::EINVAL));
        }
        let mut path = [0; SUN_PATH_SIZE];
        path[..name.len()].copy_from_slice(name);
        let terminator = usize::from(!name.is_empty());
        let mut len = FAMILY_SIZE + name.len() + terminator;
        if name.first() == Some(&b'@') || (name.first() == Some(&0) && len > 3) {
            path[0] = 0;
            len -= 1; // An abstract name has no terminator.
        }
        Ok(RawAddr::from_unix_bytes(&path, len as libc::socklen_t))
    }

    /// Go's reading of a Unix address: up to the first NUL, an abstract (or unnamed) one with '@'
    /// in front.
    pub(crate) fn to_unix(&self, net: UnixNet) -> Option<UnixAddr> {
        if self.family() != libc::AF_UNIX {
            return None;
        }
        let mut path = self.sun_path();
        if path[0] == 0 {
            path[0] = b'@';
        }
        let len = path.iter().position(|&b| b == 0).unwrap_or(path.len());
        Some(UnixAddr::of(net, OsStr::from_bytes(&path[..len])))
    }

    /// Go's addresses hold the zone's name, so it is asked for when the kernel gives one; here it
    /// is asked for when it is shown. This asks now, so that the question comes when Go's does.
    pub(crate) fn look_up_zone(&self) {
        if self.family() == libc::AF_INET6 && self.scope_id() != 0 {
            zone::name(self.scope_id());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Inet;
    use super::*;

    fn unix(name: &str) -> UnixAddr {
        UnixAddr::new("unix", name).expect("a unix network")
    }

    #[test]
    fn ipv4_is_mapped_into_an_inet6_socket() {
        let addr =
            InetAddr { inet: Inet::Udp, ip: Some("1.2.3.4".parse().unwrap()), port: 5, zone: String::new() };
        let raw = RawAddr::from_inet(Family::Inet6, &addr).unwrap();
        assert_eq!(raw.to_socket_addr().unwrap().to_string(), "[::ffff:1.2.3.4]:5");
        let six = InetAddr { ip: Some("::1".parse().unwrap()), ..addr };
        let error = RawAddr::from_inet(Family::Inet, &six).unwrap_err();
        assert_eq!(error.to_string(), "address ::1: non-IPv4 address");
    }

    #[test]
    fn unix_lengths_are_gos() {
        assert_eq!(RawAddr::from_unix(&unix("")).unwrap().len(), 2);
        assert_eq!(RawAddr::from_unix(&unix("ab")).unwrap().len(), 5);
        assert_eq!(RawAddr::from_unix(&unix("@ab")).unwrap().len(), 5);
        assert_eq!(RawAddr::from_unix(&unix("@ab")).unwrap().unix_bytes(), b"\0ab");
        assert!(RawAddr::from_unix(&unix(&"x".repeat(107))).is_ok());
        assert_eq!(RawAddr::from_unix(&unix(&"x".repeat(108))).unwrap_err(), Errno(libc::EINVAL));
    }

    #[test]
    fn unix_names_come_back() {
        for name in ["ab", "@ab"] {
            let raw = RawAddr::from_unix(&unix(name)).unwrap();
            assert_eq!(raw.to_unix(UnixNet::Stream), Some(unix(name)));
        }
        let unnamed = RawAddr::from_unix(&unix("")).unwrap();
        assert_eq!(unnamed.to_unix(UnixNet::Stream).unwrap().to_string(), "@");
    }
}
