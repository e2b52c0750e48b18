//! The scheduler's loop: find a goroutine, run it, carry out its request. Go: runtime/proc.go
//! schedule, execute, findRunnable.
//!
//! Runs on the M's own stack, in mode RUNTIME. I1 An M that looks for work holds a P until it gives
//! it up in [`Search::release_p_and_recheck`]; from there on it touches no per-P data.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use super::hogs::niceness;
use super::steal_order::StealOrder;
use super::step::{Step, own};
use super::wake::{self, Stop};
use super::{Next, Request, locked, newproc, pinned, procs, world};
use crate::netpoll;
use crate::sched::ahead;
use crate::sched::coro::{self, Left};
use crate::sched::g::{GRef, Status};
use crate::sched::glist::GList;
use crate::sched::m::M;
use crate::sched::metrics::{self, Event};
use crate::sched::p::{P, PStatus};
use crate::sched::runq::{Place, Slice, Want, globrunqget, runqempty, runqget, runqsteal};
use crate::sched::schedt::{Sched, refresh_clock, sched};
use crate::sched::task;
use crate::sched::tls;
use crate::sys::clock::{coarse_nanotime, nanotime};
use crate::sys::thread::gettid;
use crate::timer::earlier;
use crate::words::handshake::Mode;

/// Every this many rounds the global queue comes first, so that two goroutines that keep readying
/// each other cannot starve it.
const FAIRNESS_ROUNDS: u32 = 61;

/// The life of an M's thread. Go: mstart1.
pub(crate) fn mstart(m: &'static M) {
    tls::set_m(Some(m));
    // Relaxed: sysmon reads it from an M that held a P a moment before.
    m.tid.store(gettid(), Relaxed);
    crate::observe::fault::alternate_stack(m);
    wake::acquire_nextp(m);
    // The mode never changes, so Go's mode does not pay for the other.
    if m.is_pinned() {
        schedule::<true>(m)
    } else {
        schedule::<false>(m)
    }
    tls::set_m(None);
}

/// The loop, in pinned mode or Go's. Go: schedule.
fn schedule<const PINNED: bool>(m: &'static M) {
    loop {
        let (gp, slice) = if let Some(gp) = m.lockedg() {
            locked::stoplockedm(m);
            (gp, Slice::Fresh)
        } else {
            if m.p().is_none() && !(niceness::regain(m) && wake::acquirep_idle(m)) {
                match wake::stopm(m) {
                    Stop::Resumed => {}
                    Stop::Retired => break,
                }
            }
            let Some((gp, slice)) = find_runnable::<PINNED>(m) else { break };
            if m.is_spinning() {
                wake::resetspinning(m);
            }
            if PINNED && !pinned::begin(m, gp) {
                continue;
            }
            let locked_to = gp.lockedm.load(Relaxed);
            if !locked_to.is_null() && !std::ptr::eq(locked_to, m) {
                locked::startlockedm(m, gp);
                continue;
            }
            (gp, slice)
        };
        execute(m, gp, slice);
    }
}

/// Runs the goroutine until it parks, yields or ends. Go: execute, and mcall's other half.
///
/// Inlined so that the M's side has no return between two switches: a return here and the
/// goroutine's own would each be predicted to the other's caller.
#[inline(always)]
fn execute(m: &'static M, gp: GRef, slice: Slice) {
    if slice == Slice::Fresh
        && let Some(p) = m.p()
    {
        // Relaxed: the holder is the only writer; sysmon reads a hint.
        p.schedtick.store(p.schedtick.load(Relaxed).wrapping_add(1), Relaxed);
    }
    if world::is_interrupted() && procs::lost_p(m, gp) {
        return;
    }
    gp.set_m(Some(m));
    // Relaxed: observers take it as a hint.
    m.curg.store(gp.as_ptr(), Relaxed);
    gp.wait_since.store(0, Relaxed);
    metrics::runs(gp);
    ahead::runs(gp);
    loop {
        gp.set_status(Status::Running);
        if cfg!(debug_assertions) {
            pinned::check_thread(m, gp);
        }
        // SAFETY: the goroutine is ours: it was taken off a queue, or has just asked to be resumed.
        let coro = unsafe { (*gp.coro.get()).as_mut() }.expect("a runnable goroutine has a computation");
        m.hold.leave(Mode::User);
        let left = coro::resume(coro, coro::RUN);
        // The goroutine has entered the runtime before it suspended.
        debug_assert_eq!(m.hold.mode(), Mode::Runtime);
        match left {
            Left::Suspended(request) => {
                // SAFETY: the request lies in the frame that has just suspended.
                let next = unsafe { (*(request as *const Request)).run(m, gp) };
                match next {
                    Next::Schedule => break,
                    Next::Resume => {}
                }
            }
            Left::Returned => {
                newproc::goexit0(m, gp);
                m.curg.store(std::ptr::null_mut(), Relaxed);
                // If it was `main`, this thread makes no further call.
                world::wait_while_stopped();
                break;
            }
        }
    }
    m.curg.store(std::ptr::null_mut(), Relaxed);
}

/// One search for work: what it knows so far.
struct Search<const PINNED: bool> {
    m: &'static M,
    sched: &'static Sched,
    /// When it last read the clock; 0: not yet.
    now: i64,
    /// When the next timer is due; 0: none.
    poll_until: i64,
}

/// A goroutine to run; blocks until there is one. `None`: the thread is surplus and ends.
///
/// The steps are Go's, in Go's order. Go: runtime/proc.go findRunnable.
#[doc(alias = "findRunnable")]
fn find_runnable<const PINNED: bool>(m: &'static M) -> Option<(GRef, Slice)> {
    let mut s = Search::<PINNED> { m, sched: sched(), now: 0, poll_until: 0 };
    loop {
        let p = m.p().expect("an M that looks for work holds a P");
        let step = s
            .run_own_timers(p)
            .or_else(|| s.check_network_for_fairness(p))
            .or_else(|| s.check_global_for_fairness(p))
            .or_else(|| own(s.next_of(p)))
            .or_else(|| Step::of(s.global(p, Want::Share)));
        let step = match step {
            Step::Nothing => s
                .netpoll_nonblocking(p)
                .or_else(|| s.steal_work(p))
                .or_else(|| s.release_p_and_recheck(p))
                .or_else(|| s.block_in_netpoll_or_stop()),
            found => found,
        };
        match step {
            Step::Found(gp, slice) => return Some((gp, slice)),
            Step::Retired => return None,
            Step::Again | Step::Nothing => {}
        }
    }
}

impl<const PINNED: bool> Search<PINNED> {
    /// Runs the due timers of this P; what they ready lands in its queue.
    #[inline]
    fn run_own_timers(&mut self, p: &P) -> Step {
        let checked = p.timers.check(0);
        (self.now, self.poll_until) = (checked.now, checked.poll_until);
        Step::Nothing
    }

    /// The next goroutine of the P's own queues.
    #[inline(always)]
    fn next_of(&self, p: &P) -> Option<(GRef, Slice)> {
        if PINNED { pinned::runqget(p) } else { runqget(p) }
    }

    /// Every 61st round one goroutine of the global queue comes first.
    #[inline]
    fn check_global_for_fairness(&self, p: &P) -> Step {
        if !p.schedtick.load(Relaxed).is_multiple_of(FAIRNESS_ROUNDS) {
            return Step::Nothing;
        }
        Step::of(self.global(p, Want::One))
    }

    /// What the global queue has for this P.
    #[inline(always)]
    fn global(&self, p: &P, want: Want) -> Option<GRef> {
        if self.may_begin(p) { globrunqget(self.sched, p, want) } else { None }
    }

    /// In pinned mode nothing begins on a P that was taken away; it only runs what lives there
    /// (procs.rs). In Go's mode its M gives it up before it runs anything.
    #[inline(always)]
    fn may_begin(&self, p: &P) -> bool {
        !PINNED || !procs::is_excess(self.sched, p)
    }

    /// With `netpoll_every(n)`: every n-th round the network is asked first.
    #[inline]
    fn check_network_for_fairness(&mut self, p: &'static P) -> Step {
        let every = self.sched.config.netpoll_every;
        if every == 0 || !p.schedtick.load(Relaxed).is_multiple_of(every) {
            return Step::Nothing;
        }
        // Whatever is ready queues up; the round goes on as usual.
        if let Some(gp) = self.poll_once(p) {
            super::put_own(p, gp, Place::Tail);
        }
        Step::Nothing
    }

    /// Polls the network without waiting, unless another M waits there.
    fn netpoll_nonblocking(&mut self, p: &'static P) -> Step {
        if self.sched.config.fewest_syscalls {
            return Step::Nothing;
        }
        Step::of(self.poll_once(p))
    }

    /// One poll with timeout 0; the first goroutine is returned, the rest are queued.
    fn poll_once(&mut self, p: &'static P) -> Option<GRef> {
        // ORDERING: SeqCst, as all of the poller's election; the swap lets one M poll at a time and
        // publishes nothing. Pairs with the store below.
        if !netpoll::netpoll_inited()
            || !netpoll::netpoll_any_waiters()
            || self.sched.lastpoll.load(Relaxed) == 0
            || self.sched.polling_net.swap(true, SeqCst)
        {
            return None;
        }
        metrics::count(Event::Poll);
        let (mut list, delta) = task::netpoll(0);
        // ORDERING: SeqCst pairs with the swap above of the next M.
        self.sched.polling_net.store(false, SeqCst);
        if list.len() >= BATCH {
            self.note_poll();
        }
        let first = self.first_to_run(&mut list, p);
        wake::injectglist(&mut list);
        netpoll::netpoll_adjust_waiters(delta);
        match first {
            Some(first) => {
                first.casgstatus_from_waiting(Status::Runnable);
                Some(first)
            }
            // A goroutine that calls wakers may have been started: the P's queue was empty before.
            None => self.next_of(p).map(|(gp, _)| gp),
        }
    }

    /// The first of the poller's list that this P may run.
    #[inline]
    fn first_to_run(&self, list: &mut GList, p: &'static P) -> Option<GRef> {
        if PINNED { pinned::first_own(list, p) } else { list.pop() }
    }

    /// Notes for sysmon that the network was polled just now. Otherwise it would take a batch every
    /// 10 ms and put it onto the global queue, as Go's does.
    #[cold]
    fn note_poll(&self) {
        // ORDERING: SeqCst, as all of lastpoll. If an M has stored 0 there since, it sleeps in the
        // poller, and it stays 0.
        let last = self.sched.lastpoll.load(SeqCst);
        if last != 0 {
            // The coarse clock is at most late: sysmon polls too early rather than too late.
            // Failure means that another M has polled.
            let _ = self.sched.lastpoll.compare_exchange(last, coarse_nanotime(), SeqCst, SeqCst);
        }
    }

    /// Spins, if not too many do: four passes over all Ps in random order. Go: stealWork.
    #[doc(alias = "stealWork")]
    fn steal_work(&mut self, p: &P) -> Step {
        let sched = self.sched;
        // Also those that were taken away: they may still have something.
        let all = sched.allp.len();
        if all == 1 {
            return Step::Nothing;
        }
        if !self.may_begin(p) {
            return self.run_timers_of_others(p);
        }
        if !self.m.is_spinning() {
            // A limit, not a protocol: at most about half of the busy Ps spin.
            if 2 * sched.spinning.nmspinning() >= sched.procs() as i32 - sched.spinning.npidle() as i32 {
                return Step::Nothing;
            }
            wake::become_spinning(self.m);
        }
        for pass in 0..STEAL_PASSES {
            let last = pass == STEAL_PASSES - 1;
            let mut order = StealOrder::new(self.m.cheaprand(), all);
            while let Some(i) = order.next() {
                let victim = &sched.allp[i];
                if std::ptr::eq(victim, p) {
                    continue;
                }
                if last {
                    let checked = victim.timers.check_others(self.now);
                    self.now = checked.now;
                    self.poll_until = earlier(self.poll_until, checked.poll_until);
                    if checked.ran {
                        // The timers readied it on this P.
                        let found = own(self.next_of(p));
                        if let Step::Found(..) = found {
                            return found;
                        }
                    }
                }
                // Relaxed: a hint. An idle P has nothing, unless it is on its way to an M that has
                // not started yet.
                if victim.status.load(Relaxed) == PStatus::Idle as u32 && runqempty(victim) {
                    continue;
                }
                if let Some(gp) = runqsteal(p, victim, last)
                    .or_else(|| if PINNED { pinned::take_offer(victim) } else { None })
                {
                    metrics::count(Event::Steal);
                    return Step::Found(gp, Slice::Fresh);
                }
            }
        }
        Step::Nothing
    }

    /// What is left of [`Search::steal_work`] where nothing may begin: this M may be the one that waits
    /// for the timers of all.
    #[cold]
    fn run_timers_of_others(&mut self, p: &P) -> Step {
        let mut ran = false;
        for other in self.sched.allp.iter().filter(|other| !std::ptr::eq(*other, p)) {
            let checked = other.timers.check_others(self.now);
            self.now = checked.now;
            self.poll_until = earlier(self.poll_until, checked.poll_until);
            ran |= checked.ran;
        }
        if ran { Step::Again } else { Step::Nothing }
    }

    /// Gives the P up, then checks once more everything that may have been published before: the
    /// "Delicate dance" (wake.rs).
    fn release_p_and_recheck(&mut self, p: &'static P) -> Step {
        let (sched, m) = (self.sched, self.m);
        {
            let mut state = sched.lock.lock();
            if !sched.runq.is_empty() && self.may_begin(p) {
                return Step::Again;
            }
            wake::releasep(m);
            wake::pidleput(sched, &mut state, p);
            // I4 of spinning.rs: a submitter may have found no idle P just before this one became
            //    idle.
            if !m.is_spinning() && !procs::is_excess(sched, p) && sched.spinning.must_spin_instead() {
                let p = wake::pidleget(sched, &mut state).expect("put there under this lock");
                wake::acquirep(m, p);
                wake::become_spinning(m);
                return Step::Again;
            }
        }
        if m.is_spinning() {
            wake::retire_spinner(m);
            if let Some(step) = self.recheck(p) {
                return step;
            }
        }
        if PINNED && pinned::must_stay_awake(m) {
            pinned::regain(m);
            return Step::Again;
        }
        Step::Nothing
    }

    /// The dance's second half, after the spinner is no longer counted: checks everything that a
    /// submitter may have published.
    fn recheck(&mut self, before: &P) -> Option<Step> {
        let (sched, m) = (self.sched, self.m);
        let work = !sched.runq.is_empty() || sched.allp.iter().any(|p| !runqempty(p));
        if work && !self.may_begin(before) {
            // Another M must look, in the place of this one.
            wake::wakep();
        } else if work && wake::acquirep_for_seen_work(m) {
            // In pinned mode whoever gave it its P may have counted it.
            if !m.is_spinning() {
                wake::become_spinning(m);
            }
            return Some(Step::Again);
        }
        // Timers that were added in between only shorten the sleep.
        for p in sched.allp.iter() {
            self.poll_until = earlier(self.poll_until, p.timers.wake_time());
        }
        None
    }

    /// The last resort: wait for the network and the timers unless another M does, or stop.
    fn block_in_netpoll_or_stop(&mut self) -> Step {
        let (sched, m) = (self.sched, self.m);
        if netpoll::netpoll_inited() && (netpoll::netpoll_any_waiters() || self.poll_until != 0) {
            // ORDERING: SeqCst: the swap elects one M, and comes before the store of poll_until:
            // `wake_net_poller` breaks the poll if it reads 0 from both.
            let last = sched.lastpoll.swap(0, SeqCst);
            if last != 0 {
                if !PINNED {
                    return self.block_in_netpoll();
                }
                if pinned::begin_poll(m) {
                    return self.block_in_netpoll();
                }
                // Its P was claimed, and is on its way.
                // ORDERING: SeqCst, as all of lastpoll.
                sched.lastpoll.store(last, SeqCst);
                pinned::regain(m);
                return Step::Again;
            }
            if self.poll_until != 0 {
                // Another M waits there. Does it sleep too long for our timers?
                // ORDERING: SeqCst, pairs with the store in `block_in_netpoll`: 0 means not known
                // yet, and breaks the poll.
                let until = sched.poll_until.load(SeqCst);
                if until == 0 || until > self.poll_until {
                    netpoll::netpoll_break();
                }
            }
        }
        match wake::stopm(m) {
            Stop::Resumed => Step::Again,
            Stop::Retired => Step::Retired,
        }
    }

    fn block_in_netpoll(&mut self) -> Step {
        let (sched, m) = (self.sched, self.m);
        // ORDERING: SeqCst: after the swap of lastpoll; see above.
        sched.poll_until.store(self.poll_until, SeqCst);
        let delay = match self.poll_until {
            0 => -1,
            until => (until - nanotime()).max(0),
        };
        metrics::count(Event::PollBlocking);
        let (mut list, delta) = task::netpoll(delay);
        if PINNED {
            pinned::end_poll(m);
        }
        self.now = refresh_clock();
        // ORDERING: SeqCst: in this order, so that the old limit is not taken for a new poller's.
        sched.poll_until.store(0, SeqCst);
        sched.lastpoll.store(self.now, SeqCst);
        if !wake::acquirep_idle(m) {
            wake::injectglist(&mut list);
            netpoll::netpoll_adjust_waiters(delta);
            return match wake::stopm(m) {
                Stop::Resumed => Step::Again,
                Stop::Retired => Step::Retired,
            };
        }
        if list.is_empty() {
            return Step::Again;
        }
        let first = self.first_to_run(&mut list, m.p().expect("just acquired"));
        wake::injectglist(&mut list);
        netpoll::netpoll_adjust_waiters(delta);
        let Some(gp) = first else { return Step::Again };
        gp.casgstatus_from_waiting(Status::Runnable);
        Step::Found(gp, Slice::Fresh)
    }
}

const STEAL_PASSES: usize = 4;

/// Batch size from which reading the clock for sysmon pays.
const BATCH: usize = 8;
