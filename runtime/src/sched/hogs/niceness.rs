//! Threads that sysmon has made lighter (`mod.rs`): what an M does about its own when it enters the runtime.
//!
//! A goroutine that computes on and on without a P may find its thread at a lower priority. That thread must not run other goroutines, nor
//! this one once it has a P: whoever waits for the P would wait for a thread that the kernel lets wait. So the M first
//! takes its old weight back, and where the system refuses (raising a priority takes CAP_SYS_NICE or RLIMIT_NICE) the thread
//! ends: its goroutine, a coroutine that can run anywhere, queues for another.
//!
//! W1 A thread is made lighter only while its M is outside of the runtime, without a P, and no goroutine is locked to it;
//!    `Hold::while_out_without_p` keeps the M outside meanwhile. Inside, the M's own view of its weight is exact.
//! W2 A lowered thread takes no P, with one exception: a goroutine that unwinds cannot change threads (sched/mod.rs `suspend`), and
//!    keeps this one until it has unwound.
//! W3 A new thread inherits its creator's weight, so a lowered one starts none: `template.rs` does.

use crate::sched::g::{GRef, Status, WaitReason};
use crate::sched::m::M;
use crate::sched::metrics::{self, Event};
use crate::sched::{Next, Place, suspend, wake};
use crate::words::handshake::Mode;

/// The calling M, inside of the runtime, sees that its thread weighs what it should. False: the system refuses, the thread is spoiled.
pub(crate) fn regain(m: &M) -> bool {
    let Some(own) = m.own_niceness() else { return true };
    if own.set(0).is_err() {
        return false;
    }
    m.set_own_niceness(None);
    true
}

/// The goroutine leaves a thread that has become too light for what comes now, if it cannot be mended. May park. Returns the M it
/// is on afterwards, inside of the runtime.
pub(crate) fn leave_reniced(gp: GRef) -> &'static M {
    loop {
        let m = gp.m();
        m.hold.enter();
        // One that unwinds stays (W2).
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

/// An unwinding goroutine has done with this thread, which is still lighter (W2): it goes on without the P, as before.
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

/// The spoiled thread of this M, which holds no P (W2), ends.
pub(crate) fn note_discarded(m: &M) {
    metrics::count(Event::DiscardedThread);
    // The next thread is a new one.
    m.set_own_niceness(None);
}
