//! The network.

mod addr;
mod errno;
mod error;
mod host_port;
mod ipsock;
mod name_error;
mod network;
mod open;
mod poll;
mod sockaddr;
mod sockopt;
mod somaxconn;
mod sys;

pub use addr::{Addr, UnixAddr};
pub use error::{
    AddrError, DnsError, Errno, OpError, ParseError, Sentinel, SyscallError, UnknownNetworkError,
};
pub use host_port::{join_host_port, split_host_port};
