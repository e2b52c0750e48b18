//! The network poller, the part that is the same on all systems: descriptors, their two semaphores,
//! who waits. Go: runtime/netpoll.go.
//!
//! # The back end
//!
//! The part for one system, today `epoll.rs`, provides these functions:
//!
//! ```text
//! fn netpoll_generic_init()
//!     Makes the poller unless it exists. Called before a descriptor is opened and before a timer starts; from any thread.
//!
//! fn netpoll_inited() -> bool
//!     Whether the poller exists. Called by the scheduler and sysmon before they poll.
//!
//! fn netpollopen(pd: &'static PollDesc) -> Result<(), Errno>
//!     Starts notifications for both directions of pd.fd(): edge-triggered, or kept until consumed. Called when a
//!     descriptor is opened (PollDescriptor::open), or by its first wait if it was opened unwatched.
//!
//! fn netpollclose(pd: &'static PollDesc)
//!     Ends them. Called by PollDescriptor::close, when nobody uses the descriptor any more and before close(2).
//!
//! fn netpollopen_for(pd: &'static PollDesc, fd: i32) -> Result<(), Errno>
//!     Starts notifications for writes of another descriptor, which count as those of pd's. Called by
//!     PollDescriptor::also_watch, for a sender that waits for room in another socket's queue.
//!
//! fn netpollclose_of(fd: i32)
//!     Ends them. Called by PollDescriptor::stop_watching, before close(2) of fd.
//!
//! fn netpoll(delay_ns: i64, woken: &mut impl FnMut(Waker) -> Option<GRef>) -> (GList, i32)
//!     Polls: blocks without limit (< 0), not at all (0), or for up to delay_ns. Called by the scheduler, on an M's own
//!     stack, and by sysmon with 0; at most one caller blocks (sched.lastpoll is its token). For each event whose fdseq is
//!     still the descriptor's it sets the error and hang-up bits of pd.info and calls pd.netpollready. Returns the
//!     goroutines that became ready, and what to add to the number of waiters once they are queued (I1). The waker of a
//!     future that became ready goes to `woken`, which returns the goroutine to ready if that is all the waker does.
//!
//! fn netpoll_break()
//!     Makes the blocking poll return, or the next one that would block. Called from any thread when there is an earlier
//!     timer or work for an M that may be blocked there. Several calls before the poll returns are one.
//!
//! fn netpoll_is_poll_descriptor(fd: i32) -> bool
//!     Whether the poller itself uses fd. Called by tests that count open descriptors.
//! ```
//!
//! # How a goroutine waits for a socket
//!
//! Each watched descriptor has a [`desc::PollDesc`] with one binary semaphore per direction
//! ([`sema::PollSema`]). An operation resets the semaphore, makes its system call, and on EAGAIN
//! waits on the semaphore. The kernel is told about the descriptor once, for both directions,
//! edge-triggered, and not again until it is closed. So a notification that arrives while nobody
//! waits must be kept (nil -> ready): there will not be another. Readiness only means "try again";
//! a woken goroutine repeats the system call.
//!
//! Three parties race for the waiter: the poller (`netpollready`), the closer (`api`, `unblock`)
//! and a deadline's timer (`api/deadline.rs`). All go through [`sema::PollSema::unblock`], a
//! compare-and-swap; the one that takes the goroutine out of the word owns its wake-up.
//!
//! # How a future waits
//!
//! The same way, with its waker in the semaphore's place for a goroutine ([`task::PollTask`]): no goroutine is behind a future that is
//! pending. Most wakers are those of `block_on`, which ready a goroutine; the poller returns it with the others. Any other waker is a
//! user's code and is called by a goroutine that is started for it (`sched/task.rs`).
//!
//! # No lost close
//!
//! A waiter stores `wait` into its semaphore, then checks whether the descriptor is closing or its
//! deadline has passed ([`info::PollInfo`]). A closer publishes `closing`, then looks into the
//! semaphore. Each side has a sequentially consistent fence between its store and its load, so at
//! least one sees the other: either the waiter does not park, or the closer finds it. With Release
//! and Acquire alone both may read the old value, and the loom model `loom_close_against_wait` then
//! leaves a reader parked for ever on a closed descriptor.
//!
//! # No lost count
//!
//! `netpoll` returns goroutines and a delta for the number of waiters. The caller queues the
//! goroutines *first*, then adds the delta ([`netpoll_adjust_waiters`]). In between both count, so
//! an M that looks for work always sees one of the two.
//!
//! # Rejected
//!
//! Arming per wait (EPOLLONESHOT or MOD, as most Rust reactors do): one more system call per wait,
//! and visibly not Go. A waker per direction behind a lock: the poller would take a lock per event, for goroutines too (a future's waker is
//! behind one, which only it and its waker take).
//! Freeing a PollDesc on close: the kernel may have returned an event with its address just before.
//!
//! # Invariants
//!
//! I1 netpoll readies no goroutine: it returns them. (A plain thread that waits for a descriptor
//!    has no place on a run queue: its note is woken, and its count corrected, on the spot.)
//! I2 PollDescs are never unmapped; the tag in the kernel's event tells a descriptor's earlier life
//!    from its present one.
//! I3 Under a PollDesc's lock: publish the info strictly before unblocking. Ready outside the lock.
//! I4 Where futures were woken, a delta may come with an empty list: `sched::task::netpoll` applies it.
//! I5 A waiter is counted in its park's commit, after it was published.

pub(crate) mod api;
pub(crate) mod cache;
pub(crate) mod desc;
#[cfg(not(loom))]
pub(crate) mod epoll;
pub(crate) mod info;
pub(crate) mod sema;
pub(crate) mod task;

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

/// Why an operation cannot proceed. Go: pollErrClosing, pollErrTimeout, pollErrNotPollable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollError {
    /// The descriptor is being closed.
    Closing,
    /// The deadline has passed.
    Timeout,
    /// The poller reported an error for the descriptor.
    NotPollable,
    /// The kernel does not watch it: epoll_ctl's errno. Only for a descriptor that is watched from
    /// its first wait on.
    Refused(i32),
}

/// Goroutines and threads parked in descriptors. Go: netpollWaiters.
///
/// A std atomic in models too: no model depends on it.
static NETPOLL_WAITERS: AtomicU32 = AtomicU32::new(0);

/// Whether anything waits for I/O. If not, the scheduler need not poll.
#[doc(alias = "netpollAnyWaiters")]
#[inline]
pub(crate) fn netpoll_any_waiters() -> bool {
    // ORDERING: SeqCst pairs with the adds below: an M that gives up its P after this reads 0 is
    // followed by the committing M, which searches for work after its add.
    NETPOLL_WAITERS.load(SeqCst) > 0
}

/// Adds to the number of waiters; call it after the goroutines have been queued.
#[doc(alias = "netpollAdjustWaiters")]
#[inline]
pub(crate) fn netpoll_adjust_waiters(delta: i32) {
    if delta != 0 {
        // ORDERING: SeqCst pairs with the load above; a negative delta wraps to the right
        // difference.
        NETPOLL_WAITERS.fetch_add(delta as u32, SeqCst);
    }
}
