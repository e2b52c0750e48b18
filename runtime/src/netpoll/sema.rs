//! The binary semaphore of one direction of a descriptor, in one word. Go: runtime/netpoll.go
//! pollDesc.rg, wg.
//!
//! | from -> to | who | when |
//! |---|---|---|
//! | nil -> wait | the waiter | [`PollSema::prepare`] |
//! | ready -> nil | the waiter | [`PollSema::prepare`] consumes a notification: no park |
//! | wait -> G | the waiter's park commit | [`PollSema::commit`] |
//! | wait -> ready, G -> ready, nil -> ready | the poller | [`PollSema::unblock`]; the nil case keeps the notification |
//! | wait -> nil, G -> nil | closer, deadline | [`PollSema::unblock`] |
//! | any -> nil | the waiter, back | [`PollSema::finish`] |
//! | any -> nil | an operation's start | [`PollSema::reset`] |
//!
//! I1 One waiter per direction at a time (the descriptor's fdMutex ensures it); a second one
//!    throws.
//! I2 The one that replaces a G in the word wakes that G, exactly once.

use crate::sched::g::GRef;
use crate::throw::throw;
use crate::words::shim::atomic::{
    AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst,
    fence,
};
use crate::words::shim::fence_after_rmw;

const NIL: usize = 0;
const READY: usize = 1;
const WAIT: usize = 2;
// Anything above is the address of a G (a multiple of 64).

/// What `prepare` found.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prepared {
    /// A notification was there and is consumed: do not park.
    Ready,
    /// The word says `wait`: look for errors, then park with `commit`.
    Waiting,
}

/// How a wait ended.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// By the poller: the operation may be tried again.
    Ready,
    /// By a closer, a deadline, or not parked at all: look for the error.
    NotReady,
}

/// Why somebody unblocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The kernel reports readiness.
    IoReady,
    /// Close or deadline; the info says so already.
    Evicted,
}

/// One direction's semaphore.
#[derive(Debug)]
pub(crate) struct PollSema(AtomicUsize);

impl PollSema {
    pub(crate) fn new() -> Self {
        PollSema(AtomicUsize::new(NIL))
    }

    /// Forgets a notification that came before the operation began: its first system call decides.
    #[inline]
    pub(crate) fn reset(&self) {
        // Nothing to forget: a notification that arrives in between costs one more turn, no more.
        if self.0.load(Relaxed) != NIL {
            // ORDERING: SeqCst, a read-modify-write: it must not sit in a store buffer while the
            // system call runs, or it would wipe out the notification of what arrives right after.
            // Pairs with the swap of the word in `unblock`.
            self.0.swap(NIL, SeqCst);
        }
    }

    /// Announces a waiter, or consumes a notification.
    pub(crate) fn prepare(&self) -> Prepared {
        loop {
            // Relaxed: the compare-and-swaps decide. It saves one that would fail.
            match self.0.load(Relaxed) {
                READY => {
                    // ORDERING: Acquire pairs with the Release in `unblock`: the notifier's event
                    // happened before our retry.
                    if self.0.compare_exchange(READY, NIL, Acquire, Relaxed).is_ok() {
                        return Prepared::Ready;
                    }
                }
                NIL => {
                    // ORDERING: AcqRel: see the fence.
                    if self.0.compare_exchange(NIL, WAIT, AcqRel, Relaxed).is_ok() {
                        // ORDERING: SeqCst; pairs with the fence in `unblock` (Evicted): either our
                        // caller's look at the info sees the close, or the closer's look at this
                        // word sees WAIT.
                        fence_after_rmw();
                        return Prepared::Waiting;
                    }
                }
                other => throw!("double wait on a poll descriptor: {other:#x}"),
            }
        }
    }

    /// Publishes the parked waiter; false if it was unblocked before. Runs in the park's commit.
    #[doc(alias = "netpollblockcommit")]
    pub(crate) fn commit(&self, gp: GRef) -> bool {
        // ORDERING: Release pairs with the Acquire in `unblock`: the one that takes the G finds it
        // parked.
        self.0.compare_exchange(WAIT, gp.as_usize(), Release, Relaxed).is_ok()
    }

    /// After the park, or without one: returns how it ended and leaves the word nil.
    pub(crate) fn finish(&self) -> Woken {
        // ORDERING: AcqRel: Acquire pairs with the Release in `unblock`; Release because a closer
        // may read it next.
        match self.0.swap(NIL, AcqRel) {
            READY => Woken::Ready,
            NIL | WAIT => Woken::NotReady,
            other => throw!("corrupted poll descriptor: a waiter resumed while {other:#x} is parked"),
        }
    }

    /// Notifies or evicts; returns the goroutine that the caller must wake (I2).
    #[doc(alias = "netpollunblock")]
    pub(crate) fn unblock(&self, cause: Cause) -> Option<GRef> {
        let new = match cause {
            Cause::IoReady => READY,
            Cause::Evicted => {
                // ORDERING: pairs with the fence in `prepare`; the info was published before.
                fence(SeqCst);
                NIL
            }
        };
        // Relaxed: the compare-and-swap decides; after the fence the load cannot be older than a
        // WAIT that missed our info.
        let mut old = self.0.load(Relaxed);
        loop {
            if old == READY || (old == NIL && cause == Cause::Evicted) {
                return None;
            }
            // ORDERING: AcqRel: Acquire pairs with the Release in `commit`; Release publishes the
            // event to `prepare`, `finish`.
            match self.0.compare_exchange_weak(old, new, AcqRel, Relaxed) {
                Ok(NIL | WAIT) => return None,
                // SAFETY: the word is neither of the three small values, so `commit` put the G's
                // address there.
                Ok(parked) => return Some(unsafe { GRef::from_usize(parked) }),
                Err(now) => old = now,
            }
        }
    }

    /// The waiter's address; a hint.
    pub(crate) fn waiter_hint(&self) -> Option<usize> {
        let word = self.0.load(Relaxed);
        (word > WAIT).then_some(word)
    }

    /// Whether anyone waits. For the checks at open and close.
    pub(crate) fn has_waiter(&self) -> bool {
        // Relaxed: asked only when no waiter can come or go any more.
        !matches!(self.0.load(Relaxed), NIL | READY)
    }
}
