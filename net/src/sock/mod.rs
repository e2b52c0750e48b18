//! Sockets: how one is made, and what one is before it has a type for users.
//!
//! A [`Spec`] says which socket to make and for what; out of it comes a [`NetFd`](net_fd::NetFd), a
//! descriptor that parks, with its network and its two addresses. The calls and their order are
//! Go's.
//!
//! | file | Go |
//! |---|---|
//! | `spec.rs` | net/sock_posix.go |
//! | `net_fd/` | net/fd_posix.go, fd_unix.go; the messages of net/*sock_posix.go |
//! | `ipsock.rs` | net/ipsock_posix.go: which family, which kinds of sockets the machine has |
//! | `unix.rs` | net/unixsock_posix.go |
//! | `sockopt.rs`, `keep_alive.rs`, `multipath_tcp.rs` | net/sockopt*.go, tcpsockopt*.go, mptcpsock_linux.go |
//! | `somaxconn.rs` | net/sock_linux.go |

pub(crate) mod ipsock;
pub(crate) mod keep_alive;
pub(crate) mod multipath_tcp;
pub(crate) mod net_fd;
pub(crate) mod sockopt;
mod somaxconn;
mod spec;
pub(crate) mod unix;

pub use spec::ControlFn;
pub(crate) use spec::{BACKGROUND, Spec, dial_udp};
