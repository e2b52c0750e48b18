//! Goroutines for Rust: Go's scheduler, network poller, channels and timers.
//!
//! Start with [`run`]; spawn with [`go`]. The crate `gopark` re-exports all of this together with the network.

#[cfg(loom)]
mod model;

mod shim;
#[cfg(not(loom))]
mod sys;
mod throw;

mod handshake;
mod join_word;
mod note;
mod runnext;
mod spinning;
mod timer;
mod wait_reason;

#[cfg(not(loom))]
mod ahead;
#[cfg(not(loom))]
mod census;
#[cfg(not(loom))]
pub mod chan;
#[cfg(not(loom))]
mod coro;
#[cfg(not(loom))]
mod dump;
#[cfg(not(loom))]
mod fault;
#[cfg(not(loom))]
mod g;
#[cfg(not(loom))]
mod glist;
#[cfg(not(loom))]
mod hogs;
#[cfg(not(loom))]
mod join;
#[cfg(not(loom))]
mod m;
#[cfg(not(loom))]
mod metrics;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod micro;
mod netpoll;
#[cfg(not(loom))]
mod netpoll_epoll;
#[cfg(not(loom))]
mod p;
#[doc(hidden)]
pub mod poll_api;
#[cfg(not(loom))]
mod proc;
#[cfg(not(loom))]
mod runq;
#[cfg(not(loom))]
mod sched;
#[cfg(not(loom))]
mod schedtrace;
#[cfg(not(loom))]
mod scope;
#[cfg(not(loom))]
mod sleep;
#[cfg(not(loom))]
mod stack;
#[cfg(not(loom))]
mod start;
#[cfg(not(loom))]
mod sysmon;
#[cfg(not(loom))]
pub mod time;
#[cfg(not(loom))]
mod tls;

#[cfg(not(loom))]
pub mod context;
#[cfg(not(loom))]
pub mod future;
#[doc(hidden)]
pub mod sema;
#[cfg(not(loom))]
pub mod signal;
pub mod sync;

use throw::throw;

#[cfg(not(loom))]
mod api;
#[cfg(not(loom))]
pub use api::*;

// In a model, `g` and `proc` are the model's.
#[cfg(loom)]
use model::{g, proc};
