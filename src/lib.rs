//! gopark: Go's goroutines and network poller, in Rust, for Rust.
//!
//! A program in the blocking style (`accept`, `read`, `write` in a loop, a goroutine per
//! connection) runs on a few threads, as in Go, and leaves the system calls that Go leaves.
//!
//! ```no_run
//! use gopark::net;
//!
//! # fn main() -> Result<(), net::OpError> {
//! // SAFETY: the contract of `run`: nothing that is bound to a thread lives across a call that can park.
//! unsafe {
//!     gopark::run(|| {
//!         net::listen("tcp", ":9999")?.serve(|conn| {
//!             let mut buf = [0; 1024];
//!             while let Ok(n) = conn.read(&mut buf)
//!                 && n > 0
//!                 && conn.write(&buf[..n]).is_ok()
//!             {}
//!         })
//!     })
//! }
//! # }
//! ```
//!
//! Start with [`run`] or [`run_pinned`], whose contract is the crate's one `unsafe`, and spawn with
//! [`go`]. The [`guide`] says how to come here from Go, from std threads and from tokio. This crate
//! re-exports `gopark-runtime` and `gopark-net`.
//!
//! | feature | is |
//! |---|---|
//! | `symbols` (on) | dumps of goroutines name functions, files and lines; without it, addresses as `program+0x1234` |
//! | `futures-core` | [`future::ReceiverStream`] is a `Stream` |
//! | `http` | HTTP servers in the blocking style: `gopark::http` |
//! | `tower` | `http::tower`: services of that crate as handlers |
//! | `hyper` | [`net::AsyncConn`] is a hyper `Read` and `Write`; `future::{GoExecutor, GoTimer}` |
//! | `tokio` | [`net::AsyncConn`] is a tokio `AsyncRead` and `AsyncWrite`; `future::tokio` |
//! | `futures-io` | [`net::AsyncConn`] is an `AsyncRead` and an `AsyncWrite` |

pub mod guide;

#[doc(inline)]
pub use gopark_runtime::{
    Backtrace, Builder, GoOptions, GoroutineInfo, GoroutineState, Histogram, JoinFuture, JoinHandle,
    LockedThread, Metrics, Scope, ScopedJoinHandle, SpawnError, block_on, blocking, chan, context, future,
    go, go_local, go_with, goid, gomaxprocs, goroutines, gosched, is_pinned, lock_os_thread, metrics,
    num_goroutine, offload, run, run_pinned, scope, select, select_biased, set_gomaxprocs, signal, sync,
    thread, time, try_go,
};

/// Networking with two faces: Go's by network name ([`net::listen`], [`net::dial`]), and std's
/// types.
pub mod net {
    #[doc(inline)]
    pub use gopark_net::{
        Accepted, Addr, AddrError, AsyncConn, AsyncListener, Conn, ControlFn, Dialer, DnsError, Errno,
        Incoming, Interface, IntoIncoming, KeepAliveConfig, ListenConfig, Listener, LookupError, OpError,
        PacketConn, ParseError, PeerCred, Ready, Resolver, ResolverDial, Sentinel, SyscallError, TcpListener,
        TcpStream, UdpSocket, UnixAddr, UnixDatagram, UnixIncoming, UnixListener, UnixStream,
        UnknownNetworkError, control_msg, dial, dial_timeout, file_conn, file_listener, file_packet_conn,
        join_host_port, listen, listen_multicast_udp, listen_packet, socket_pair, split_host_port,
    };
    #[doc(no_inline)]
    pub use gopark_net::{
        AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6,
        ToSocketAddrs,
    };
}

#[doc(inline)]
pub use gopark_net::{io, os, process};

#[cfg(feature = "http")]
#[doc(inline)]
pub use gopark_http as http;
