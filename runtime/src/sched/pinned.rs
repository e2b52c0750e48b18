//! Pinned mode: a goroutine stays on the thread on which it first ran. `run_pinned`,
//! `Builder::pinned`.
//!
//! # Why
//!
//! The compiler keeps the address of a thread-local over a call that parks, so in Go's mode, where
//! a goroutine may go on on another thread, ordinary crates corrupt memory (see `run`'s contract).
//! Here the cause is gone: no goroutine changes its thread.
//!
//! # The rule
//!
//! The scheduler is Go's, with one rule more: **a P never leaves its M.** The first M that is
//! started for a P is the P's for good ([`PinnedP::m`]), and what runs on a P runs on that M's
//! thread. Everything else follows:
//!
//! R1 A goroutine begins on whichever P takes it first; from then on that P is its *home*
//!    (`G::home`), until it ends.
//! R2 What has begun is made ready on its home: in the P's own queue by the home's thread, through
//!    the P's inbox by all others. Thieves never see it: it waits in a second queue, `begun`, and
//!    `runnext` says by a tag whether it may be stolen.
//! R3 What has not begun waits where it does in Go's mode, and may be taken by anybody, also from a
//!    P whose thread is blocked.
//! R4 sysmon takes no P away (there is nothing to hand it to), so a thread that blocks or computes
//!    keeps its P; others run its unbegun goroutines and its timers, and the poller's news for
//!    other Ps reaches them. Where no other P has time, sysmon runs its timers. What never parks
//!    but does I/O yields after a slice ([`end_slice`]).
//! R5 An idle P is on the idle list as ever. Whoever takes it off *claims* it: hands it to its M
//!    through `nextp` and wakes the M, by its note and, if it waits in the poller, by a break. An M
//!    that wants its own P back claims it itself or, if somebody was faster, takes the wake-up that
//!    is on its way ([`regain`]). So an M never looks for a P: it always gets its own.
//!
//! With one P there are no thieves; one queue holds all, and the order of everything is that of
//! Go's mode.
//!
//! # Where a goroutine begins
//!
//! It stays where it begins, so it matters: an accept loop whose P is always free first would keep
//! every connection. Each P counts the goroutines that live on it. A P that is about to begin one
//! while another P has clearly fewer ([`lighter`]) offers it to that one; an offer may be stolen,
//! and whoever takes it runs it.
//!
//! # Invariants
//!
//! I1 `home` is written by the thread that begins the goroutine, before it first runs, and cleared
//!    by the same thread at its end.
//! I2 `PinnedP::m` is written once, under `sched.lock`.
//! I3 Each claim is followed by exactly one wake-up of the note, and consumed by exactly one
//!    [`regain`] or stop.
//! I4 The inbox's handshakes with sleep and poll: `inbox.rs` I1 and I3.
//!
//! Rejected: a second scheduler (executors with a queue each, as tokio's `LocalSet`): two of
//! everything, and no stealing of what has not begun. A thread pointer (FS register) per goroutine:
//! each would have its own malloc cache and pthread record. A bit in the deque's items: crossbeam's
//! stealers take what they find.

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};

use crossbeam_deque::{Injector, Steal};
use parking_lot::MutexGuard;

use super::m::Start;
use super::{procs, wake};
use crate::netpoll;
use crate::sched::g::{G, GRef, Status};
use crate::sched::glist::GList;
use crate::sched::m::M;
use crate::sched::metrics::{self, Event};
use crate::sched::p::P;
use crate::sched::runq::{self, Place, Slice};
use crate::sched::schedt::{Sched, SchedState, sched};
use crate::throw::throw;
use crate::words::inbox::Inbox;

/// What a P has for this mode.
pub(crate) struct PinnedP {
    /// Runnable goroutines at home here, made ready by other threads.
    pub(crate) inbox: Inbox<G>,
    /// Runnable goroutines at home here. For the P's holder (p.rs I1).
    begun: UnsafeCell<VecDeque<GRef>>,
    /// Unbegun goroutines that other Ps have offered; anybody may take them.
    offered: Injector<GRef>,
    /// Goroutines at home here that have not ended. Written by the P's holder, read by others as a
    /// hint.
    live: AtomicU32,
    /// The M whose thread this P never leaves, or null (I2).
    m: AtomicPtr<M>,
}

impl PinnedP {
    pub(crate) fn new() -> PinnedP {
        PinnedP {
            inbox: Inbox::new(),
            begun: UnsafeCell::new(VecDeque::new()),
            offered: Injector::new(),
            live: AtomicU32::new(0),
            m: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The queue of begun goroutines.
    ///
    /// SAFETY of all uses: the caller holds the P, and no borrow outlives a call.
    #[allow(clippy::mut_from_ref, reason = "the P's holder has it alone")]
    #[inline(always)]
    pub(crate) fn begun(&self) -> &mut VecDeque<GRef> {
        // SAFETY: see above.
        unsafe { &mut *self.begun.get() }
    }

    /// The M that the P is bound to.
    fn m(&self) -> Option<&'static M> {
        // Relaxed: written once, under the lock; whoever reads it elsewhere is that M or has a
        // goroutine that ran on it.
        // SAFETY: Ms are never freed (m.rs I1).
        unsafe { self.m.load(Relaxed).as_ref() }
    }

    /// Whether nobody has offered anything; a hint.
    pub(crate) fn nothing_offered(&self) -> bool {
        self.offered.is_empty()
    }

    /// One more or less lives here. For the P's holder.
    fn add_live(&self, by: i32) {
        // Relaxed: the holder is the only writer.
        self.live.store(self.live.load(Relaxed).wrapping_add_signed(by), Relaxed);
    }
}

/// The caller's slice on its home is over.
#[cold]
#[inline(never)]
pub(crate) fn end_slice(home: &P) {
    // Relaxed: a hint; a slice that sysmon finds over just now ends a round later.
    home.preempt.store(false, Relaxed);
    super::gosched();
}

/// Takes an offer made to this P, or to a victim.
pub(crate) fn take_offer(p: &P) -> Option<GRef> {
    loop {
        match p.pinned.offered.steal() {
            Steal::Success(gp) => return Some(gp),
            Steal::Empty => return None,
            Steal::Retry => std::hint::spin_loop(),
        }
    }
}

/// Queues a runnable goroutine that is at home on `home` (R2). `p`: the caller's P.
#[inline]
pub(crate) fn put(p: Option<&'static P>, gp: GRef, home: &'static P, place: Place) {
    match p {
        // Only this thread can run it, so there is nobody to wake.
        Some(p) if ptr::eq(p, home) => {
            metrics::readied(p, gp);
            runqput(p, gp, place);
        }
        _ => deliver(gp, home),
    }
}

/// Puts a runnable goroutine into its home's inbox, and wakes the home's thread if it sleeps.
fn deliver(gp: GRef, home: &'static P) {
    metrics::count(Event::GlobalPut);
    // SAFETY: a record is never unmapped (g.rs I1); a goroutine that is runnable is on no other
    // list.
    if unsafe { home.pinned.inbox.deliver(gp.as_ptr()) } {
        claim(home, Start::Plain);
    }
}

/// Wakes the thread of a P that is idle (R5).
fn claim(p: &'static P, start: Start) {
    let sched = sched();
    let mut state = sched.lock.lock();
    if p.pinned.inbox.is_idle() {
        wake::pidle_remove(sched, &mut state, p);
        wake::startm(sched, state, p, start);
    }
}

/// [`wake::startm`] in this mode: the M is the P's. The caller has claimed the P.
pub(crate) fn startm(
    sched: &'static Sched,
    mut state: MutexGuard<'_, SchedState>,
    p: &'static P,
    start: Start,
) {
    let Some(m) = p.pinned.m() else {
        let m = wake::new_m(sched, &mut state);
        bind(m, p);
        drop(state);
        return wake::newm(m, p, start);
    };
    if m.stopped.replace(false) {
        state.nmidle -= 1;
    }
    drop(state);
    metrics::count(Event::Wakeup);
    m.set_nextp(p, start);
    m.park.wakeup();
    if p.pinned.inbox.sits_in_the_poller() {
        netpoll::netpoll_break();
    }
}

/// Binds P and M to each other for good. Under `sched.lock`.
fn bind(m: &'static M, p: &'static P) {
    m.home.set(Some(p));
    p.pinned.m.store(ptr::from_ref(m).cast_mut(), Relaxed);
}

/// The M got no thread. For [`wake::no_thread`], under `sched.lock`.
pub(crate) fn unbind(m: &'static M, p: &'static P) {
    m.home.set(None);
    p.pinned.m.store(ptr::null_mut(), Relaxed);
}

/// The P of an M. For the M's own thread.
fn home_of(m: &'static M) -> &'static P {
    m.home.get().expect("an M that runs is bound to a P")
}

/// The M takes its own P back (R5); waits for the wake-up if somebody else has claimed it.
pub(crate) fn regain(m: &'static M) {
    let (sched, p) = (sched(), home_of(m));
    {
        let mut state = sched.lock.lock();
        if p.pinned.inbox.is_idle() {
            wake::pidle_remove(sched, &mut state, p);
            return wake::acquirep(m, p);
        }
    }
    wake::mpark(m);
    wake::acquire_nextp(m);
}

/// After the M has put its P onto the idle list: whether something was delivered before others
/// could see that.
pub(crate) fn must_stay_awake(m: &'static M) -> bool {
    home_of(m).pinned.inbox.must_stay_awake()
}

/// Whether the M may wait in the poller; false if its P was claimed. To be followed by [`end_poll`]
/// if true.
#[must_use]
pub(crate) fn begin_poll(m: &'static M) -> bool {
    home_of(m).pinned.inbox.begin_poll()
}

pub(crate) fn end_poll(m: &'static M) {
    home_of(m).pinned.inbox.end_poll();
}

/// [`wake::stopm`] in this mode: sleeps until the M's P is claimed for it.
pub(crate) fn stopm(m: &'static M) {
    let sched = sched();
    {
        let mut state = sched.lock.lock();
        if home_of(m).pinned.inbox.is_idle() {
            m.stopped.set(true);
            state.nmidle += 1;
            super::checkdead::checkdead(sched, state);
        }
    }
    wake::mpark(m);
    wake::acquire_nextp(m);
}

/// [`runq::runqput`] in this mode. For the P's holder.
#[inline]
fn runqput(p: &P, gp: GRef, place: Place) {
    let tail = match place {
        Place::Tail => Some(gp),
        Place::Next => runq::taken(p.runnext.put(gp.as_ptr(), gp.home().is_some()).gp),
    };
    if let Some(tail) = tail {
        push(p, tail);
    }
}

/// To the tail; what no other P may run goes where thieves do not look.
#[inline]
fn push(p: &P, gp: GRef) {
    if gp.home().is_some() && !p.runnext.is_alone() {
        p.pinned.begun().push_back(gp);
    } else {
        // SAFETY: the caller holds the P.
        unsafe { runq::queue(p) }.push(gp);
    }
}

/// [`runq::runqget`] in this mode: what others have delivered joins the queue first. For the P's
/// holder.
#[inline]
pub(crate) fn runqget(p: &P) -> Option<(GRef, Slice)> {
    if !p.pinned.inbox.is_empty() {
        // SAFETY: only records are delivered.
        p.pinned.inbox.take(|gp| push(p, unsafe { GRef::from_ptr(gp) }));
    }
    if !p.runnext.is_empty()
        && let Some(gp) = runq::taken(p.runnext.take())
    {
        if !p.preempt.load(Relaxed) {
            return Some((gp, Slice::Inherited));
        }
        // The slice is used up, as in `runq::runqget`.
        p.preempt.store(false, Relaxed);
        push(p, gp);
    }
    // SAFETY: the caller holds the P.
    let (begun, queue) = (p.pinned.begun(), unsafe { runq::queue(p) });
    let unbegun = || queue.pop().or_else(|| take_offer(p));
    // The two take turns: what has begun could fill all rounds.
    let gp = match p.schedtick.load(Relaxed) & 1 {
        0 => begun.pop_front().or_else(unbegun),
        _ => unbegun().or_else(|| begun.pop_front()),
    };
    gp.map(|gp| (gp, Slice::Fresh))
}

/// [`wake::injectglist`] in this mode: each goes home. `p`: the caller's P.
pub(crate) fn inject(list: &mut GList, p: Option<&'static P>) {
    for gp in list {
        gp.casgstatus_from_waiting(Status::Runnable);
        match gp.home() {
            Some(home) => put(p, gp, home, Place::Tail),
            None => throw!("pinned: goroutine {} waited before it began", gp.goid.load(Relaxed)),
        }
    }
}

/// The first of a list from the poller that this P may run: in this mode, of those at home on it.
pub(crate) fn first_own(list: &mut GList, p: &'static P) -> Option<GRef> {
    let mut first = None;
    let mut rest = GList::new();
    while let Some(gp) = list.pop() {
        if first.is_none() && gp.home().is_some_and(|home| ptr::eq(home, p)) {
            first = Some(gp);
        } else {
            rest.push(gp);
        }
    }
    // Pushed last in, first out: turned round once more, the order is the poller's.
    while let Some(gp) = rest.pop() {
        list.push(gp);
    }
    first
}

/// The goroutine is about to run on this M: if it has not begun, makes the M's P its home. False if
/// it was offered to another P instead.
#[inline]
pub(crate) fn begin(m: &'static M, gp: GRef) -> bool {
    gp.home().is_some() || begin_somewhere(home_of(m), gp)
}

fn begin_somewhere(p: &'static P, gp: GRef) -> bool {
    if procs::is_excess(sched(), p) {
        // This P was taken away: nothing begins here any more (procs.rs).
        gp.offered.set(false);
        sched().runq.push(gp);
        wake::wakep();
        return false;
    }
    // An offer is taken without a second thought, so that it does not wander.
    if gp.offered.replace(false) || sched().procs() == 1 {
        settle(p, gp);
        return true;
    }
    let Some(other) = lighter(p) else {
        settle(p, gp);
        return true;
    };
    gp.offered.set(true);
    other.pinned.offered.push(gp);
    if other.pinned.inbox.is_idle() {
        claim(other, Start::Plain);
    }
    // Else it takes the offer in one of its next rounds, unless somebody who has nothing to do is
    // faster.
    wake::wakep();
    false
}

/// There is about to be a second P: what has begun goes where thieves do not look. By the holder of
/// what was the only one.
pub(crate) fn share(p: &P) {
    p.runnext.share();
    // SAFETY: the caller holds the P.
    let runq = unsafe { runq::queue(p) };
    let queued: Vec<_> = std::iter::from_fn(|| runq.pop()).collect();
    for gp in queued {
        push(p, gp);
    }
}

/// Makes `p` the goroutine's home. By the P's holder.
pub(crate) fn settle(p: &'static P, gp: GRef) {
    gp.set_home(Some(p));
    p.pinned.add_live(1);
}

/// The goroutine has ended on its home.
#[cold]
#[inline(never)]
pub(crate) fn ended(gp: GRef, home: &'static P) {
    gp.set_home(None);
    home.pinned.add_live(-1);
}

/// So many Ps are compared before a goroutine begins.
const COMPARED: usize = 16;

/// A P on which clearly fewer goroutines live than on this one: by two, or by an eighth where there
/// are many.
fn lighter(p: &'static P) -> Option<&'static P> {
    let sched = sched();
    // The number may be ahead of the Ps that are made for it.
    let procs = sched.procs().min(sched.allp.len());
    // All of them, or as many from this one on: with more, differences even out over time.
    let others = (1..procs.min(COMPARED)).map(|i| &sched.allp[(p.id as usize + i) % procs]);
    let least = others.min_by_key(|other| other.pinned.live.load(Relaxed))?;
    let (here, there) = (p.pinned.live.load(Relaxed), least.pinned.live.load(Relaxed));
    (here > there + (there / 8).max(1)).then_some(least)
}

/// For a switch, in debug builds: the goroutine is on the thread on which it began.
pub(crate) fn check_thread(m: &'static M, gp: GRef) {
    if let Some(home) = gp.home()
        && !(m.home.get().is_some_and(|p| ptr::eq(p, home))
            && m.tid.load(Relaxed) == crate::sys::thread::gettid())
    {
        throw!("goroutine {} of P {} runs on M {}", gp.goid.load(Relaxed), home.id, m.id);
    }
}
