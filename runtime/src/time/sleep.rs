//! Sleeping. Go: runtime/time.go timeSleep, resetForSleep, goroutineReady.
//!
//! Each goroutine has one timer for this, in its record: a sleep allocates nothing.
//!
//! I1 The timer is started by the park's commit, when the goroutine is `Waiting`: started before,
//!    it could go off and ready a goroutine that has not parked yet.

use std::time::{Duration, Instant};

use crate::sched::g::{GRef, WaitReason};
use crate::sched::{gopark, goready};
use crate::sys::clock::{instant_to_ns, nanotime, saturating_ns};

/// Parks the calling goroutine for at least `d`; a plain thread sleeps. Returns at once if `d` is
/// zero.
///
/// # Panics
/// Before the runtime runs.
///
/// The clock is CLOCK_MONOTONIC. The goroutine wakes microseconds late on an idle machine, up to a
/// time slice late on a busy one.
///
/// ```
/// use std::time::{Duration, Instant};
/// # fn main() { unsafe { gopark::run(|| {
/// let start = Instant::now();
/// gopark::time::sleep(Duration::from_millis(5));
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// # }) } }
/// ```
///
/// Go: time.Sleep.
#[doc(alias = "timeSleep")]
pub fn sleep(d: Duration) {
    let ns = saturating_ns(d);
    if ns > 0 {
        sleep_until_ns(nanotime().saturating_add(ns));
    }
}

/// Parks the calling goroutine until `deadline`; a plain thread sleeps. Returns at once if it has
/// passed.
///
/// ```
/// use std::time::{Duration, Instant};
/// # fn main() { unsafe { gopark::run(|| {
/// let deadline = Instant::now() + Duration::from_millis(5);
/// gopark::time::sleep_until(deadline);
/// assert!(Instant::now() >= deadline);
/// # }) } }
/// ```
pub fn sleep_until(deadline: Instant) {
    let when = instant_to_ns(deadline);
    if when > nanotime() {
        sleep_until_ns(when);
    }
}

/// Parks the caller until `when` (nanotime).
#[doc(alias = "resetForSleep")]
pub(crate) fn sleep_until_ns(when: i64) {
    // A commit must not panic, so a missing clock is reported here.
    crate::sched::schedt::sched();
    gopark(WaitReason::Sleep, |gp| {
        start_sleep_timer(gp, when);
        true
    });
}

/// Starts the record's timer so that it readies `gp`: for the commit of a park that nothing else
/// can end (I1).
fn start_sleep_timer(gp: GRef, when: i64) {
    // SAFETY: records are never unmapped (g.rs I1), and the address is a record's.
    unsafe { gp.timer.modify(when, 0, goroutine_ready, gp.as_ptr().cast(), 0) };
}

/// Go: goroutineReady.
///
/// # Safety
/// `gp` points to a record.
#[doc(alias = "goroutineReady")]
unsafe fn goroutine_ready(gp: *mut (), _seq: usize, _delay_ns: i64) {
    // SAFETY: the caller's duty.
    goready(unsafe { GRef::from_ptr(gp.cast()) });
}
