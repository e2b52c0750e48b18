//! Goroutines from outside, and futures on them.

mod futures;
#[path = "../../../tests/common/modes.rs"]
mod modes;
mod spawn;
