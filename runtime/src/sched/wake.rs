//! Waking and stopping Ms. Go: runtime/proc.go wakep, startm, stopm, handoffp, injectglist.
//!
//! The rules of spinning (I1 to I4), the rejected designs and the loom tests are at the head of
//! `spinning.rs`.
//!
//! The network and the timers have their own rule: the last M to become idle, elected by
//! `lastpoll`, sleeps in `epoll_pwait`.

use std::ptr;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use parking_lot::MutexGuard;

use super::hogs::{niceness, template};
use super::{checkdead, no_thread, pinned, procs};
use crate::netpoll;
use crate::observe::fault;
use crate::sched::g::Status;
use crate::sched::glist::GList;
use crate::sched::m::{M, Start};
use crate::sched::metrics::{self, Event};
use crate::sched::p::{P, PStatus};
use crate::sched::runq::{Place, runqempty, runqput};
use crate::sched::schedt::{Sched, SchedState, sched};
use crate::sched::tls;
use crate::sys::fork;
use crate::throw::throw;

/// The native stack of an M: the scheduler's loop and timers run on it, user code does not.
const M_STACK: usize = 256 << 10;

/// How a stopped M goes on.
#[must_use]
pub(crate) enum Stop {
    /// Woken, with a P.
    Resumed,
    /// Enough Ms are idle, or its niceness cannot be restored (hogs/niceness.rs): its thread ends.
    Retired,
}

/// Wakes one more M to look for work if a P is idle and no M spins. Call after publishing work.
#[inline]
pub(crate) fn wakep() {
    let sched = sched();
    if sched.spinning.wants_spinner() {
        wakep_slow(sched);
    }
}

#[cold]
#[inline(never)]
fn wakep_slow(sched: &'static Sched) {
    if !sched.spinning.claim() {
        return;
    }
    let mut state = sched.lock.lock();
    match pidleget_spinning(sched, &mut state) {
        Some(p) => startm(sched, state, p, Start::Spinning),
        None => sched.spinning.uncount(),
    }
}

/// Counts this M among the spinning. Go: becomeSpinning.
#[doc(alias = "becomeSpinning")]
pub(crate) fn become_spinning(m: &M) {
    m.spinning.store(true, Relaxed);
    sched().spinning.become_spinning();
}

/// A spinner has found work: another one takes its place if a P is idle.
pub(crate) fn resetspinning(m: &M) {
    m.spinning.store(false, Relaxed);
    sched().spinning.uncount();
    // There may be more work where this came from.
    wakep();
}

/// A spinner gives up and is no longer counted. The caller looks once more (I2).
pub(crate) fn retire_spinner(m: &M) {
    m.spinning.store(false, Relaxed);
    sched().spinning.retire();
}

/// An idle P for a spinner. If none is idle, the next M that drops one must spin (I4).
#[doc(alias = "pidlegetSpinning")]
fn pidleget_spinning(sched: &Sched, state: &mut SchedState) -> Option<&'static P> {
    let p = pidleget(sched, state);
    if p.is_none() {
        sched.spinning.need();
    }
    p
}

/// Puts a P that nobody holds onto the idle list, unless it was taken away (procs.rs).
pub(crate) fn pidleput(sched: &Sched, state: &mut SchedState, p: &'static P) {
    if p.holds_any() {
        throw!("pidleput: P {} has a non-empty run queue", p.id);
    }
    p.pinned.inbox.set_idle(true);
    if procs::is_excess(sched, p) {
        return procs::came_to_rest(sched, state, p);
    }
    pidle_link(sched, state, p);
}

/// Puts an idle P onto the idle list.
pub(super) fn pidle_link(sched: &Sched, state: &mut SchedState, p: &'static P) {
    p.link.set(state.pidle);
    state.pidle = Some(p);
    sched.spinning.p_idle();
}

/// Takes a P off the idle list, and wakes sysmon from its deep sleep.
pub(crate) fn pidleget(sched: &Sched, state: &mut SchedState) -> Option<&'static P> {
    let p = match state.pidle? {
        // In pinned mode another one is better: to take this one would leave nobody in the poller.
        polling if polling.pinned.inbox.is_polling() => polling.link.get().unwrap_or(polling),
        first => first,
    };
    pidle_remove(sched, state, p);
    Some(p)
}

/// Takes this idle P for use, off the idle list if it is there.
pub(crate) fn pidle_remove(sched: &Sched, state: &mut SchedState, p: &'static P) {
    if procs::is_excess(sched, p) {
        procs::wakes_again(state);
    } else {
        pidle_unlink(sched, state, p);
    }
    p.pinned.inbox.set_idle(false);
    sched.wake_sysmon();
}

/// Takes this P off the idle list, on which it is.
pub(super) fn pidle_unlink(sched: &Sched, state: &mut SchedState, p: &'static P) {
    let rest = p.link.take();
    if state.pidle.is_some_and(|first| ptr::eq(first, p)) {
        state.pidle = rest;
    } else {
        let mut at = state.pidle;
        while let Some(q) = at {
            at = q.link.get();
            if at.is_some_and(|next| ptr::eq(next, p)) {
                q.link.set(rest);
                break;
            }
        }
    }
    sched.spinning.p_busy();
}

/// Gives the M the P. Go: acquirep.
pub(crate) fn acquirep(m: &'static M, p: &'static P) {
    if m.p().is_some() {
        throw!("acquirep: M {} already has a P", m.id);
    }
    // Relaxed: hints for sysmon and thieves; the M's `hold` is what counts.
    p.m.store(ptr::from_ref(m).cast_mut(), Relaxed);
    p.status.store(PStatus::Running as u32, Relaxed);
    m.hold.set_p(p.as_ptr());
}

/// Takes the P from the M. Go: releasep.
pub(crate) fn releasep(m: &'static M) -> &'static P {
    let Some(p) = m.p() else { throw!("releasep: M {} has no P", m.id) };
    m.hold.set_p(ptr::null_mut());
    disown(p);
    p
}

/// Marks a P as held by nobody. For the caller that has just taken it from an M.
pub(crate) fn disown(p: &P) {
    p.m.store(ptr::null_mut(), Relaxed);
    p.status.store(PStatus::Idle as u32, Relaxed);
}

/// Gives the M an idle P, if there is one.
pub(crate) fn acquirep_idle(m: &'static M) -> bool {
    let sched = sched();
    if sched.config.pinned {
        pinned::regain(m);
        return true;
    }
    // A hint that saves the lock. A caller that must not miss an idle P is I4's dropper, or holds
    // the lock.
    if sched.spinning.npidle() == 0 {
        return false;
    }
    let got = pidleget(sched, &mut sched.lock.lock());
    got.map(|p| acquirep(m, p)).is_some()
}

/// The same for a spinner that has retired and then seen work (I2). If no P is idle, the next M
/// that drops one must spin (I4).
///
/// Go: checkRunqsNoP.
#[doc(alias = "checkRunqsNoP")]
pub(crate) fn acquirep_for_seen_work(m: &'static M) -> bool {
    let sched = sched();
    if sched.config.pinned {
        pinned::regain(m);
        return true;
    }
    let got = pidleget_spinning(sched, &mut sched.lock.lock());
    got.map(|p| acquirep(m, p)).is_some()
}

/// Takes the P that this M's waker left for it, if any.
pub(crate) fn acquire_nextp(m: &'static M) {
    let Some((p, start)) = m.take_nextp() else { return };
    acquirep(m, p);
    if start == Start::Spinning {
        // Its waker has counted it.
        m.spinning.store(true, Relaxed);
    }
}

/// Runs an M with this P: an idle one, or a new thread. Releases the lock before it wakes.
/// Go: startm.
pub(crate) fn startm(
    sched: &'static Sched,
    mut state: MutexGuard<'_, SchedState>,
    p: &'static P,
    start: Start,
) {
    if sched.config.pinned {
        return pinned::startm(sched, state, p, start);
    }
    if let Some(m) = mget(&mut state) {
        drop(state);
        if m.is_spinning() || m.has_nextp() {
            throw!("startm: M {} is in use", m.id);
        }
        m.set_nextp(p, start);
        metrics::count(Event::Wakeup);
        m.park.wakeup();
        return;
    }
    let m = new_m(sched, &mut state);
    drop(state);
    newm(m, p, start);
}

/// An M without a thread, used or new. Counted from here on, so that checkdead sees it.
/// Go: mReserveID.
pub(crate) fn new_m(sched: &'static Sched, state: &mut SchedState) -> &'static M {
    state.mcount += 1;
    if state.mcount > sched.config.max_threads {
        throw!(
            "thread exhaustion: the program exceeds its limit of {} threads (Builder::max_threads)",
            sched.config.max_threads
        );
    }
    if let Some(m) = state.mfree.pop() {
        return m;
    }
    let m: &'static M = Box::leak(Box::new(M::new(state.allm.len() as u64)));
    state.allm.push(m);
    m
}

/// Has a thread started for the M, with this P. Go: newm.
pub(crate) fn newm(m: &'static M, p: &'static P, start: Start) {
    m.set_nextp(p, start);
    // Inside of the runtime, so that sysmon cannot renice the caller before the clone.
    super::with_p(|_| {
        if tls::getm().is_some_and(M::is_reniced) {
            template::start_thread(m);
        } else {
            start_thread(m);
        }
    });
}

/// Starts the M's thread, which inherits from the caller's. Go: newm1.
#[doc(alias = "newm1")]
pub(crate) fn start_thread(m: &'static M) {
    metrics::count(Event::ThreadStart);
    let started = std::thread::Builder::new()
        .name(format!("gopark-m{}", m.id))
        .stack_size(M_STACK)
        .spawn(move || super::schedule::mstart(m));
    match started {
        Ok(_) => sched().short.succeeded(),
        Err(e) => no_thread::no_thread(m, e),
    }
}

/// Sleeps until another gives this M a P. Go: stopm.
pub(crate) fn stopm(m: &'static M) -> Stop {
    let sched = sched();
    debug_assert!(m.p().is_none() && !m.is_spinning());
    if sched.config.pinned {
        pinned::stopm(m);
        return Stop::Resumed;
    }
    {
        let mut state = sched.lock.lock();
        // Surplus threads after a wave of blocking give their memory back. A reniced one must not
        // wait for work.
        if state.nmidle >= 2 * sched.procs() + 8 || m.is_reniced() {
            return retire(sched, state, m);
        }
        mput(&mut state, m);
        checkdead::checkdead(sched, state);
    }
    mpark(m);
    acquire_nextp(m);
    Stop::Resumed
}

/// The M's thread ends, and the M waits for another one. It holds no P.
fn retire(sched: &Sched, mut state: MutexGuard<'_, SchedState>, m: &'static M) -> Stop {
    if m.is_reniced() {
        niceness::note_discarded(m);
    }
    state.mcount -= 1;
    fault::give_up_alternate_stack();
    state.mfree.push(m);
    checkdead::checkdead(sched, state);
    Stop::Retired
}

fn mput(state: &mut SchedState, m: &'static M) {
    m.schedlink.set(state.midle);
    state.midle = Some(m);
    state.nmidle += 1;
}

fn mget(state: &mut SchedState) -> Option<&'static M> {
    let m = state.midle?;
    state.midle = m.schedlink.take();
    state.nmidle -= 1;
    Some(m)
}

/// Gives away a P whose M is blocked or locked: to an M if there is anything to do, else to the
/// idle list.
///
/// Must start an M wherever `find_runnable` would find something, or would be the one to wait for
/// the network. Go: handoffp.
pub(crate) fn handoffp(p: &'static P) {
    let sched = sched();
    if procs::is_excess(sched, p) {
        return procs::give_up(sched, p);
    }
    if !runqempty(p) || !sched.runq.is_empty() {
        return startm(sched, sched.lock.lock(), p, Start::Plain);
    }
    // No M spins and no P is idle: one M should look.
    let idle = sched.spinning.npidle();
    if sched.spinning.nmspinning() == 0 && idle == 0 && sched.spinning.claim() {
        return startm(sched, sched.lock.lock(), p, Start::Spinning);
    }
    let mut state = sched.lock.lock();
    if !sched.runq.is_empty() {
        return startm(sched, state, p, Start::Plain);
    }
    // The last running P, and nobody polls the network: somebody must.
    // ORDERING: SeqCst: pairs with the swap of lastpoll in `block_in_netpoll_or_stop`: 0: an M is
    // there.
    if sched.spinning.npidle() == sched.procs() - 1 && sched.lastpoll.load(SeqCst) != 0 {
        return startm(sched, state, p, Start::Plain);
    }
    let when = p.timers.wake_time();
    pidleput(sched, &mut state, p);
    let missed = sched.spinning.must_spin_instead();
    drop(state);
    if when != 0 {
        wake_net_poller(when);
    }
    if missed {
        // I4: a submitter found no idle P just before this one became idle.
        wakep();
    }
}

/// A timer was set for `when`: the M in the poller must not sleep longer. Go: wakeNetPoller.
#[doc(alias = "wakeNetPoller")]
pub(crate) fn wake_net_poller(when: i64) {
    let sched = sched();
    // ORDERING: SeqCst: pairs with `block_in_netpoll_or_stop`: lastpoll first, then poll_until.
    if sched.lastpoll.load(SeqCst) == 0 {
        let until = sched.poll_until.load(SeqCst);
        if until == 0 || until > when {
            netpoll::netpoll_break();
        }
    } else {
        // No M waits there: one that looks for work and finds none will.
        wakep();
    }
}

/// Queues a list of goroutines that the poller has returned, and starts Ms for them.
/// Go: injectglist.
pub(crate) fn injectglist(list: &mut GList) {
    if list.is_empty() {
        return;
    }
    let sched = sched();
    super::with_p(|p| {
        if sched.config.pinned {
            return pinned::inject(list, p);
        }
        let Some(p) = p else {
            let n = inject_global(sched, list, usize::MAX);
            return start_idle(sched, n);
        };
        // One for each idle P goes to the global queue, the rest stay on this P.
        let npidle = sched.spinning.npidle();
        if npidle > 0 {
            let n = inject_global(sched, list, npidle);
            start_idle(sched, n);
        }
        let mut any = false;
        while let Some(gp) = list.pop() {
            gp.casgstatus_from_waiting(Status::Runnable);
            runqput(p, gp, Place::Tail);
            any = true;
        }
        if any {
            // npidle may have grown meanwhile.
            super::wake_for_submitted(Some(p));
        }
    });
}

fn inject_global(sched: &Sched, list: &mut GList, limit: usize) -> usize {
    let mut n = 0;
    while n < limit
        && let Some(gp) = list.pop()
    {
        gp.casgstatus_from_waiting(Status::Runnable);
        sched.runq.push(gp);
        n += 1;
    }
    n
}

/// Starts at most `n` Ms on idle Ps.
fn start_idle(sched: &'static Sched, n: usize) {
    for _ in 0..n {
        let mut state = sched.lock.lock();
        let Some(p) = pidleget_spinning(sched, &mut state) else { return };
        startm(sched, state, p, Start::Plain);
    }
}

/// Sleeps until woken. Clears the note after the wake, not before the sleep: the wake may come
/// first. Go: mPark.
#[doc(alias = "mPark")]
pub(crate) fn mpark(m: &M) {
    fork::check();
    m.park.sleep();
    m.park.clear();
}

/// Counts Ms that wait for their locked goroutine: they are neither idle nor running.
/// Go: incidlelocked.
pub(crate) fn incidlelocked(by: i32) {
    let sched = sched();
    let mut state = sched.lock.lock();
    state.nmidlelocked += by;
    if by > 0 {
        checkdead::checkdead(sched, state);
    }
}

/// At the start: all Ps are idle. Go: procresize.
#[doc(alias = "procresize")]
pub(crate) fn idle_all_ps() {
    let sched = sched();
    let mut state = sched.lock.lock();
    // P 0 ends up first.
    for p in sched.allp.iter().rev() {
        pidleput(sched, &mut state, p);
    }
}
