//! The server, asked over loopback by clients that write what they please.

mod asked;
mod basic;
mod common;
mod refused;
mod upgraded;
