//! From std's types and back, and into Go's face. No conversion changes an option of the socket; what goes back to std blocks again.

use std::io;
use std::os::fd::{IntoRawFd, OwnedFd, RawFd};
use std::time::Duration;

use super::typed::{Model, SocketOf};
use super::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use crate::addr::network::Network;
use crate::conn::Conn;
use crate::go_face::listen::Listener;
use crate::go_face::packet::PacketConn;
use crate::poll::Mode;
use crate::sock::net_fd::NetFd;
use crate::sys;
use crate::sys::Family;

impl From<std::net::TcpListener> for TcpListener {
    fn from(listener: std::net::TcpListener) -> Self {
        OwnedFd::from(listener).into()
    }
}

impl From<std::net::TcpStream> for TcpStream {
    /// With the timeouts that it has.
    fn from(stream: std::net::TcpStream) -> Self {
        let timeouts = [stream.read_timeout(), stream.write_timeout()];
        from_std(stream, timeouts)
    }
}

impl From<std::net::UdpSocket> for UdpSocket {
    /// With the timeouts that it has.
    fn from(socket: std::net::UdpSocket) -> Self {
        let timeouts = [socket.read_timeout(), socket.write_timeout()];
        from_std(socket, timeouts)
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
        from_std(stream, timeouts)
    }
}

impl From<std::os::unix::net::UnixDatagram> for UnixDatagram {
    /// With the timeouts that it has.
    fn from(socket: std::os::unix::net::UnixDatagram) -> Self {
        let timeouts = [socket.read_timeout(), socket.write_timeout()];
        from_std(socket, timeouts)
    }
}

impl From<TcpListener> for std::net::TcpListener {
    /// Blocking, unless it was set not to; its duplicates share that.
    ///
    /// # Panics
    /// After `close`.
    fn from(listener: TcpListener) -> Self {
        for_std(listener)
    }
}

impl From<TcpStream> for std::net::TcpStream {
    /// Blocking, unless it was set not to, and with its timeouts; its duplicates share the first.
    ///
    /// # Panics
    /// After `close`.
    fn from(stream: TcpStream) -> Self {
        for_std(stream)
    }
}

impl From<UdpSocket> for std::net::UdpSocket {
    /// Blocking, unless it was set not to, and with its timeouts; its duplicates share the first.
    ///
    /// # Panics
    /// After `close`.
    fn from(socket: UdpSocket) -> Self {
        for_std(socket)
    }
}

impl From<UnixListener> for std::os::unix::net::UnixListener {
    /// Blocking, unless it was set not to; its duplicates share that.
    ///
    /// # Panics
    /// After `close`.
    fn from(listener: UnixListener) -> Self {
        for_std(listener)
    }
}

impl From<UnixStream> for std::os::unix::net::UnixStream {
    /// Blocking, unless it was set not to, and with its timeouts; its duplicates share the first.
    ///
    /// # Panics
    /// After `close`.
    fn from(stream: UnixStream) -> Self {
        for_std(stream)
    }
}

impl From<UnixDatagram> for std::os::unix::net::UnixDatagram {
    /// Blocking, unless it was set not to, and with its timeouts; its duplicates share the first.
    ///
    /// # Panics
    /// After `close`.
    fn from(socket: UnixDatagram) -> Self {
        for_std(socket)
    }
}

fn for_std<M: Model, S: From<OwnedFd>>(socket: SocketOf<M>) -> S {
    if let Err(e) = socket.socket.leave_to_kernel() {
        panic!("a {} cannot become std's: {e}", M::TRAITS.name);
    }
    OwnedFd::from(socket).into()
}

/// std's socket with the timeouts that it has.
fn from_std<M: Model>(
    socket: impl Into<OwnedFd>,
    timeouts: [io::Result<Option<Duration>>; 2],
) -> SocketOf<M> {
    let ours = SocketOf::<M>::from(socket.into());
    for (mode, timeout) in [Mode::Read, Mode::Write].into_iter().zip(timeouts) {
        // What the kernel does not tell is none; what it tells is not 0.
        if let Ok(Some(timeout)) = timeout {
            ours.socket.set_timeout(mode, Some(timeout)).expect("a timeout that is not 0");
        }
    }
    ours
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
