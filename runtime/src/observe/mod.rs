//! What a running program reports about itself: dumps of its goroutines, faults, the scheduler's
//! trace.
#![cfg(not(loom))]

pub(crate) mod dump;
pub(crate) mod fault;
pub(crate) mod schedtrace;
mod symbols;
