//! TCP: Go's tests under their names, and what is beyond Go.

mod beyond;
#[path = "../common/mod.rs"]
mod common;
mod conn;
mod dial;
mod file;
mod keep_alive;
mod last_bytes;
mod listen;
mod multipath;
mod server;
mod timeout;
