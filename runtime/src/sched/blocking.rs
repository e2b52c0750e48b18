//! Calls that block the thread, and goroutines locked to theirs. Go: runtime/proc.go entersyscall,
//! exitsyscall, LockOSThread.

use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;

use super::hogs::niceness;
use super::{Next, suspend, wake};
use crate::sched::g::{self, GRef, Status, WaitReason};
use crate::sched::m::M;
use crate::sched::p::P;
use crate::sched::schedt::sched;
use crate::words::handshake::Mode;

/// Runs a call that blocks the thread (a file system, a C library, a computation of milliseconds).
///
/// The goroutine keeps its thread. Its P may go to another thread as soon as there is work for it:
/// after 20 us or more, as with a system call in Go. (Without `blocking` the same happens after
/// about 10 ms.) When `f` has returned, the goroutine continues if a P is free and queues for one
/// otherwise, so this call may park. On a plain thread it only calls `f`.
///
/// A goroutine that has computed so long that sysmon made its thread lighter (see ARCHITECTURE.md,
/// "Hogs lose weight") first gets its weight back, on another thread if need be: `f` may start
/// threads and processes, which inherit it.
///
/// Go: entersyscall and exitsyscall around a cgo call.
///
/// # Examples
/// ```
/// # unsafe { gopark::run(|| {
/// let text = gopark::blocking(|| std::fs::read_to_string("/proc/self/stat")).unwrap();
/// assert!(!text.is_empty());
/// # }) }
/// ```
pub fn blocking<R>(f: impl FnOnce() -> R) -> R {
    let Some(gp) = g::current_goroutine() else { return f() };
    entersyscall(gp);
    // A panic of `f`, too, must leave with a P.
    struct Exit;
    impl Drop for Exit {
        fn drop(&mut self) {
            if let Some(gp) = g::current_goroutine() {
                exitsyscall(gp);
            }
        }
    }
    let _exit = Exit;
    f()
}

fn entersyscall(gp: GRef) {
    // The call may be a fork or a new thread, which inherit the weight.
    let m = niceness::leave_reniced(gp);
    if let Some(p) = m.p() {
        // Relaxed: the holder is the only writer; sysmon reads a hint.
        p.syscalltick.store(p.syscalltick.load(Relaxed).wrapping_add(1), Relaxed);
    }
    m.hold.leave(Mode::Blocking);
}

fn exitsyscall(gp: GRef) {
    get_p(gp);
}

/// A goroutine whose P was retaken gets one back, or queues for one: for doors through which it
/// would otherwise go on and on without. May park.
#[inline(always)]
pub(crate) fn regain_p(gp: GRef) {
    // A hint: it can only go from a P to none behind our back, and then the next door finds out.
    if gp.m().hold.p().is_null() {
        get_p(gp);
    }
}

#[cold]
#[inline(never)]
fn get_p(gp: GRef) {
    let m = gp.m();
    if !m.hold.enter().is_null() || acquirep_idle(m) {
        m.hold.leave(Mode::User);
        return;
    }
    // No P is free: queue for one. Go: exitsyscall0.
    gp.set_wait_reason(WaitReason::Syscall);
    suspend(gp, |m, gp| {
        if acquirep_idle(m) {
            return Next::Resume;
        }
        gp.set_status(Status::Runnable);
        super::put_and_wake(None, gp, super::Place::Tail);
        Next::Schedule
    });
}

/// An idle P for an M whose thread may hold one.
fn acquirep_idle(m: &'static M) -> bool {
    // The hint spares a reniced thread the system calls that restore its niceness when there is no
    // P to take.
    sched().spinning.npidle() > 0 && niceness::regain(m) && wake::acquirep_idle(m)
}

/// A goroutine that wakes another and has lost its P gets one back here if one is idle: without
/// queueing, since it may not park now. Not in an announced call, which would only keep the P from
/// others. Inside of the runtime, `before` entering which it was in this mode.
#[cold]
pub(super) fn take_idle_p(before: Mode) -> Option<&'static P> {
    let m = g::current_goroutine()?.m();
    if before == Mode::User && acquirep_idle(m) { m.p() } else { None }
}

/// While this exists the calling goroutine stays on its thread, and the thread runs no other. See
/// [`lock_os_thread`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// let locked: gopark::LockedThread = gopark::lock_os_thread();
/// // On one thread until the guard is dropped.
/// drop(locked);
/// # }) }
/// ```
#[must_use = "the goroutine is locked to its thread until this is dropped"]
#[derive(Debug)]
pub struct LockedThread {
    /// Not `Send`: it belongs to the goroutine that made it.
    _not_send: PhantomData<*mut ()>,
}

/// Locks the calling goroutine to the thread it runs on, until the guard is dropped; calls nest.
///
/// For whatever is bound to a thread: thread-locals, a C library with thread state, `std::sync`
/// guards over a park. Each park of a locked goroutine costs a switch of threads. On a plain thread
/// it does nothing. The thread's priority is never lowered while it is locked; where that has
/// happened before, the call may park and go on, locked, on another one.
///
/// Go: runtime.LockOSThread, UnlockOSThread.
///
/// # Examples
/// ```
/// # unsafe { gopark::run(|| {
/// let guard = gopark::lock_os_thread();
/// let here = std::thread::current().id();
/// gopark::gosched();
/// assert_eq!(here, std::thread::current().id());
/// drop(guard);
/// # }) }
/// ```
///
/// The guard stays with its goroutine:
///
/// ```compile_fail,E0277
/// # unsafe { gopark::run(|| {
/// let guard = gopark::lock_os_thread();
/// gopark::go(move || drop(guard));
/// # }) }
/// ```
#[doc(alias = "LockOSThread")]
pub fn lock_os_thread() -> LockedThread {
    if let Some(gp) = g::current_goroutine() {
        let before = gp.m().hold.mode();
        lock(gp, niceness::leave_reniced(gp), before);
    }
    LockedThread { _not_send: PhantomData }
}

/// The same for one that unwinds: on this very thread, whatever it weighs.
pub(super) fn stay_on_this_thread() -> LockedThread {
    if let Some(gp) = g::current_goroutine() {
        let m = gp.m();
        let before = m.hold.mode();
        m.hold.enter();
        lock(gp, m, before);
    }
    LockedThread { _not_send: PhantomData }
}

/// Inside of the runtime, so that sysmon either sees it or has lowered the thread before
/// (niceness.rs W1).
fn lock(gp: GRef, m: &'static M, before: Mode) {
    // In pinned mode it is on its thread anyway, and others of that thread may run meanwhile.
    if gp.home().is_some() {
        if before != Mode::Runtime {
            m.hold.leave(before);
        }
        return;
    }
    gp.locked_count.set(gp.locked_count.get() + 1);
    // Relaxed: read by this thread, and by others after the goroutine was queued.
    gp.lockedm.store(ptr::from_ref(m).cast_mut(), Relaxed);
    m.lockedg.store(gp.as_ptr(), Relaxed);
    if before != Mode::Runtime {
        m.hold.leave(before);
    }
}

impl Drop for LockedThread {
    fn drop(&mut self) {
        if let Some(gp) = g::current_goroutine() {
            let count = gp.locked_count.get().saturating_sub(1);
            gp.locked_count.set(count);
            if count == 0 {
                gp.m().lockedg.store(ptr::null_mut(), Relaxed);
                gp.lockedm.store(ptr::null_mut(), Relaxed);
                if gp.m().is_reniced() {
                    niceness::drop_p_of_reniced(gp.m());
                }
            }
        }
    }
}

/// The number of Ps.
pub(crate) fn gomaxprocs() -> usize {
    sched().procs()
}
