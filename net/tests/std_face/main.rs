//! The types that are shaped like std's: std's tests of them under their names, and the ways
//! between both faces.

mod all;
mod auto_traits;
#[path = "../common/mod.rs"]
mod common;
mod conversions;
mod kernel;
mod tcp;
mod udp_unix;
