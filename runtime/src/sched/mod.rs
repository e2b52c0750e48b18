//! The scheduler: suspending, waking and queueing goroutines. Go: runtime/proc.go.
//!
//! Everything that blocks calls `gopark`; everything that wakes calls `goready` (or builds a list
//! for `injectglist`). Suspending takes two steps on two stacks. The goroutine, on its own stack,
//! states its reason and a *commit*. The M, back on the thread's stack, sets the status to
//! `Waiting` and only then runs the commit, which publishes the goroutine (unlocks the channel,
//! puts the goroutine into the poll descriptor, starts the timer). So nobody can find a goroutine
//! whose stack is still in use.
//!
//! | file | holds | Go |
//! |---|---|---|
//! | `schedule.rs` | `schedule find_runnable execute` | schedule, findRunnable, execute |
//! | `wake.rs` | `wakep startm stopm handoffp injectglist`, the spinning protocol | the same |
//! | `newproc.rs` | `go`, the goroutine's end, free lists | newproc, goexit0, gfget |
//! | `blocking.rs` | `blocking`, `lock_os_thread` | entersyscall, exitsyscall, LockOSThread |
//! | `locked.rs` | Ms that wait for their locked goroutine | stoplockedm, startlockedm |
//! | `checkdead.rs` | the deadlock report | checkdead |
//! | `hogs/` | threads that compute without a P: how sysmon renices them, what an M does about it | templateThread |
//! | `offload.rs` | blocking calls on a pool of threads | |
//! | `pinned.rs` | pinned mode: goroutines that stay on their thread | |
//! | `task.rs` | goroutines that drive a future; wakers | |
//! | `join/ scope.rs` | `go` and its handle; goroutines that borrow | |
//! | `procs.rs` | the number of Ps, and how it changes | procresize |
//! | `world.rs` | whether goroutines run at all | |
//! | `start.rs sysmon.rs` | `run` and its settings; the monitor thread | schedinit, sysmon |
//! | `g.rs m.rs p.rs schedt.rs runq.rs glist.rs stack/ tls.rs` | the state | runtime2.go |
#![cfg(not(loom))]

pub(crate) mod ahead;
pub(crate) mod allp;
pub(crate) mod blocking;
pub(crate) mod checkdead;
pub(crate) mod coro;
pub(crate) mod counts;
pub(crate) mod g;
pub(crate) mod glist;
pub(crate) mod hogs;
pub(crate) mod join;
mod locked;
pub(crate) mod m;
pub(crate) mod metrics;
pub(crate) mod micro;
pub(crate) mod newproc;
mod no_thread;
pub(crate) mod offload;
pub(crate) mod p;
pub(crate) mod pinned;
pub(crate) mod procs;
pub(crate) mod runq;
pub(crate) mod schedt;
pub(crate) mod schedule;
pub(crate) mod scope;
pub(crate) mod shortage;
pub(crate) mod stack;
pub(crate) mod start;
mod steal_order;
mod step;
pub(crate) mod sysmon;
pub(crate) mod task;
pub(crate) mod tls;
pub(crate) mod wake;
pub(crate) mod world;

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::compiler_fence;

use self::g::{GRef, Kind, Status, WaitReason};
use self::m::M;
use self::p::P;
use self::runq::{Place, runqput};
use self::schedt::{coarse_now, sched};
use crate::timer::Timers;
use crate::words::handshake::Mode;

pub(crate) use wake::wake_net_poller;

/// What the M does after the request of a suspended goroutine.
#[must_use]
pub(crate) enum Next {
    /// The goroutine has been published or queued: look for work.
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
        // SAFETY: `data` and `call` were made for each other in `suspend`; the frame is alive by
        // the caller's duty.
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
    // std counts panics per thread: a goroutine that suspends while unwinding comes back to this
    // one.
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

/// Parks the caller until somebody calls [`goready`] for it. `commit` publishes it; see the file's
/// head.
///
/// `commit` runs when the caller's stack is at rest. It may read the caller's frame up to the step
/// that publishes the goroutine and nothing of it after; it does not park and does not panic.
/// `false` means: do not park after all.
///
/// Go: runtime/proc.go gopark, park_m.
///
/// Inlined: each frame between a user's loop and the suspend costs a mispredicted return
/// (bench/JOURNAL.md).
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
    // The caller of `run` counts until its closure ends, not until it has noticed.
    let _active = (reason != WaitReason::Main).then(world::Active::new);
    if commit(gp) {
        checkdead::thread_sleeps();
        gp.note.sleep();
        gp.set_status(Status::Running);
    } else {
        gp.casgstatus_from_waiting(Status::Running);
    }
}

/// Wakes a parked goroutine or thread: it runs next on the caller's P, or through the global queue
/// where the caller has none. From anywhere; the waker must not hold what the woken needs first.
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

/// Queues a runnable goroutine and makes sure that an M will look for it.
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

/// Whether an M that is in the runtime holds the P: what its holder may rely on.
fn held_in_runtime(p: &P) -> bool {
    // SAFETY: Ms are never freed (m.rs I1).
    unsafe { p.m.load(Relaxed).as_ref() }.is_some_and(|m| m.hold.mode() == Mode::Runtime)
}

/// Wakes a spinner for published work, if a P is idle.
#[inline(always)]
pub(crate) fn wake_for_submitted(p: Option<&'static P>) {
    // ORDERING: SeqCst for the compiler only; pairs with the barrier in `procs::resize` (I4 there).
    compiler_fence(SeqCst);
    // With one P, which we hold, nobody else could run it.
    if p.is_none() || sched().procs() > 1 {
        wake::wakep();
    }
}

/// Runs `f` with the caller's P held. The caller has one in a goroutine and on an M's own stack. A
/// plain thread has none, nor has a goroutine whose P was retaken. Code on a foreign stack (another
/// library's coroutine, a stack grown by switching) counts as a plain thread's: the goroutine under
/// it is in mode USER.
#[inline(always)]
pub(crate) fn with_p<R>(f: impl FnOnce(Option<&'static P>) -> R) -> R {
    with_p_from(|p, _| f(p))
}

/// The same; `f` also gets the mode from which the caller came.
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

/// Runs `f` with the timers of the caller's P, held while `f` runs; with P 0's for a caller without
/// a P.
pub(crate) fn with_timers<R>(f: impl FnOnce(&'static Timers) -> R) -> R {
    with_p(|p| f(&p.unwrap_or(&sched().allp[0]).timers))
}

/// Lets others run: the caller goes to the end of its P's queue. On a plain thread: yields the
/// thread.
///
/// Go puts the goroutine onto the global queue, at the cost of its lock; here it goes to the local
/// tail, where other Ps can steal it, and every 61st round still serves the global queue.
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

/// In pinned mode: a goroutine whose calls always succeed at once (a reader whose peer is faster)
/// lets the others of its thread run every slice. In Go's mode they run on another thread.
#[inline(always)]
pub(crate) fn end_slice() {
    if let Some(gp) = g::current_goroutine()
        && let Some(home) = gp.home()
        // Relaxed: a hint of sysmon's.
        && home.preempt.load(Relaxed)
    {
        pinned::end_slice(home);
    }
}

/// Lets the goroutine that was just readied run, for a direct hand-over. Go: goyield.
pub(crate) fn goyield() {
    if g::current_goroutine().is_some() {
        gosched();
    }
}

/// The number of the calling goroutine; `None` on a plain thread.
pub(crate) fn goid() -> Option<u64> {
    g::current_goroutine().map(|gp| gp.goid.load(Relaxed))
}
