//! GODEBUG=schedtrace=MS,scheddetail=1: the scheduler's state in Go's lines. Go: runtime/proc.go
//! schedtrace.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::Ordering::Relaxed;

use crate::sched::g::{GRef, Status};
use crate::sched::m::M;
use crate::sched::runq::runqsize;
use crate::sched::schedt::{Sched, SchedState};
use crate::sched::stack;

/// When the next line is due.
pub(crate) struct Schedule {
    every_ns: i64,
    next: i64,
}

impl Schedule {
    pub(crate) fn new(sched: &Sched) -> Schedule {
        Schedule { every_ns: sched.config.schedtrace_ms as i64 * 1_000_000, next: 0 }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.every_ns > 0
    }

    /// Prints if it is time.
    pub(crate) fn tick(&mut self, sched: &Sched, now: i64) {
        if self.is_on() && now >= self.next {
            self.next = now + self.every_ns;
            let text = {
                let state = sched.lock.lock();
                schedtrace(sched, &state, now)
            };
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}

/// One report. Under `sched.lock`; the state of Ps, Ms and Gs is read as a hint.
fn schedtrace(sched: &Sched, state: &SchedState, now: i64) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "SCHED {}ms: gomaxprocs={} idleprocs={} threads={} spinningthreads={} needspinning={} idlethreads={} runqueue={}",
        (now - sched.started_at) / 1_000_000,
        sched.procs(),
        sched.spinning.npidle(),
        // Go counts sysmon's and the template thread too.
        state.mcount + state.nmsys,
        sched.spinning.nmspinning(),
        u8::from(sched.spinning.needspinning()),
        state.nmidle,
        sched.runq.len(),
    );
    if !sched.config.scheddetail {
        let sizes: Vec<String> = sched.allp.iter().map(|p| runqsize(p).to_string()).collect();
        let _ = writeln!(out, " [{}]", sizes.join(" "));
        return out;
    }
    let sysmonwait = sched.sysmon_wait.load(Relaxed);
    let _ = writeln!(
        out,
        " gcwaiting=false nmidlelocked={} stopwait=0 sysmonwait={sysmonwait}",
        state.nmidlelocked
    );
    for (i, p) in sched.allp.iter().enumerate() {
        // SAFETY: Ms are never freed (m.rs I1).
        let m = unsafe { p.m.load(Relaxed).as_ref() }.map(|m| m.id);
        let _ = writeln!(
            out,
            "  P{i}: status={} schedtick={} syscalltick={} m={} runqsize={} gfreecnt=0 timerslen={}",
            p.status.load(Relaxed),
            p.schedtick.load(Relaxed),
            p.syscalltick.load(Relaxed),
            or_nil(m),
            runqsize(p),
            p.timers.len(),
        );
    }
    for m in &state.allm {
        machine(&mut out, sched, m);
    }
    for gp in stack::all_gs() {
        goroutine(&mut out, gp);
    }
    out
}

fn machine(out: &mut String, sched: &Sched, m: &M) {
    let p = sched.allp.iter().find(|p| std::ptr::eq(m.hold.p(), *p)).map(|p| u64::from(p.id));
    let curg = m.curg.load(Relaxed);
    // SAFETY: Gs are never freed (g.rs I1).
    let curg = unsafe { curg.as_ref() }.map(|g| g.goid.load(Relaxed));
    let _ = writeln!(
        out,
        "  M{}: p={} curg={} mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning={} blocked={} lockedg={}",
        m.id,
        or_nil(p),
        or_nil(curg),
        m.spinning.load(Relaxed),
        p.is_none() && curg.is_none(),
        or_nil(m.lockedg().map(|g| g.goid.load(Relaxed))),
    );
}

fn goroutine(out: &mut String, gp: GRef) {
    let status = gp.status();
    if matches!(status, Status::Dead | Status::Idle) {
        return;
    }
    let running = status == Status::Running;
    let m = if running { gp.m_hint().map(|m| m.id) } else { None };
    // SAFETY: Ms are never freed (m.rs I1).
    let lockedm = unsafe { gp.lockedm.load(Relaxed).as_ref() }.map(|m| m.id);
    let reason = if status == Status::Waiting { gp.wait_reason() } else { "" };
    let _ = writeln!(
        out,
        "  G{}: status={}({reason}) m={} lockedm={}",
        gp.goid.load(Relaxed),
        status as u32,
        or_nil(m),
        or_nil(lockedm),
    );
}

fn or_nil(id: Option<u64>) -> String {
    id.map_or_else(|| "nil".into(), |id| id.to_string())
}
