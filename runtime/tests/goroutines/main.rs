//! Goroutines from outside, and futures on them.

mod futures;
mod spawn;
