//! Go's face: by network name. Go: net/dial.go, net/net.go.
//!
//! `dial` and `listen` look the name up (`resolve`), make the socket (`sock`) and give a
//! [`Conn`](crate::Conn), a [`Listener`](crate::Listener) or a [`PacketConn`](crate::PacketConn).

pub(crate) mod async_listener;
pub mod control_msg;
pub(crate) mod dial;
pub(crate) mod file;
pub(crate) mod listen;
pub(crate) mod multicast;
pub(crate) mod packet;
pub(crate) mod serve;
