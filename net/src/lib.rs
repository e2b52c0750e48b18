//! The network.

mod addr;
mod addr_list;
mod conn;
pub mod control_msg;
mod dial;
mod endpoint;
mod ends;
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
