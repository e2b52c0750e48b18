//! Networking that parks the goroutine instead of blocking the thread: sockets, names, files,
//! pipes, copies, children.
//!
//! Two faces over the same descriptors. **Go's** goes by network name: [`listen`], [`dial`] and
//! [`listen_packet`] give a [`Listener`], [`Conn`] or [`PacketConn`], which set what Go sets (no
//! delay, keep-alive) and fail with an [`OpError`] in Go's words. **std's** are the types of
//! `std::net` and `std::os::unix::net` under their names ([`TcpListener`], [`TcpStream`] ...),
//! which set nothing by themselves and fail with [`std::io::Error`]. std's become Go's by `From`.
//!
//! ```
//! use gopark::net::{TcpStream, dial, listen};
//! use std::io::Read;
//!
//! # unsafe { gopark::run(|| {
//! let listener = listen("tcp", "127.0.0.1:0").unwrap();
//! let address = listener.addr().to_string();
//! gopark::go(move || {
//!     while let Ok(conn) = listener.accept() {
//!         gopark::go(move || conn.write(b"hello"));
//!     }
//! });
//! let mut buf = [0; 8];
//! assert_eq!(dial("tcp", &address).unwrap().read(&mut buf).unwrap(), 5); // Go's face
//! let mut stream = TcpStream::connect(&address).unwrap(); // std's
//! assert_eq!(stream.read(&mut buf).unwrap(), 5);
//! # }) }
//! ```
//!
//! All of it runs inside `gopark::run`. The crate `gopark` re-exports this one as `gopark::net`, and
//! its modules as `gopark::{io, os, process}`.

// Each folder uses the ones above it:
//
// | folder | what |
// |---|---|
// | `sys` | the system's calls, its errors and its form of addresses |
// | `addr` | addresses, networks, hosts and ports as text |
// | `error` | what goes wrong, in Go's words |
// | `poll` | a descriptor that parks |
// | `os` | files, pipes, any descriptor |
// | `sock` | how a socket is made, its options |
// | `conn` | a connection, and connecting to known addresses |
// | `resolve` | names |
// | `go_face` | `dial`, `listen`, `listen_packet` |
// | `std_face`, `process` | std's types; children |
// | `io` | copies between all of these |

mod addr;
mod conn;
mod error;
mod go_face;
pub mod io;
pub mod os;
mod poll;
pub mod process;
mod resolve;
mod sock;
mod std_face;
mod sys;

pub use addr::host_port::{join_host_port, split_host_port};
pub use addr::{Addr, UnixAddr};
pub use conn::{AsyncConn, Conn, PeerCred, Ready, socket_pair};
pub use error::{
    AddrError, DnsError, Errno, OpError, ParseError, Sentinel, SyscallError, UnknownNetworkError,
};
pub use go_face::async_listener::AsyncListener;
pub use go_face::control_msg;
pub use go_face::dial::{Dialer, dial, dial_timeout};
pub use go_face::file::{file_conn, file_listener, file_packet_conn};
pub use go_face::listen::{ListenConfig, Listener, listen};
pub use go_face::multicast::{Interface, listen_multicast_udp};
pub use go_face::packet::{PacketConn, listen_packet};
pub use go_face::serve::Accepted;
pub use resolve::{LookupError, Resolver, ResolverDial};
pub use sock::ControlFn;
pub use sock::keep_alive::KeepAliveConfig;
pub use std_face::{
    Incoming, IntoIncoming, TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixIncoming, UnixListener,
    UnixStream,
};

/// What std's face takes and gives, so that `std::net` in a program's imports can become this
/// module.
#[doc(no_inline)]
pub use std::net::{
    AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6,
    ToSocketAddrs,
};
