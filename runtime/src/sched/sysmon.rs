//! sysmon: the thread that watches, without a P. Go: runtime/proc.go sysmon, retake.
//!
//! It polls the network when nobody has for 10 ms, and retakes Ps from Ms that have been outside of the runtime too long while
//! other work waits: about 10 ms for user code, one of its own rounds (20 us and more) for an announced call. After 10 ms an
//! announced call loses its P also when nothing waits.
//!
//! Who waited in the poller for the timers of all Ps goes on with what it has found there, and that may compute for seconds without
//! a look at any timer but those of its own P, for which sysmon would retake that. So when nobody has polled for 10 ms while there are
//! timers, sysmon wakes an M for an idle P: it finds nothing, and waits for the timers in its turn. (In Go the one that computes is
//! preempted after 10 ms, and `goschedImpl` wakes an M.)
//!
//! Of the threads that go on computing without a P it keeps a list, and sees that they do not crowd out those with one (hogs/mod.rs).
//!
//! It sleeps 20 us between rounds at first, longer when nothing happens, at most 10 ms; and deeply, without a limit, once all Ps
//! have been idle and nothing was scheduled for some rounds. (Go goes to its deep sleep in the first round in which all Ps are
//! idle and is woken by the next system call; under a light load that is a futex call at each request, so here it waits.)
//!
//! I1 It holds no P and touches no per-P data: it retakes a P whole, or leaves it.
//! I2 While `sysmon_wait` is set it sleeps on `sysmon_note`; whoever takes a P off the idle list under the lock wakes it.

use std::sync::atomic::Ordering::{Relaxed, Release, SeqCst};

use crate::netpoll;
use crate::observe::dump;
use crate::observe::fault;
use crate::sched::counts;
use crate::sched::hogs::Hogs;
use crate::sched::metrics::{self, Event};
use crate::sched::p::PStatus;
use crate::sched::runq::runqempty;
use crate::sched::schedt::{Sched, refresh_clock, sched};
use crate::sched::stack;
use crate::sched::{checkdead, newproc, wake};
use crate::sys::thread::usleep;
use crate::words::handshake::Mode;

/// How long user code may keep a P that others wait for, and how long the network may go unpolled. Go: forcePreemptNS.
const SLICE_NS: i64 = 10_000_000;
const MIN_NAP_US: u32 = 20;
const MAX_NAP_US: u32 = 10_000;
/// Rounds without an event after which naps get longer.
const QUIET_ROUNDS: u32 = 50;
/// After a slice was ended it looks again at such intervals, for as many rounds as the next slice lasts. More often would find nothing.
const SLICE_NAP_US: u32 = 1_000;
const SLICE_ROUNDS: u32 = 10;
/// Rounds, all Ps idle and nothing scheduled in between, before the deep sleep.
const IDLE_ROUNDS: u32 = 5;

/// What it saw of a P in the last round. Go: sysmontick.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    schedtick: u32,
    /// When this schedtick was first seen.
    sched_when: i64,
    syscalltick: u32,
    syscall_when: i64,
}

/// Its thread's body.
pub(crate) fn sysmon() {
    let sched = sched();
    let mut seen = vec![Seen::default(); sched.procs()];
    let mut hogs = Hogs::new();
    let mut quiet = 0;
    let mut nap = MIN_NAP_US;
    let mut idle_rounds = 0;
    let mut last_ticks = 0;
    let mut held_seen = 0;
    let mut trace = crate::observe::schedtrace::Schedule::new(sched);
    loop {
        if quiet == 0 {
            nap = MIN_NAP_US;
        } else if quiet > QUIET_ROUNDS {
            nap = (nap * 2).min(MAX_NAP_US);
        }
        usleep(nap);
        if fault::take_quit() {
            dump::die_with_dump("SIGQUIT: quit\n");
        }
        let ticks = total_ticks(sched);
        let all_idle = sched.spinning.npidle() == sched.procs();
        idle_rounds = if all_idle && ticks == last_ticks { idle_rounds + 1 } else { 0 };
        last_ticks = ticks;
        if idle_rounds > IDLE_ROUNDS && nap == MAX_NAP_US && !trace.is_on() {
            newproc::gfpurge_idle();
            let (held, held_ever) = counts::held(sched);
            if held > 0 && held_ever != held_seen {
                held_seen = held_ever;
                newproc::trim_held();
            }
            if !stack::trim_free_stacks() && deep_sleep(sched) {
                quiet = 0;
            }
            idle_rounds = 0;
            continue;
        }
        let now = refresh_clock();
        poll_network(sched, now);
        match retake(sched, &mut seen, &mut hogs, now) {
            Some(Retaken::Call) => quiet = 0,
            Some(Retaken::Slice) => {
                nap = nap.min(SLICE_NAP_US);
                quiet = QUIET_ROUNDS - SLICE_ROUNDS;
            }
            None => quiet += 1,
        }
        hogs.look(now);
        trace.tick(sched, now);
    }
}

/// Changes whenever a goroutine is scheduled.
fn total_ticks(sched: &Sched) -> u64 {
    sched.allp.iter().map(|p| u64::from(p.schedtick.load(Relaxed))).sum()
}

/// Sleeps until a P is taken off the idle list, if all are on it. True if it slept.
fn deep_sleep(sched: &Sched) -> bool {
    {
        let state = sched.lock.lock();
        if sched.spinning.npidle() != sched.procs() {
            return false;
        }
        sched.sysmon_note.clear();
        // ORDERING: Release pairs with the swap in `wake_sysmon`: the note is clear before anybody wakes it.
        sched.sysmon_wait.store(true, Release);
        // Who stopped last may have taken a thread on its way out for one that could still wake somebody.
        checkdead::checkdead(sched, state);
    }
    if !fault::quit_pending() {
        sched.sysmon_note.sleep();
    }
    refresh_clock();
    true
}

/// Polls the network if nobody has for a while; what is ready goes to the global queue. Sees that somebody waits for the timers.
fn poll_network(sched: &'static Sched, now: i64) {
    // ORDERING: SeqCst: pairs with the swap of lastpoll in `block_in_netpoll_or_stop`: 0 means that somebody is there.
    let last = sched.lastpoll.load(SeqCst);
    if !netpoll::netpoll_inited() || last == 0 || last + SLICE_NS >= now {
        return;
    }
    // ORDERING: SeqCst: as in `block_in_netpoll_or_stop`; a failure means somebody else has just polled.
    if sched.lastpoll.compare_exchange(last, now, SeqCst, SeqCst).is_err() {
        return;
    }
    metrics::count(Event::SysmonPoll);
    let (mut list, delta) = netpoll::netpoll(0);
    if !list.is_empty() {
        // While these are on no queue and counted nowhere, nobody may report a deadlock.
        wake::incidlelocked(-1);
        wake::injectglist(&mut list);
        wake::incidlelocked(1);
        netpoll::netpoll_adjust_waiters(delta);
    } else if sched.spinning.npidle() > 0 && sched.timers_pending() {
        // See the file's head. With no P idle each timer is on one that sysmon may retake.
        wake::wakep();
    }
}

/// What a P was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Retaken {
    /// User code that has not been in the runtime for a slice. The next to get the P has a slice before it.
    Slice,
    /// An announced call. More of them are likely, and a P is idle for as long as it is not seen.
    Call,
}

/// Takes Ps that have been outside of the runtime too long; tells of the most urgent kind. Go: retake.
fn retake(sched: &'static Sched, seen: &mut [Seen], hogs: &mut Hogs, now: i64) -> Option<Retaken> {
    let mut most = None;
    // Work on any queue will do: an M with a retaken P steals it.
    let queued = !sched.runq.is_empty() || sched.allp.iter().any(|p| !runqempty(p));
    for (p, seen) in sched.allp.iter().zip(seen) {
        // Relaxed: hints; `Hold::retake` decides.
        if p.status.load(Relaxed) != PStatus::Running as u32 {
            continue;
        }
        let (schedtick, syscalltick) = (p.schedtick.load(Relaxed), p.syscalltick.load(Relaxed));
        if seen.schedtick != schedtick {
            seen.schedtick = schedtick;
            seen.sched_when = now;
        }
        if seen.syscalltick != syscalltick {
            seen.syscalltick = syscalltick;
            seen.syscall_when = now;
        }
        // SAFETY: Ms are never freed (m.rs I1).
        let Some(m) = (unsafe { p.m.load(Relaxed).as_ref() }) else { continue };
        let slice_over = seen.sched_when + SLICE_NS <= now;
        let mode = m.hold.mode();
        let (kind, due) = match mode {
            Mode::Blocking => (Retaken::Call, slice_over || seen.syscall_when < now),
            Mode::User | Mode::Runtime => (Retaken::Slice, slice_over),
        };
        if !due {
            continue;
        }
        if slice_over {
            // The pair that hands its slice to and fro lets others run (runq.rs runqget).
            p.preempt.store(true, Relaxed);
        }
        if sched.config.pinned {
            // A P never leaves its M (pinned.rs R4).
            continue;
        }
        let waits = queued || p.timers.any_due(now);
        // An announced call that lasts gives its P up also when nothing waits: the last P's next owner waits in the poller, or all
        // are idle, and there is no need to poll for them every 10 ms.
        let lasts = mode == Mode::Blocking && seen.syscall_when + SLICE_NS <= now;
        if (waits || lasts) && !threads_exhausted(sched) {
            wake::incidlelocked(-1);
            let taken = m.hold.retake(p.as_ptr());
            if !taken.is_null() {
                metrics::count(Event::Retake);
                wake::disown(p);
                wake::handoffp(p);
                hogs.add(m);
                most = most.max(Some(kind));
            }
            wake::incidlelocked(1);
        }
    }
    most
}

/// The last few threads are not for hogs: with them gone, nothing could run at all.
fn threads_exhausted(sched: &Sched) -> bool {
    let state = sched.lock.lock();
    state.nmidle == 0 && state.mcount + sched.procs() + 1 >= sched.config.max_threads
}
