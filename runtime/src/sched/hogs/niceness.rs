//! Threads whose niceness sysmon has raised (`mod.rs`): what an M does about its own when it enters
//! the runtime.
//!
//! A goroutine that computes without a P may find its thread at a higher niceness. That thread must
//! not run other goroutines, nor this one with a P: whatever waits for the P would wait for a
//! thread that the kernel keeps waiting. So the M first restores its niceness. If the system
//! refuses (lowering a niceness takes CAP_SYS_NICE or RLIMIT_NICE), the thread is discarded: it
//! ends, and its goroutine, which can run anywhere, queues for another one.
//!
//! W1 A thread is reniced only while its M is outside of the runtime, without a P, and no goroutine
//!    is locked to it; `Hold::while_out_without_p` keeps the M outside for that time. Inside, the
//!    M's own record of its niceness is exact.
//! W2 A reniced thread takes no P, with one exception: an unwinding goroutine cannot change threads
//!    (sched/mod.rs `suspend`) and keeps this one until it has unwound.
//! W3 A new thread inherits its creator's niceness, so a reniced thread starts none: `template.rs`
//!    does.

use crate::sched::g::{GRef, Status, WaitReason};
use crate::sched::m::M;
use crate::sched::metrics::{self, Event};
use crate::sched::{Next, Place, suspend, wake};
use crate::words::handshake::Mode;

/// The calling M, inside of the runtime, restores the niceness of its thread. False if the system
/// refuses: the thread is to be discarded.
pub(crate) fn regain(m: &M) -> bool {
    let Some(own) = m.own_niceness() else { return true };
    if own.set(0).is_err() {
        return false;
    }
    m.set_own_niceness(None);
    true
}

/// Moves the goroutine off a thread whose niceness cannot be restored. May park. Returns the M it
/// is on afterwards, inside of the runtime.
pub(crate) fn leave_reniced(gp: GRef) -> &'static M {
    loop {
        let m = gp.m();
        m.hold.enter();
        // An unwinding goroutine stays (W2).
        if regain(m) || std::thread::panicking() {
            return m;
        }
        gp.set_wait_reason(WaitReason::Syscall);
        suspend(gp, |_, gp| {
            gp.set_status(Status::Runnable);
            crate::sched::put_and_wake(None, gp, Place::Tail);
            Next::Schedule
        });
    }
}

/// An unwinding goroutine is done with this thread, which is still reniced (W2): it goes on without
/// the P, as before.
#[cold]
pub(crate) fn drop_p_of_reniced(m: &'static M) {
    let before = m.hold.mode();
    m.hold.enter();
    if m.is_reniced() && m.p().is_some() {
        wake::handoffp(wake::releasep(m));
    }
    if before != Mode::Runtime {
        m.hold.leave(before);
    }
}

/// Notes that the thread of this M is discarded. The M holds no P (W2).
pub(crate) fn note_discarded(m: &M) {
    metrics::count(Event::DiscardedThread);
    // The next thread is a new one.
    m.set_own_niceness(None);
}
