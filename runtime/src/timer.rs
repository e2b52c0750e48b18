//! Placeholder until the timers land.
use std::sync::atomic::AtomicUsize;
pub(crate) struct Timer(AtomicUsize);
impl Timer {
    pub(crate) const fn new() -> Self {
        Timer(AtomicUsize::new(0))
    }
}
pub(crate) struct Checked {
    pub(crate) now: i64,
    pub(crate) poll_until: i64,
    pub(crate) ran: bool,
}
pub(crate) struct Timers(());
impl Timers {
    pub(crate) const fn new() -> Self {
        Timers(())
    }
    pub(crate) fn check(&self, now: i64) -> Checked {
        Checked { now, poll_until: 0, ran: false }
    }
    pub(crate) fn wake_time(&self) -> i64 {
        0
    }
    pub(crate) fn len(&self) -> usize {
        0
    }
}
impl Timer {
    pub(crate) unsafe fn modify(
        &self,
        _: i64,
        _: i64,
        _: unsafe fn(*mut (), usize, i64),
        _: *mut (),
        _: usize,
    ) -> bool {
        false
    }
    pub(crate) fn stop(&self) -> bool {
        false
    }
}
