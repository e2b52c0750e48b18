//! The scheduler's doors: suspend, wake, spawn. Go: runtime/proc.go.
//!
//! Everything that blocks is `gopark`; everything that wakes is `goready` (or a list for `injectglist`). Suspending takes two
//! steps on two stacks: the goroutine, on its own, says why and what remains to be done; the M, back on the thread's
//! stack, sets the status to `Waiting` and only then runs that *commit*, which publishes the goroutine (unlocks the channel,
//! puts the goroutine into the poll descriptor, starts the timer). Nobody can find a goroutine whose stack is in use.
//!
//! | file | holds | Go |
//! |---|---|---|
//! | `schedule.rs` | `schedule find_runnable execute` | schedule, findRunnable, execute |
//! | `wake.rs` | `wakep startm stopm handoffp injectglist`, the spinning protocol | the same |
//! | `newproc.rs` | `go`, the goroutine's end, free lists | newproc, goexit0, gfget |
//! | `blocking.rs` | `blocking`, `lock_os_thread` | entersyscall, exitsyscall, LockOSThread |
//! | `checkdead.rs` | the deadlock report | checkdead |
//! | `hogs/` | threads that compute without a P: how sysmon makes them lighter, what an M does about it | templateThread |
//! | `offload.rs` | blocking calls on a pool of threads | |
//! | `pinned.rs` | pinned mode: goroutines that stay on their thread | |
//! | `join/ scope.rs` | `go` and its handle; goroutines that borrow | |
//! | `start.rs sysmon.rs` | `run`, the knobs; the thread that watches | schedinit, sysmon |
//! | `g.rs m.rs p.rs schedt.rs runq.rs glist.rs stack.rs tls.rs` | the state | runtime2.go |
#![cfg(not(loom))]

pub(crate) mod ahead;
pub(crate) mod blocking;
pub(crate) mod checkdead;
pub(crate) mod coro;
pub(crate) mod counts;
pub(crate) mod g;
pub(crate) mod glist;
pub(crate) mod hogs;
pub(crate) mod join;
pub(crate) mod m;
pub(crate) mod metrics;
pub(crate) mod micro;
pub(crate) mod newproc;
pub(crate) mod offload;
pub(crate) mod p;
pub(crate) mod pinned;
pub(crate) mod runq;
pub(crate) mod schedt;
pub(crate) mod schedule;
pub(crate) mod scope;
pub(crate) mod stack;
pub(crate) mod start;
mod steal_order;
pub(crate) mod sysmon;
pub(crate) mod tls;
pub(crate) mod wake;

use std::sync::atomic::Ordering::Relaxed;

use self::g::{GRef, Kind, Status, WaitReason};
use self::m::M;
use self::p::P;
use self::runq::{Place, runqput};
use self::schedt::{coarse_now, sched};
use crate::timer::Timers;
use crate::words::handshake::Mode;

pub(crate) use wake::wake_net_poller;

/// What the M does after a suspended goroutine's request has been carried out.
#[must_use]
pub(crate) enum Next {
    /// The goroutine is somewhere else: look for work.
    Schedule,
    /// The goroutine goes on at once.
    Resume,
}

/// A suspended goroutine's request: a function to call on the M's stack.
pub(crate) struct Request {
    data: *mut (),
    call: unsafe fn(*mut (), &'static M, GRef) -> Next,
}

impl Request {
    /// Runs the request.
    ///
    /// # Safety
    /// The requesting frame is suspended and has not been resumed.
    #[inline(always)]
    pub(crate) unsafe fn run(&self, m: &'static M, gp: GRef) -> Next {
        // SAFETY: `data` and `call` were made for each other in `suspend`; the frame is alive by the caller's duty.
        unsafe { (self.call)(self.data, m, gp) }
    }
}

/// Leaves the goroutine's stack and runs `on_m` on the M's. Go: mcall.
#[doc(alias = "mcall")]
#[inline(always)]
pub(crate) fn suspend<F: FnOnce(&'static M, GRef) -> Next>(gp: GRef, on_m: F) {
    unsafe fn call<F: FnOnce(&'static M, GRef) -> Next>(data: *mut (), m: &'static M, gp: GRef) -> Next {
        // SAFETY: data is the `Option<F>` below, taken once.
        let f = unsafe { (*data.cast::<Option<F>>()).take() };
        f.expect("a request runs once")(m, gp)
    }
    // std counts panics per thread: who suspends while unwinding comes back to this one.
    let pinned = std::thread::panicking().then(blocking::stay_on_this_thread);
    let mut f = Some(on_m);
    let request = Request { data: (&raw mut f).cast(), call: call::<F> };
    gp.m().hold.enter();
    // SAFETY: gp is the caller, so this is its own yielder.
    let mut told = unsafe { coro::suspend(gp.yielder.get(), &raw const request as usize) };
    while told != coro::RUN {
        // A dump wants this stack: leave it a backtrace and go back to sleep.
        crate::observe::dump::capture(told);
        // SAFETY: as above.
        told = unsafe { coro::suspend(gp.yielder.get(), 0) };
    }
    drop(pinned);
}

/// Parks the caller until somebody calls [`goready`] for it. `commit` publishes it; see the file's head.
///
/// `commit` runs when the caller's stack is at rest. It may read the caller's frame up to the step that publishes the
/// goroutine and nothing of it after; it does not park and does not panic. `false` means: do not park after all.
///
/// Go: runtime/proc.go gopark, park_m.
///
/// Inlined: each frame between a user's loop and the suspend costs a mispredicted return (bench/JOURNAL.md).
#[doc(alias = "park_m")]
#[inline(always)]
pub(crate) fn gopark<C: FnOnce(GRef) -> bool>(reason: WaitReason, commit: C) {
    let Some(gp) = g::current_goroutine() else { return park_thread(reason, commit) };
    gp.set_wait_reason(reason);
    suspend(gp, |_m, gp| {
        // Relaxed: read by dumps, once the status says that it waits.
        gp.wait_since.store(coarse_now(), Relaxed);
        gp.set_status(Status::Waiting);
        if commit(gp) {
            Next::Schedule
        } else {
            gp.casgstatus_from_waiting(Status::Runnable);
            Next::Resume
        }
    });
}

/// A plain thread parks: the same record and the same commit, and the thread sleeps.
#[cold]
#[inline(never)]
fn park_thread<C: FnOnce(GRef) -> bool>(reason: WaitReason, commit: C) {
    let gp = tls::thread_g();
    gp.set_wait_reason(reason);
    gp.note.clear();
    gp.set_status(Status::Waiting);
    if commit(gp) {
        checkdead::thread_sleeps();
        gp.note.sleep();
        gp.set_status(Status::Running);
    } else {
        gp.casgstatus_from_waiting(Status::Running);
    }
}

/// Wakes a parked goroutine or thread: it runs next on the caller's P, or through the global queue where the caller has none.
/// From anywhere; the waker must not hold what the woken needs first.
///
/// Go: runtime/proc.go goready, ready.
#[doc(alias = "ready")]
#[inline]
pub(crate) fn goready(gp: GRef) {
    if gp.kind() == Kind::Thread {
        return gp.ready_thread();
    }
    gp.casgstatus_from_waiting(Status::Runnable);
    with_p_from(|p, before| {
        put_and_wake(p.or_else(|| blocking::take_idle_p(before)), gp, Place::Next);
    });
}

/// Queues a runnable goroutine and sees that somebody comes for it.
#[inline(always)]
pub(crate) fn put_and_wake(p: Option<&'static P>, gp: GRef, place: Place) {
    if let Some(home) = gp.home() {
        return pinned::put(p, gp, home, place);
    }
    match p {
        Some(p) => {
            debug_assert!(held_in_runtime(p), "handshake.rs I1");
            self::metrics::readied(p, gp);
            runqput(p, gp, place);
        }
        None => {
            sched().runq.push(gp);
            self::metrics::count(self::metrics::Event::GlobalPut);
        }
    }
    wake_for_submitted(p);
}

/// Queues a runnable goroutine on the caller's own P, and wakes nobody.
pub(crate) fn put_own(p: &'static P, gp: GRef, place: Place) {
    match gp.home() {
        Some(home) => pinned::put(Some(p), gp, home, place),
        None => runqput(p, gp, place),
    }
}

/// Is the P held by an M that is in the runtime? What its holder may rely on.
fn held_in_runtime(p: &P) -> bool {
    // SAFETY: Ms are never freed (m.rs I1).
    unsafe { p.m.load(Relaxed).as_ref() }.is_some_and(|m| m.hold.mode() == Mode::Runtime)
}

/// After work was published: a spinner for it, if a P is idle.
#[inline(always)]
pub(crate) fn wake_for_submitted(p: Option<&'static P>) {
    // With one P, which we hold, nobody else could run it.
    if p.is_none() || sched().procs() > 1 {
        wake::wakep();
    }
}

/// Runs `f` with the caller's P held, if the caller has one: in a goroutine, or on an M's own stack. A plain thread has none, and a
/// goroutine whose P was retaken neither; nor has code on a stack that is none of ours (a coroutine of another library, a stack
/// that was grown by switching), which counts as a plain thread's: under it a goroutine runs, in mode USER.
#[inline(always)]
pub(crate) fn with_p<R>(f: impl FnOnce(Option<&'static P>) -> R) -> R {
    with_p_from(|p, _| f(p))
}

/// The same for who asks from which mode the caller has come.
#[inline(always)]
fn with_p_from<R>(f: impl FnOnce(Option<&'static P>, Mode) -> R) -> R {
    if let Some(gp) = g::current_goroutine() {
        let m = gp.m();
        let before = m.hold.mode();
        let p = m.hold.enter();
        // SAFETY: Ps are never freed.
        let r = f(unsafe { p.as_ref() }, before);
        if before != Mode::Runtime {
            m.hold.leave(before);
        }
        return r;
    }
    f(tls::getm().filter(|m| m.hold.mode() == Mode::Runtime).and_then(M::p), Mode::Runtime)
}

/// Runs `f` with the timers of the caller's P, which stays the caller's meanwhile; P 0's for callers without a P.
pub(crate) fn with_timers<R>(f: impl FnOnce(&'static Timers) -> R) -> R {
    with_p(|p| f(&p.unwrap_or(&sched().allp[0]).timers))
}

/// Lets others run: the caller goes to the end of its P's queue. Does nothing on a plain thread.
///
/// Go puts the goroutine onto the global queue, at the cost of its lock; here it goes to the local tail, from where other Ps
/// may steal it, and the 61st round serves the global queue as ever.
///
/// Go: runtime/proc.go Gosched, goyield.
#[doc(alias = "Gosched")]
#[doc(alias = "goyield")]
#[inline]
pub(crate) fn gosched() {
    let Some(gp) = g::current_goroutine() else { return std::thread::yield_now() };
    suspend(gp, |m, gp| {
        gp.set_status(Status::Runnable);
        put_and_wake(m.p(), gp, Place::Tail);
        Next::Schedule
    });
}

/// Lets the one just readied run: for a direct hand-over. Go: goyield.
pub(crate) fn goyield() {
    if g::current_goroutine().is_some() {
        gosched();
    }
}

/// The number of the calling goroutine; `None` on a plain thread.
pub(crate) fn goid() -> Option<u64> {
    g::current_goroutine().map(|gp| gp.goid.load(Relaxed))
}
