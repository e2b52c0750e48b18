//! Operations on a locked heap: add, clean up, apply marks, take out what is due.
//! Go: runtime/time.go addHeap, cleanHead, updateHeap, deleteMin, run, adjust.
//!
//! # adjust
//!
//! `wake_time` must never be late: it is min(`min_when_heap`, `min_when_modified`), read without a
//! lock by Ms that decide how long to sleep. `adjust` scans the heap, applies all marks, and may
//! then set `min_when_modified` to 0 ("none"). Set to 0 before the scan, `wake_time` would be late
//! during the scan; after it, a change made during the scan would be lost. So:
//!
//! 1. `min_when_heap` = min of both. It is under the heap's lock, so it can hold the promise for a
//!    while.
//! 2. `min_when_modified` = 0, if it still is what 1 saw, else 1 again. Changes from now on lower
//!    it anew.
//! 3. Scan: put right each timer whose published state is marked.
//! 4. `min_when_heap` = the heap's first.
//!
//! Readers load `min_when_modified` first: a reader of step 2's 0 then sees step 1's minimum.
//!
//! A timer being modified between 1 and 3 must be either found marked by 3 or survive 2. The
//! modifier publishes the mark, then lowers `min_when_modified`; steps 2 and "lowers" are both
//! read-modify-writes of that word. If the modifier's comes first, step 2 reads from it (or from a
//! later one) and so the scan sees the mark; if step 2 comes first, the modifier reads 0 and puts
//! its time there. Hence the modifier writes the word even when it needs no lower value: Go only
//! loads it then, and a scan that ends between that load and the timer's unlock leaves a marked
//! timer which no bound covers, and which goes off late.

use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering::{AcqRel, Relaxed};

use super::heap::Heap;
use super::state::TimerState;
use super::timers::{Entry, Timers, earlier};
use super::{Firing, HeapTimer, Held, Locked};
use crate::throw::throw;

/// What `take_due` found.
pub(super) enum Due {
    /// This one, now.
    Run(Firing, Option<Held>),
    /// None, yet.
    Nothing,
}

/// References of timers taken out; mostly none or one.
#[derive(Default)]
pub(super) struct Gone {
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
    pub(super) gone: Gone,
}

impl<'a> LockedTimers<'a> {
    /// With the heap of `ts`, which is locked.
    #[inline(always)]
    pub(super) fn new(ts: &'a Timers, heap: &'a mut Heap<Entry>) -> LockedTimers<'a> {
        LockedTimers { ts, heap, gone: Gone::default() }
    }

    /// The timer of an entry.
    #[inline(always)]
    fn timer<'t>(&self, entry: Entry) -> &'t HeapTimer {
        // SAFETY: mod.rs I3: alive while in the heap, which is locked; callers do not keep it after
        // the unlock.
        unsafe { entry.as_ref() }
    }

    /// Adds a timer; returns its time if that is now the earliest.
    #[inline(always)]
    pub(super) fn add_and_compare(&mut self, t: &mut Locked<'_>) -> Option<i64> {
        let wake_time = self.ts.wake_time();
        self.add(t);
        (wake_time == 0 || t.when < wake_time).then_some(t.when)
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
        t.state = TimerState::clean();
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
        t.state = TimerState::at_rest();
        t.ts = ptr::null();
        Held::from_heap(t)
    }

    /// Clears stopped timers from both ends of the array, and marks from its head. Keeps programs
    /// that start and stop timers all the time from filling the heap.
    #[doc(alias = "cleanHead")]
    #[inline(always)]
    pub(super) fn clean_head(&mut self) {
        while let Some(last) = self.heap.last() {
            // The last needs no sifting, and what takes the head's place is then more likely a live
            // one.
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
            t.state = TimerState::clean();
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
            // No timers, no modified timers. Nobody can be lowering it: that takes a timer in this
            // heap.
            // ORDERING: AcqRel as in `adjust`, to keep the word's changes one chain.
            self.ts.min_when_modified.swap(0, AcqRel);
        }
        self.removed(t)
    }

    /// Takes out the first if it is due; sets a repeated one for its next time.
    #[doc(alias = "run")]
    pub(super) fn take_due(&mut self, now: i64) -> Due {
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

    /// Moves all timers of another heap here, marks applied; a stopped one stays one, since letting go
    /// of it here could be its end.
    pub(super) fn take_all(&mut self, from: &mut LockedTimers<'_>) {
        for entry in std::mem::take(from.heap.entries_mut()) {
            let mut t = self.timer(entry.what).lock();
            from.check_membership(&t);
            let zombie = t.state.zombie();
            t.ts = self.ts;
            t.state = TimerState::clean();
            if zombie {
                t.state = t.state.with_zombie();
                from.ts.add_zombies(-1);
                self.ts.add_zombies(1);
            }
            let when = if zombie { entry.when } else { t.when };
            if self.heap.push(when, entry.what) {
                self.update_min_when_heap();
            }
        }
        // Now that each is found here. Nobody can be lowering it: that takes a timer in that heap.
        from.update_min_when_heap();
        // ORDERING: AcqRel as in `adjust`, to keep the word's changes one chain.
        from.ts.min_when_modified.swap(0, AcqRel);
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
        // Steps 1 and 2. The swap fails, and step 1 is repeated, if the bound was lowered in
        // between: else a reader would miss the lower time until step 4.
        loop {
            let modified = self.ts.min_when_modified.load(Relaxed);
            let first = self.heap.first().map_or(0, |first| first.when);
            // Relaxed: published by step 2.
            self.ts.min_when_heap.store(earlier(first, modified), Relaxed);
            // ORDERING: AcqRel: Release pairs with the Acquire in `wake_time` (step 1 is seen by
            // who sees the 0); Acquire pairs with the Release in `lower_min_when_modified` (the
            // scan sees the marks of what is overwritten here).
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
                    t.state = TimerState::clean();
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
