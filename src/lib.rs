//! gopark: Go's goroutines and network poller, in Rust, for Rust.
//!
//! A program in the blocking style (`accept`, `read`, `write` in a loop, a goroutine per connection) runs on a few threads, as in
//! Go, and leaves the system calls that Go leaves.
//!
//! ```no_run
//! use gopark::{go, net};
//!
//! # fn main() -> Result<(), net::OpError> {
//! // SAFETY: the contract of `run`: nothing that is bound to a thread lives across a call that can park.
//! unsafe {
//!     gopark::run(|| {
//!         let listener = net::listen("tcp", ":9999")?;
//!         loop {
//!             let conn = listener.accept()?;
//!             go(move || {
//!                 let mut buf = [0; 1024];
//!                 while let Ok(n) = conn.read(&mut buf)
//!                     && n > 0
//!                 {
//!                     if conn.write(&buf[..n]).is_err() {
//!                         break;
//!                     }
//!                 }
//!             });
//!         }
//!     })
//! }
//! # }
//! ```
//!
//! Start with [`run`], whose contract is the crate's one `unsafe`; spawn with [`go`]. This crate only re-exports; the work is in
//! `gopark-runtime` and `gopark-net`.
//!
//! Features, both off: `futures-core` makes [`future::ReceiverStream`] a `Stream`, `futures-io` makes [`net::AsyncConn`] an `AsyncRead` and
//! `AsyncWrite`.

pub use gopark_runtime::*;

/// Networking with two faces: Go's by network name ([`net::listen`], [`net::dial`]), and std's types.
pub mod net {
    #[doc(inline)]
    pub use gopark_net::*;
}

#[doc(inline)]
pub use gopark_net::{io, os, process};
