//! The number of Ps, and how it changes while goroutines run. Go: runtime/proc.go procresize,
//! runtime/debug.go GOMAXPROCS.
//!
//! Go stops the world for this. We cannot stop a goroutine that computes, so nothing stops here: the
//! number changes at once, under `sched.lock`, and a P beyond it is *excess* until whoever holds it
//! has given it up.
//!
//! # Up
//!
//! Ps are made, or taken into use again, and put onto the idle list; one spinner is started, and
//! spinners that find work start more, as ever.
//!
//! The only P of a process has cheaper queues (`RunNext::is_alone`). Before a second one comes, that
//! ends, by somebody who may touch the P: its holder, the one with `sched.lock` if it is idle, or
//! anybody while its M stays outside of the runtime ([`share_the_first`]). It does not come back.
//!
//! # Down
//!
//! A P that is idle leaves the idle list and rests. From the others nothing is taken by force:
//!
//! - **Go's mode.** Each M looks before it runs a goroutine: [`lost_p`]. The look is that of
//!   `world.rs` (I3 there), so it costs nothing. An M whose P is excess puts its goroutines onto the
//!   global queue and goes on as one without a P. An M that does not come by (it computes, or is in
//!   a call) has the P retaken by sysmon within about 10 ms, whether anybody waits or not.
//! - **Pinned mode.** A P never leaves its M, so it *drains*: nothing begins there any more
//!   (`pinned::begin` puts it onto the global queue, `Search::may_begin` keeps the M from taking
//!   what it could not run), and what has begun there ends there. In between the P sleeps and is
//!   claimed as ever, but `wakep` does not find it. (`go_local` still begins there: its thread is
//!   the point.)
//!
//! Thieves and the second look of the "Delicate dance" see all Ps that were ever made, so nothing on
//! an excess P is overlooked.
//!
//! # Invariants
//!
//! I1 A P is on the idle list if and only if it is idle and not excess. (Both are exact under
//!    `sched.lock`.)
//! I2 `SchedState::excess` is the number of Ps that are excess and not idle. While it is not 0 sysmon
//!    does not sleep deeply, and in Go's mode the Ms are interrupted.
//! I3 An excess P that is idle has no timers and no free records: P 0, which is never excess, gets
//!    the timers.
//! I4 A submitter on the only P does not wake anybody ([`super::wake_for_submitted`]). It publishes,
//!    then reads the number; we write the number, then have a barrier in every thread, then start a
//!    spinner. Either it sees the new number, or the spinner sees its work.
//!
//! Rejected: a stop of the world (a goroutine that computes would hold up all others); a test of the P's number in each round (two
//! instructions in every switch, for something that happens once a minute); moving begun goroutines
//! in pinned mode (that is what the mode excludes).

use std::ptr;
use std::sync::atomic::Ordering::Relaxed;

use super::{newproc, pinned, wake, with_p, world};
use crate::sched::allp::MAX_PROCS;
use crate::sched::g::GRef;
use crate::sched::m::M;
use crate::sched::p::P;
use crate::sched::runq::runqget;
use crate::sched::schedt::{Sched, SchedState, sched};
use crate::sys::membarrier;
use crate::sys::thread::usleep;

/// Whether the P is beyond the number of Ps. Exact under `sched.lock`.
#[inline(always)]
pub(crate) fn is_excess(sched: &Sched, p: &P) -> bool {
    p.id as usize >= sched.procs()
}

/// Changes the number of Ps; returns the old one. Go: GOMAXPROCS.
#[doc(alias = "GOMAXPROCS")]
pub(crate) fn set_gomaxprocs(n: usize) -> usize {
    let sched = sched();
    let n = n.clamp(1, MAX_PROCS);
    // An M must not stay in the runtime because nothing may run.
    let _active = world::Active::new();
    while n > 1 && !share_the_first(sched) {
        usleep(20);
    }
    resize(sched, n)
}

/// Ends the privileges of an only P, if it still has them. False if its M is just in the runtime.
fn share_the_first(sched: &'static Sched) -> bool {
    let first = &sched.allp[0];
    if !first.runnext.is_alone() {
        return true;
    }
    let held = with_p(|p| p.is_some_and(|p| ptr::eq(p, first)).then(|| pinned::share(first)).is_some());
    if held {
        return true;
    }
    {
        let _state = sched.lock.lock();
        if first.pinned.inbox.is_idle() {
            pinned::share(first);
            return true;
        }
    }
    // SAFETY: Ms are never freed (m.rs I1).
    let m = unsafe { first.m.load(Relaxed).as_ref() };
    m.is_some_and(|m| m.hold.while_out_with_p(first.as_ptr(), || pinned::share(first)).is_some())
}

/// The change itself.
fn resize(sched: &'static Sched, n: usize) -> usize {
    let mut state = sched.lock.lock();
    let old = sched.procs();
    sched.procs.store(n, Relaxed);
    for p in sched.allp.iter().take(old).skip(n) {
        if p.pinned.inbox.is_idle() {
            wake::pidle_unlink(sched, &mut state, p);
            strip(sched, p);
        } else {
            set_excess(sched, &mut state, 1);
        }
    }
    for id in old..n {
        let p = sched.allp.get(id).unwrap_or_else(|| sched.allp.make(false));
        if p.pinned.inbox.is_idle() {
            wake::pidle_link(sched, &mut state, p);
        } else {
            set_excess(sched, &mut state, -1);
        }
    }
    drop(state);
    // I4. The barrier in every other thread.
    membarrier::heavy();
    // sysmon retakes what is held too long.
    sched.wake_sysmon();
    announce(sched);
    old
}

/// Changes the count of I2.
fn set_excess(sched: &Sched, state: &mut SchedState, by: isize) {
    let before = state.excess;
    state.excess = before.checked_add_signed(by).expect("I2");
    if !sched.config.pinned && (before > 0) != (state.excess > 0) {
        world::interrupt(state.excess > 0);
    }
}

/// An excess P is idle from now on. Under the lock.
pub(super) fn came_to_rest(sched: &Sched, state: &mut SchedState, p: &'static P) {
    set_excess(sched, state, -1);
    strip(sched, p);
}

/// An excess P is claimed for what lives on it (pinned mode).
pub(super) fn wakes_again(state: &mut SchedState) {
    state.excess += 1;
}

/// I3. Under the lock.
fn strip(sched: &Sched, p: &P) {
    sched.allp[0].timers.take(&p.timers);
    newproc::gfpurge(p);
}

/// For an M that is about to run a goroutine, and was interrupted: waits while nothing may run. If
/// its P was taken away, gives it up, and the goroutine goes to another M: true.
#[cold]
#[inline(never)]
pub(super) fn lost_p(m: &'static M, gp: GRef) -> bool {
    world::wait_while_stopped();
    let sched = sched();
    if sched.config.pinned || !m.p().is_some_and(|p| is_excess(sched, p)) {
        return false;
    }
    sched.runq.push(gp);
    give_up(sched, wake::releasep(m));
    true
}

/// Gives up an excess P that its M no longer holds, with all that it has (Go's mode).
pub(super) fn give_up(sched: &'static Sched, p: &'static P) {
    while let Some((gp, _)) = runqget(p) {
        sched.runq.push(gp);
    }
    wake::pidleput(sched, &mut sched.lock.lock(), p);
    announce(sched);
}

/// Others look for what moved: P 0 may have got timers just when an M looked for the earliest.
fn announce(sched: &Sched) {
    match sched.allp[0].timers.wake_time() {
        0 => {}
        when => wake::wake_net_poller(when),
    }
    wake::wakep();
}
