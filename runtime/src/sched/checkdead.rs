//! The deadlock report: nothing runs, and nothing can wake a goroutine. Go: runtime/proc.go
//! checkdead.
//!
//! Called with `sched.lock` held when an M stops, when a plain thread parks (it may be the last),
//! and before sysmon's deep sleep, by when counts that were transient (a thread on its way out)
//! have settled. A report is final, so it must never be false:
//!
//! I1 An M that runs, looks for work, waits in the poller or executes a call is counted in `mcount`
//!    and in none of the idle counts.
//! I2 A plain thread that could wake somebody is counted. One that has parked in the runtime before
//!    and is not parked now is in `known - parked`. One that the runtime has never seen shows in
//!    the number of threads of the process, which is read only when everything else says deadlock
//!    (it costs system calls).
//! I3 A plain thread counts itself into `parked` after its commit: by then whatever may wake it can
//!    be seen (its timer is in a heap, it is in a lock's queue). Its waker counts it out, not the
//!    thread itself: between the wake and its first instruction it is not asleep. The two may come
//!    in either order, so the count may be too low for a moment, never too high.
//! I4 A goroutine on no queue and counted nowhere (taken from the poller by sysmon) is covered by
//!    `wake::incidlelocked(-1)`.
//! I5 Threads of the runtime itself are counted in `nmsys` only once they exist: one too few delays
//!    a report, one too many hides a plain thread (the one that starts the runtime is one, and
//!    others may be inside already).

use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::SeqCst};

use parking_lot::MutexGuard;

use crate::observe::dump;
use crate::sched::counts;
use crate::sched::schedt::{Sched, SchedState, try_sched};
use crate::sys::thread::thread_count;

/// Plain threads that have a record: they may wake somebody unless they are parked.
static KNOWN_THREADS: AtomicUsize = AtomicUsize::new(0);
/// How many of them sleep in the runtime; below 0 for moments (I3).
static PARKED_THREADS: AtomicIsize = AtomicIsize::new(0);
/// Signal receivers: another process may wake them.
static OUTSIDE_WAKERS: AtomicUsize = AtomicUsize::new(0);

/// A plain thread got its record.
pub(crate) fn thread_known() {
    // ORDERING: SeqCst, as all counts here: compared with each other under the lock; I2, I3.
    KNOWN_THREADS.fetch_add(1, SeqCst);
}

/// A plain thread with a record ends.
pub(crate) fn thread_gone() {
    // ORDERING: SeqCst, see `thread_known`.
    KNOWN_THREADS.fetch_sub(1, SeqCst);
}

/// A plain thread has published that it sleeps, and is about to. If it was the last thread able to
/// wake others, nobody else would run the check.
pub(crate) fn thread_sleeps() {
    // ORDERING: SeqCst, see `thread_known`; I3.
    PARKED_THREADS.fetch_add(1, SeqCst);
    recheck();
}

/// Runs the check if all Ps are idle: for a thread that has just stopped being able to wake others.
pub(crate) fn recheck() {
    let Some(sched) = try_sched() else { return };
    // ORDERING: SeqCst load, after the caller's change of a count; pairs with `p_idle` and the
    // loads in `checkdead`: if a P is not idle yet, the M that puts it there looks later, and sees
    // this thread.
    if sched.spinning.npidle() == sched.procs() {
        checkdead(sched, sched.lock.lock());
    }
}

/// A waker is about to wake a plain thread.
pub(crate) fn thread_readied() {
    // ORDERING: SeqCst, see `thread_known`; I3.
    PARKED_THREADS.fetch_sub(1, SeqCst);
}

/// From now on another process may wake goroutines (a signal receiver).
pub(crate) fn add_outside_waker() {
    // ORDERING: SeqCst, see `thread_known`.
    OUTSIDE_WAKERS.fetch_add(1, SeqCst);
}

/// Undoes [`add_outside_waker`].
pub(crate) fn remove_outside_waker() {
    // ORDERING: SeqCst, see `thread_known`.
    OUTSIDE_WAKERS.fetch_sub(1, SeqCst);
}

/// Checks whether this was the last M to stop; if nothing is left that could wake a goroutine,
/// reports and ends the process.
pub(crate) fn checkdead(sched: &Sched, state: MutexGuard<'_, SchedState>) {
    let run = state.mcount as i64 - state.nmidle as i64 - i64::from(state.nmidlelocked);
    if run > 0 {
        return;
    }
    if run < 0 {
        crate::throw!(
            "checkdead: inconsistent counts: {} Ms, {} idle, {} locked",
            state.mcount,
            state.nmidle,
            state.nmidlelocked
        );
    }
    // ORDERING: SeqCst, see `thread_known`.
    if OUTSIDE_WAKERS.load(SeqCst) > 0 {
        return;
    }
    let (known, parked) = (KNOWN_THREADS.load(SeqCst), PARKED_THREADS.load(SeqCst).max(0).unsigned_abs());
    if known > parked || (parked == 0 && counts::living(sched) == 0) {
        return;
    }
    if sched.timers_pending() {
        return;
    }
    // All Ms, sysmon and its like, and the parked threads: does the process have any other thread?
    if thread_count().is_none_or(|n| n > state.mcount + state.nmsys + parked) {
        return;
    }
    // Threads that have just ended may still be listed as ours, never the reverse: the verdict
    // stands.
    drop(state);
    dump::die_with_dump("fatal error: all goroutines are asleep - deadlock!\n")
}
