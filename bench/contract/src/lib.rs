//! What every contestant has in common, written once: how it is told what to do, how it takes the time, and the one
//! line it answers with.
//!
//! A contestant is a program called as `PROGRAM WORKLOAD [key=value]...`. Keys it does not know are ignored and each
//! has a default. A compute workload does a tenth of its work unmeasured, then all of it, and prints
//! `WORKLOAD NAME key=value...`. A server workload listens on 127.0.0.1, prints `READY`, and serves until it is
//! killed. Exit status 3 says that the contestant has nothing for this workload. `../README.md` lists them all.

mod clock;
mod job;
mod memory;
pub mod sleepers;

pub use clock::{Stopwatch, cpu_ns, cpu_ns_of};
pub use job::{Job, ready, unsupported};
pub use memory::Memory;

/// Size of the read buffer that belongs to each connection of a server workload.
pub const READ_BUFFER: usize = 1024;

/// The body of the answer in `http_hello`.
pub const HELLO: &str = "Hello, World!";
