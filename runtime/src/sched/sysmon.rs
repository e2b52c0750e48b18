//! sysmon: the monitor thread, which runs without a P. Go: runtime/proc.go sysmon, retake.
//!
//! It polls the network when nobody has for 10 ms, and retakes Ps from Ms that have been outside of
//! the runtime too long while other work waits: about 10 ms for user code, one of its rounds (20 us
//! or more) for an announced call. After 10 ms an announced call loses its P even if nothing waits.
//!
//! An M that waited in the poller for the timers of all Ps goes on with the goroutine that it found
//! there. That may compute for seconds, and meanwhile nothing looks at the other Ps' timers. So
//! when nobody has polled for 10 ms and there are timers, sysmon wakes an M for an idle P: it finds
//! nothing to run, and waits for the timers in its turn. (In Go the computing goroutine is
//! preempted after 10 ms, and `goschedImpl` wakes an M.)
//!
//! It keeps a list of the threads that go on computing without a P, and renices them so that they
//! do not crowd out those with one (hogs/mod.rs).
//!
//! It sleeps 20 us between rounds at first, longer when nothing happens, at most 10 ms. Once all Ps
//! have been idle and nothing was scheduled for some rounds, it sleeps without a limit. (Go's does
//! so in the first round in which all Ps are idle, and the next system call wakes it; under a light
//! load that is a futex call per request, so here it waits.)
//!
//! I1 It holds no P and touches no per-P data: it retakes a P whole, or leaves it alone.
//! I2 While `sysmon_wait` is set it sleeps on `sysmon_note`; an M that takes a P off the idle list
//!    under the lock wakes it.

use std::sync::atomic::Ordering::{Relaxed, Release, SeqCst};
use std::sync::atomic::fence;

use crate::netpoll;
use crate::observe::dump;
use crate::observe::fault;
use crate::sched::counts;
use crate::sched::hogs::Hogs;
use crate::sched::hogs::holders::Holders;
use crate::sched::metrics::{self, Event};
use crate::sched::p::{P, PStatus};
use crate::sched::runq::runqempty;
use crate::sched::schedt::{Sched, refresh_clock, sched};
use crate::sched::stack;
use crate::sched::{checkdead, newproc, no_thread, procs, task, wake, world};
use crate::sys::thread::usleep;
use crate::words::handshake::Mode;

/// How long user code may keep a P that other goroutines wait for, and how long the network may go
/// unpolled. Go: forcePreemptNS.
const SLICE_NS: i64 = 10_000_000;
const MIN_NAP_US: u32 = 20;
const MAX_NAP_US: u32 = 10_000;
/// Rounds without an event after which naps get longer.
const QUIET_ROUNDS: u32 = 50;
/// Interval of its rounds after the end of a slice, for as long as the next slice lasts. Shorter
/// ones would find nothing.
const SLICE_NAP_US: u32 = 1_000;
const SLICE_ROUNDS: u32 = 10;
/// Rounds before the deep sleep, with all Ps idle and nothing scheduled in between.
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

/// The body of its thread.
pub(crate) fn sysmon() {
    let sched = sched();
    let mut seen = vec![Seen::default(); sched.procs()];
    let (mut hogs, mut holders) = (Hogs::new(), Holders::default());
    let mut quiet = 0;
    let mut nap = MIN_NAP_US;
    let mut idle_rounds = 0;
    let mut last_ticks = 0;
    let mut held_seen = 0;
    let mut last_attempt = 0;
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
        if !world::runs() {
            sleep_while_stopped(sched);
            continue;
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
        if sched.short.is_wanted() && last_attempt + SLICE_NS <= now {
            last_attempt = now;
            no_thread::retry_thread();
        }
        poll_network(sched, now);
        match retake(sched, &mut seen, &mut hogs, &mut holders, now) {
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

/// Sleeps until goroutines may run again.
fn sleep_while_stopped(sched: &Sched) {
    sched.sysmon_note.clear();
    // ORDERING: Release pairs with the swap in `wake_sysmon`: the note is clear before anybody wakes it.
    sched.sysmon_wait.store(true, Release);
    // ORDERING: SeqCst, pairs with the fence in `world::enter`.
    fence(SeqCst);
    let awake = world::runs() || fault::quit_pending();
    // If somebody else has cleared it just now, the wake-up is on its way and must be taken.
    if awake && sched.sysmon_wait.swap(false, Relaxed) {
        return;
    }
    sched.sysmon_note.sleep();
}

/// If all Ps are idle, sleeps until one is taken. True if it slept.
fn deep_sleep(sched: &Sched) -> bool {
    {
        let state = sched.lock.lock();
        if sched.spinning.npidle() != sched.procs() || state.excess > 0 || sched.short.is_wanted() {
            return false;
        }
        sched.sysmon_note.clear();
        // ORDERING: Release pairs with the swap in `wake_sysmon`: the note is clear before anybody
        // wakes it.
        sched.sysmon_wait.store(true, Release);
        // The last M to stop may have mistaken a thread on its way out for one that could still
        // wake others.
        checkdead::checkdead(sched, state);
    }
    if !fault::quit_pending() {
        sched.sysmon_note.sleep();
    }
    refresh_clock();
    true
}

/// Polls the network if nobody has for a while, and queues what is ready globally. Makes sure that
/// an M waits for the timers.
fn poll_network(sched: &'static Sched, now: i64) {
    // ORDERING: SeqCst: pairs with the swap of lastpoll in `block_in_netpoll_or_stop`: 0 means that
    // somebody is there.
    let last = sched.lastpoll.load(SeqCst);
    if !netpoll::netpoll_inited() || last == 0 || last + SLICE_NS >= now {
        return;
    }
    // ORDERING: SeqCst: as in `block_in_netpoll_or_stop`; a failure means somebody else has just
    // polled.
    if sched.lastpoll.compare_exchange(last, now, SeqCst, SeqCst).is_err() {
        return;
    }
    metrics::count(Event::SysmonPoll);
    let (mut list, delta) = task::netpoll(0);
    if !list.is_empty() {
        // While these goroutines are on no queue and counted nowhere, there must be no deadlock
        // report.
        wake::incidlelocked(-1);
        wake::injectglist(&mut list);
        wake::incidlelocked(1);
        netpoll::netpoll_adjust_waiters(delta);
    } else if sched.spinning.npidle() > 0 && sched.timers_pending() {
        // See the file's head. If no P is idle, each timer belongs to a P that sysmon may retake.
        wake::wakep();
    }
}

/// What a P was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Retaken {
    /// User code that has not entered the runtime for a slice. The P's next holder has a whole
    /// slice ahead.
    Slice,
    /// An announced call. More are likely, and each leaves its P unused until sysmon sees it.
    Call,
}

/// Retakes Ps whose Ms have been outside of the runtime too long; returns the most urgent kind.
/// Go: retake.
fn retake(
    sched: &'static Sched,
    seen: &mut Vec<Seen>,
    hogs: &mut Hogs,
    holders: &mut Holders,
    now: i64,
) -> Option<Retaken> {
    let mut most = None;
    // Work on any queue counts: an M with a retaken P steals it.
    let queued = !sched.runq.is_empty() || sched.allp.iter().any(|p| !runqempty(p));
    seen.resize(sched.allp.len(), Seen::default());
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
        let just_over = slice_over && !p.preempt.load(Relaxed);
        if slice_over {
            // A pair of goroutines that hands its slice back and forth lets others run (runq.rs
            // runqget).
            p.preempt.store(true, Relaxed);
        }
        if sched.config.pinned {
            // A P never leaves its M (pinned.rs R4), so this is all that can be done for it.
            if just_over {
                // The next slice has begun: it is watched as closely as after a retake.
                most = most.max(Some(Retaken::Slice));
            }
            if slice_over {
                run_timers_of(p, now);
                if sched.config.report_hogs {
                    holders.look(m, p, seen.sched_when, now);
                }
            }
            continue;
        }
        let waits = queued || p.timers.any_due(now);
        // A long announced call gives its P up even if nothing waits: the P's next holder waits in
        // the poller, or all Ps are idle, and sysmon need not poll every 10 ms in their place.
        let lasts = mode == Mode::Blocking && seen.syscall_when + SLICE_NS <= now;
        if (waits || lasts || procs::is_excess(sched, p)) && !threads_exhausted(sched, now) {
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

/// In pinned mode: runs the due timers of a P whose thread computes or blocks, since there may be no
/// other P that has time for them. What they ready goes where others find it; a deadline of the one
/// that computes expires.
fn run_timers_of(p: &P, now: i64) {
    if p.timers.any_due(now) {
        // What a timer is about to ready is on no queue: nobody may report a deadlock.
        wake::incidlelocked(-1);
        p.timers.check_others(now);
        wake::incidlelocked(1);
    }
}

/// The last few threads below the limit are not for hogs: without them nothing could run at all.
fn threads_exhausted(sched: &Sched, now: i64) -> bool {
    let most = sched.config.max_threads.min(sched.short.bound(now));
    let state = sched.lock.lock();
    state.nmidle == 0 && state.mcount + sched.procs() + 1 >= most
}
