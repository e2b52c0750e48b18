//! All Ps that were ever made. Go: runtime/runtime2.go allp.
//!
//! I1 A slot is written once, before it is counted in `made`; Ps are never freed.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use crate::sched::p::P;

/// The most Ps.
pub(crate) const MAX_PROCS: usize = 1024;

/// All Ps that were ever made, in one piece; memory is used only for those.
pub(crate) struct AllP {
    slots: Box<[UnsafeCell<MaybeUninit<P>>]>,
    /// So many of the slots are filled. Written under `sched.lock`, or before the scheduler runs.
    made: AtomicUsize,
}

// SAFETY: slots below `made` are only read, and P is Sync; the others are written under `sched.lock`.
unsafe impl Sync for AllP {}
// SAFETY: as above; P is Send.
unsafe impl Send for AllP {}

impl AllP {
    pub(crate) fn new() -> AllP {
        let slots = Box::<[UnsafeCell<MaybeUninit<P>>]>::new_uninit_slice(MAX_PROCS);
        // SAFETY: what is inside is uninitialised by its type.
        AllP { slots: unsafe { slots.assume_init() }, made: AtomicUsize::new(0) }
    }

    /// Makes one more, idle by its flag, on no list. Under `sched.lock`, or before anybody else
    /// knows this.
    pub(crate) fn make(&self, alone: bool) -> &P {
        let n = self.made.load(Relaxed);
        let slot = self.slots[n].get();
        // SAFETY: beyond `made`, so nobody reads it; the lock excludes another writer.
        let p = unsafe { (*slot).write(P::new(n as u32, alone)) };
        p.pinned.inbox.set_idle(true);
        // ORDERING: Release pairs with the Acquire in `deref`: who counts it sees it made.
        self.made.store(n + 1, Release);
        p
    }
}

impl Deref for AllP {
    type Target = [P];

    #[inline(always)]
    fn deref(&self) -> &[P] {
        // ORDERING: Acquire pairs with the Release in `make`.
        let made = self.made.load(Acquire);
        // SAFETY: the first `made` slots are filled, and never written again.
        unsafe { std::slice::from_raw_parts(self.slots.as_ptr().cast::<P>(), made) }
    }
}
