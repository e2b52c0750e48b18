//! Prefetching: the memory of a batch's next goroutine is loaded while the one before it runs.
//!
//! A server with a thousand connections takes a hundred events at a time from the poller. Before a
//! goroutine of such a batch gets its turn, the kernel's work for its predecessors has pushed its
//! record, its frames and its descriptor out of the near caches: some twelve lines, each a
//! dependent miss. All are known in advance: a parking goroutine notes in its record where it
//! leaves its stack and what it was about to touch. So when a goroutine of a batch starts, the
//! lines of the next one are prefetched, and the record of the one after that; they arrive during
//! the first one's system calls.
//!
//! Everything here is a hint. A stale one prefetches a line in vain.
//!
//! I1 `behind` names a G, and Gs are never unmapped (g.rs I1), so the chain may be followed even if
//!    its members have moved on.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use crate::sched::g::{G, GRef};
use crate::sys::prefetch::{LINE, line, lines};

/// Lines of a stack from where it was left: the frames from the suspend to a user's loop.
const STACK_LINES: usize = 8;
/// Lines of a record that a switch touches.
const RECORD_LINES: usize = 3;
/// Lines of what a waiter says it will touch.
const TOUCHED_LINES: usize = 2;

/// A goroutine's part. All Relaxed: hints.
#[derive(Debug)]
pub(crate) struct Ahead {
    /// The goroutine to run after this one; written by the poller that readied both, taken by the M
    /// that runs this one.
    behind: AtomicPtr<G>,
    /// Where its stack was left, and what it will touch; written when it parks in the poller.
    left_at: AtomicUsize,
    touched: [AtomicUsize; 2],
}

impl Ahead {
    pub(crate) const fn new() -> Ahead {
        Ahead {
            behind: AtomicPtr::new(ptr::null_mut()),
            left_at: AtomicUsize::new(0),
            touched: [const { AtomicUsize::new(0) }; 2],
        }
    }

    /// The goroutine parks with its stack at `left_at`, and will first touch what is at these
    /// addresses.
    #[inline(always)]
    pub(crate) fn parks(&self, left_at: usize, touched: [usize; 2]) {
        self.left_at.store(left_at, Relaxed);
        self.touched[0].store(touched[0], Relaxed);
        self.touched[1].store(touched[1], Relaxed);
    }

    /// `next` will run after this one.
    #[inline(always)]
    pub(crate) fn is_before(&self, next: Option<GRef>) {
        self.behind.store(next.map_or(ptr::null_mut(), GRef::as_ptr), Relaxed);
    }
}

/// Prefetches the record of a goroutine that will be needed.
#[inline(always)]
pub(crate) fn fetch_record(addr: usize) {
    lines::<RECORD_LINES>(addr);
}

/// Called when the goroutine starts to run: prefetches for the next ones of its batch.
#[inline(always)]
pub(crate) fn runs(gp: GRef) {
    let next = gp.ahead.behind.load(Relaxed);
    if !next.is_null() {
        gp.ahead.behind.store(ptr::null_mut(), Relaxed);
        // SAFETY: I1.
        fetch(unsafe { GRef::from_ptr(next) });
    }
}

/// Its own record was fetched when the one before it started to run.
#[inline(never)]
fn fetch(next: GRef) {
    let ahead = &next.ahead;
    // The registers that the switch saved are a line below.
    lines::<STACK_LINES>(ahead.left_at.load(Relaxed).wrapping_sub(LINE));
    // The way back to the M's stack is right below the record.
    line(next.as_usize() - LINE);
    for touched in &ahead.touched {
        lines::<TOUCHED_LINES>(touched.load(Relaxed));
    }
    let after = ahead.behind.load(Relaxed);
    if !after.is_null() {
        fetch_record(after as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sched::g::Kind;

    fn named(gp: *mut G) -> Option<GRef> {
        // SAFETY: null, from a GRef, or a leaked record.
        (!gp.is_null()).then(|| unsafe { GRef::from_ptr(gp) })
    }

    #[test]
    fn the_chain_is_followed_one_by_one() {
        let batch =
            [(); 3].map(|()| named(Box::leak(Box::new(G::new(Kind::Goroutine, 0)))).expect("not null"));
        let behind = || batch.map(|gp| named(gp.ahead.behind.load(Relaxed)));
        batch[0].ahead.is_before(Some(batch[1]));
        batch[1].ahead.is_before(Some(batch[2]));
        batch[2].ahead.is_before(None);
        assert_eq!(behind(), [Some(batch[1]), Some(batch[2]), None]);
        runs(batch[0]);
        assert_eq!(behind(), [None, Some(batch[2]), None]);
        // Once more, for another reason: there is nothing left to prefetch.
        runs(batch[0]);
        runs(batch[1]);
        runs(batch[2]);
        assert_eq!(behind(), [None; 3]);
    }
}
