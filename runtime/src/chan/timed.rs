//! Channels whose messages come from the clock. Go: time.After, time.Tick, the channels of
//! runtime/time.go (1.23). Model: crossbeam-channel's `at` and `tick` flavours.
//!
//! Such a channel is a time and perhaps a period, under the channel's lock; nothing runs until
//! somebody looks. A receiver parks with that time as the deadline of its wait, and queues as a
//! watcher, so that a change of the time reaches it. Hence a timer nobody waits for costs nothing,
//! and a change leaves no stale message behind (Go 1.23).
//!
//! I1 A timed channel has no buffer and no senders; its `state` has `TIMED` from the start.

use std::alloc::Layout;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use super::hchan::{ChanFlags, Hchan};
use super::receiver::Receiver;
use super::sudog::WakeList;
use crate::sys::clock::{instant_to_ns, nanotime, ns_to_instant, saturating_ns};
use crate::words::shim::atomic::Ordering::Relaxed;

/// `when_ns` of a channel that has nothing to come.
pub(crate) const NEVER_NS: i64 = i64::MAX;
/// The latest possible time: a timer set for ever still counts as set. Go: maxWhen.
const LATEST_NS: i64 = NEVER_NS - 1;

/// Makes a receiver that gets one message after `duration`: the time at which it was due.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use std::time::{Duration, Instant};
/// let start = Instant::now();
/// let due = gopark::chan::after(Duration::from_millis(10)).recv().unwrap();
/// assert!(due - start >= Duration::from_millis(10));
/// # }) } }
/// ```
#[doc(alias = "After")]
pub fn after(duration: Duration) -> Receiver<Instant> {
    timed(ns_from_now(duration), 0)
}

/// Makes a receiver that gets one message at `when`.
///
/// ```
/// use gopark::chan::{TryRecvError, at};
/// use std::time::{Duration, Instant};
/// let past = Instant::now() - Duration::from_millis(1);
/// let r = at(past);
/// assert_eq!(r.try_recv(), Ok(past));
/// assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
/// ```
pub fn at(when: Instant) -> Receiver<Instant> {
    timed(instant_to_ns(when).min(LATEST_NS), 0)
}

/// Makes a receiver that gets a message every `duration`: the time at which it was due. A slow
/// receiver misses messages: one that nobody has taken when the next is due is dropped.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use std::time::{Duration, Instant};
/// let start = Instant::now();
/// let r = gopark::chan::tick(Duration::from_millis(5));
/// (0..3).for_each(|_| drop(r.recv()));
/// assert!(start.elapsed() >= Duration::from_millis(15));
/// # }) } }
/// ```
#[doc(alias = "Tick")]
pub fn tick(duration: Duration) -> Receiver<Instant> {
    let period = saturating_ns(duration).max(1);
    timed(ns_from_now(duration), period)
}

/// Goes by way of an `Instant`, so that the message, an `Instant` again, is never before the
/// caller's `Instant::now() + duration`.
pub(crate) fn ns_from_now(duration: Duration) -> i64 {
    Instant::now().checked_add(duration).map_or(LATEST_NS, instant_to_ns).min(LATEST_NS)
}

/// Makes a timed channel: next message at `when_ns`, then every `period_ns` (0: no more).
pub(crate) fn timed(when_ns: i64, period_ns: i64) -> Receiver<Instant> {
    let c = Hchan::new(Layout::new::<Instant>(), Some(0));
    c.set_state(ChanFlags::TIMED);
    c.when_ns.set(when_ns);
    c.period_ns.set(period_ns);
    // Nobody has a sender: the last receiver frees it. Relaxed: not yet shared.
    c.senders.store(0, Relaxed);
    c.one_side_gone.store(true, Relaxed);
    // SAFETY: one receiver is counted.
    unsafe { Receiver::new(NonNull::from(Box::leak(c))) }
}

/// Changes a timed channel's times; [`NEVER_NS`] stops it. Waiting receivers wait for the new time.
/// Returns whether a message was still to come.
pub(crate) fn set_times(r: &Receiver<Instant>, when_ns: i64, period_ns: i64) -> bool {
    let c = r.chan().expect("a timed channel is not nil");
    let mut wakes = WakeList::new();
    c.lock.lock();
    let pending = c.when_ns.replace(when_ns) != NEVER_NS;
    c.period_ns.set(period_ns);
    c.notify_watchers(&mut wakes, |_| true);
    c.lock.unlock();
    wakes.wake_all();
    pending
}

impl Hchan {
    /// Takes the due message into `dst`, under the lock.
    ///
    /// # Safety
    /// A timed channel; `dst` has room for an `Instant`.
    pub(super) unsafe fn take_due(&self, dst: *mut u8) -> bool {
        let when = self.when_ns.get();
        let now = nanotime();
        if now < when {
            return false;
        }
        let next = match self.period_ns.get() {
            0 => NEVER_NS,
            // On schedule however late it was taken. Go: runtime/time.go unlockAndRun.
            period => when.saturating_add(period.saturating_mul(1 + (now - when) / period)),
        };
        self.when_ns.set(next);
        // SAFETY: the caller's duty; the slot of an `Instant` is aligned for one.
        unsafe { dst.cast::<Instant>().write(ns_to_instant(when)) };
        true
    }

    /// Under the lock: a message is due.
    pub(super) fn is_due(&self) -> bool {
        self.when_ns.get() <= nanotime()
    }

    /// Messages that are due: 0 or 1.
    pub(super) fn due_len(&self) -> usize {
        self.lock.lock();
        let due = self.is_due();
        self.lock.unlock();
        usize::from(due)
    }
}
