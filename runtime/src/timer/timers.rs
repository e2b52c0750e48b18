//! One P's timers: the heap, its lock and the times that are read without it. Go: runtime/time.go
//! timers.

use std::ptr::NonNull;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::heap::Heap;
use super::locked_timers::{Due, LockedTimers};
use super::{HeapTimer, Locked};
use crate::throw::throw;
use crate::words::shim::Mutex;
use crate::words::shim::atomic::{AtomicI32, AtomicI64, AtomicU32};

/// A heap of timers. Go: runtime/time.go timers.
pub(crate) struct Timers {
    heap: Mutex<Heap<Entry>>,
    /// The heap's length at the last unlock (never one in between). Written under the lock, read by
    /// anybody as a hint.
    len: AtomicU32,
    /// Stopped timers in the heap. Changed under the timer's lock, read as a hint.
    pub(super) zombies: AtomicI32,
    /// The heap's first `when`, 0 if none. Written under the lock, read by anybody.
    pub(super) min_when_heap: AtomicI64,
    /// No later than the `when` of each MODIFIED timer in the heap, 0 if none. Changed by
    /// read-modify-writes only.
    pub(super) min_when_modified: AtomicI64,
}

/// A timer in a heap, alive by mod.rs I3.
pub(super) type Entry = NonNull<HeapTimer>;

// SAFETY: HeapTimer is Sync, and may be released from any thread (`Keep`).
unsafe impl Sync for Timers {}
// SAFETY: as above.
unsafe impl Send for Timers {}

/// A timer that is further away than this by the coarse clock is not due, and the exact clock is
/// not read: three ticks of the slowest kernel (100 Hz). If the coarse clock lags more (by
/// `sys::clock::COARSE_LAG_NS`, 60 ms, at most), such a timer is late by the excess: up to 30 ms.
const DUE_WITHIN_NS: i64 = 30_000_000;

/// What `check` found. Go: the three results of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The time, if it was passed or had to be asked for exactly, else 0.
    pub(crate) now: i64,
    /// When the next one is due, 0 if none. Later than `now`.
    pub(crate) poll_until: i64,
    /// At least one ran.
    pub(crate) ran: bool,
}

/// Whose heap is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The looking P's: it also clears out stopped timers when there are many.
    Own,
    /// Another's: only what is due.
    Others,
}

impl Timers {
    pub(crate) fn new() -> Timers {
        Timers {
            heap: Mutex::new(Heap::new()),
            len: AtomicU32::new(0),
            zombies: AtomicI32::new(0),
            min_when_heap: AtomicI64::new(0),
            min_when_modified: AtomicI64::new(0),
        }
    }

    /// The number of timers, including stopped ones still in the heap.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Relaxed) as usize
    }

    /// When the poller must return for the next timer; 0: none. May be too early, never too late.
    #[doc(alias = "wakeTime")]
    pub(crate) fn wake_time(&self) -> i64 {
        // ORDERING: Acquire pairs with the Release half of `adjust`'s swap (step 2): a reader of
        // its 0 reads the `min_when_heap` of step 1, below.
        let modified = self.min_when_modified.load(Acquire);
        earlier(self.min_when_heap.load(Relaxed), modified)
    }

    /// Is any due?
    #[cfg(not(loom))]
    pub(crate) fn any_due(&self, now: i64) -> bool {
        let when = self.wake_time();
        when != 0 && when <= now
    }

    /// Runs what is due in the P's own heap. `now` is the time, or 0 to read the clock if it
    /// matters.
    pub(crate) fn check(&self, now: i64) -> Checked {
        self.check_whose(now, Whose::Own)
    }

    /// Runs what is due in another P's heap.
    pub(crate) fn check_others(&self, now: i64) -> Checked {
        self.check_whose(now, Whose::Others)
    }

    #[inline(always)]
    fn check_whose(&self, now: i64, whose: Whose) -> Checked {
        let next = self.wake_time();
        if next == 0 {
            return Checked { now, poll_until: 0, ran: false };
        }
        let not_yet = |now| Checked { now, poll_until: next, ran: false };
        let clean = !self.too_many_zombies(whose);
        // This runs at each scheduling round while there is any timer; the clock costs as much as
        // the round's switch.
        if now == 0 && clean && next - coarse_nanotime() > DUE_WITHIN_NS {
            return not_yet(now);
        }
        let now = if now == 0 { nanotime() } else { now };
        if now < next && clean {
            return not_yet(now);
        }
        self.run_due(now, whose)
    }

    #[cold]
    #[inline(never)]
    fn run_due(&self, now: i64, whose: Whose) -> Checked {
        let mut ran = false;
        loop {
            let due = self.locked(|ts| {
                if !ran {
                    ts.adjust_if_due(now);
                }
                let due = ts.take_due(now);
                // Only now: cleaning up before running is measurably slower under contention.
                if !matches!(due, Due::Run(..)) && self.too_many_zombies(whose) {
                    ts.adjust();
                }
                due
            });
            match due {
                // The reference, if any, outlives the call.
                Due::Run(firing, _held) => firing.call(),
                Due::Nothing => break,
            }
            ran = true;
        }
        // Not the heap's first: a modified timer may be earlier. It may even be due since just now.
        let poll_until = match self.wake_time() {
            0 => 0,
            next => next.max(now.saturating_add(1)),
        };
        Checked { now, poll_until, ran }
    }

    /// Takes over all timers of another heap, whose P is given up. The one lock of two heaps at once:
    /// no two Ps are given up to each other.
    ///
    /// Returns when the first is due; 0: none. A reader of all wake times may have missed what moved
    /// just then, so an M in the poller must hear of it. Go: timers.take.
    pub(crate) fn take(&self, from: &Timers) -> i64 {
        if from.len() == 0 {
            return 0;
        }
        from.locked(|from| self.locked(|ts| ts.take_all(from)));
        self.wake_time()
    }

    /// More than a quarter of the own heap is stopped timers.
    fn too_many_zombies(&self, whose: Whose) -> bool {
        let zombies = self.zombies.load(Relaxed);
        if zombies < 0 {
            throw!("{zombies} zombie timers");
        }
        whose == Whose::Own && zombies as u32 > self.len.load(Relaxed) / 4
    }

    /// Adds a timer that needs it. Returns its time if that is now the earliest.
    #[doc(alias = "maybeAdd")]
    #[inline]
    pub(super) fn maybe_add(&self, timer: &HeapTimer) -> Option<i64> {
        self.locked(|ts| {
            ts.clean_head();
            let mut t = timer.lock();
            if t.needs_add() { ts.add_and_compare(&mut t) } else { None }
        })
    }

    /// Adds a timer that was just made and set. Returns its time if that is now the earliest.
    ///
    /// # Safety
    /// Nobody else knows the timer yet.
    #[inline]
    pub(super) unsafe fn add_new(&self, timer: &HeapTimer) -> Option<i64> {
        self.locked(|ts| {
            ts.clean_head();
            // SAFETY: the caller's duty; being new, it is in no heap.
            ts.add_and_compare(&mut unsafe { Locked::new_unshared(timer) })
        })
    }

    /// Whether the bound already covers a timer modified to `when`.
    #[inline(always)]
    pub(super) fn modified_by(&self, when: i64) -> bool {
        // Relaxed: see the caller, `mark_modified`.
        let min = self.min_when_modified.load(Relaxed);
        min != 0 && min <= when
    }

    /// Makes `min_when_modified` no later than `when`; true if it was. Always a read-modify-write:
    /// see "adjust" in locked_timers.rs.
    #[doc(alias = "updateMinWhenModified")]
    #[inline]
    pub(super) fn lower_min_when_modified(&self, when: i64) -> bool {
        let mut old = self.min_when_modified.load(Relaxed);
        loop {
            let lower = old == 0 || when < old;
            let new = if lower { when } else { old };
            // ORDERING: Release pairs with the Acquire half of `adjust`'s swap, which then sees the
            // published mark.
            match self.min_when_modified.compare_exchange_weak(old, new, Release, Relaxed) {
                Ok(_) => return lower,
                Err(now) => old = now,
            }
        }
    }

    #[inline(always)]
    pub(super) fn add_zombies(&self, by: i32) {
        // Relaxed: a hint; each timer's share is under that timer's lock.
        self.zombies.fetch_add(by, Relaxed);
    }

    /// Runs `f` with the heap locked. What it removes is let go of after the unlocks.
    #[inline(always)]
    pub(super) fn locked<R>(&self, f: impl FnOnce(&mut LockedTimers<'_>) -> R) -> R {
        let mut heap = self.heap.lock();
        let mut ts = LockedTimers::new(self, &mut heap);
        let result = f(&mut ts);
        let gone = ts.gone;
        self.len.store(heap.len() as u32, Relaxed);
        drop(heap);
        drop(gone);
        result
    }
}

impl std::fmt::Debug for Timers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timers").field("len", &self.len()).field("wake_time", &self.wake_time()).finish()
    }
}

/// The earlier of two times of which 0 means none.
pub(crate) fn earlier(a: i64, b: i64) -> i64 {
    if a == 0 || (b != 0 && b < a) { b } else { a }
}

#[cfg(not(loom))]
use crate::sys::clock::{coarse_nanotime, nanotime};
#[cfg(loom)]
use unused_clocks::{coarse_nanotime, nanotime};

/// A model passes the time.
#[cfg(loom)]
mod unused_clocks {
    pub(super) fn nanotime() -> i64 {
        unreachable!("a model passes the time")
    }
    pub(super) use nanotime as coarse_nanotime;
}
