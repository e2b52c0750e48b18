//! Whether and how a goroutine spins before it parks on a lock. Go: runtime/proc.go
//! sync_runtime_canSpin.

/// Rounds of spinning. Go: active_spin.
#[cfg(not(loom))]
const ACTIVE_SPIN: u32 = 4;

/// Spinning pays only if the owner can run meanwhile and nobody waits for our P: only a few rounds,
/// another P that runs (the searching and the idle ones do not count), and nothing on our own
/// queue. A plain thread does not spin: it has no P to keep, and its sleep costs the others
/// nothing.
#[doc(alias = "canSpin")]
#[cfg(not(loom))]
pub(crate) fn can_spin(rounds: u32) -> bool {
    if rounds >= ACTIVE_SPIN {
        return false;
    }
    let Some(sched) = crate::sched::schedt::try_sched() else { return false };
    let searching = sched.spinning.nmspinning().max(0) as usize;
    if sched.procs() <= sched.spinning.npidle() + searching + 1 {
        return false;
    }
    crate::sched::with_p(|p| p.is_some_and(crate::sched::runq::runqempty))
}

/// A model explores the orders by itself.
#[cfg(loom)]
pub(crate) fn can_spin(_rounds: u32) -> bool {
    false
}

/// One round: about a hundred cycles.
#[doc(alias = "doSpin")]
pub(crate) fn do_spin() {
    for _ in 0..30 {
        crate::words::shim::spin_loop();
    }
}

/// The time by which waits are measured.
#[cfg(not(loom))]
pub(crate) fn now() -> i64 {
    crate::sys::clock::nanotime()
}

/// Time does not pass in a model; who wants starvation mode unlocks fairly.
#[cfg(loom)]
pub(crate) fn now() -> i64 {
    0
}
