//! First-come, first-served list of goroutines that wait to be told, under a lock of its user's:
//! the building block of [`NotifyList`](super::NotifyList) and of `sync::Semaphore`.
//!
//! A waiter is listed while its owner still runs. The hand-shake between the one who parks and the
//! one who wakes is the waiter's state: the park's commit takes it from `LISTED` to `PARKED`, the
//! waker swaps in how it ended. Whoever comes second acts: the waker readies a parked one, the
//! commit refuses to park one that was told.
//!
//! I1 A listed waiter lies in the frame of a caller who does not return before its state says how
//!    the wait ended, and the waker touches nothing of it after writing that.
//! I2 The links and `listed` are read and written only with the list's lock held.

use std::cell::Cell;
use std::marker::PhantomPinned;
use std::pin::{Pin, pin};
use std::ptr::NonNull;

use super::{Interrupt, Interrupted, Target};
use crate::sched::g::{GRef, WaitReason, getg};
use crate::sched::{gopark, goready};
use crate::throw::throw;
use crate::words::shim::Mutex;
use crate::words::shim::atomic::{AtomicU32, Ordering::AcqRel, Ordering::Acquire};

/// Doubly linked, so that an interrupted waiter leaves in O(1).
pub(crate) struct WaitList {
    head: Link,
    tail: Link,
}

// SAFETY: the links lead to waiters of other threads, which I2 lets only the holder of the lock
// touch.
unsafe impl Send for WaitList {}

type Link = Option<NonNull<Waiter>>;

/// One wait, from before it is listed until it has ended.
pub(crate) struct Waiter {
    gp: GRef,
    /// LISTED -> PARKED by the owner's commit; to TOLD or INTERRUPTED by who took it off the list.
    state: AtomicU32,
    /// How much the owner wants, where there is something to count. Constant.
    pub(crate) need: usize,
    listed: Cell<bool>,
    next: Cell<Link>,
    prev: Cell<Link>,
    _pinned: PhantomPinned,
}

/// On the list, its owner still running.
const LISTED: u32 = 0;
/// On the list, its owner parked.
const PARKED: u32 = 1;
/// Ended by a [`Taken::tell`].
const TOLD: u32 = 2;
/// Ended by an [`Interrupt`].
const INTERRUPTED: u32 = 3;

/// Waiters that were taken off a list and must be told, with the lock released.
#[must_use]
pub(crate) struct Taken {
    first: Link,
    last: Link,
    pub(crate) count: usize,
}

/// What holds a [`WaitList`]: where an interrupt takes a waiter off.
pub(crate) trait HasWaitList: Sized {
    /// What the lock protects.
    type Locked: Send;
    /// The lock.
    fn lock(&self) -> &Mutex<Self::Locked>;
    /// The list under the lock.
    fn list(locked: &mut Self::Locked) -> &mut WaitList;
    /// Called under the lock after an interrupted waiter has left; may take others off, who are
    /// then told.
    fn has_left(&self, locked: &mut Self::Locked) -> Taken;
}

impl WaitList {
    pub(crate) const fn new() -> Self {
        WaitList { head: None, tail: None }
    }

    /// Lists a waiter, last.
    ///
    /// # Safety
    /// `waiter` is fresh, and one of [`Waiter::wait`] and [`wait_interruptible`] follows before it
    /// goes out of scope (I1).
    pub(crate) unsafe fn push(&mut self, waiter: Pin<&Waiter>) {
        let new = waiter.get_ref();
        let link = Some(NonNull::from(new));
        new.listed.set(true);
        new.prev.set(self.tail);
        match std::mem::replace(&mut self.tail, link) {
            None => self.head = link,
            // SAFETY: I1, I2: the tail is listed and we hold the lock.
            Some(tail) => unsafe { tail.as_ref() }.next.set(link),
        }
    }

    /// What the first in line needs.
    pub(crate) fn first_need(&self) -> Option<usize> {
        // SAFETY: I1, I2: the head is listed and we hold the lock.
        self.head.map(|w| unsafe { w.as_ref() }.need)
    }

    /// Takes the first off.
    pub(crate) fn take_first(&mut self) -> Taken {
        let mut taken = Taken::none();
        self.take_first_into(&mut taken);
        taken
    }

    /// Takes the first off and adds it to `taken`.
    pub(crate) fn take_first_into(&mut self, taken: &mut Taken) {
        let Some(first) = self.head else { return };
        self.take_off(first);
        // SAFETY: I1: it is not told yet; off the list its link belongs to who took it.
        unsafe { first.as_ref() }.next.set(None);
        match taken.last.replace(first) {
            None => taken.first = Some(first),
            // SAFETY: as above.
            Some(last) => unsafe { last.as_ref() }.next.set(Some(first)),
        }
        taken.count += 1;
    }

    /// Takes all off, in order.
    pub(crate) fn take_all(&mut self) -> Taken {
        let mut taken = Taken { first: self.head.take(), last: self.tail.take(), count: 0 };
        let mut next = taken.first;
        while let Some(waiter) = next {
            // SAFETY: I1, I2: it was on the list and is not told yet.
            let waiter = unsafe { waiter.as_ref() };
            waiter.listed.set(false);
            next = waiter.next.get();
            taken.count += 1;
        }
        taken
    }

    fn take_off(&mut self, waiter: NonNull<Waiter>) {
        // SAFETY: I1, I2: the caller found it listed, under the lock.
        let waiter = unsafe { waiter.as_ref() };
        waiter.listed.set(false);
        let (prev, next) = (waiter.prev.get(), waiter.next.get());
        match prev {
            None => self.head = next,
            // SAFETY: I1, I2: neighbours are listed.
            Some(prev) => unsafe { prev.as_ref() }.next.set(next),
        }
        match next {
            None => self.tail = prev,
            // SAFETY: I1, I2: neighbours are listed.
            Some(next) => unsafe { next.as_ref() }.prev.set(prev),
        }
    }
}

impl Taken {
    pub(crate) fn none() -> Self {
        Taken { first: None, last: None, count: 0 }
    }

    /// Ends their waits and makes them runnable. Call it with the list's lock released.
    pub(crate) fn tell(self) {
        self.tell_by(&mut goready);
    }

    /// The same for a caller who holds another lock and readies them later.
    fn tell_by(self, ready: &mut dyn FnMut(GRef)) {
        let mut at = self.first;
        while let Some(waiter) = at {
            // SAFETY: I1: not told yet, so alive; what is needed afterwards is copied first.
            let waiter = unsafe { waiter.as_ref() };
            let gp = waiter.gp;
            at = waiter.next.get();
            if waiter.finish(TOLD) == PARKED {
                ready(gp);
            }
        }
    }
}

impl Waiter {
    pub(crate) fn new(need: usize) -> Self {
        Waiter {
            gp: getg(),
            state: AtomicU32::new(LISTED),
            need,
            listed: Cell::new(false),
            next: Cell::new(None),
            prev: Cell::new(None),
            _pinned: PhantomPinned,
        }
    }

    /// Parks until told; at once if that has happened.
    pub(crate) fn wait(self: Pin<&Self>, reason: WaitReason) {
        self.get_ref().park(reason);
    }

    /// Parks until the state says how the wait ended, and returns that.
    fn park(&self, reason: WaitReason) -> u32 {
        gopark(reason, |_| {
            // ORDERING: AcqRel pairs with the swap in `finish`: whoever comes second sees the
            // other's step.
            self.state.compare_exchange(LISTED, PARKED, AcqRel, Acquire).is_ok()
        });
        // ORDERING: Acquire pairs with the swap in `finish`: what the waker did before is seen.
        let state = self.state.load(Acquire);
        if state != TOLD && state != INTERRUPTED {
            throw!("wait list: woken in state {state}");
        }
        state
    }

    /// Writes how the wait ended; returns the state before. The waiter may be gone afterwards (I1).
    fn finish(&self, how: u32) -> u32 {
        // ORDERING: AcqRel pairs with the compare-exchange and the load in `park`.
        self.state.swap(how, AcqRel)
    }
}

/// As [`Waiter::wait`], ended early by an [`Interrupt`]. One that is told in the same moment counts
/// as told.
pub(crate) fn wait_interruptible<L: HasWaitList, I: Interrupt>(
    owner: &L,
    waiter: Pin<&Waiter>,
    reason: WaitReason,
    by: &I,
) -> Result<(), Interrupted> {
    let wait = Wait { owner, waiter: waiter.get_ref() };
    let slot = pin!(I::Armed::default());
    // SAFETY: `take_out` may be called while `wait` lives; it locks the list.
    let target = unsafe { Target::new((&raw const wait).cast(), Wait::<L>::take_out) };
    // SAFETY: `slot` is dropped before `wait`.
    unsafe { by.arm(slot.as_ref(), target) };
    if waiter.get_ref().park(reason) == INTERRUPTED { Err(Interrupted) } else { Ok(()) }
}

/// An interruptible wait, as its interrupt finds it.
struct Wait<'a, L> {
    owner: &'a L,
    waiter: &'a Waiter,
}

impl<L: HasWaitList> Wait<'_, L> {
    /// # Safety
    /// `wait` points to a `Wait` of this type that is alive.
    unsafe fn take_out(wait: *const (), ready: &mut dyn FnMut(GRef)) {
        // SAFETY: alive, says the caller; cells are touched under the lock only.
        let wait = unsafe { &*wait.cast::<Wait<'_, L>>() };
        let mut locked = wait.owner.lock().lock();
        if !wait.waiter.listed.get() {
            return;
        }
        L::list(&mut locked).take_off(NonNull::from(wait.waiter));
        let others = wait.owner.has_left(&mut locked);
        drop(locked);
        others.tell_by(ready);
        let gp = wait.waiter.gp;
        if wait.waiter.finish(INTERRUPTED) == PARKED {
            ready(gp);
        }
    }
}
