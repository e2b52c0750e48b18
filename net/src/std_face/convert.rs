//! From std's types, and into Go's face. No conversion changes an option of the socket.

use std::os::fd::{IntoRawFd, OwnedFd, RawFd};

use super::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use crate::conn::Conn;
use crate::listen::Listener;
use crate::net_fd::NetFd;
use crate::network::Network;
use crate::packet::PacketConn;
use crate::sockaddr::Family;
use crate::sys;

impl From<std::net::TcpListener> for TcpListener {
    fn from(listener: std::net::TcpListener) -> Self {
        OwnedFd::from(listener).into()
    }
}

impl From<std::net::TcpStream> for TcpStream {
    fn from(stream: std::net::TcpStream) -> Self {
        OwnedFd::from(stream).into()
    }
}

impl From<std::net::UdpSocket> for UdpSocket {
    fn from(socket: std::net::UdpSocket) -> Self {
        OwnedFd::from(socket).into()
    }
}

impl From<std::os::unix::net::UnixListener> for UnixListener {
    fn from(listener: std::os::unix::net::UnixListener) -> Self {
        OwnedFd::from(listener).into()
    }
}

impl From<std::os::unix::net::UnixStream> for UnixStream {
    fn from(stream: std::os::unix::net::UnixStream) -> Self {
        OwnedFd::from(stream).into()
    }
}

impl From<std::os::unix::net::UnixDatagram> for UnixDatagram {
    fn from(socket: std::os::unix::net::UnixDatagram) -> Self {
        OwnedFd::from(socket).into()
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
    /// The same listener in Go's face; no option of it changes (connections that it accepts are Go's).
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
