//! Backtraces of parked goroutines.

/// Runs on a parked goroutine's stack, resumed for a moment by a dump: `order` is the address of what the dump wants filled.
#[cold]
#[inline(never)]
pub(crate) fn capture(_order: usize) {}
