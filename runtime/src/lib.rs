//! Goroutines for Rust: Go's scheduler, network poller, channels and timers.
//!
//! ```
//! use gopark::{chan, go};
//!
//! // SAFETY: nothing here is bound to a thread.
//! unsafe {
//!     gopark::run(|| {
//!         let (sender, receiver) = chan::bounded(0);
//!         go(move || sender.send(42).unwrap());
//!         assert_eq!(receiver.recv(), Ok(42));
//!     })
//! }
//! ```
//!
//! Start with [`run`] or [`run_pinned`]; spawn with [`go`]. The crate `gopark` re-exports all of this together with the network.

pub mod chan;
pub mod context;
pub mod future;
pub mod signal;
pub mod sync;
pub mod thread;
pub mod time;

mod api;
mod netpoll;
mod observe;
mod sched;
mod sys;
mod throw;
mod timer;
mod words;

use throw::throw;

#[cfg(not(loom))]
pub use api::*;

// What `gopark-net` and the benchmarks use.
#[doc(hidden)]
pub mod poll_api {
    pub use crate::netpoll::api::*;
}
#[doc(hidden)]
pub mod sema {
    pub use crate::sync::sema::*;
}
#[cfg(not(loom))]
#[doc(hidden)]
pub mod micro {
    pub use crate::sched::micro::*;
}

// A loom build has the files that hold a protocol: a folder without one begins with `#![cfg(not(loom))]`, and a
// goroutine is what the model makes of it.
#[cfg(loom)]
mod model;
#[cfg(loom)]
use model as sched;
