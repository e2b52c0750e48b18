//! Locks, conditions, semaphores, groups: std's, Go's and tokio's tests of them, under their names, on goroutines.
//! What was left out and why: tests/PORTED.md.

mod go;
#[path = "../../../tests/common/modes.rs"]
mod modes;
mod std;
mod tokio;
