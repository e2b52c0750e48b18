//! Run queues: a P's own with `runnext`, and the global one. Go: runtime/proc.go runqput and the
//! functions after it.
//!
//! The queue proper is crossbeam's Chase-Lev deque in FIFO order (D. Chase, Y. Lev, "Dynamic
//! circular work-stealing deque", SPAA 2005; N. M. Lê et al., "Correct and efficient work-stealing
//! for weak memory models", PPoPP 2013), the global one its injector. `runnext`, its inheritance of
//! the time slice and its place in the order are Go's.
//!
//! Against Go: the local queue has no limit of 256, so nothing overflows to the global one; and how
//! many a thief takes is the deque's choice, at most half.
//!
//! I1 The functions with a `p` of their own to touch (`runqput runqget globrunqget runqsteal`) are
//!    for the P's holder.
//! I2 A goroutine that is taken from `runnext` in favour of another is in the queue before its
//!    taker goes on.

use std::sync::atomic::Ordering::Relaxed;

use crossbeam_deque::{Steal, Worker};

use crate::sched::g::{G, GRef};
use crate::sched::p::P;
use crate::sched::schedt::{Sched, sched};

/// Where a goroutine is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Next to run; the former next goes to the tail. Go: next=true.
    Next,
    /// The tail.
    Tail,
}

/// Whether a goroutine goes on with the time slice of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slice {
    Inherited,
    Fresh,
}

/// The P's queue.
///
/// # Safety
/// The caller holds the P, and the borrow does not outlive the call on the queue: no two of them
/// overlap.
#[inline(always)]
pub(super) unsafe fn queue(p: &P) -> &Worker<GRef> {
    // SAFETY: the caller's duty.
    unsafe { &*p.runq.get() }
}

/// Makes the goroutine's turn come on this P.
#[inline]
pub(crate) fn runqput(p: &P, gp: GRef, place: Place) {
    let tail = match place {
        Place::Tail => gp,
        Place::Next => {
            let old = p.runnext.put(gp.as_ptr(), false);
            let Some(tail) = taken(old.gp) else { return };
            if old.keep && !p.runnext.is_alone() {
                // In pinned mode: it has begun, and no thief may see it (pinned.rs R2).
                return p.pinned.begun().push_back(tail);
            }
            tail
        }
    };
    // SAFETY: I1; used for this call.
    unsafe { queue(p) }.push(tail);
}

/// The next goroutine of this P. Go: runqget.
#[inline]
pub(crate) fn runqget(p: &P) -> Option<(GRef, Slice)> {
    if !p.runnext.is_empty() {
        if p.preempt.load(Relaxed) {
            // The slice is used up: no inheritance. The next one queues like everybody else, and
            // the ring gets its turn.
            p.preempt.store(false, Relaxed);
            if let Some(gp) = taken(p.runnext.take()) {
                // SAFETY: as in `runqput`.
                unsafe { queue(p) }.push(gp);
            }
        } else if let Some(gp) = taken(p.runnext.take()) {
            return Some((gp, Slice::Inherited));
        }
    }
    // SAFETY: as in `runqput`.
    unsafe { queue(p) }.pop().map(|gp| (gp, Slice::Fresh))
}

/// What was taken from `runnext`, unless it was gone.
#[inline(always)]
pub(super) fn taken(gp: *mut G) -> Option<GRef> {
    // SAFETY: runnext holds pointers from GRefs.
    (!gp.is_null()).then(|| unsafe { GRef::from_ptr(gp) })
}

/// Is there nothing that another P could take? Exact for the holder; for others never "empty" while
/// a goroutine is displaced from `runnext` into the queue, which is why the queue is looked at
/// twice. (One that `runqget` queues at a slice's end is its holder's for a moment, and seen by
/// nobody: should a spinner retire just then, it waits for its turn on this P.)
pub(crate) fn runqempty(p: &P) -> bool {
    p.stealer.is_empty()
        && p.runnext.is_empty_after_fence()
        && p.stealer.is_empty()
        && (!sched().config.pinned || p.pinned.nothing_offered())
}

/// The number of goroutines in the queue, without `runnext`; a hint. Go: t - h in schedtrace.
pub(crate) fn runqsize(p: &P) -> usize {
    p.stealer.len()
}

/// How many one P may take from the global queue at once: its fair share.
fn share(sched: &Sched) -> usize {
    (sched.runq.len() / sched.procs() + 1).min(128)
}

/// How much of the global queue is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    One,
    Share,
}

/// Takes from the global queue: one to run, and for `Share` more into the P's queue.
pub(crate) fn globrunqget(sched: &Sched, p: &P, want: Want) -> Option<GRef> {
    if sched.runq.is_empty() {
        return None;
    }
    loop {
        let got = match want {
            Want::One => sched.runq.steal(),
            // SAFETY: as in `runqput`.
            Want::Share => sched.runq.steal_batch_with_limit_and_pop(unsafe { queue(p) }, share(sched)),
        };
        match got {
            Steal::Success(gp) => return Some(gp),
            Steal::Empty => return None,
            Steal::Retry => std::hint::spin_loop(),
        }
    }
}

/// Takes half of another P's queue, or, as a last resort, its `runnext`.
pub(crate) fn runqsteal(p: &P, victim: &P, runnext_too: bool) -> Option<GRef> {
    loop {
        // SAFETY: as in `runqput`.
        match victim.stealer.steal_batch_and_pop(unsafe { queue(p) }) {
            Steal::Success(gp) => return Some(gp),
            Steal::Empty => break,
            Steal::Retry => std::hint::spin_loop(),
        }
    }
    if !runnext_too || victim.runnext.is_empty() {
        return None;
    }
    // The victim has just readied it and is about to park: give it the chance to run it itself.
    // Otherwise a ping-pong pair would be torn apart at each message.
    crate::sys::thread::usleep(3);
    taken(victim.runnext.steal())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sched::g::Kind;

    /// As in Go's schedtrace, which prints `t - h`.
    #[test]
    fn runqsize_leaves_runnext_out() {
        // SAFETY: a record that is never freed.
        let g = || unsafe { GRef::from_ptr(Box::into_raw(Box::new(G::new(Kind::Thread, 0)))) };
        let p = P::new(0, true);
        runqput(&p, g(), Place::Next);
        assert_eq!(runqsize(&p), 0);
        runqput(&p, g(), Place::Next);
        assert_eq!(runqsize(&p), 1);
    }
    /// In pinned mode: a spawn displaces a goroutine that has begun, and thieves must not see it.
    #[test]
    fn a_displaced_goroutine_that_has_begun_is_not_stolen() {
        // SAFETY: records that are never freed.
        let g = || unsafe { GRef::from_ptr(Box::into_raw(Box::new(G::new(Kind::Thread, 0)))) };
        let (p, thief): (&'static P, _) = (Box::leak(Box::new(P::new(0, false))), P::new(1, false));
        let (begun, spawned) = (g(), g());
        begun.set_home(Some(p));
        assert!(p.runnext.put(begun.as_ptr(), true).gp.is_null());
        runqput(p, spawned, Place::Next);
        assert_eq!(runqsteal(&thief, p, true), Some(spawned));
        assert_eq!(runqsteal(&thief, p, true), None);
        assert_eq!(p.pinned.begun().pop_front(), Some(begun));
    }
}
