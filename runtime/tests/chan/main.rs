//! Channels and selects: crossbeam-channel's own suite, Go's tests in it included, on goroutines; and what is beyond it.
//! What was left out and why: tests/PORTED.md.

mod after;
mod array;
mod basic;
mod common;
mod golang;
mod golang_ken;
mod golang_runtime;
mod iter;
mod list;
#[path = "../../../tests/common/modes.rs"]
mod modes;
mod mpsc;
mod mpsc_bodies;
mod mpsc_select;
mod mpsc_sync;
mod never;
mod ready;
mod same_channel;
mod select;
mod select_macro;
mod select_macro_fair;
mod select_macro_single;
mod select_order;
mod soak;
mod thread_locals;
mod tick;
mod zero;
