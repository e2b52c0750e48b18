//! The number of goroutines: counts that only grow, one set per P, so that two Ps that spawn do not
//! contend for a cache line. Go: gcount, which also adds up per-P counts.
//!
//! I1 A P's own set is written by its holder only, with plain stores. [`SHARED`] is for callers
//!    without a P.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use crate::sched::p::P;
use crate::sched::schedt::Sched;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Life {
    /// A goroutine was spawned.
    Started,
    /// One has ended.
    Ended,
    /// A goroutine has ended, and its slot waits for its handle.
    Held,
    /// The handle of such a goroutine is gone.
    Released,
}

/// One set of the counts.
#[derive(Debug)]
pub(crate) struct Counts([AtomicU64; 4]);

/// The set of goroutines and threads without a P.
static SHARED: Counts = Counts::new();

impl Counts {
    pub(crate) const fn new() -> Counts {
        Counts([const { AtomicU64::new(0) }; 4])
    }

    fn get(&self, life: Life) -> u64 {
        // ORDERING: Acquire pairs with the Release in `count`: a reader that sees an end sees the
        // start before it.
        self.0[life as usize].load(Acquire)
    }
}

/// Counts one more.
#[inline(always)]
pub(crate) fn count(p: Option<&P>, life: Life) {
    match p {
        Some(p) => {
            let n = &p.counts.0[life as usize];
            // ORDERING: Release pairs with the Acquire in `get`. Relaxed load: the holder is the
            // only writer (I1).
            n.store(n.load(Relaxed) + 1, Release);
        }
        // ORDERING: Release, as above.
        None => _ = SHARED.0[life as usize].fetch_add(1, Release),
    }
}

fn sum(sched: &Sched, life: Life) -> u64 {
    sched.allp.iter().map(|p| p.counts.get(life)).sum::<u64>() + SHARED.get(life)
}

/// Goroutines that have started and not ended. Exact while none starts or ends.
pub(crate) fn living(sched: &Sched) -> usize {
    // The ends first: an end that is seen is never without its start.
    let ended = sum(sched, Life::Ended);
    sum(sched, Life::Started).saturating_sub(ended) as usize
}

/// Slots of ended goroutines that wait for their handles: now, and since the start.
pub(crate) fn held(sched: &Sched) -> (u64, u64) {
    let released = sum(sched, Life::Released);
    let ever = sum(sched, Life::Held);
    (ever.saturating_sub(released), ever)
}
