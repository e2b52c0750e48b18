//! Goroutines that drive a future, and how wakers are called by the scheduler itself.
//!
//! A waker is a user's code, which must not run on an M's own stack: there it could neither park nor panic. The poller and the timers
//! know [`Parker`]'s, which only ready a goroutine; any other is called by a goroutine started for it.
//!
//! I1 `state` goes EMPTY -> PARKED by the park's commit, anything -> WOKEN by a waker, and WOKEN ->
//!    EMPTY by the owner before it polls again. Only the waker that finds PARKED readies.

use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicU32,
    Ordering::{AcqRel, Acquire},
};
use std::task::{RawWaker, RawWakerVTable, Waker};

use smallvec::SmallVec;

use crate::netpoll;
use crate::sched::g::{GRef, WaitReason, getg};
use crate::sched::glist::GList;
use crate::sched::newproc::{self, Options};
use crate::sched::{gopark, goready};
use crate::throw;
use crate::words::join_word::Joinable;

/// A goroutine or thread that polls a future, and whether it has been woken.
pub(crate) struct Parker {
    gp: GRef,
    /// See I1.
    state: AtomicU32,
}

/// Not woken since the last poll began.
const EMPTY: u32 = 0;
/// The owner is parked.
const PARKED: u32 = 1;
/// Woken: poll again.
const WOKEN: u32 = 2;

impl Parker {
    /// The caller's.
    pub(crate) fn new() -> Arc<Parker> {
        Arc::new(Parker { gp: getg(), state: AtomicU32::new(EMPTY) })
    }

    /// Parks until woken; returns at once if that happened since the last poll began.
    pub(crate) fn park(&self) {
        // ORDERING: Acquire pairs with the Release in `claim`: the next poll sees what the waker
        // did.
        if self.state.load(Acquire) != WOKEN {
            gopark(WaitReason::BlockOn, |_| {
                // ORDERING: AcqRel pairs with the swap in `claim`: whoever comes second sees the
                // other's step.
                self.state.compare_exchange(EMPTY, PARKED, AcqRel, Acquire).is_ok()
            });
        }
        // ORDERING: AcqRel: Acquire pairs with the swap in `claim`. A wake between here and the
        // poll sets it again.
        let old = self.state.swap(EMPTY, AcqRel);
        debug_assert_eq!(old, WOKEN, "only a waker ends the park");
    }

    /// Wakes the owner; returns it if the caller must ready it.
    #[must_use]
    fn claim(&self) -> Option<GRef> {
        // ORDERING: AcqRel pairs with the commit's compare-exchange and the owner's swap in `park`.
        (self.state.swap(WOKEN, AcqRel) == PARKED).then_some(self.gp)
    }

    /// A waker of the owner.
    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        // SAFETY: the table's functions take what `raw` makes, one reference each.
        unsafe { Waker::from_raw(raw(self.clone())) }
    }

    /// The parker behind a waker, if there is one.
    fn of(waker: &Waker) -> Option<&Parker> {
        // SAFETY: only `raw` uses this table, and the waker holds a reference.
        std::ptr::eq(waker.vtable(), &VTABLE).then(|| unsafe { &*waker.data().cast::<Parker>() })
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, release);

fn raw(parker: Arc<Parker>) -> RawWaker {
    RawWaker::new(Arc::into_raw(parker).cast(), &VTABLE)
}

/// # Safety
/// As all of the table: `data` comes from `raw`, whose reference is alive.
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the caller's duty; its reference stays its own.
    let parker = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Parker>()) });
    raw(Arc::clone(&parker))
}

/// # Safety
/// As `clone`; takes the reference.
unsafe fn wake(data: *const ()) {
    // SAFETY: the caller's duty.
    unsafe {
        wake_by_ref(data);
        release(data);
    }
}

/// # Safety
/// As `clone`.
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the caller's duty.
    if let Some(gp) = unsafe { &*data.cast::<Parker>() }.claim() {
        goready(gp);
    }
}

/// # Safety
/// As `clone`; takes the reference.
unsafe fn release(data: *const ()) {
    // SAFETY: the caller's duty.
    drop(unsafe { Arc::from_raw(data.cast::<Parker>()) });
}

/// What a waker leaves to be done by a caller on an M's own stack.
#[must_use]
pub(crate) enum Woken {
    /// Ready this goroutine, or thread.
    Ready(GRef),
    /// Nothing: its owner runs.
    Done,
    /// Call it in a goroutine.
    Foreign(Waker),
}

/// Looks at what a waker would do, and does what needs no goroutine.
pub(crate) fn claim(waker: Waker) -> Woken {
    match Parker::of(&waker) {
        Some(parker) => parker.claim().map_or(Woken::Done, Woken::Ready),
        None => Woken::Foreign(waker),
    }
}

/// Polls the network: as [`netpoll::netpoll`], with goroutines that drive futures among those returned. Other futures have been woken.
/// An empty list comes without a delta.
pub(crate) fn netpoll(delay_ns: i64) -> (GList, i32) {
    let mut foreign = SmallVec::<[Waker; 4]>::new();
    let mut woken = |waker| match claim(waker) {
        Woken::Ready(gp) => Some(gp),
        Woken::Done => None,
        Woken::Foreign(waker) => {
            foreign.push(waker);
            None
        }
    };
    let (list, delta) = netpoll::netpoll(delay_ns, &mut woken);
    if !foreign.is_empty() {
        wake_aside(move || foreign.into_iter().for_each(Waker::wake));
    }
    if list.is_empty() {
        // Of futures that have been woken (netpoll/mod.rs, "No lost count").
        netpoll::netpoll_adjust_waiters(delta);
        return (list, 0);
    }
    (list, delta)
}

/// Wakes, for a caller on an M's own stack.
pub(crate) fn wake_from_m(waker: Waker) {
    match claim(waker) {
        Woken::Ready(gp) => goready(gp),
        Woken::Done => {}
        Woken::Foreign(waker) => wake_aside(move || waker.wake()),
    }
}

/// Calls wakers in a goroutine.
#[track_caller]
pub(crate) fn wake_aside(wake: impl FnOnce() + Send + 'static) {
    let site = Location::caller();
    // SAFETY: nothing is borrowed.
    let spawned = unsafe {
        newproc::newproc(move || newproc::contain(wake), Options::default(), site, Joinable::No, 0)
    };
    if let Err(error) = spawned {
        throw::fatal(&format!("a task could not be woken: {error}"));
    }
}
