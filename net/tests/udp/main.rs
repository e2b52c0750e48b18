//! UDP and raw IP: Go's tests under their names, and groups.

#[path = "../common/mod.rs"]
mod common;
mod multicast;
mod packets;
mod timeout;
