//! One P's timers: the heap, its lock and the times that are read without it. Go: runtime/time.go timers.
//!
//! # adjust
//!
//! `wake_time` must never be late: it is min(`min_when_heap`, `min_when_modified`), read without a lock by Ms that decide
//! how long to sleep. `adjust` scans the heap, applies all marks, and may then set `min_when_modified` to 0 ("none").
//! Set to 0 before the scan, `wake_time` would be late during the scan; after it, a change made during the scan would be
//! lost. So:
//!
//! 1. `min_when_heap` = min of both. It is under the heap's lock, so it can hold the promise for a while.
//! 2. `min_when_modified` = 0, if it still is what 1 saw, else 1 again. Changes from now on lower it anew.
//! 3. Scan: put right each timer whose published state is marked.
//! 4. `min_when_heap` = the heap's first.
//!
//! Readers load `min_when_modified` first: who sees the 0 of step 2 then sees the minimum of step 1.
//!
//! A timer being modified between 1 and 3 must be either found marked by 3 or survive 2. The modifier publishes
//! the mark, then lowers `min_when_modified`; steps 2 and "lowers" are both read-modify-writes of that word. If the
//! modifier's comes first, step 2 reads from it (or from a later one) and so the scan sees the mark; if step 2 comes first,
//! the modifier reads 0 and puts its time there. Hence the modifier writes the word even when it needs no lower value: Go only
//! loads it then, and a scan that ends between that load and the timer's unlock leaves a marked timer which no
//! bound covers, and which goes off late.

use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::heap::Heap;
use super::state::State;
use super::{Firing, Held, Locked, Timer};
use crate::shim::Mutex;
use crate::shim::atomic::{AtomicI32, AtomicI64, AtomicU32};
use crate::throw::throw;

/// A heap of timers. Go: runtime/time.go timers.
pub(crate) struct Timers {
    heap: Mutex<Heap<Entry>>,
    /// The heap's length at the last unlock (never one in between). Written under the lock, read by anybody as a hint.
    len: AtomicU32,
    /// Stopped timers in the heap. Changed under the timer's lock, read as a hint.
    pub(super) zombies: AtomicI32,
    /// The heap's first `when`, 0 if none. Written under the lock, read by anybody.
    min_when_heap: AtomicI64,
    /// No later than the `when` of each MODIFIED timer in the heap, 0 if none. Changed by read-modify-writes only.
    min_when_modified: AtomicI64,
}

/// A timer in a heap, alive by mod.rs I3.
type Entry = NonNull<Timer>;

// SAFETY: Timer is Sync, and may be released from any thread (`Keep`).
unsafe impl Sync for Timers {}
// SAFETY: as above.
unsafe impl Send for Timers {}

/// What `check` found. Go: the three results of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The time, if it was passed or had to be asked for, else 0.
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

    /// How many, stopped ones that are still in the heap included.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Relaxed) as usize
    }

    /// When the poller must be left for the next timer; 0: there is none. May be too early, never too late.
    #[doc(alias = "wakeTime")]
    pub(crate) fn wake_time(&self) -> i64 {
        // ORDERING: Acquire pairs with the Release half of `adjust`'s swap (step 2): who reads its 0 reads the
        // `min_when_heap` of step 1, below.
        let modified = self.min_when_modified.load(Acquire);
        earlier(self.min_when_heap.load(Relaxed), modified)
    }

    /// Runs what is due in the own P's heap. `now` is the time, or 0 to have it asked for if it matters.
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
        let now = if now == 0 { nanotime() } else { now };
        if now < next && !self.too_many_zombies(whose) {
            return Checked { now, poll_until: next, ran: false };
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

    /// More than a quarter of the own heap is stopped timers.
    fn too_many_zombies(&self, whose: Whose) -> bool {
        let zombies = self.zombies.load(Relaxed);
        if zombies < 0 {
            throw!("{zombies} zombie timers");
        }
        whose == Whose::Own && zombies as u32 > self.len.load(Relaxed) / 4
    }

    /// Adds a timer that needs it. Tells its time if that is now the earliest.
    #[doc(alias = "maybeAdd")]
    #[inline]
    pub(super) fn maybe_add(&self, timer: &Timer) -> Option<i64> {
        self.locked(|ts| {
            ts.clean_head();
            let mut t = timer.lock();
            if !t.needs_add() {
                return None;
            }
            let wake_time = self.wake_time();
            ts.add(&mut t);
            (wake_time == 0 || t.when < wake_time).then_some(t.when)
        })
    }

    /// Whether the bound already covers a timer modified to `when`.
    #[inline(always)]
    pub(super) fn modified_by(&self, when: i64) -> bool {
        // Relaxed: see the caller, `mark_modified`.
        let min = self.min_when_modified.load(Relaxed);
        min != 0 && min <= when
    }

    /// Makes `min_when_modified` no later than `when`; true if it was. Always a read-modify-write: see "adjust".
    #[doc(alias = "updateMinWhenModified")]
    #[inline]
    pub(super) fn lower_min_when_modified(&self, when: i64) -> bool {
        let mut old = self.min_when_modified.load(Relaxed);
        loop {
            let lower = old == 0 || when < old;
            let new = if lower { when } else { old };
            // ORDERING: Release pairs with the Acquire half of `adjust`'s swap, which then sees the published mark.
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
        let mut ts = LockedTimers { ts: self, heap: &mut heap, gone: Gone::default() };
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
fn earlier(a: i64, b: i64) -> i64 {
    if a == 0 || (b != 0 && b < a) { b } else { a }
}

/// What `take_due` found.
enum Due {
    /// This one, now.
    Run(Firing, Option<Held>),
    /// None, yet.
    Nothing,
}

/// References of timers taken out; mostly none or one.
#[derive(Default)]
struct Gone {
    first: Option<Held>,
    more: Vec<Held>,
}

impl Gone {
    fn push(&mut self, held: Option<Held>) {
        match (&self.first, held) {
            (_, None) => {}
            (None, held) => self.first = held,
            (Some(_), Some(held)) => self.more.push(held),
        }
    }
}

/// Timers whose heap is locked.
pub(super) struct LockedTimers<'a> {
    ts: &'a Timers,
    heap: &'a mut Heap<Entry>,
    gone: Gone,
}

impl LockedTimers<'_> {
    /// The timer of an entry.
    #[inline(always)]
    fn timer<'t>(&self, entry: Entry) -> &'t Timer {
        // SAFETY: mod.rs I3: alive while in the heap, which is locked; callers do not keep it after the unlock.
        unsafe { entry.as_ref() }
    }

    #[doc(alias = "addHeap")]
    #[inline(always)]
    fn add(&mut self, t: &mut Locked<'_>) {
        if !t.ts.is_null() {
            throw!("a timer is in a heap already");
        }
        // The entry's reference; `removed` takes it back.
        std::mem::forget(Held::another(t));
        t.ts = self.ts;
        t.state = State::clean();
        if self.heap.push(t.when, NonNull::from(t.timer)) {
            self.update_min_when_heap();
        }
    }

    /// The timer has left the heap.
    #[inline(always)]
    fn removed(&mut self, t: &mut Locked<'_>) -> Option<Held> {
        if t.state.zombie() {
            self.ts.add_zombies(-1);
        }
        t.state = State::at_rest();
        t.ts = ptr::null();
        Held::from_heap(t)
    }

    /// Clears stopped timers from both ends of the array, and marks from its head. Keeps programs that start and stop
    /// timers all the time from filling the heap.
    #[doc(alias = "cleanHead")]
    #[inline(always)]
    fn clean_head(&mut self) {
        while let Some(last) = self.heap.last() {
            // The last needs no sifting, and what takes the head's place is then more likely a live one.
            let timer = self.timer(last.what);
            if timer.lock.peek().zombie() {
                let mut t = timer.lock();
                if t.state.zombie() {
                    self.heap.remove_last();
                    let held = self.removed(&mut t);
                    self.gone.push(held);
                    if self.heap.is_empty() {
                        self.update_min_when_heap();
                    }
                }
                continue;
            }
            let Some(first) = self.heap.first() else { return };
            let timer = self.timer(first.what);
            if !timer.lock.peek().needs_adjust() || !self.update_first(&mut timer.lock()) {
                return;
            }
        }
    }

    /// Applies the marks of the heap's first, `t`; false if it had none.
    #[doc(alias = "updateHeap")]
    fn update_first(&mut self, t: &mut Locked<'_>) -> bool {
        self.check_membership(t);
        if t.state.zombie() {
            let held = self.remove_first(t);
            self.gone.push(held);
            return true;
        }
        if t.state.modified() {
            t.state = State::clean();
            self.heap.reschedule_first(t.when);
            self.update_min_when_heap();
            return true;
        }
        false
    }

    #[doc(alias = "deleteMin")]
    fn remove_first(&mut self, t: &mut Locked<'_>) -> Option<Held> {
        self.heap.remove_first();
        self.update_min_when_heap();
        if self.heap.is_empty() {
            // No timers, no modified timers. Nobody can be lowering it: that takes a timer in this heap.
            // ORDERING: AcqRel as in `adjust`, to keep the word's changes one chain.
            self.ts.min_when_modified.swap(0, AcqRel);
        }
        self.removed(t)
    }

    /// Takes out the first if it is due; sets a repeated one for its next time.
    #[doc(alias = "run")]
    fn take_due(&mut self, now: i64) -> Due {
        while let Some(first) = self.heap.first() {
            let timer = self.timer(first.what);
            if !timer.lock.peek().needs_adjust() && first.when > now {
                return Due::Nothing;
            }
            let mut t = timer.lock();
            if self.update_first(&mut t) {
                continue;
            }
            if t.when > now {
                return Due::Nothing;
            }
            let firing = t.go_off(now);
            let held = if t.when == 0 {
                self.remove_first(&mut t)
            } else {
                self.heap.reschedule_first(t.when);
                self.update_min_when_heap();
                // During the call it could be stopped, cleared out and freed.
                Held::another(&t)
            };
            return Due::Run(firing, held);
        }
        Due::Nothing
    }

    /// Applies all marks, if one of the modified timers may be due.
    pub(super) fn adjust_if_due(&mut self, now: i64) {
        let first = self.ts.min_when_modified.load(Relaxed);
        if first != 0 && first <= now {
            self.adjust();
        }
    }

    /// Applies all marks. See "adjust" at the head of the file for the steps.
    pub(super) fn adjust(&mut self) {
        // Steps 1 and 2. The swap fails, and step 1 is repeated, if the bound was lowered in between: else a reader would
        // miss the lower time until step 4.
        loop {
            let modified = self.ts.min_when_modified.load(Relaxed);
            let first = self.heap.first().map_or(0, |first| first.when);
            // Relaxed: published by step 2.
            self.ts.min_when_heap.store(earlier(first, modified), Relaxed);
            // ORDERING: AcqRel: Release pairs with the Acquire in `wake_time` (step 1 is seen by who sees the 0); Acquire
            // pairs with the Release in `lower_min_when_modified` (the scan sees the marks of what is overwritten here).
            if self.ts.min_when_modified.compare_exchange(modified, 0, AcqRel, Relaxed).is_ok() {
                break;
            }
        }

        // Step 3.
        let mut changed = false;
        let mut i = 0;
        while let Some(&entry) = self.heap.entries_mut().get(i) {
            let timer = self.timer(entry.what);
            if timer.lock.peek().needs_adjust() {
                let mut t = timer.lock();
                self.check_membership(&t);
                if t.state.zombie() {
                    self.heap.entries_mut().swap_remove(i);
                    let held = self.removed(&mut t);
                    self.gone.push(held);
                    changed = true;
                    continue; // with what is at `i` now
                }
                if t.state.modified() {
                    t.state = State::clean();
                    self.heap.entries_mut()[i].when = t.when;
                    changed = true;
                }
            }
            i += 1;
        }
        if changed {
            self.heap.init();
        }

        // Step 4.
        self.update_min_when_heap();
    }

    #[doc(alias = "updateMinWhenHeap")]
    #[inline(always)]
    fn update_min_when_heap(&mut self) {
        let when = self.heap.first().map_or(0, |first| first.when);
        // Relaxed: an M about to sleep is told by `wake_net_poller`, whose fence orders this store.
        self.ts.min_when_heap.store(when, Relaxed);
    }

    fn check_membership(&self, t: &Locked<'_>) {
        if !ptr::eq(t.ts, self.ts) || !t.state.heaped() {
            throw!("timer in state {:?} of heap {:p} found in heap {:p}", t.state, t.ts, self.ts);
        }
    }
}

#[cfg(not(loom))]
use crate::sys::clock::nanotime;
#[cfg(loom)]
fn nanotime() -> i64 {
    unreachable!("a model passes the time")
}
