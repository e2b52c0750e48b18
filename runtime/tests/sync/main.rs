//! Locks, conditions, semaphores, groups: std's and Go's tests of them, under their names, on goroutines.
//! What was left out and why: tests/PORTED.md.

mod go;
#[path = "../../../tests/common/modes.rs"]
mod modes;
mod std;
