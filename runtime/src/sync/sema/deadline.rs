//! A wait's end by time: the [`Interrupt`] of `try_lock_until`, `wait_until` and the like.
//!
//! The waiter's own timer (the one that it sleeps by) calls [`expire`] with the slot on the
//! waiter's stack.
//!
//! I1 The slot is alive while the timer is set or its call is under way: the drop stops the timer,
//!    and where that comes too late it waits for `over`, which is the call's last access.

use std::cell::Cell;
use std::pin::Pin;
use std::time::Instant;

use super::{Interrupt, Target};
use crate::sched::g::{GRef, getg};
use crate::sched::{goready, gosched};
use crate::sys::clock::{instant_to_ns, nanotime};
use crate::words::shim::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};

/// Ends a wait at an instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    when_ns: i64,
}

impl Deadline {
    /// # Panics
    /// Before the runtime runs, which has the clock: here, where nobody has been put on a list yet.
    pub(crate) fn at(instant: Instant) -> Self {
        #[cfg(not(loom))]
        crate::sched::schedt::sched();
        Deadline { when_ns: instant_to_ns(instant) }
    }
}

/// What the timer's call needs.
#[derive(Default)]
pub(crate) struct ArmedTimer {
    armed: Cell<Option<(Target, GRef)>>,
    /// The call has made its last access.
    over: AtomicBool,
}

impl Interrupt for Deadline {
    type Armed = ArmedTimer;

    unsafe fn arm(&self, slot: Pin<&ArmedTimer>, target: Target) {
        if self.when_ns <= nanotime() {
            // SAFETY: armed, by our caller.
            return unsafe { target.interrupt(&mut goready) };
        }
        let gp = getg();
        slot.armed.set(Some((target, gp)));
        let arg = std::ptr::from_ref(slot.get_ref()).cast_mut().cast();
        // SAFETY: the slot outlives the call (I1); a G's timer is in type-stable memory, and the
        // goroutine that waits here has no other use for it.
        unsafe { gp.timer.modify(self.when_ns, 0, expire, arg, 0) };
    }
}

/// The timer's call.
///
/// # Safety
/// `slot` points to an armed slot (I1).
unsafe fn expire(slot: *mut (), _seq: usize, _delay_ns: i64) {
    // SAFETY: I1.
    let slot = unsafe { &*slot.cast::<ArmedTimer>() };
    let (target, waiter) = slot.armed.get().expect("the timer was set by arm");
    let mut wake_waiter = false;
    let mut ready = |gp| if gp == waiter { wake_waiter = true } else { goready(gp) };
    // SAFETY: I1: the drop has not returned, so the target is armed.
    unsafe { target.interrupt(&mut ready) };
    // ORDERING: Release pairs with the Acquire in `drop`: the stack below the slot may go away
    // after this.
    slot.over.store(true, Release);
    if wake_waiter {
        goready(waiter);
    }
}

impl Drop for ArmedTimer {
    fn drop(&mut self) {
        let Some((_, gp)) = self.armed.get() else { return };
        if gp.timer.stop() {
            return;
        }
        // ORDERING: Acquire pairs with the Release in `expire`.
        while !self.over.load(Acquire) {
            gosched();
        }
    }
}
