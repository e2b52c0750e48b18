//! Socket addresses as the kernel reads and writes them.
//!
//! Go: syscall/syscall_linux.go `RawSockaddrAny`, `anyToSockaddr`. What Go's addresses make of
//! them: `addr/raw.rs`.
//!
//! I1 The buffer has the 112 bytes of Go's `RawSockaddrAny`, also as the length passed to a call
//!    (it shows in traces).
//! I2 Bytes from `len` on are zero unless the kernel wrote them.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

const SIZE: usize = 112;
/// The bytes before a unix name.
pub(crate) const FAMILY_SIZE: usize = 2;
/// The room for a unix name.
pub(crate) const SUN_PATH_SIZE: usize = 108;

/// The family of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Family {
    Inet,
    Inet6,
    Unix,
}

impl Family {
    /// The number of the system.
    pub(crate) fn raw(self) -> libc::c_int {
        match self {
            Family::Inet => libc::AF_INET,
            Family::Inet6 => libc::AF_INET6,
            Family::Unix => libc::AF_UNIX,
        }
    }
}

/// A socket address in the kernel's form.
#[derive(Clone, Debug)]
#[repr(C, align(8))]
pub(crate) struct RawAddr {
    bytes: [u8; SIZE],
    len: libc::socklen_t,
}

impl RawAddr {
    /// A buffer for the kernel to write to.
    pub(crate) fn empty() -> RawAddr {
        RawAddr { bytes: [0; SIZE], len: SIZE as libc::socklen_t }
    }

    /// None: what the kernel writes when there is no sender.
    pub(crate) fn unnamed() -> RawAddr {
        RawAddr { bytes: [0; SIZE], len: 0 }
    }

    /// For a call that reads the address: `bind`, `connect`, `sendto`.
    pub(crate) fn as_ptr(&self) -> *const libc::sockaddr {
        self.bytes.as_ptr().cast()
    }

    /// How many bytes count.
    pub(crate) fn len(&self) -> libc::socklen_t {
        self.len
    }

    /// For a call that writes the address: `accept4`, `getsockname`, `recvfrom`. Both pointers live
    /// as long as `self`.
    pub(crate) fn as_mut_parts(&mut self) -> (*mut libc::sockaddr, *mut libc::socklen_t) {
        self.len = SIZE as libc::socklen_t;
        (self.bytes.as_mut_ptr().cast(), &raw mut self.len)
    }

    /// After `recvmsg`, which reports the length in its header.
    pub(crate) fn set_len(&mut self, len: libc::socklen_t) {
        self.len = len;
    }

    /// A copy of an address in foreign memory.
    ///
    /// # Safety
    /// `addr` points to `len` readable bytes.
    pub(crate) unsafe fn copied(addr: *const libc::sockaddr, len: libc::socklen_t) -> RawAddr {
        let len = (len as usize).min(SIZE);
        let mut raw = RawAddr { bytes: [0; SIZE], len: len as libc::socklen_t };
        // SAFETY: the caller's duty; len is at most the buffer's.
        unsafe { raw.bytes.as_mut_ptr().copy_from_nonoverlapping(addr.cast(), len) };
        raw
    }

    /// The address as it is in its own family: std's face.
    pub(crate) fn from_socket_addr(addr: &SocketAddr) -> RawAddr {
        match addr {
            SocketAddr::V4(a) => RawAddr::inet4(*a.ip(), a.port()),
            SocketAddr::V6(a) => {
                let mut raw = RawAddr::inet6(*a.ip(), a.port(), a.scope_id());
                raw.put(4, &a.flowinfo().to_ne_bytes());
                raw
            }
        }
    }

    /// A unix name given as the bytes after the family; `len` counts the family and the terminator,
    /// if there is one.
    pub(crate) fn from_unix_bytes(path: &[u8], len: libc::socklen_t) -> RawAddr {
        let mut raw = RawAddr::of_family(libc::AF_UNIX);
        raw.put(FAMILY_SIZE, path);
        raw.len = len;
        raw
    }

    /// The kernel's own, of netlink.
    pub(crate) fn netlink() -> RawAddr {
        let mut raw = RawAddr::of_family(libc::AF_NETLINK);
        raw.len = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
        raw
    }

    /// The port of a netlink address.
    pub(crate) fn netlink_port(&self) -> u32 {
        u32::from_ne_bytes(self.get(4))
    }

    fn of_family(family: libc::c_int) -> RawAddr {
        let mut raw = RawAddr { bytes: [0; SIZE], len: FAMILY_SIZE as libc::socklen_t };
        raw.put(0, &(family as libc::sa_family_t).to_ne_bytes());
        raw
    }

    pub(crate) fn inet4(ip: Ipv4Addr, port: u16) -> RawAddr {
        let mut raw = RawAddr::of_family(libc::AF_INET);
        raw.put(2, &port.to_be_bytes());
        raw.put(4, &ip.octets());
        raw.len = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        raw
    }

    pub(crate) fn inet6(ip: Ipv6Addr, port: u16, scope_id: u32) -> RawAddr {
        let mut raw = RawAddr::of_family(libc::AF_INET6);
        raw.put(2, &port.to_be_bytes());
        raw.put(8, &ip.octets());
        raw.put(24, &scope_id.to_ne_bytes());
        raw.len = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
        raw
    }

    pub(crate) fn scope_id(&self) -> u32 {
        u32::from_ne_bytes(self.get(24))
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn get<const N: usize>(&self, at: usize) -> [u8; N] {
        self.bytes[at..at + N].try_into().expect("N bytes were asked for")
    }

    /// The family the kernel wrote; 0 (AF_UNSPEC) if it wrote none.
    pub(crate) fn family(&self) -> libc::c_int {
        libc::c_int::from(libc::sa_family_t::from_ne_bytes(self.get(0)))
    }

    /// An internet address as it is: a v4-mapped one stays IPv6.
    pub(crate) fn to_socket_addr(&self) -> Option<SocketAddr> {
        let port = u16::from_be_bytes(self.get(2));
        match self.family() {
            libc::AF_INET => Some(SocketAddrV4::new(Ipv4Addr::from(self.get::<4>(4)), port).into()),
            libc::AF_INET6 => Some(
                SocketAddrV6::new(
                    Ipv6Addr::from(self.get::<16>(8)),
                    port,
                    u32::from_ne_bytes(self.get(4)),
                    self.scope_id(),
                )
                .into(),
            ),
            _ => None,
        }
    }

    /// All the room for a unix name; bytes that the kernel did not write are zero.
    pub(crate) fn sun_path(&self) -> [u8; SUN_PATH_SIZE] {
        self.get(FAMILY_SIZE)
    }

    /// The bytes after the family: std's reading of a Unix address.
    pub(crate) fn unix_bytes(&self) -> &[u8] {
        let end = (self.len as usize).clamp(FAMILY_SIZE, FAMILY_SIZE + SUN_PATH_SIZE);
        &self.bytes[FAMILY_SIZE..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inet_round_trip() {
        for text in ["127.0.0.1:80", "[::1]:65535", "[fe80::1%7]:1"] {
            let addr: SocketAddr = text.parse().unwrap();
            assert_eq!(RawAddr::from_socket_addr(&addr).to_socket_addr(), Some(addr));
        }
    }
}
