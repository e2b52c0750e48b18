//! `GODEBUG=hogs=1` in pinned mode: which goroutine holds its thread while others of the same
//! thread wait behind it.
//!
//! A thread that blocks or computes keeps its P in this mode (pinned.rs R4), and what has begun
//! there waits. sysmon reports it, so that one finds what belongs into `offload`.
//!
//! I1 One line for each hold, and at most one a second: a program full of hogs would fill its log.

use std::io::Write as _;
use std::sync::atomic::Ordering::Relaxed;

use crate::sched::g::{GRef, Status};
use crate::sched::m::M;
use crate::sched::p::P;
use crate::sched::stack;
use crate::words::handshake::Mode;

/// Between two lines.
const REPORT_EVERY_NS: i64 = 1_000_000_000;
/// Between two counts of who waits: each goes through all goroutines.
const COUNT_EVERY_NS: i64 = 50_000_000;

/// sysmon's memory of what it has reported.
#[derive(Debug, Default)]
pub(crate) struct Holders {
    next_count: i64,
    /// The P of the last line and its schedtick then.
    last: Option<(u32, u32)>,
}

impl Holders {
    /// The M has run one goroutine since `since`, longer than a slice.
    pub(crate) fn look(&mut self, m: &'static M, p: &'static P, since: i64, now: i64) {
        let hold = Some((p.id, p.schedtick.load(Relaxed)));
        if now < self.next_count || hold == self.last || m.hold.mode() == Mode::Runtime {
            return;
        }
        // SAFETY: a record is never unmapped (g.rs I1); which one it is now is a hint.
        let Some(gp) = (unsafe { m.curg.load(Relaxed).as_ref() }) else { return };
        let waiting = stack::all_gs().into_iter().filter(|gp| waits_behind(*gp, p)).count();
        self.next_count = now + COUNT_EVERY_NS;
        if waiting == 0 {
            return;
        }
        (self.next_count, self.last) = (now + REPORT_EVERY_NS, hold);
        let site = gp.spawn_site().map_or(String::new(), |site| format!(" (spawned at {site})"));
        let (goid, ms) = (gp.goid.load(Relaxed), (now - since) / 1_000_000);
        let line = format!(
            "gopark: goroutine {goid}{site} has held its thread for {ms} ms; {waiting} others wait behind it\n"
        );
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

/// Runnable, and on this P only.
fn waits_behind(gp: GRef, p: &'static P) -> bool {
    gp.status() == Status::Runnable && gp.home().is_some_and(|home| std::ptr::eq(home, p))
}
