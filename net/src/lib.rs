//! Networking that parks the goroutine instead of blocking the thread: sockets, names, files, pipes, copies, children.
//!
//! Two faces over the same descriptors. **Go's** goes by network name: [`listen`], [`dial`] and [`listen_packet`] give a
//! [`Listener`], [`Conn`] or [`PacketConn`], which set what Go sets (no delay, keep-alive) and fail with an [`OpError`] in
//! Go's words. **std's** are the types of `std::net` and `std::os::unix::net` under their names ([`TcpListener`],
//! [`TcpStream`] ...), which set nothing by themselves and fail with [`std::io::Error`]. std's become Go's by `From`.
//!
//! All of it runs inside `gopark_runtime::run`. The crate `gopark` re-exports this one as `gopark::net`.
//!
//! Inside, from the ground up: `sys` (the system's calls), `poll` (a descriptor that parks), `net_fd` (a socket and its
//! addresses), `sock` (how one is made); on these `dial`, `listen`, `conn`, `packet` and `unix` (Go's face), `std_face`,
//! `resolve` (names), [`os`], [`io`], [`process`]. `tests/layers.rs` has the layers, `ARCHITECTURE.md` the walk of a byte.

mod addr;
mod addr_list;
mod conn;
pub mod control_msg;
mod dial;
mod endpoint;
mod errno;
mod error;
mod host_port;
pub mod io;
mod ipsock;
mod keep_alive;
mod listen;
mod multicast;
mod multipath_tcp;
mod name_error;
mod net_fd;
mod network;
pub mod os;
mod packet;
mod poll;
pub mod process;
mod read_all;
mod readiness;
mod resolve;
mod sock;
mod sockaddr;
mod sockopt;
mod somaxconn;
mod std_face;
mod sys;
mod unix;
mod zone;

pub use addr::{Addr, UnixAddr};
pub use conn::Conn;
pub use dial::{Dialer, dial, dial_timeout};
pub use error::{
    AddrError, DnsError, Errno, OpError, ParseError, Sentinel, SyscallError, UnknownNetworkError,
};
pub use host_port::{join_host_port, split_host_port};
pub use keep_alive::KeepAliveConfig;
pub use listen::{ListenConfig, Listener, listen};
pub use multicast::{Interface, listen_multicast_udp};
pub use packet::{PacketConn, listen_packet};
pub use readiness::{AsyncConn, Ready};
pub use resolve::{LookupError, Resolver, ResolverDial};
pub use sock::ControlFn;
pub use std_face::{
    Incoming, IntoIncoming, SocketOf, TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixIncoming,
    UnixListener, UnixStream,
};
pub use unix::{PeerCred, socket_pair};

/// What std's face takes and gives, so that `std::net` in a program's imports can become this module.
#[doc(no_inline)]
pub use std::net::{
    AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6,
    ToSocketAddrs,
};
