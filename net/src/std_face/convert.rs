//! From std's types and back, and into Go's face. No conversion changes an option of the socket;
//! what goes back to std blocks again.

use std::os::fd::{IntoRawFd, OwnedFd, RawFd};

use super::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use super::{tcp_listener, tcp_stream, udp_socket, unix_datagram, unix_listener, unix_stream};
use crate::addr::network::Network;
use crate::conn::Conn;
use crate::go_face::listen::Listener;
use crate::go_face::packet::PacketConn;
use crate::sock::net_fd::NetFd;
use crate::sys::{self, Family};

impl From<std::net::TcpListener> for TcpListener {
    fn from(listener: std::net::TcpListener) -> Self {
        OwnedFd::from(listener).into()
    }
}

impl From<std::net::TcpStream> for TcpStream {
    /// With the timeouts that it has.
    fn from(stream: std::net::TcpStream) -> Self {
        let timeouts = [stream.read_timeout(), stream.write_timeout()];
        TcpStream { socket: tcp_stream::SHAPE.given_with(stream.into(), timeouts) }
    }
}

impl From<std::net::UdpSocket> for UdpSocket {
    /// With the timeouts that it has.
    fn from(socket: std::net::UdpSocket) -> Self {
        let timeouts = [socket.read_timeout(), socket.write_timeout()];
        UdpSocket { socket: udp_socket::SHAPE.given_with(socket.into(), timeouts) }
    }
}

impl From<std::os::unix::net::UnixListener> for UnixListener {
    fn from(listener: std::os::unix::net::UnixListener) -> Self {
        OwnedFd::from(listener).into()
    }
}

impl From<std::os::unix::net::UnixStream> for UnixStream {
    /// With the timeouts that it has.
    fn from(stream: std::os::unix::net::UnixStream) -> Self {
        let timeouts = [stream.read_timeout(), stream.write_timeout()];
        UnixStream { socket: unix_stream::SHAPE.given_with(stream.into(), timeouts) }
    }
}

impl From<std::os::unix::net::UnixDatagram> for UnixDatagram {
    /// With the timeouts that it has.
    fn from(socket: std::os::unix::net::UnixDatagram) -> Self {
        let timeouts = [socket.read_timeout(), socket.write_timeout()];
        UnixDatagram { socket: unix_datagram::SHAPE.given_with(socket.into(), timeouts) }
    }
}

impl From<TcpListener> for std::net::TcpListener {
    /// Blocking, unless it was set not to; its duplicates share that.
    ///
    /// # Panics
    /// After `close`.
    fn from(listener: TcpListener) -> Self {
        tcp_listener::SHAPE.to_std(listener.socket)
    }
}

impl From<TcpStream> for std::net::TcpStream {
    /// Blocking, unless it was set not to, and with its timeouts; its duplicates share the first.
    ///
    /// # Panics
    /// After `close`.
    fn from(stream: TcpStream) -> Self {
        tcp_stream::SHAPE.to_std(stream.socket)
    }
}

impl From<UdpSocket> for std::net::UdpSocket {
    /// Blocking, unless it was set not to, and with its timeouts; its duplicates share the first.
    ///
    /// # Panics
    /// After `close`.
    fn from(socket: UdpSocket) -> Self {
        udp_socket::SHAPE.to_std(socket.socket)
    }
}

impl From<UnixListener> for std::os::unix::net::UnixListener {
    /// Blocking, unless it was set not to; its duplicates share that.
    ///
    /// # Panics
    /// After `close`.
    fn from(listener: UnixListener) -> Self {
        unix_listener::SHAPE.to_std(listener.socket)
    }
}

impl From<UnixStream> for std::os::unix::net::UnixStream {
    /// Blocking, unless it was set not to, and with its timeouts; its duplicates share the first.
    ///
    /// # Panics
    /// After `close`.
    fn from(stream: UnixStream) -> Self {
        unix_stream::SHAPE.to_std(stream.socket)
    }
}

impl From<UnixDatagram> for std::os::unix::net::UnixDatagram {
    /// Blocking, unless it was set not to, and with its timeouts; its duplicates share the first.
    ///
    /// # Panics
    /// After `close`.
    fn from(socket: UnixDatagram) -> Self {
        unix_datagram::SHAPE.to_std(socket.socket)
    }
}

impl From<TcpStream> for Conn {
    /// The same connection in Go's face; no option changes.
    fn from(stream: TcpStream) -> Conn {
        Conn::new(net_fd(stream.into_raw_fd(), "tcp"))
    }
}

impl From<UnixStream> for Conn {
    /// The same connection in Go's face.
    fn from(stream: UnixStream) -> Conn {
        Conn::new(net_fd(stream.into_raw_fd(), "unix"))
    }
}

impl From<TcpListener> for Listener {
    /// The same listener in Go's face; no option of it changes (connections that it accepts are
    /// Go's).
    fn from(listener: TcpListener) -> Listener {
        Listener::of(net_fd(listener.into_raw_fd(), "tcp"))
    }
}

impl From<UnixListener> for Listener {
    /// The same listener in Go's face; its path stays when it closes.
    fn from(listener: UnixListener) -> Listener {
        Listener::of(net_fd(listener.into_raw_fd(), "unix"))
    }
}

impl From<UdpSocket> for PacketConn {
    /// The same socket in Go's face.
    fn from(socket: UdpSocket) -> PacketConn {
        PacketConn::new(net_fd(socket.into_raw_fd(), "udp"))
    }
}

impl From<UnixDatagram> for PacketConn {
    /// The same socket in Go's face.
    fn from(socket: UnixDatagram) -> PacketConn {
        PacketConn::new(net_fd(socket.into_raw_fd(), "unixgram"))
    }
}

/// The socket in Go's face, with the addresses that the kernel names.
fn net_fd(raw: RawFd, network: &str) -> NetFd {
    let family = match sys::getsockname(raw).map(|addr| addr.family()) {
        Ok(libc::AF_INET6) => Family::Inet6,
        Ok(libc::AF_UNIX) => Family::Unix,
        _ => Family::Inet,
    };
    let network = Network::parse(network).expect("a network's name");
    let mut fd = NetFd::new(raw, family, network);
    if let Err(e) = fd.init() {
        panic!("a socket that the poller refuses: {e}");
    }
    let local = fd.getsockname();
    let remote = sys::getpeername(raw).ok().and_then(|raw| network.addr(&raw));
    if remote.is_some() {
        fd.set_connected();
    }
    fd.set_ends(local, remote);
    fd
}
