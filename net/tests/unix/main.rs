//! Unix sockets: Go's tests under their names.

#[path = "../common/mod.rs"]
mod common;
mod conns;
mod sockets;
