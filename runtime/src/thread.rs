//! Parking and unparking by hand. Model: [`std::thread::park`].
//!
//! ```
//! use gopark::{go, thread};
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicBool, Ordering::{Acquire, Release}};
//!
//! # fn main() { unsafe { gopark::run(|| {
//! let (ready, me) = (Arc::new(AtomicBool::new(false)), thread::current());
//! let other = ready.clone();
//! go(move || {
//!     other.store(true, Release);
//!     me.unpark();
//! });
//! while !ready.load(Acquire) {
//!     thread::park();
//! }
//! # }) } }
//! ```
//!
//! Here a "thread" is the calling goroutine; on a plain thread, that thread. The two may unpark each
//! other. Locks, channels and [`Notify`](crate::sync::Notify) are easier to get right.
//!
//! I1 The word of a record that was named by its owner is that owner's until its end: the functions
//!    here begin with `own`.
#![cfg(not(loom))]

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::sched::g::{GRef, Kind, WaitReason, getg};
use crate::sched::{gopark, goready};
use crate::sync::sema::{Deadline, Interrupt, Target};
use crate::words::park_word::Wake;

/// A handle of a goroutine or a plain thread, for [`unpark`](Self::unpark). Model: [`std::thread::Thread`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// let thread = gopark::thread::current();
/// thread.unpark();
/// gopark::thread::park(); // returns at once
/// # }) }
/// ```
#[derive(Clone)]
pub struct Thread {
    gp: GRef,
    id: u64,
    name: Option<Arc<str>>,
}

/// The calling goroutine, or the calling plain thread.
///
/// ```
/// # unsafe { gopark::run(|| {
/// assert_eq!(Some(gopark::thread::current().id()), gopark::goid());
/// # }) }
/// ```
#[must_use]
pub fn current() -> Thread {
    let (gp, id) = own();
    let name = match gp.kind() {
        // SAFETY: set at the spawn, freed at the goroutine's end: the caller is that goroutine.
        Kind::Goroutine => unsafe { gp.name.load(Relaxed).as_ref() }.map(|name| Arc::from(&**name)),
        Kind::Thread => std::thread::current().name().map(Arc::from),
    };
    Thread { gp, id, name }
}

/// Parks until [`Thread::unpark`] is called for the caller; returns at once if that has happened
/// since the last park. Check the condition again afterwards, as with [`std::thread::park`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// let me = gopark::thread::current();
/// gopark::go(move || me.unpark());
/// gopark::thread::park();
/// # }) }
/// ```
pub fn park() {
    let (gp, id) = own();
    if !gp.park.take(id) {
        wait(gp, id);
    }
}

/// As [`park`], for `timeout` at most.
///
/// ```
/// # unsafe { gopark::run(|| {
/// gopark::thread::park_timeout(std::time::Duration::from_millis(1));
/// # }) }
/// ```
pub fn park_timeout(timeout: Duration) {
    let Some(deadline) = Instant::now().checked_add(timeout) else { return park() };
    let (gp, id) = own();
    if gp.park.take(id) {
        return;
    }
    {
        let slot = pin!(<Deadline as Interrupt>::Armed::default());
        // SAFETY: `time_out` reads a record, which is never unmapped.
        let target = unsafe { Target::new(gp.as_ptr().cast_const().cast(), time_out) };
        // SAFETY: the target is valid for ever.
        unsafe { Deadline::at(deadline).arm(slot.as_ref(), target) };
        wait(gp, id);
    }
    // A notification that came while the slot was dropped stays for the next park; a time-out not.
    gp.park.forget_time_out(id);
}

fn wait(gp: GRef, id: u64) {
    gopark(WaitReason::Park, |_| gp.park.arm(id));
    gp.park.take(id);
}

/// The timer's call.
///
/// # Safety
/// `record` is a G whose owner waits in `park_timeout`.
unsafe fn time_out(record: *const (), ready: &mut dyn FnMut(GRef)) {
    // SAFETY: the caller's duty; records are never unmapped.
    let gp = unsafe { GRef::from_ptr(record.cast_mut().cast()) };
    if gp.park.time_out(gp.park.owner()) == Wake::Ready {
        ready(gp);
    }
}

/// The caller's record, and its name in the park word: a goroutine's number; a plain thread's is
/// drawn when it is first needed, from another range.
fn own() -> (GRef, u64) {
    static THREADS: AtomicU64 = AtomicU64::new(1 << 61);
    let gp = getg();
    let id = match gp.kind() {
        Kind::Goroutine => gp.goid.load(Relaxed),
        Kind::Thread if gp.park.owner() != 0 => gp.park.owner(),
        Kind::Thread => THREADS.fetch_add(1, Relaxed),
    };
    gp.park.own(id);
    (gp, id)
}

impl Thread {
    /// Ends the goroutine's or thread's [`park`], the present one or the next. Several calls before
    /// a park count once. Of one that has ended: no effect.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let sleeper = std::sync::Arc::new(gopark::sync::OnceLock::new());
    /// let name = sleeper.clone();
    /// let handle = gopark::go(move || {
    ///     name.set(gopark::thread::current()).unwrap();
    ///     gopark::thread::park();
    /// });
    /// sleeper.wait().unpark();
    /// handle.join().unwrap();
    /// # }) }
    /// ```
    pub fn unpark(&self) {
        if self.gp.park.unpark(self.id) == Wake::Ready {
            goready(self.gp);
        }
    }

    /// A goroutine's number, as [`goid`](crate::goid); for a plain thread a number that no goroutine
    /// has.
    ///
    /// ```
    /// use gopark::thread;
    /// assert_eq!(thread::current().id(), thread::current().id());
    /// ```
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The name that the goroutine or thread was given, at the time of [`current`].
    ///
    /// ```
    /// let named = std::thread::Builder::new().name("worker".into());
    /// let name = named.spawn(|| gopark::thread::current().name().map(str::to_owned)).unwrap();
    /// assert_eq!(name.join().unwrap().as_deref(), Some("worker"));
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl std::fmt::Debug for Thread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Thread").field("id", &self.id).field("name", &self.name).finish()
    }
}
