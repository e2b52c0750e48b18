//! What happens when the system has no thread: the state is `shortage.rs`.

use super::pinned;
use super::wake::{pidleget, pidleput, startm};
use crate::sched::m::{M, Start};
use crate::sched::runq::runqget;
use crate::sched::schedt::sched;
use crate::sys::clock::nanotime;
use crate::sys::report;
use crate::throw::throw;

/// Creates the thread that is wanted, if its work still waits. For sysmon.
pub(crate) fn retry_thread() {
    let sched = sched();
    if !sched.short.take_wanted() {
        return;
    }
    let mut state = sched.lock.lock();
    if let Some(p) = pidleget(sched, &mut state) {
        startm(sched, state, p, Start::Plain);
    }
}

/// Thread creation failed. The work waits for a running M or for sysmon's next attempt; abort if
/// there is no M.
#[cold]
pub(crate) fn no_thread(m: &'static M, error: std::io::Error) {
    let sched = sched();
    let mut state = sched.lock.lock();
    state.mcount -= 1;
    let (p, start) = m.take_nextp().expect("`newm` gave it one");
    if start == Start::Spinning {
        sched.spinning.uncount();
    }
    pinned::unbind(m, p);
    state.mfree.push(m);
    if state.midle.is_some() {
        // An M became idle after `startm` found none: it takes the P.
        return startm(sched, state, p, Start::Plain);
    }
    // The count is -1 for moments (`incidlelocked`).
    if state.mcount <= state.nmidlelocked.max(0) as usize {
        throw!(
            "failed to create a new thread ({error}) and no other runs: see RLIMIT_NPROC (ulimit -u), \
             /proc/sys/kernel/threads-max, vm.max_map_count"
        );
    }
    while let Some((gp, _)) = runqget(p) {
        sched.runq.push(gp);
    }
    pidleput(sched, &mut state, p);
    // The next M that drops its P looks for the work.
    sched.spinning.need();
    let threads = state.mcount;
    let say = sched.short.failed(threads, nanotime());
    drop(state);
    sched.wake_sysmon();
    if say {
        report::line(format_args!(
            "gopark: failed to create a thread beside {threads} others ({error}); trying again: see RLIMIT_NPROC \
             (ulimit -u), the cgroup's pids.max, /proc/sys/kernel/threads-max"
        ));
    }
}
