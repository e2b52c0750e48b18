//! Hogs: goroutines that compute on and on without a P, each on a thread of its own, and what sysmon does so that they do not crowd
//! out those that have one.
//!
//! Go stops a goroutine that computes by a signal, and its hogs share the Ps in slices of 10 ms. Here the P is taken from it and
//! its thread goes on, so the kernel shares the processors among Ps and hogs; with a thousand hogs little would be left
//! for the Ps. So sysmon makes the hogs' threads lighter, the more of them there are: **all hogs together weigh about as much
//! as the Ps**. With `k` of them for each processor each is lowered by log1.25(k) nice steps (a step is a factor of 1.25), beyond
//! the last step to SCHED_IDLE. Up to one hog for each processor nothing is done.
//!
//! Only a thread that computes counts and is lowered: one that has used [`COMPUTES_NS`] of processor time since its P was retaken. One
//! that sleeps in the kernel (an unannounced call, a std lock) weighs nothing there.
//!
//! What becomes of a lowered thread when its goroutine enters the runtime is in `niceness.rs`. The risk: whoever holds a lock
//! that the runtime does not know (std's, malloc's) while it is lowered keeps the others waiting longer. That is why it is done
//! by measure and not at once.
//!
//! Rejected: SCHED_IDLE for every hog (a hog beside a lightly loaded server would stand still, and a lock held by it with it);
//! stopping hogs by signals in turns, as Go (a signal handler that waits is a thread that may hold malloc's lock for 10 ms).
//!
//! I1 The list is sysmon's alone. An entry is of a thread, not of an M: it ends when the M has a P again, runs nothing, or has
//!    another thread.

pub(crate) mod niceness;
pub(crate) mod template;

use std::sync::atomic::Ordering::Relaxed;

use crate::sched::m::M;
use crate::sched::metrics::{self, Event};
use crate::sched::schedt::sched;
use crate::sys::niceness::{Niceness, STEPS_TO_IDLE};
use crate::sys::thread::{processors, thread_cpu_ns, thread_sleeps};

/// Processor time since the retake that shows that a thread computes.
const COMPUTES_NS: i64 = 2_000_000;
/// How often the list is gone through.
const LOOK_NS: i64 = 10_000_000;
/// How many computing threads are asked in one look whether they still do.
const ASKED_AGAIN: usize = 8;
/// A thread that could be heavier is left alone unless it is by more than so many steps.
const SLACK_STEPS: u32 = 2;

/// One retaken thread.
struct Hog {
    m: &'static M,
    tid: i32,
    /// Its processor time when it was last looked at.
    cpu_ns: i64,
    computes: bool,
    /// How many steps it is lowered.
    steps: u32,
}

/// sysmon's list.
pub(crate) struct Hogs {
    list: Vec<Hog>,
    /// How many processors the process may use.
    processors: usize,
    next_look: i64,
    /// Where the next asking again begins.
    ask_from: usize,
    /// The system has refused to make a thread heavier.
    refused: bool,
}

impl Hogs {
    pub(crate) fn new() -> Hogs {
        // Asked at each start: a call that reads files would be in the trace of every program.
        let processors = processors().unwrap_or_else(|| sched().procs()).max(1);
        Hogs { list: Vec::new(), processors, next_look: 0, ask_from: 0, refused: false }
    }

    /// This M's P was taken just now.
    pub(crate) fn add(&mut self, m: &'static M) {
        self.list.retain(|hog| !std::ptr::eq(hog.m, m));
        let tid = m.tid.load(Relaxed);
        let Some(cpu_ns) = thread_cpu_ns(tid) else { return };
        self.list.push(Hog { m, tid, cpu_ns, computes: false, steps: 0 });
    }

    /// Gives each thread on the list the weight that it should have now.
    pub(crate) fn look(&mut self, now: i64) {
        if self.list.is_empty() || now < self.next_look {
            return;
        }
        self.next_look = now + LOOK_NS;
        self.list.retain(Hog::still_out);
        // So few do no harm, whatever they do.
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
            let raise = !self.refused && hog.steps > steps + SLACK_STEPS;
            if hog.steps < steps || raise {
                self.refused |= hog.set_steps(steps) == Outcome::Refused;
            }
        }
    }

    /// Computing threads may have come to sleep in the kernel meanwhile: a few are asked in each look.
    fn ask_some_again(&mut self) {
        let n = self.list.len();
        for i in 0..ASKED_AGAIN.min(n) {
            self.list[(self.ask_from + i) % n].notice_sleeping();
        }
        self.ask_from = (self.ask_from + ASKED_AGAIN) % n.max(1);
    }
}

/// What came of giving a thread a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// It has entered the runtime, or is no thread to be lowered.
    NotNow,
    /// The system does not let it be heavier.
    Refused,
}

impl Hog {
    /// I1. A hint: what is done to the thread is decided by its `Hold`.
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
            // What it did before the call is another matter.
            (self.steps, self.computes, self.cpu_ns) = (0, false, now);
        }
        if now - self.cpu_ns >= COMPUTES_NS {
            (self.computes, self.cpu_ns) = (true, now);
        }
    }

    /// It has used no processor time since it was last asked, and sleeps: not that it has been waiting for a processor.
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

    /// It has taken its weight back without a P, to make a call.
    fn has_regained(&self) -> bool {
        self.steps > 0 && !self.m.is_reniced()
    }

    /// Lowers the thread so many steps below its own weight; 0 gives it back.
    fn set_steps(&mut self, steps: u32) -> Outcome {
        let (m, tid) = (self.m, self.tid);
        let weigh = || if self.has_regained() { Outcome::NotNow } else { weigh(m, tid, steps) };
        let outcome = m.hold.while_out_without_p(weigh).unwrap_or(Outcome::NotNow);
        if outcome == Outcome::Done {
            self.steps = steps;
        }
        outcome
    }
}

/// With the M kept outside of the runtime (niceness.rs W1): it runs a goroutine, so its thread lives.
fn weigh(m: &M, tid: i32, steps: u32) -> Outcome {
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

/// How many nice steps make `hogs` threads weigh as much as one for each processor.
fn steps_for(hogs: usize, processors: usize) -> u32 {
    let for_each = hogs as f64 / processors as f64;
    if for_each <= 1.0 {
        return 0;
    }
    (for_each.ln() / STEP.ln()).round().min(f64::from(STEPS_TO_IDLE)) as u32
}

/// What a nice step weighs. sched(7).
const STEP: f64 = 1.25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_hogs_so_many_steps() {
        assert_eq!([0, 1, 2].map(|n| steps_for(n, 2)), [0, 0, 0]);
        // 1.25^3 = 1.95, 1.25^14 = 22.7, 1.25^19 = 69.
        assert_eq!(steps_for(4, 2), 3);
        assert_eq!(steps_for(50, 2), 14);
        assert_eq!(steps_for(138, 2), 19);
        assert_eq!(steps_for(1000, 2), STEPS_TO_IDLE);
        assert_eq!(steps_for(1000, 1000), 0);
    }
}
