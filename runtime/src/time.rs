//! Time: sleeping, timers and tickers. Go: package time, sleep.go and tick.go.

pub use crate::sleep::{sleep, sleep_until};
