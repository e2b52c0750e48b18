//! Hogs: goroutines that compute without entering the runtime, each on its own thread and without a
//! P, and how sysmon keeps them from crowding out the threads that have one.
//!
//! Go preempts a computing goroutine by a signal, and its hogs share the Ps in slices of 10 ms.
//! Here sysmon retakes the P and the thread goes on, so the kernel shares the processors among Ps
//! and hogs; a thousand hogs would leave little for the Ps. So sysmon raises the niceness of the
//! hogs' threads, the more the more of them there are: **all hogs together get about as much
//! processor time as the Ps**. With `k` hogs per processor each goes up log1.25(k) nice steps (a
//! step is a factor of 1.25), beyond the last step to SCHED_IDLE. Up to one hog per processor
//! nothing is done.
//!
//! Only a computing thread counts and is reniced: one that has used [`COMPUTES_NS`] of processor
//! time since its P was retaken. A thread that sleeps in the kernel (an unannounced call, a std
//! lock) takes no processor from anybody.
//!
//! What an M does about its reniced thread when its goroutine enters the runtime is in
//! `niceness.rs`. The risk: a reniced thread that holds a lock the runtime does not know (std's,
//! malloc's) keeps the others waiting longer. That is why the niceness goes up with the number of
//! hogs and not at once.
//!
//! Rejected: SCHED_IDLE for every hog (a hog next to a lightly loaded server would stand still, and
//! with it any lock that it holds); stopping hogs by signals in turns, as Go does (a handler that
//! waits is a thread that may hold malloc's lock for 10 ms).
//!
//! I1 Only sysmon uses the list. An entry stands for a thread, not an M: it ends when the M has a P
//!    again, runs nothing, or has another thread.

pub(crate) mod holders;
pub(crate) mod niceness;
pub(crate) mod template;

use std::sync::atomic::Ordering::Relaxed;

use crate::sched::m::M;
use crate::sched::metrics::{self, Event};
use crate::sched::schedt::sched;
use crate::sys::niceness::{Niceness, STEPS_TO_IDLE};
use crate::sys::thread::{processors, thread_cpu_ns, thread_sleeps};

/// Processor time since the retake from which a thread counts as computing.
const COMPUTES_NS: i64 = 2_000_000;
/// Interval between two looks at the list.
const LOOK_NS: i64 = 10_000_000;
/// Computing threads checked in one look for having stopped.
const ASKED_AGAIN: usize = 8;
/// Hysteresis: a thread's niceness goes down only if it is more than this many steps too high.
const SLACK_STEPS: u32 = 2;

/// A thread whose P was retaken.
struct Hog {
    m: &'static M,
    tid: i32,
    /// Its processor time at the last look.
    cpu_ns: i64,
    computes: bool,
    /// By how many steps sysmon has raised its niceness.
    steps: u32,
}

/// sysmon's list.
pub(crate) struct Hogs {
    list: Vec<Hog>,
    /// Processors that the process may use.
    processors: usize,
    next_look: i64,
    /// Where the next check for stopped threads begins.
    ask_from: usize,
    /// The system has refused to lower a niceness.
    refused: bool,
}

impl Hogs {
    pub(crate) fn new() -> Hogs {
        // Runs at each start of the runtime: a call that reads files would be in every program's
        // trace.
        let processors = processors().unwrap_or_else(|| sched().procs()).max(1);
        Hogs { list: Vec::new(), processors, next_look: 0, ask_from: 0, refused: false }
    }

    /// Adds an M whose P was just retaken.
    pub(crate) fn add(&mut self, m: &'static M) {
        self.list.retain(|hog| !std::ptr::eq(hog.m, m));
        let tid = m.tid.load(Relaxed);
        let Some(cpu_ns) = thread_cpu_ns(tid) else { return };
        self.list.push(Hog { m, tid, cpu_ns, computes: false, steps: 0 });
    }

    /// Sets the niceness of each thread on the list.
    pub(crate) fn look(&mut self, now: i64) {
        if self.list.is_empty() || now < self.next_look {
            return;
        }
        self.next_look = now + LOOK_NS;
        self.list.retain(Hog::still_out);
        // Too few to do harm.
        if self.list.len() <= self.processors && self.list.iter().all(|hog| hog.steps == 0) {
            return;
        }
        self.list.iter_mut().for_each(Hog::notice_computing);
        self.ask_some_again();
        let computing = self.list.iter().filter(|hog| hog.computes).count();
        let steps = steps_for(computing, self.processors);
        if steps > 0 && !template::start() {
            return;
        }
        for hog in self.list.iter_mut().filter(|hog| hog.computes) {
            let lower = !self.refused && hog.steps > steps + SLACK_STEPS;
            if hog.steps < steps || lower {
                self.refused |= hog.set_steps(steps) == Outcome::Refused;
            }
        }
    }

    /// A computing thread may have gone to sleep in the kernel: each look checks a few of them.
    fn ask_some_again(&mut self) {
        let n = self.list.len();
        for i in 0..ASKED_AGAIN.min(n) {
            self.list[(self.ask_from + i) % n].notice_sleeping();
        }
        self.ask_from = (self.ask_from + ASKED_AGAIN) % n.max(1);
    }
}

/// How setting a niceness went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// The thread has entered the runtime, or must not be reniced.
    NotNow,
    /// The system does not allow the lower niceness.
    Refused,
}

impl Hog {
    /// I1. A hint: its `Hold` decides whether the thread may be reniced.
    fn still_out(&self) -> bool {
        self.m.tid.load(Relaxed) == self.tid
            && self.m.hold.p().is_null()
            && !self.m.curg.load(Relaxed).is_null()
    }

    fn notice_computing(&mut self) {
        let regained = self.has_regained();
        if self.computes && !regained {
            return;
        }
        let now = thread_cpu_ns(self.tid).unwrap_or(self.cpu_ns);
        if regained {
            // What it used before the call does not count.
            (self.steps, self.computes, self.cpu_ns) = (0, false, now);
        }
        if now - self.cpu_ns >= COMPUTES_NS {
            (self.computes, self.cpu_ns) = (true, now);
        }
    }

    /// Clears `computes` if the thread has used no processor time since the last check and sleeps.
    /// (Waiting for a processor is not sleeping.)
    fn notice_sleeping(&mut self) {
        if !self.computes {
            return;
        }
        let now = thread_cpu_ns(self.tid).unwrap_or(self.cpu_ns);
        if now == self.cpu_ns && thread_sleeps(self.tid) {
            self.computes = false;
        }
        self.cpu_ns = now;
    }

    /// Whether it has restored its niceness without a P, to make a call.
    fn has_regained(&self) -> bool {
        self.steps > 0 && !self.m.is_reniced()
    }

    /// Sets the thread's niceness `steps` above its own; 0 restores it.
    fn set_steps(&mut self, steps: u32) -> Outcome {
        let (m, tid) = (self.m, self.tid);
        let renice = || if self.has_regained() { Outcome::NotNow } else { renice(m, tid, steps) };
        let outcome = m.hold.while_out_without_p(renice).unwrap_or(Outcome::NotNow);
        if outcome == Outcome::Done {
            self.steps = steps;
        }
        outcome
    }
}

/// Runs while the M is kept outside of the runtime (niceness.rs W1). The M runs a goroutine, so its
/// thread is alive.
fn renice(m: &M, tid: i32, steps: u32) -> Outcome {
    if m.lockedg().is_some() || m.tid.load(Relaxed) != tid {
        return Outcome::NotNow;
    }
    let before = m.own_niceness();
    let Some(own) = before.or_else(|| Niceness::of(tid)) else { return Outcome::NotNow };
    if own.nicer(steps).set(tid).is_err() {
        return Outcome::Refused;
    }
    if before.is_none() {
        metrics::count(Event::Reniced);
    }
    m.set_own_niceness((steps > 0).then_some(own));
    Outcome::Done
}

/// Nice steps after which `hogs` threads get as much time as one per processor.
fn steps_for(hogs: usize, processors: usize) -> u32 {
    let for_each = hogs as f64 / processors as f64;
    if for_each <= 1.0 {
        return 0;
    }
    (for_each.ln() / STEP.ln()).round().min(f64::from(STEPS_TO_IDLE)) as u32
}

/// Factor in processor time of one nice step. sched(7).
const STEP: f64 = 1.25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_with_the_hogs_per_processor() {
        assert_eq!([0, 1, 2].map(|n| steps_for(n, 2)), [0, 0, 0]);
        // 1.25^3 = 1.95, 1.25^14 = 22.7, 1.25^19 = 69.
        assert_eq!(steps_for(4, 2), 3);
        assert_eq!(steps_for(50, 2), 14);
        assert_eq!(steps_for(138, 2), 19);
        assert_eq!(steps_for(1000, 2), STEPS_TO_IDLE);
        assert_eq!(steps_for(1000, 1000), 0);
    }
}
