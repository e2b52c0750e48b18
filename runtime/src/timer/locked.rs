//! A locked timer: its fields, its state, and the steps that several operations share.
//! Go: runtime/time.go needsAdd, unlockAndRun, and the parts of modify and stop between lock and
//! unlock.
//!
//! I1 Who has a [`Locked`] holds the timer's lock, or is the only one to know the timer; its drop
//!    publishes `state` and unlocks.

use std::ops::{Deref, DerefMut};

use super::state::TimerState;
use super::{Fields, Firing, HeapTimer, Timers};
use crate::throw::throw;

/// A locked timer. Dropping it unlocks and publishes `state`.
pub(super) struct Locked<'a> {
    pub(super) timer: &'a HeapTimer,
    pub(super) state: TimerState,
}

impl Deref for Locked<'_> {
    type Target = Fields;
    #[inline(always)]
    fn deref(&self) -> &Fields {
        // SAFETY: I1: the fields are ours.
        unsafe { &*self.timer.fields.get() }
    }
}

impl DerefMut for Locked<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Fields {
        // SAFETY: as in `deref`.
        unsafe { &mut *self.timer.fields.get() }
    }
}

impl Drop for Locked<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.timer.lock.unlock(self.state);
    }
}

impl<'a> Locked<'a> {
    /// Locks the timer.
    #[inline(always)]
    pub(super) fn new(timer: &'a HeapTimer) -> Locked<'a> {
        Locked { timer, state: timer.lock.lock() }
    }

    /// A timer that needs no locking.
    ///
    /// # Safety
    /// It is in no heap and nobody else knows it.
    #[inline(always)]
    pub(super) unsafe fn new_unshared(timer: &'a HeapTimer) -> Locked<'a> {
        Locked { timer, state: TimerState::at_rest() }
    }

    /// The heap it is in.
    #[inline(always)]
    fn timers(&self) -> &Timers {
        debug_assert!(self.state.heaped());
        // SAFETY: I2: heaped, so `ts` points to the heap that holds it; a P's heap is never freed.
        unsafe { &*self.ts }
    }

    #[doc(alias = "needsAdd")]
    #[inline(always)]
    pub(super) fn needs_add(&self) -> bool {
        !self.state.heaped() && self.when > 0
    }

    /// `when` of a heaped timer has changed. True if it may now be the earliest.
    #[inline(always)]
    pub(super) fn mark_modified(&mut self) -> bool {
        let old = self.state;
        if old.zombie() {
            self.unbury();
        }
        self.state = self.state.with_modified();
        let when = self.when;
        if old.modified() && !old.zombie() && self.timers().modified_by(when) {
            // Any `adjust` that still has to come to this timer sees MODIFIED, by I4 for the older
            // change, and one that was here before us would have cleared it. So a plain load
            // suffices; this is the loop that resets.
            return false;
        }
        self.timer.lock.publish(self.state);
        self.timers().lower_min_when_modified(when)
    }

    /// Marks a heaped timer for removal.
    #[inline(always)]
    pub(super) fn bury(&mut self) {
        if !self.state.zombie() {
            self.state = self.state.with_zombie();
            self.timers().add_zombies(1);
        }
    }

    /// Takes the mark back.
    #[inline(always)]
    fn unbury(&mut self) {
        self.state = self.state.without_zombie();
        self.timers().add_zombies(-1);
    }

    /// It is due: sets it for the next time, if any, and tells the call. The entry in the heap is
    /// the caller's.
    #[doc(alias = "unlockAndRun")]
    pub(super) fn go_off(&mut self, now: i64) -> Firing {
        if self.state.needs_adjust() {
            throw!("timer runs in state {:?}", self.state);
        }
        let Some(call) = self.call else { throw!("timer without a function") };
        let delay = now - self.when;
        self.when = match self.period {
            0 => 0,
            period => self.when.saturating_add(period.saturating_mul(1 + delay / period)),
        };
        Firing { call, arg: self.arg, seq: self.seq, delay }
    }
}
