//! The deadline of a goroutine's wait, and its random numbers.
//!
//! I1 The timer is the goroutine's own (`g.timer`), started in the park's commit. It claims the
//!    wait by its ticket, so a late call finds another number and does nothing.

#[cfg(loom)]
pub(super) use model::*;
#[cfg(not(loom))]
pub(super) use real::*;

#[cfg(not(loom))]
mod real {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::super::sudog::Ticket;
    use crate::sched::g::{GRef, current_goroutine};

    /// Panics if a clock is needed and the runtime, which has it, does not run yet. Called before
    /// anything is locked.
    pub(in super::super) fn assert_clock(needed: impl FnOnce() -> bool) {
        if crate::sched::schedt::try_sched().is_none() && needed() {
            crate::sched::schedt::sched();
        }
    }

    /// Starts the deadline of the wait `ticket` of `gp`, which is parked. From here on it may be
    /// woken.
    pub(in super::super) fn start(gp: GRef, when_ns: i64, ticket: Ticket) {
        // SAFETY: the timer is in a record that is never unmapped; the argument is that record.
        unsafe {
            gp.timer.modify(when_ns.max(1), 0, wait_timed_out, gp.as_usize() as *mut (), ticket.as_seq())
        };
    }

    /// Stops it, if it still runs.
    pub(in super::super) fn stop(gp: GRef) {
        gp.timer.stop();
    }

    /// # Safety
    /// `arg` is the address of a record; `seq` of a ticket.
    unsafe fn wait_timed_out(arg: *mut (), seq: usize, _delay_ns: i64) {
        // SAFETY: the caller's duty.
        let gp = unsafe { GRef::from_usize(arg as usize) };
        super::super::sudog::time_out(gp, Ticket::from_seq(seq));
    }

    /// A random number below `n`, by multiplication. Go: cheaprandn.
    pub(in super::super) fn cheaprandn(gp: GRef, n: u32) -> u32 {
        let random = match current_goroutine() {
            Some(_) => gp.m().cheaprand(),
            None => thread_rand(),
        };
        ((u64::from(random) * u64::from(n)) >> 32) as u32
    }

    /// For plain threads, which have no M: a Weyl sequence, mixed.
    fn thread_rand() -> u32 {
        static WEYL: AtomicU32 = AtomicU32::new(0);
        // Relaxed: any number will do.
        let x = WEYL.fetch_add(0x9E37_79B9, Relaxed);
        let x = (x ^ (x >> 16)).wrapping_mul(0x85EB_CA6B);
        let x = (x ^ (x >> 13)).wrapping_mul(0xC2B2_AE35);
        x ^ (x >> 16)
    }
}

/// A model has no clock: a deadline is a thread that may come at any moment.
#[cfg(loom)]
mod model {
    use super::super::hchan::Hchan;
    use super::super::sudog::Ticket;
    use crate::sched::g::GRef;

    pub(in super::super) fn assert_clock(_needed: impl FnOnce() -> bool) {}
    pub(in super::super) fn start(gp: GRef, _when_ns: i64, ticket: Ticket) {
        loom::thread::spawn(move || super::super::sudog::time_out(gp, ticket));
    }
    pub(in super::super) fn stop(_gp: GRef) {}
    pub(in super::super) fn cheaprandn(_gp: GRef, n: u32) -> u32 {
        n - 1
    }

    impl Hchan {
        pub(in super::super) unsafe fn take_due(&self, _dst: *mut u8) -> bool {
            false
        }
        pub(in super::super) fn is_due(&self) -> bool {
            false
        }
        pub(in super::super) fn due_len(&self) -> usize {
            0
        }
    }
}
