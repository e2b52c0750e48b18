//! The network poller, the part that is the same on all systems: descriptors, their two semaphores, who waits.
//! Go: runtime/netpoll.go.
//!
//! # How a goroutine waits for a socket
//!
//! Each descriptor that the poller watches has a [`desc::PollDesc`] with one binary semaphore per direction
//! ([`sema::PollSema`]). An operation resets the semaphore, makes its system call, and if that says EAGAIN, waits on the
//! semaphore. The kernel is told of the descriptor once, for both directions, edge-triggered, and never again until it
//! is closed; so a notification that comes while nobody waits must be kept (nil -> ready), for there will not be another.
//! Readiness means "try again", nothing more: whoever is woken makes the system call again.
//!
//! Three parties race for the waiter: the poller (`netpollready`), the closer (`poll_api::unblock`), a deadline's
//! timer (`poll_api::deadline`). All three go through [`sema::PollSema::unblock`], a compare-and-swap; who takes the
//! goroutine out of the word owns its wake-up.
//!
//! # No lost close
//!
//! A waiter stores `wait` into its semaphore and then looks whether the descriptor is closing or its deadline has
//! passed ([`info::PollInfo`]). A closer publishes `closing` and then looks into the semaphore. Each side has a sequentially
//! consistent fence between its store and its load, so at least one of them sees the other: either the waiter does not
//! park, or the closer finds it. With Release and Acquire alone both may read the old value, and the loom model
//! `loom_close_against_wait` then leaves a reader parked for ever on a closed descriptor.
//!
//! # No lost count
//!
//! `netpoll` returns goroutines and a delta for the number of waiters; the caller queues the goroutines *first* and then
//! adds the delta ([`netpoll_adjust_waiters`]). In between both count, so nobody who looks for work can see neither.
//!
//! # Rejected
//!
//! Arming per wait (EPOLLONESHOT or MOD, as most Rust reactors do): one more system call per wait, and visibly not Go. A
//! waker per direction behind a lock: the poller would take a lock per event. Freeing a PollDesc on close: the kernel may
//! have handed out an event with its address just before.
//!
//! # Invariants
//!
//! I1 netpoll readies no goroutine: it returns them. (A plain thread that waits for a descriptor has no place on a run
//!    queue; its note is woken on the spot, and its count corrected on the spot.)
//! I2 PollDescs are never unmapped; the tag in the kernel's event tells a descriptor's earlier life from its present one.
//! I3 Under a PollDesc's lock: publish the info strictly before unblocking. Ready outside of the lock.
//! I4 An empty list never comes with a delta.
//! I5 A waiter is counted in its park's commit, after it was published.

pub(crate) mod api;
pub(crate) mod cache;
pub(crate) mod desc;
#[cfg(not(loom))]
pub(crate) mod epoll;
pub(crate) mod info;
pub(crate) mod sema;

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

#[cfg(not(loom))]
pub(crate) use epoll::{
    netpoll, netpoll_break, netpoll_generic_init, netpoll_inited, netpoll_is_poll_descriptor,
};

/// A direction of I/O. Go: the modes 'r' and 'w'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Reading, accepting.
    Read,
    /// Writing, connecting.
    Write,
}

/// Why an operation may not go on. Go: pollErrClosing, pollErrTimeout, pollErrNotPollable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollError {
    /// The descriptor is being closed.
    Closing,
    /// The deadline has passed.
    Timeout,
    /// The poller reported an error for the descriptor.
    NotPollable,
    /// The kernel does not watch it: epoll_ctl's errno. Only of a descriptor that is watched from its first wait on.
    Refused(i32),
}

/// How many goroutines (and threads) are parked in descriptors. Go: netpollWaiters.
///
/// A std atomic in models too: a model asks nothing of it.
static NETPOLL_WAITERS: AtomicU32 = AtomicU32::new(0);

/// Does anybody wait for I/O? If not, the scheduler need not poll.
#[doc(alias = "netpollAnyWaiters")]
#[inline]
pub(crate) fn netpoll_any_waiters() -> bool {
    // ORDERING: SeqCst pairs with the adds below: an M that gives up its P after this reads 0 is followed by the
    // committing M, which searches for work after its add.
    NETPOLL_WAITERS.load(SeqCst) > 0
}

/// Adds to the number of waiters; call it after the goroutines have been queued.
#[doc(alias = "netpollAdjustWaiters")]
#[inline]
pub(crate) fn netpoll_adjust_waiters(delta: i32) {
    if delta != 0 {
        // ORDERING: SeqCst pairs with the load above; a negative delta wraps to the right difference.
        NETPOLL_WAITERS.fetch_add(delta as u32, SeqCst);
    }
}
