//! Model: `std::net::UdpSocket`.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::time::Duration;

use super::address::inet;
use super::descriptor::Shape;
use super::socket::{Socket, SocketFamily, each_addr};
use crate::poll::{Direction, Kind};
use crate::sys::{self, RawAddr};

/// A UDP socket.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::net::UdpSocket;
/// let a = UdpSocket::bind("127.0.0.1:0").unwrap();
/// let b = UdpSocket::bind("127.0.0.1:0").unwrap();
/// b.send_to(b"hello", a.local_addr().unwrap()).unwrap();
/// let mut buf = [0; 8];
/// assert_eq!(a.recv_from(&mut buf).unwrap(), (5, b.local_addr().unwrap()));
/// # }) } }
/// ```
pub struct UdpSocket {
    pub(super) socket: Socket,
}

pub(super) const SHAPE: Shape =
    Shape { name: "UdpSocket", kind: Kind::Datagram, family: SocketFamily::Other };

impl UdpSocket {
    /// A socket at the first of the addresses that is available.
    ///
    /// # Errors
    /// Those of the last address; `InvalidInput` without any.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert!(socket.local_addr().unwrap().port() > 0);
    /// # }) }
    /// ```
    pub fn bind(addr: impl ToSocketAddrs) -> io::Result<UdpSocket> {
        each_addr(addr, |addr| {
            let family = if addr.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
            let socket = Socket::open(family, libc::SOCK_DGRAM)?;
            sys::bind(socket.raw(), &RawAddr::from_socket_addr(addr))?;
            Ok(UdpSocket { socket: socket.watched()? })
        })
    }

    /// Receives a message and its sender. Bytes that do not fit into `buf` are lost.
    ///
    /// # Errors
    /// `WouldBlock` when the read timeout has passed; those of recvfrom(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::UdpSocket;
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    /// a.send_to(b"hello", b.local_addr().unwrap()).unwrap();
    /// let (n, from) = b.recv_from(&mut [0; 8]).unwrap();
    /// assert_eq!((n, from), (5, a.local_addr().unwrap()));
    /// # }) }
    /// ```
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, from) = self.socket.recv_from(buf, 0)?;
        Ok((n, inet(&from)?))
    }

    /// The same without removing it.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::UdpSocket;
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    /// a.send_to(b"hello", b.local_addr().unwrap()).unwrap();
    /// assert_eq!(b.peek_from(&mut [0; 8]).unwrap().0, 5);
    /// assert_eq!(b.recv_from(&mut [0; 8]).unwrap().0, 5); // the same message
    /// # }) }
    /// ```
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, from) = self.socket.recv_from(buf, libc::MSG_PEEK)?;
        Ok((n, inet(&from)?))
    }

    /// Sends a message to the first of the addresses.
    ///
    /// # Errors
    /// `InvalidInput` when there is no address; `WouldBlock` when the write timeout has passed;
    /// those of sendto(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::UdpSocket;
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    /// assert_eq!(a.send_to(b"hello", b.local_addr().unwrap()).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn send_to(&self, buf: &[u8], addr: impl ToSocketAddrs) -> io::Result<usize> {
        match addr.to_socket_addrs()?.next() {
            Some(addr) => self.socket.send_to(buf, &RawAddr::from_socket_addr(&addr)),
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "no addresses to send data to")),
        }
    }

    /// The peer it is connected to.
    ///
    /// # Errors
    /// Those of getpeername(2): `NotConnected` before [`connect`](Self::connect).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::UdpSocket;
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    /// a.connect(b.local_addr().unwrap()).unwrap();
    /// assert_eq!(a.peer_addr().unwrap(), b.local_addr().unwrap());
    /// # }) }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }

    /// The local address.
    ///
    /// # Errors
    /// Those of getsockname(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert!(socket.local_addr().unwrap().ip().is_loopback());
    /// # }) }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Sets the peer: the socket sends to it and receives from no other.
    ///
    /// # Errors
    /// Those of the last address; `InvalidInput` without any.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::UdpSocket;
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    /// a.connect(b.local_addr().unwrap()).unwrap();
    /// assert_eq!(a.send(b"hello").unwrap(), 5);
    /// # }) }
    /// ```
    pub fn connect(&self, addr: impl ToSocketAddrs) -> io::Result<()> {
        each_addr(addr, |addr| self.socket.control(|fd| sys::connect(fd, &RawAddr::from_socket_addr(addr))))
    }

    /// Sends a message to the peer.
    ///
    /// # Errors
    /// `WouldBlock` when the write timeout has passed; those of send(2): `ConnectionRefused` if no
    /// socket received an earlier message.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::UdpSocket;
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    /// a.connect(b.local_addr().unwrap()).unwrap();
    /// assert_eq!(a.send(b"hello").unwrap(), 5);
    /// # }) }
    /// ```
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.socket.write(buf)
    }

    /// Receives a message. Bytes that do not fit into `buf` are lost.
    ///
    /// # Errors
    /// `WouldBlock` when the read timeout has passed; those of recv(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::UdpSocket;
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    /// a.connect(b.local_addr().unwrap()).unwrap();
    /// a.send(b"hello").unwrap();
    /// assert_eq!(b.recv(&mut [0; 8]).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, 0)
    }

    /// The same without removing it.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::UdpSocket;
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    /// a.connect(b.local_addr().unwrap()).unwrap();
    /// a.send(b"hello").unwrap();
    /// assert_eq!(b.peek(&mut [0; 8]).unwrap(), 5);
    /// assert_eq!(b.recv(&mut [0; 8]).unwrap(), 5); // the same message
    /// # }) }
    /// ```
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.recv_with(buf, libc::MSG_PEEK)
    }

    /// Allows sending to broadcast addresses.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// socket.set_broadcast(true).unwrap();
    /// assert!(socket.broadcast().unwrap());
    /// # }) }
    /// ```
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.socket.set_option(libc::SOL_SOCKET, libc::SO_BROADCAST, i32::from(broadcast))
    }

    /// What [`set_broadcast`](Self::set_broadcast) set.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert!(!socket.broadcast().unwrap());
    /// # }) }
    /// ```
    pub fn broadcast(&self) -> io::Result<bool> {
        Ok(self.socket.option(libc::SOL_SOCKET, libc::SO_BROADCAST)? != 0)
    }

    /// Whether its multicast messages come back to this machine.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// socket.set_multicast_loop_v4(false).unwrap();
    /// assert!(!socket.multicast_loop_v4().unwrap());
    /// # }) }
    /// ```
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.socket.set_option(libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP, i32::from(on))
    }

    /// What [`set_multicast_loop_v4`](Self::set_multicast_loop_v4) set.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert!(socket.multicast_loop_v4().unwrap());
    /// # }) }
    /// ```
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        Ok(self.socket.option(libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP)? != 0)
    }

    /// How far its multicast messages go, in routers; 1, the default, is the local network.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// socket.set_multicast_ttl_v4(2).unwrap();
    /// assert_eq!(socket.multicast_ttl_v4().unwrap(), 2);
    /// # }) }
    /// ```
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.socket.set_option(libc::IPPROTO_IP, libc::IP_MULTICAST_TTL, ttl as i32)
    }

    /// What [`set_multicast_ttl_v4`](Self::set_multicast_ttl_v4) set.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert_eq!(socket.multicast_ttl_v4().unwrap(), 1);
    /// # }) }
    /// ```
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        Ok(self.socket.option(libc::IPPROTO_IP, libc::IP_MULTICAST_TTL)? as u32)
    }

    /// Do its IPv6 multicast messages come back to this machine?
    ///
    /// # Errors
    /// Those of setsockopt(2).
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.socket.set_option(libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP, i32::from(on))
    }

    /// What [`set_multicast_loop_v6`](Self::set_multicast_loop_v6) set.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        Ok(self.socket.option(libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP)? != 0)
    }

    /// Joins a group on the interface with this address.
    ///
    /// # Errors
    /// Those of setsockopt(2): `InvalidInput` for an address that is no group's.
    pub fn join_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.membership_v4(libc::IP_ADD_MEMBERSHIP, group, interface)
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// Those of setsockopt(2): `AddrNotAvailable` if it is not in the group.
    pub fn leave_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.membership_v4(libc::IP_DROP_MEMBERSHIP, group, interface)
    }

    fn membership_v4(&self, option: i32, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        let in_addr = |ip: &Ipv4Addr| libc::in_addr { s_addr: u32::from_ne_bytes(ip.octets()) };
        let value = libc::ip_mreq { imr_multiaddr: in_addr(group), imr_interface: in_addr(interface) };
        self.socket.control(|fd| sys::setsockopt(fd, libc::IPPROTO_IP, option, &value))
    }

    /// Joins an IPv6 group on an interface; 0: the system chooses.
    ///
    /// # Errors
    /// Those of setsockopt(2): `InvalidInput` for an address that is no group's.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.membership_v6(libc::IPV6_ADD_MEMBERSHIP, group, interface)
    }

    /// Leaves an IPv6 group.
    ///
    /// # Errors
    /// Those of setsockopt(2): `AddrNotAvailable` if it is not in the group.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.membership_v6(libc::IPV6_DROP_MEMBERSHIP, group, interface)
    }

    fn membership_v6(&self, option: i32, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        let ipv6mr_multiaddr = libc::in6_addr { s6_addr: group.octets() };
        let value = libc::ipv6_mreq { ipv6mr_multiaddr, ipv6mr_interface: interface };
        self.socket.control(|fd| sys::setsockopt(fd, libc::IPPROTO_IPV6, option, &value))
    }

    /// The time to live of its packets, in routers.
    ///
    /// # Errors
    /// Those of setsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// socket.set_ttl(64).unwrap();
    /// assert_eq!(socket.ttl().unwrap(), 64);
    /// # }) }
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.socket.set_option(libc::IPPROTO_IP, libc::IP_TTL, ttl as i32)
    }

    /// What [`set_ttl`](Self::set_ttl) set.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert!(socket.ttl().unwrap() > 0);
    /// # }) }
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        Ok(self.socket.option(libc::IPPROTO_IP, libc::IP_TTL)? as u32)
    }

    /// A duplicate: the same open socket under another number. Timeouts and the non-blocking mode
    /// belong to the socket, so both have them in common.
    ///
    /// # Errors
    /// Out of descriptors; a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// let second = socket.try_clone().unwrap();
    /// assert_eq!(second.local_addr().unwrap(), socket.local_addr().unwrap());
    /// # }) }
    /// ```
    pub fn try_clone(&self) -> io::Result<UdpSocket> {
        Ok(UdpSocket { socket: self.socket.try_clone()? })
    }

    /// Closes the socket now; goroutines parked in it wake with an error. Duplicates stay open.
    /// Beyond std.
    ///
    /// # Errors
    /// It is closed already.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// socket.close().unwrap();
    /// assert!(socket.recv(&mut [0; 8]).is_err());
    /// # }) }
    /// ```
    pub fn close(&self) -> io::Result<()> {
        self.socket.close()
    }

    /// In non-blocking mode nothing parks: an operation that would fails with `WouldBlock`.
    ///
    /// # Errors
    /// None; the result is std's.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// socket.set_nonblocking(true).unwrap();
    /// let e = socket.recv(&mut [0; 8]).unwrap_err();
    /// assert_eq!(e.kind(), std::io::ErrorKind::WouldBlock);
    /// # }) }
    /// ```
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.socket.set_nonblocking(nonblocking)
    }

    /// Returns and clears the socket's pending error (`SO_ERROR`).
    ///
    /// # Errors
    /// Those of getsockopt(2); a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert!(socket.take_error().unwrap().is_none());
    /// # }) }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    /// The time that a read may take before it fails with `WouldBlock`. `None`: no limit.
    ///
    /// # Errors
    /// `InvalidInput` for 0.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    /// assert!(socket.recv(&mut [0; 8]).is_err()); // nothing has come
    /// # }) }
    /// ```
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_timeout(Direction::Read, timeout)
    }

    /// The time that a write may take before it fails with `WouldBlock`. `None`: no limit.
    ///
    /// # Errors
    /// `InvalidInput` for 0.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// socket.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    /// # }) }
    /// ```
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_timeout(Direction::Write, timeout)
    }

    /// The value of [`set_read_timeout`](Self::set_read_timeout).
    ///
    /// # Errors
    /// None; the result is std's.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert_eq!(socket.read_timeout().unwrap(), None);
    /// # }) }
    /// ```
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.socket.timeout(Direction::Read))
    }

    /// The value of [`set_write_timeout`](Self::set_write_timeout).
    ///
    /// # Errors
    /// None; the result is std's.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let socket = gopark::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert_eq!(socket.write_timeout().unwrap(), None);
    /// # }) }
    /// ```
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.socket.timeout(Direction::Write))
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SHAPE.show_inet(&self.socket, f)
    }
}

impl AsRawFd for UdpSocket {
    /// The descriptor, non-blocking and watched; -1 once closed.
    fn as_raw_fd(&self) -> RawFd {
        self.socket.raw()
    }
}

impl AsFd for UdpSocket {
    /// The number is valid until [`close`](Self::close), which does not wait for the end of the
    /// borrow (std's type has no such method): close only when nobody uses it, or hand out a
    /// duplicate ([`try_clone`](Self::try_clone)).
    ///
    /// # Panics
    /// After `close`.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.borrowed()
    }
}

impl IntoRawFd for UdpSocket {
    /// The descriptor, open, non-blocking, no longer watched; -1 after `close`.
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw()
    }
}

impl FromRawFd for UdpSocket {
    /// As `From<OwnedFd>`.
    unsafe fn from_raw_fd(fd: RawFd) -> UdpSocket {
        // SAFETY: the caller's duty: the descriptor is open, and ours now.
        unsafe { OwnedFd::from_raw_fd(fd) }.into()
    }
}

impl From<OwnedFd> for UdpSocket {
    /// Non-blocking and watched from here on. No option of the socket changes.
    ///
    /// # Panics
    /// If the descriptor is no socket: std's conversions cannot fail.
    fn from(fd: OwnedFd) -> UdpSocket {
        UdpSocket { socket: SHAPE.given(fd) }
    }
}

impl From<UdpSocket> for OwnedFd {
    /// Non-blocking still. For one that blocks, as a child wants it, go through std's type:
    /// `OwnedFd::from(std::net::UdpSocket::from(socket))`.
    ///
    /// # Panics
    /// After `close`.
    fn from(socket: UdpSocket) -> OwnedFd {
        socket.socket.into_owned()
    }
}
