//! P: the right to run goroutines, and the queues that go with it. Go: runtime/runtime2.go type p.
//!
//! I1 What is in an `UnsafeCell` or `Cell` here is touched only by the holder of the P
//!    (handshake.rs I1).

use std::cell::{Cell, UnsafeCell};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32};

use crossbeam_deque::{Stealer, Worker};

use crate::sched::counts::Counts;
use crate::sched::g::{G, GRef};
use crate::sched::glist::GFree;
use crate::sched::m::M;
use crate::sched::pinned::PinnedP;
use crate::timer::Timers;
use crate::words::runnext::RunNext;

/// A P's state. Go: `_Pidle` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum PStatus {
    Idle = 0,
    Running = 1,
}

/// Padded: two Ps never share a cache line.
#[repr(align(128))]
pub(crate) struct P {
    pub(crate) id: u32,
    /// A `PStatus`. Written by the holder or under `sched.lock`; read by thieves and sysmon as a
    /// hint.
    pub(crate) status: AtomicU32,
    /// The M that holds it, or null. Written with that M's `hold`; for sysmon a hint:
    /// `Hold::retake` decides.
    pub(crate) m: AtomicPtr<M>,
    /// Incremented at each scheduling that does not inherit its time slice. Read by sysmon.
    pub(crate) schedtick: AtomicU32,
    /// Incremented at each announced call. Read by sysmon.
    pub(crate) syscalltick: AtomicU32,
    /// Set by sysmon when the slice is used up: the next `runnext` does not inherit it. Cleared by
    /// the holder.
    pub(crate) preempt: AtomicBool,
    /// The goroutine that runs next, if any: put there by the holder, taken by the holder or, late,
    /// by a thief.
    pub(crate) runnext: RunNext<G>,
    /// The queue's owner end (I1).
    pub(crate) runq: UnsafeCell<Worker<GRef>>,
    /// Its other end, for anybody.
    pub(crate) stealer: Stealer<GRef>,
    /// Timers; locked by itself.
    pub(crate) timers: Timers,
    /// Ended goroutines of the default class, for reuse while hot (I1). Go: gFree.
    pub(crate) gfree: UnsafeCell<GFree>,
    /// The goroutine numbers this P may still give out (I1). Go: goidcache, goidcacheend.
    pub(crate) goid_next: Cell<u64>,
    pub(crate) goid_end: Cell<u64>,
    /// Its part of the count of goroutines.
    pub(crate) counts: Counts,
    /// Goroutines put onto this queue; picks the one that is timed (I1).
    pub(crate) wakes: Cell<u32>,
    /// For pinned mode.
    pub(crate) pinned: PinnedP,
    /// The next on the idle list; under `sched.lock`. On the list is what is idle and not beyond the
    /// number of Ps (procs.rs I1).
    pub(crate) link: Cell<Option<&'static P>>,
}

// SAFETY: I1; the rest is atomic or locks itself; `link` is under sched.lock.
unsafe impl Sync for P {}
// SAFETY: as above.
unsafe impl Send for P {}

impl P {
    /// `alone`: there has never been another.
    pub(crate) fn new(id: u32, alone: bool) -> P {
        let runq = Worker::new_fifo();
        let stealer = runq.stealer();
        P {
            id,
            status: AtomicU32::new(PStatus::Idle as u32),
            m: AtomicPtr::new(std::ptr::null_mut()),
            schedtick: AtomicU32::new(0),
            syscalltick: AtomicU32::new(0),
            preempt: AtomicBool::new(false),
            runnext: RunNext::new(alone),
            runq: UnsafeCell::new(runq),
            stealer,
            timers: Timers::new(),
            gfree: UnsafeCell::new(GFree::default()),
            goid_next: Cell::new(0),
            goid_end: Cell::new(0),
            counts: Counts::new(),
            wakes: Cell::new(0),
            pinned: PinnedP::new(),
            link: Cell::new(None),
        }
    }

    /// Whether a goroutine waits in one of its own queues. For the holder.
    pub(crate) fn holds_any(&self) -> bool {
        !self.stealer.is_empty() || !self.runnext.is_empty() || !self.pinned.begun().is_empty()
    }

    #[inline(always)]
    pub(crate) fn as_ptr(&'static self) -> *mut P {
        std::ptr::from_ref(self).cast_mut()
    }
}
