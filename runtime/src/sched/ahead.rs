//! Fetching ahead: the memory of the next goroutine of a batch is on its way while the one before it runs.
//!
//! A server with a thousand connections takes a hundred events at a time from the poller. By the time a goroutine of such a batch
//! has its turn, the kernel's work for those before it has pushed its record, the frames on its stack and its descriptor out of the
//! near caches: some twelve lines, each of which it would wait for in turn, as each leads to the next. All are known before: where
//! the goroutine left its stack, and what it was about to touch, is noted in its record when it parks. So when one of a batch
//! starts to run, the lines of the one behind it are asked for, and the record of the one behind that; they arrive during
//! the system calls of the first.
//!
//! Everything here is a hint. A stale one fetches a line in vain.
//!
//! I1 `behind` names a G, and Gs are never unmapped (g.rs I1), so that the chain may be followed though its members have moved on.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use crate::sched::g::{G, GRef};
use crate::sys::prefetch::{LINE, line, lines};

/// The lines of a stack from where it was left: the frames from the suspend to a user's loop.
const STACK_LINES: usize = 8;
/// The lines of a record that a switch touches.
const RECORD_LINES: usize = 3;
/// The lines of what a waiter says it will touch.
const TOUCHED_LINES: usize = 2;

/// A goroutine's part. All Relaxed: hints.
#[derive(Debug)]
pub(crate) struct Ahead {
    /// Who is to run after this one; written by the poller that readied both, taken by who runs this one.
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

    /// The goroutine parks with its stack at `left_at`, and will first touch what is at these addresses.
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

/// The record of a goroutine will be needed.
#[inline(always)]
pub(crate) fn fetch_record(addr: usize) {
    lines::<RECORD_LINES>(addr);
}

/// The goroutine starts to run: fetches for those behind it, if it came in a batch.
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
        // Once more, for another reason: there is nothing to fetch any more.
        runs(batch[0]);
        runs(batch[1]);
        runs(batch[2]);
        assert_eq!(behind(), [None; 3]);
    }
}
