//! Timers: one heap per P, changed lazily. Go: runtime/time.go (1.23).
//!
//! A [`HeapTimer`] calls `f(arg, seq, delay)` at `when`, and again every `period`. It lives in the
//! heap of the P on which it was started ([`Timers`], `p.timers`). An M that looks for work runs
//! what is due in its own heap and in those that it steals from; the last idle M waits in the
//! poller until the earliest of all.
//!
//! Deadlines and timeouts are set and moved far more often than they expire. So stopping or moving
//! a timer never touches the heap: it locks the timer, changes it and leaves a mark (MODIFIED,
//! ZOMBIE). The next holder of the heap's lock that comes across the entry puts it right. The
//! price: a lower bound on the marked timers' times (`min_when_modified`), and stopped timers that
//! stay in the heap until they are a quarter of it.
//!
//! Rejected: timing wheels (the reset is as cheap, but the earliest time, which the poller needs to
//! the nanosecond, is not known), one lock for heap and timers (a reset from another P would wait
//! for a heap's clean-up), moving timers to the resetting P at each reset (both heaps' locks).
//!
//! I1 Lock order: a heap's lock before a timer's; `f` is called with neither held.
//! I2 HEAPED is set exactly while an entry of one heap points to the timer; then `ts` is that heap.
//!    Both change only with that heap's lock and the timer's lock held.
//! I3 From its first setting to the end of its memory a timer does not move. While HEAPED its
//!    memory is alive: either it lies in memory that is never unmapped (a G, a poll descriptor), or
//!    the heap's entry holds a reference (`Keep`). Dropping a heaped timer throws.
//! I4 MODIFIED without ZOMBIE in a heap: when it was set, `min_when_modified` of that heap was made
//!    no later than the timer's `when` (locked_timers.rs, "adjust", says why that must be a
//!    read-modify-write).
//!
//! Channels fed by the clock (`after`, `tick`, `time::Timer`) have no timer here: such a channel
//! only knows its time, and a goroutine that waits on it does so with a deadline. So one without a
//! waiter costs nothing, and there is no stale value that a stop would have to race with (Go 1.23
//! gets there with lazy timers, `sendLock` and `isSending`).
//!
//! | who | holds |
//! |---|---|
//! | `modify`, `stop` | the timer |
//! | `maybe_add`, `check` | the heap, then one timer at a time |
//! | `take` | two heaps, then one timer at a time |
//! | `f` | nothing |

mod heap;
mod locked;
mod locked_timers;
mod state;
mod timers;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod tests;

use std::cell::UnsafeCell;
use std::ptr;

use crate::throw::throw;
use locked::Locked;
use state::StateLock;
pub(crate) use timers::Timers;
#[cfg(not(loom))]
pub(crate) use timers::earlier;

/// What a timer calls: with no lock held, on an M's own stack. It may ready goroutines and start
/// new ones; it must not park. `delay_ns` is how late it is.
///
/// # Safety
/// `arg` and `seq` are what the timer was set up with.
pub(crate) type TimerFn = unsafe fn(arg: *mut (), seq: usize, delay_ns: i64);

/// How a heap holds the memory of a timer that is not in type-stable memory (I3). Both take the
/// timer's `arg`, which such a timer never changes.
pub(crate) struct Keep {
    /// Adds a reference to what contains the timer.
    pub(crate) retain: unsafe fn(arg: *mut ()),
    /// Drops one; called with no lock held, perhaps on an M's own stack: it must not run a user's
    /// destructor.
    pub(crate) release: unsafe fn(arg: *mut ()),
}

/// A call at a time, perhaps repeated. Go: runtime/time.go timer. In the order of use: a reset
/// touches the first 40 bytes.
#[repr(C)]
pub(crate) struct HeapTimer {
    lock: StateLock,
    keep: Option<&'static Keep>,
    /// Under `lock`; `ts` also under the heap's lock (I2).
    fields: UnsafeCell<Fields>,
}

#[repr(C)]
struct Fields {
    /// When it goes off; 0: not set.
    when: i64,
    /// The distance of repetitions, or 0.
    period: i64,
    /// The heap it is in, or null.
    ts: *const Timers,
    call: Option<TimerFn>,
    arg: *mut (),
    /// For the client, to recognize a call that belongs to an older setting.
    seq: usize,
}

impl Fields {
    const NEW: Fields =
        Fields { when: 0, period: 0, call: None, arg: ptr::null_mut(), seq: 0, ts: ptr::null() };
}

// SAFETY: `fields` is under `lock`; what `arg` points to may be used from any thread (duty of
// `modify`'s caller).
unsafe impl Sync for HeapTimer {}
// SAFETY: as above.
unsafe impl Send for HeapTimer {}

impl HeapTimer {
    /// For memory that is never unmapped.
    #[cfg(not(loom))]
    pub(crate) const fn new() -> HeapTimer {
        HeapTimer::with(StateLock::new(), None)
    }

    /// For memory that is never unmapped.
    #[cfg(loom)]
    pub(crate) fn new() -> HeapTimer {
        HeapTimer::with(StateLock::new(), None)
    }

    /// For counted memory: a heap that holds the timer holds a reference.
    pub(crate) fn counted(keep: &'static Keep) -> HeapTimer {
        HeapTimer::with(StateLock::new(), Some(keep))
    }

    const fn with(lock: StateLock, keep: Option<&'static Keep>) -> HeapTimer {
        HeapTimer { lock, keep, fields: UnsafeCell::new(Fields::NEW) }
    }

    /// Sets a timer for the first time, without its lock.
    ///
    /// # Safety
    /// As for `modify`; and nobody else knows the timer yet.
    #[inline]
    pub(crate) unsafe fn start_new(&self, when: i64, f: TimerFn, arg: *mut ()) {
        // SAFETY: the caller's duty: nobody else can hold the lock.
        unsafe { *self.fields.get() = Fields { when, call: Some(f), arg, ..Fields::NEW } };
        hooks::init_poller();
        // SAFETY: the caller's duty, too.
        if let Some(when) = hooks::with_timers(|ts| unsafe { ts.add_new(self) }) {
            hooks::wake_net_poller(when);
        }
    }

    /// Sets the timer again, with this call. True if it was set and had not gone off.
    ///
    /// # Safety
    /// The timer stays where it is from now on and its memory lives as I3 says; `f(arg, seq, _)`
    /// may be called, from any thread, whenever the timer is set.
    pub(crate) unsafe fn modify(&self, when: i64, period: i64, f: TimerFn, arg: *mut (), seq: usize) -> bool {
        self.set(when, period, Some((f, arg, seq)))
    }

    /// Sets the timer again with the call it has. True if it was set and had not gone off.
    #[inline]
    pub(crate) fn reset(&self, when: i64, period: i64) -> bool {
        self.set(when, period, None)
    }

    #[inline(always)]
    fn set(&self, when: i64, period: i64, call: Option<(TimerFn, *mut (), usize)>) -> bool {
        let change = self.change(when, period, call);
        if change.add {
            self.maybe_add();
        }
        if change.wake {
            hooks::wake_net_poller(when);
        }
        change.pending
    }

    /// The part of `set` that holds the lock.
    #[inline(always)]
    fn change(&self, when: i64, period: i64, call: Option<(TimerFn, *mut (), usize)>) -> Change {
        if when <= 0 || period < 0 {
            throw!("timer set to when {when}, period {period}");
        }
        let mut t = self.lock();
        if let Some((f, arg, seq)) = call {
            t.call = Some(f);
            t.arg = arg;
            t.seq = seq;
        }
        let pending = t.when > 0;
        t.when = when;
        t.period = period;
        let wake = t.state.heaped() && t.mark_modified();
        Change { pending, add: t.needs_add(), wake }
    }

    /// Stops it. The heap is not touched: the entry stays, marked, until its P comes across it.
    /// True if it was set and had not gone off. A call that has begun is not waited for.
    #[inline]
    pub(crate) fn stop(&self) -> bool {
        let mut t = self.lock();
        if t.state.heaped() {
            t.state = t.state.with_modified();
            t.bury();
        }
        let pending = t.when > 0;
        t.when = 0;
        pending
    }

    /// Sets what is called.
    ///
    /// # Safety
    /// As for `modify`.
    #[cfg(test)]
    pub(crate) unsafe fn init(&self, f: TimerFn, arg: *mut ()) {
        let mut t = self.lock();
        t.call = Some(f);
        t.arg = arg;
    }

    /// When it is set to go off; 0: it is not set.
    #[cfg(test)]
    pub(crate) fn when(&self) -> i64 {
        self.lock().when
    }

    /// Adds it to the current P's heap if it belongs in one and is in none. No lock is held on
    /// entry: a heap's lock comes before a timer's (I1). Anything may have happened since the
    /// caller's check.
    #[doc(alias = "maybeAdd")]
    fn maybe_add(&self) {
        // Timers rely on the poller: it is what the last idle M waits in.
        hooks::init_poller();
        // The P stays ours until the timer is in its heap: added to a P that went idle in between,
        // it would be seen by nobody in time.
        if let Some(when) = hooks::with_timers(|ts| ts.maybe_add(self)) {
            hooks::wake_net_poller(when);
        }
    }

    /// Locks the timer.
    #[inline(always)]
    fn lock(&self) -> Locked<'_> {
        Locked::new(self)
    }
}

impl Drop for HeapTimer {
    fn drop(&mut self) {
        if self.lock.peek().heaped() {
            throw!("a timer was freed while in a heap");
        }
    }
}

/// What `change` leaves to be done without the lock.
#[must_use]
struct Change {
    /// It was set before.
    pending: bool,
    /// It belongs into a heap.
    add: bool,
    /// It may now be the earliest: the poller must be told.
    wake: bool,
}

/// A call to be made once the locks are gone.
#[must_use]
struct Firing {
    call: TimerFn,
    arg: *mut (),
    seq: usize,
    delay: i64,
}

impl Firing {
    fn call(self) {
        // SAFETY: duty of `modify`'s or `start_new`'s caller; the memory is alive by I3: `check`
        // holds a reference.
        unsafe { (self.call)(self.arg, self.seq, self.delay) }
    }
}

/// A reference to what contains a counted timer: a heap entry's, or one for a call. Dropped with no
/// lock held.
#[must_use]
struct Held(*mut (), &'static Keep);

impl Held {
    /// The reference that came with a heap entry, if the timer is counted; taken over from the
    /// entry.
    #[inline(always)]
    fn from_heap(t: &Locked<'_>) -> Option<Held> {
        t.timer.keep.map(|keep| Held(t.arg, keep))
    }

    /// One more, if the timer is counted.
    #[inline(always)]
    fn another(t: &Locked<'_>) -> Option<Held> {
        let held = Held::from_heap(t)?;
        // SAFETY: `keep` and `arg` belong to what contains the timer, which is alive (it is
        // borrowed).
        unsafe { (held.1.retain)(held.0) };
        Some(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: we own one reference.
        unsafe { (self.1.release)(self.0) }
    }
}

/// What this module asks of the layers above.
#[cfg(not(loom))]
mod hooks {
    use super::Timers;
    use std::sync::atomic::{Ordering::SeqCst, fence};

    pub(super) fn init_poller() {
        if !crate::netpoll::netpoll_inited() {
            crate::netpoll::netpoll_generic_init();
        }
    }

    pub(super) fn with_timers<R>(f: impl FnOnce(&Timers) -> R) -> R {
        crate::sched::with_timers(f)
    }

    /// The heap's earliest time has become `when`; an M that is about to wait in the poller must
    /// hear of it.
    pub(super) fn wake_net_poller(when: i64) {
        // ORDERING: SeqCst pairs with the fence between an idle M's announcement (no longer
        // spinning; poll_until) and its last look at the heaps' wake times: either it sees our time
        // or we see that it waits.
        fence(SeqCst);
        crate::sched::wake_net_poller(when);
    }
}

/// A model has one heap that nobody polls; it calls `change` and `maybe_add` itself.
#[cfg(loom)]
mod hooks {
    use super::Timers;
    pub(super) fn init_poller() {}
    pub(super) fn with_timers<R>(_: impl FnOnce(&Timers) -> R) -> R {
        unreachable!("a model adds to its own heap")
    }
    pub(super) fn wake_net_poller(_: i64) {}
}
