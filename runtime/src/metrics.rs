//! Counters of what the scheduler does: cheap enough to be always on.
//!
//! Each is one relaxed add on a shared word, and none is on a path that is taken at every switch: parks and wakes are not
//! counted here, steals, polls, wake-ups of threads and retakes are.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Event {
    Steal,
    Poll,
    PollBlocking,
    Wakeup,
    ThreadStart,
    Retake,
    GlobalPut,
    SpawnRefused,
    SysmonPoll,
}

const EVENTS: usize = 9;

static COUNTS: [AtomicU64; EVENTS] = [const { AtomicU64::new(0) }; EVENTS];

/// Counts one.
#[inline]
pub(crate) fn count(event: Event) {
    COUNTS[event as usize].fetch_add(1, Relaxed);
}

/// So many since the start.
pub(crate) fn get(event: Event) -> u64 {
    COUNTS[event as usize].load(Relaxed)
}
