//! Sleeping, timers and tickers. Go: package time, sleep.go and tick.go (1.23).
//!
//! ```
//! use gopark::{chan, select, time};
//! use std::time::Duration;
//!
//! # fn main() { unsafe { gopark::run(|| {
//! time::sleep(Duration::from_millis(1)); // parks the goroutine
//!
//! let (_sender, receiver) = chan::bounded::<u32>(0);
//! let ticker = time::Ticker::new(Duration::from_millis(1));
//! select! {
//!     recv(receiver) -> _ => unreachable!("nobody sends"),
//!     recv(ticker.channel()) -> due => println!("tick at {due:?}"),
//! }
//! # }) } }
//! ```
//!
//! | | | cost while nobody waits |
//! |---|---|---|
//! | [`sleep`], [`sleep_until`] | park the goroutine | - |
//! | [`after`], [`tick`], [`Timer`], [`Ticker`] | a channel that gets the time | its memory; nothing is queued or started |
//! | [`after_func`] | calls a function in its own goroutine | an entry in a heap |
//!
//! The clock is CLOCK_MONOTONIC, that of [`Instant`]. Nothing fires early. On an idle machine it
//! fires microseconds late; if goroutines compute on all Ps, up to about 10 ms late: until one of
//! them enters the runtime or its P is retaken.
#![cfg(not(loom))]

mod func;
mod sleep;
mod ticker;
mod timer;

#[cfg(doc)]
use std::time::Instant;

pub use crate::chan::{after, tick};
pub use sleep::{sleep, sleep_until};
pub use ticker::Ticker;
pub use timer::{Timer, after_func};
