//! Time: sleeping, timers and tickers. Go: package time, sleep.go and tick.go (1.23).
//!
//! | | | costs while nobody waits |
//! |---|---|---|
//! | [`sleep`], [`sleep_until`] | park the goroutine | - |
//! | [`after`], [`tick`], [`Timer`], [`Ticker`] | a channel that gets the time | its memory; nothing is queued or started |
//! | [`after_func`] | calls a function in a goroutine of its own | an entry in a heap |
//!
//! The clock is CLOCK_MONOTONIC, that of [`Instant`]. Nothing fires early. How late: microseconds on an idle machine; with
//! goroutines that compute on all Ps, until one of them enters the runtime or its P is retaken (about 10 ms).
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
