//! A timer's state bits and its lock, in one byte. Go: runtime/time.go timer.mu, timer.state,
//! timer.astate.
//!
//! ```text
//!   bit 7    bit 2    bit 1      bit 0
//!   LOCKED   ZOMBIE   MODIFIED   HEAPED
//! ```
//!
//! | state | in a heap | meaning |
//! |---|---|---|
//! | none | no | at rest |
//! | `H` | yes | the heap's entry has the right time |
//! | `H M` | yes | `when` was changed; the entry's time is not yet |
//! | `H Z`, `H M Z` | yes | stopped; the entry goes at the next opportunity |
//!
//! Go keeps the lock, the state and a copy of the state for readers without the lock (`astate`) in
//! three places. Here unlocking is one store of the new state, and that store is the copy: with a
//! futex or parking_lot lock it would be a second locked instruction, and start + stop takes the
//! lock three times.
//!
//! I1 Only the holder of the lock stores to the byte; it is held for a few instructions, never over
//!    a call that can wait, so waiting for it spins, then yields the CPU to a holder that lost its
//!    own.
//! I2 MODIFIED and ZOMBIE are set only together with HEAPED.

use crate::words::shim::{self, atomic::AtomicU8};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const HEAPED: u8 = 1;
const MODIFIED: u8 = 2;
const ZOMBIE: u8 = 4;
const LOCKED: u8 = 0x80;

/// The state bits without the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimerState(u8);

impl TimerState {
    /// In some P's heap.
    pub(super) fn heaped(self) -> bool {
        self.0 & HEAPED != 0
    }

    /// The heap's entry has an old time.
    pub(super) fn modified(self) -> bool {
        self.0 & MODIFIED != 0
    }

    /// Stopped but still in the heap.
    pub(super) fn zombie(self) -> bool {
        self.0 & ZOMBIE != 0
    }

    /// The heap's entry needs work before it may be trusted.
    pub(super) fn needs_adjust(self) -> bool {
        self.0 & (MODIFIED | ZOMBIE) != 0
    }

    /// Not in a heap.
    pub(super) const fn at_rest() -> TimerState {
        TimerState(0)
    }

    /// In a heap, with the right time.
    pub(super) fn clean() -> TimerState {
        TimerState(HEAPED)
    }

    pub(super) fn with_modified(self) -> TimerState {
        debug_assert!(self.heaped());
        TimerState(self.0 | MODIFIED)
    }

    pub(super) fn with_zombie(self) -> TimerState {
        debug_assert!(self.heaped());
        TimerState(self.0 | ZOMBIE)
    }

    pub(super) fn without_zombie(self) -> TimerState {
        TimerState(self.0 & !ZOMBIE)
    }
}

/// The byte.
pub(super) struct StateLock(AtomicU8);

impl StateLock {
    #[cfg(not(loom))]
    pub(super) const fn new() -> StateLock {
        StateLock(AtomicU8::new(TimerState::at_rest().0))
    }

    #[cfg(loom)]
    pub(super) fn new() -> StateLock {
        StateLock(AtomicU8::new(TimerState::at_rest().0))
    }

    /// The state as last published, without the lock. Go: astate.
    #[inline(always)]
    pub(super) fn peek(&self) -> TimerState {
        // Relaxed: a hint; what must not be missed is ordered by `min_when_modified`
        // (locked_timers.rs, "adjust").
        TimerState(self.0.load(Relaxed) & !LOCKED)
    }

    /// Locks and returns the state.
    #[inline(always)]
    pub(super) fn lock(&self) -> TimerState {
        let state = self.0.load(Relaxed) & !LOCKED;
        // ORDERING: Acquire pairs with the Release in `unlock`: the fields as the last holder left
        // them.
        match self.0.compare_exchange(state, state | LOCKED, Acquire, Relaxed) {
            Ok(_) => TimerState(state),
            Err(_) => self.lock_contended(),
        }
    }

    #[cold]
    fn lock_contended(&self) -> TimerState {
        let mut spins = 0;
        loop {
            let state = self.0.load(Relaxed);
            // ORDERING: Acquire pairs with the Release in `unlock`, as in `lock`.
            if state & LOCKED == 0 && self.0.compare_exchange(state, state | LOCKED, Acquire, Relaxed).is_ok()
            {
                return TimerState(state);
            }
            spins += 1;
            if cfg!(not(loom)) && spins % 64 == 0 {
                std::thread::yield_now();
            } else {
                shim::spin_loop();
            }
        }
    }

    /// Shows a new state to `peek` before the unlock.
    #[inline(always)]
    pub(super) fn publish(&self, state: TimerState) {
        // Relaxed: the read-modify-write of `min_when_modified` that follows carries the order.
        self.0.store(state.0 | LOCKED, Relaxed);
    }

    /// Unlocks, leaving the state.
    #[inline(always)]
    pub(super) fn unlock(&self, state: TimerState) {
        // ORDERING: Release pairs with the Acquire in `lock`: publishes the fields to the next
        // holder.
        self.0.store(state.0, Release);
    }
}
