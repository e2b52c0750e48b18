//! Model: `std::net::UdpSocket`.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::time::Duration;

use super::address::inet;
use super::convert::{adopt_other, net_fd};
use super::socket::{Socket, each_addr};
use crate::PacketConn;
use crate::poll::{Kind, Mode};
use crate::sockaddr::RawAddr;
use crate::sys;

/// A UDP socket.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// use gopark_net::UdpSocket;
/// let a = UdpSocket::bind("127.0.0.1:0").unwrap();
/// let b = UdpSocket::bind("127.0.0.1:0").unwrap();
/// b.send_to(b"hello", a.local_addr().unwrap()).unwrap();
/// let mut buf = [0; 8];
/// assert_eq!(a.recv_from(&mut buf).unwrap(), (5, b.local_addr().unwrap()));
/// # }) } }
/// ```
pub struct UdpSocket(Socket);

impl UdpSocket {
    /// A socket at the first of the addresses that can be had.
    pub fn bind(addr: impl ToSocketAddrs) -> io::Result<UdpSocket> {
        each_addr(addr, |addr| {
            let family = if addr.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
            let socket = Socket::open(family, libc::SOCK_DGRAM)?;
            sys::bind(socket.raw(), &RawAddr::from_socket_addr(addr))?;
            Ok(UdpSocket(socket.watched()?))
        })
    }

    /// Receives a message, and who sent it.
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, from) = self.0.recv_from(buf, 0)?;
        Ok((n, inet(&from)?))
    }

    /// The same without taking it.
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, from) = self.0.recv_from(buf, libc::MSG_PEEK)?;
        Ok((n, inet(&from)?))
    }

    /// Sends a message to the first of the addresses.
    pub fn send_to(&self, buf: &[u8], addr: impl ToSocketAddrs) -> io::Result<usize> {
        match addr.to_socket_addrs()?.next() {
            Some(addr) => self.0.send_to(buf, &RawAddr::from_socket_addr(&addr)),
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "no addresses to send data to")),
        }
    }

    /// The peer it is connected to.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    /// Its own address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Gives it a peer: it sends to that one and receives from no other.
    pub fn connect(&self, addr: impl ToSocketAddrs) -> io::Result<()> {
        each_addr(addr, |addr| self.0.control(|fd| sys::connect(fd, &RawAddr::from_socket_addr(addr))))
    }

    /// Sends a message to the peer.
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    /// Receives a message.
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.recv_with(buf, 0)
    }

    /// The same without taking it.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.recv_with(buf, libc::MSG_PEEK)
    }

    /// May it send to broadcast addresses?
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.0.set_option(libc::SOL_SOCKET, libc::SO_BROADCAST, i32::from(broadcast))
    }

    /// What [`set_broadcast`](Self::set_broadcast) set.
    pub fn broadcast(&self) -> io::Result<bool> {
        Ok(self.0.option(libc::SOL_SOCKET, libc::SO_BROADCAST)? != 0)
    }

    /// Do its multicast messages come back to this machine?
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.0.set_option(libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP, i32::from(on))
    }

    /// What [`set_multicast_loop_v4`](Self::set_multicast_loop_v4) set.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        Ok(self.0.option(libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP)? != 0)
    }

    /// How far its multicast messages go.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.0.set_option(libc::IPPROTO_IP, libc::IP_MULTICAST_TTL, ttl as i32)
    }

    /// What [`set_multicast_ttl_v4`](Self::set_multicast_ttl_v4) set.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        Ok(self.0.option(libc::IPPROTO_IP, libc::IP_MULTICAST_TTL)? as u32)
    }

    /// Do its IPv6 multicast messages come back to this machine?
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.0.set_option(libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP, i32::from(on))
    }

    /// What [`set_multicast_loop_v6`](Self::set_multicast_loop_v6) set.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        Ok(self.0.option(libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP)? != 0)
    }

    /// Joins a group on the interface with this address.
    pub fn join_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.membership_v4(libc::IP_ADD_MEMBERSHIP, group, interface)
    }

    /// Leaves a group.
    pub fn leave_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.membership_v4(libc::IP_DROP_MEMBERSHIP, group, interface)
    }

    fn membership_v4(&self, option: i32, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        let in_addr = |ip: &Ipv4Addr| libc::in_addr { s_addr: u32::from_ne_bytes(ip.octets()) };
        let value = libc::ip_mreq { imr_multiaddr: in_addr(group), imr_interface: in_addr(interface) };
        self.0.control(|fd| sys::setsockopt(fd, libc::IPPROTO_IP, option, &value))
    }

    /// Joins an IPv6 group on an interface; 0: the system chooses.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.membership_v6(libc::IPV6_ADD_MEMBERSHIP, group, interface)
    }

    /// Leaves an IPv6 group.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.membership_v6(libc::IPV6_DROP_MEMBERSHIP, group, interface)
    }

    fn membership_v6(&self, option: i32, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        let ipv6mr_multiaddr = libc::in6_addr { s6_addr: group.octets() };
        let value = libc::ipv6_mreq { ipv6mr_multiaddr, ipv6mr_interface: interface };
        self.0.control(|fd| sys::setsockopt(fd, libc::IPPROTO_IPV6, option, &value))
    }

    /// The time to live of its packets.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.0.set_option(libc::IPPROTO_IP, libc::IP_TTL, ttl as i32)
    }

    /// What [`set_ttl`](Self::set_ttl) set.
    pub fn ttl(&self) -> io::Result<u32> {
        Ok(self.0.option(libc::IPPROTO_IP, libc::IP_TTL)? as u32)
    }

    /// How long a read waits; `None`: for ever.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Mode::Read, timeout)
    }

    /// How long a write waits; `None`: for ever.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Mode::Write, timeout)
    }

    /// What [`set_read_timeout`](Self::set_read_timeout) set.
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.0.timeout(Mode::Read))
    }

    /// What [`set_write_timeout`](Self::set_write_timeout) set.
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.0.timeout(Mode::Write))
    }

    /// A duplicate: the same open socket under another number, with the same time-outs and mode.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Closes the socket now; who is parked in it wakes with an error. Duplicates stay open.
    pub fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    /// In non-blocking mode nothing waits: what would is `WouldBlock`.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.set_nonblocking(nonblocking)
    }

    /// The socket's pending error, which it has no longer then.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.take_error()
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("UdpSocket");
        if let Ok(addr) = self.local_addr() {
            out.field("addr", &addr);
        }
        out.field("fd", &self.0.raw()).finish()
    }
}

impl From<UdpSocket> for PacketConn {
    fn from(socket: UdpSocket) -> PacketConn {
        PacketConn::new(net_fd(socket.0.into_raw(), "udp"))
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.raw()
    }
}

impl AsFd for UdpSocket {
    /// # Panics
    /// After `close`.
    fn as_fd(&self) -> BorrowedFd<'_> {
        let fd = self.0.raw();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: open, unless another reference closes it meanwhile; then the number is only wrong.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }
}

impl IntoRawFd for UdpSocket {
    fn into_raw_fd(self) -> RawFd {
        self.0.into_raw()
    }
}

impl FromRawFd for UdpSocket {
    /// # Panics
    /// If the descriptor is not open, or the poller does not take it.
    unsafe fn from_raw_fd(fd: RawFd) -> Self {
        UdpSocket(adopt_other(fd, Kind::Datagram))
    }
}

impl From<OwnedFd> for UdpSocket {
    /// # Panics
    /// If the poller does not take the descriptor.
    fn from(fd: OwnedFd) -> Self {
        // SAFETY: the descriptor is ours now.
        unsafe { UdpSocket::from_raw_fd(fd.into_raw_fd()) }
    }
}

impl From<UdpSocket> for OwnedFd {
    /// # Panics
    /// After `close`.
    fn from(socket: UdpSocket) -> OwnedFd {
        let fd = socket.into_raw_fd();
        assert!(fd >= 0, "the socket is closed");
        // SAFETY: into_raw_fd gave the descriptor up to us.
        unsafe { OwnedFd::from_raw_fd(fd) }
    }
}

impl From<std::net::UdpSocket> for UdpSocket {
    fn from(socket: std::net::UdpSocket) -> Self {
        OwnedFd::from(socket).into()
    }
}
