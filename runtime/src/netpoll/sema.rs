//! The binary semaphore of one direction of a descriptor, in one word. Go: runtime/netpoll.go
//! pollDesc.rg, wg.
//!
//! | from -> to | who | when |
//! |---|---|---|
//! | nil -> wait | the waiter | [`PollSema::prepare`] |
//! | ready -> nil | the waiter | [`PollSema::prepare`] consumes a notification: no park |
//! | wait -> G | the waiter's park commit | [`PollSema::commit`] |
//! | wait -> task | a future's poll | [`PollSema::commit_task`] |
//! | wait -> ready, G -> ready, task -> ready, nil -> ready | the poller | [`PollSema::unblock`]; the nil case keeps the notification |
//! | wait -> nil, G -> nil, task -> nil | closer, deadline | [`PollSema::unblock`] |
//! | task -> nil | the future is dropped | [`PollSema::remove_task`] |
//! | task -> wait | another waiter | [`PollSema::prepare`]: the task is woken, and looks for itself |
//! | any -> nil | the waiter, back | [`PollSema::finish`] |
//! | any -> nil | an operation's start | [`PollSema::reset`]; a task is woken |
//!
//! A task is a future that waits ([`PollTask`]). Unlike a goroutine it does not hold the fdMutex while it waits, because nobody may ever
//! poll it again. So an operation may find one in the word.
//!
//! I1 One goroutine per direction waits at a time (the descriptor's fdMutex ensures it); a second
//!    one throws.
//! I2 The one that replaces a G or a task in the word wakes it, exactly once.
//! I3 A task in the word is an owner of it: one count of its `Arc`.

use std::sync::Arc;

use crate::netpoll::task::PollTask;
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
/// Marks the address of a task; a G's is a multiple of 64.
const TASK: usize = 4;

/// Who waits.
#[derive(Debug)]
pub(crate) enum Waiter {
    /// A goroutine or a thread, parked.
    Parked(GRef),
    /// A future.
    Task(Arc<PollTask>),
}

impl Waiter {
    /// # Safety
    /// The word is none of the three small values, and the caller has taken it out (I2, I3).
    unsafe fn from_word(word: usize) -> Waiter {
        match is_task(word) {
            true => Waiter::Task(taken_task(word)),
            // SAFETY: what `commit` has put there, and the caller's duty.
            false => Waiter::Parked(unsafe { GRef::from_usize(word) }),
        }
    }
}

fn is_task(word: usize) -> bool {
    word & TASK != 0
}

fn task_word(task: &Arc<PollTask>) -> usize {
    Arc::as_ptr(task) as usize | TASK
}

/// What `prepare` found.
#[must_use]
#[derive(Debug)]
pub(crate) enum Prepared {
    /// A notification was there and is consumed: do not park.
    Ready,
    /// The word says `wait`: look for errors, then park with `commit`. A task that was there is to be woken.
    Waiting(Option<Arc<PollTask>>),
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
    ///
    /// A task that was there is to be woken.
    #[inline]
    #[must_use]
    pub(crate) fn reset(&self) -> Option<Arc<PollTask>> {
        // Nothing to forget: a notification that arrives in between costs one more turn, no more.
        if self.0.load(Relaxed) != NIL {
            // ORDERING: SeqCst, a read-modify-write: it must not sit in a store buffer while the
            // system call runs, or it would wipe out the notification of what arrives right after.
            // Pairs with the swap of the word in `unblock`.
            let old = self.0.swap(NIL, SeqCst);
            // ORDERING: Acquire, in the swap, pairs with the Release in `commit_task`.
            return is_task(old).then(|| taken_task(old));
        }
        None
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
                        return Prepared::Waiting(None);
                    }
                }
                task if is_task(task) => {
                    // ORDERING: AcqRel: Acquire pairs with the Release in `commit_task`; and see
                    // the fence.
                    if self.0.compare_exchange(task, WAIT, AcqRel, Relaxed).is_ok() {
                        // ORDERING: SeqCst; as above.
                        fence_after_rmw();
                        return Prepared::Waiting(Some(taken_task(task)));
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

    /// Publishes a future that waits; false if it was unblocked before.
    pub(crate) fn commit_task(&self, task: &Arc<PollTask>) -> bool {
        let owner = Arc::clone(task);
        // ORDERING: Release pairs with the Acquire in `unblock`: the one that takes the task finds
        // its waker.
        let published = self.0.compare_exchange(WAIT, task_word(task), Release, Relaxed).is_ok();
        if published {
            // The word's (I3).
            let _ = Arc::into_raw(owner);
        }
        published
    }

    /// Takes a future that no longer waits out; false if it is not there.
    pub(crate) fn remove_task(&self, task: &Arc<PollTask>) -> bool {
        let word = task_word(task);
        // ORDERING: AcqRel: Release because a closer may read it next.
        let removed = self.0.compare_exchange(word, NIL, AcqRel, Relaxed).is_ok();
        if removed {
            drop(taken_task(word));
        }
        removed
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

    /// Notifies or evicts; returns the waiter that the caller must wake (I2).
    #[doc(alias = "netpollunblock")]
    pub(crate) fn unblock(&self, cause: Cause) -> Option<Waiter> {
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
            // ORDERING: AcqRel: Acquire pairs with the Release in `commit` and `commit_task`; Release publishes the
            // event to `prepare`, `finish`.
            match self.0.compare_exchange_weak(old, new, AcqRel, Relaxed) {
                Ok(NIL | WAIT) => return None,
                // SAFETY: the word is none of the three small values, and was taken out just now.
                Ok(waiter) => return Some(unsafe { Waiter::from_word(waiter) }),
                Err(now) => old = now,
            }
        }
    }

    /// The address of the goroutine that waits; a hint.
    pub(crate) fn waiter_hint(&self) -> Option<usize> {
        let word = self.0.load(Relaxed);
        (word > WAIT && !is_task(word)).then_some(word)
    }

    /// Whether anyone waits. For the checks at open and close.
    pub(crate) fn has_waiter(&self) -> bool {
        // Relaxed: asked only when no waiter can come or go any more.
        !matches!(self.0.load(Relaxed), NIL | READY)
    }
}

/// The task that was in the word.
fn taken_task(word: usize) -> Arc<PollTask> {
    debug_assert!(is_task(word));
    // SAFETY: I3: the caller has taken it out of the word, whose count this is.
    unsafe { Arc::from_raw((word & !TASK) as *const PollTask) }
}
