//! The server, asked over loopback by clients that write what they please.

mod basic;
mod common;
mod refused;
mod upgraded;
