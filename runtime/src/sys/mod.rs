//! The lowest layer: every call into libc, one file per facility of the operating system.
//! (`throw.rs`, which models use too, ends the process itself.)
//!
//! `errno` is read in the same non-inlined function as the call that set it: a goroutine that has
//! moved to another thread between the two would read the wrong thread's.
#![cfg(not(loom))]

pub(crate) mod clock;
pub(crate) mod epoll;
pub(crate) mod errno;
pub(crate) mod fork;
pub(crate) mod futex;
pub(crate) mod mem;
pub(crate) mod membarrier;
pub(crate) mod niceness;
pub(crate) mod objects;
pub(crate) mod prefetch;
pub(crate) mod report;
pub(crate) mod signal;
pub(crate) mod thread;
pub(crate) mod unwind;

/// The calling thread's errno.
///
/// Only for use right behind the call that set it, in the same function.
#[inline(always)]
pub(crate) fn errno() -> i32 {
    // SAFETY: __errno_location returns the calling thread's own errno; nothing can suspend between
    // this and the read.
    unsafe { *libc::__errno_location() }
}
