//! Between these types, descriptors, std's types and Go's face. No conversion changes an option of the socket.
//!
//! std's conversions cannot fail, so these do not either: a descriptor that the poller refuses (none of a socket's) is a panic.

use std::io;
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};

use super::socket::{Socket, SocketFamily};
use super::{TcpListener, TcpStream};
use crate::conn::Conn;
use crate::listen::Listener;
use crate::net_fd::NetFd;
use crate::network::Network;
use crate::poll::Kind;
use crate::sockaddr::Family;
use crate::sys;

/// A socket of another kind than TCP, non-blocking and watched from here on.
pub(super) fn adopt_other(raw: RawFd, kind: Kind) -> Socket {
    let socket = Socket::unwatched_of(SocketFamily::Other, raw, kind);
    let adopted = sys::set_nonblock(raw, true).map_err(io::Error::from).and_then(|()| socket.watched());
    match adopted {
        Ok(socket) => socket,
        Err(e) => panic!("a descriptor that is no socket was given to a socket's type: {e}"),
    }
}

fn adopt(raw: RawFd) -> Socket {
    match Socket::new(raw, Kind::Stream) {
        Ok(socket) => socket,
        Err(e) => panic!("a descriptor that is no socket was given to a socket's type: {e}"),
    }
}

impl FromRawFd for TcpListener {
    unsafe fn from_raw_fd(raw: RawFd) -> TcpListener {
        TcpListener::of(adopt(raw))
    }
}

impl FromRawFd for TcpStream {
    unsafe fn from_raw_fd(raw: RawFd) -> TcpStream {
        TcpStream::of(adopt(raw))
    }
}

impl IntoRawFd for TcpListener {
    fn into_raw_fd(self) -> RawFd {
        self.into_socket().into_raw()
    }
}

impl IntoRawFd for TcpStream {
    fn into_raw_fd(self) -> RawFd {
        self.into_socket().into_raw()
    }
}

impl From<OwnedFd> for TcpListener {
    fn from(fd: OwnedFd) -> TcpListener {
        TcpListener::of(adopt(fd.into_raw_fd()))
    }
}

impl From<OwnedFd> for TcpStream {
    fn from(fd: OwnedFd) -> TcpStream {
        TcpStream::of(adopt(fd.into_raw_fd()))
    }
}

impl From<std::net::TcpListener> for TcpListener {
    fn from(listener: std::net::TcpListener) -> TcpListener {
        OwnedFd::from(listener).into()
    }
}

impl From<std::net::TcpStream> for TcpStream {
    fn from(stream: std::net::TcpStream) -> TcpStream {
        OwnedFd::from(stream).into()
    }
}

impl From<TcpListener> for OwnedFd {
    fn from(listener: TcpListener) -> OwnedFd {
        // SAFETY: the listener gives its descriptor away.
        unsafe { OwnedFd::from_raw_fd(listener.into_raw_fd()) }
    }
}

impl From<TcpStream> for OwnedFd {
    fn from(stream: TcpStream) -> OwnedFd {
        // SAFETY: the stream gives its descriptor away.
        unsafe { OwnedFd::from_raw_fd(stream.into_raw_fd()) }
    }
}

/// The socket in Go's face, with the addresses that the kernel names.
pub(super) fn net_fd(raw: RawFd, network: &str) -> NetFd {
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

impl From<TcpStream> for Conn {
    /// The same connection in Go's face; no option changes.
    fn from(stream: TcpStream) -> Conn {
        Conn::new(net_fd(stream.into_raw_fd(), "tcp"))
    }
}

impl From<TcpListener> for Listener {
    /// The same listener in Go's face; no option of it changes (connections that it accepts are Go's).
    fn from(listener: TcpListener) -> Listener {
        Listener::of(net_fd(listener.into_raw_fd(), "tcp"))
    }
}
