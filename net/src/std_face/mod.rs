//! std's face: the types of `std::net` and `std::os::unix::net`, which park instead of blocking.
//!
//! Names, arguments, results and error kinds are std's. What is set on a socket is what std sets
//! (no TCP_NODELAY, no keep-alive), and options are read and written by std's own types on the
//! borrowed descriptor: what std knows to do, it does.
//!
//! Each type is a [`Socket`](socket::Socket) of one kind, in its own file. What they have in common
//! is in `socket.rs` (operations) and `descriptor.rs` (how a socket is taken over, given up and
//! shown).
//!
//! I1 A socket here is in the kernel's non-blocking mode always; `set_nonblocking` only says
//!    whether an operation parks.

mod address;
mod convert;
mod descriptor;
mod socket;
mod tcp_listener;
mod tcp_stream;
mod udp_socket;
mod unix_datagram;
mod unix_listener;
mod unix_stream;

pub use tcp_listener::{Incoming, IntoIncoming, TcpListener};
pub use tcp_stream::TcpStream;
pub use udp_socket::UdpSocket;
pub use unix_datagram::UnixDatagram;
pub use unix_listener::{Incoming as UnixIncoming, UnixListener};
pub use unix_stream::UnixStream;
