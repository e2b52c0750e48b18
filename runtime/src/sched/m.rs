//! M: a thread of the runtime. Go: runtime/runtime2.go type m.
//!
//! I1 An M is never freed: a goroutine, a P or a note may point to it at any time. The M of a
//!    thread that has ended waits for another thread.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering::Relaxed};

use crate::sched::g::{G, GRef};
use crate::sched::p::P;
use crate::sys::niceness::Niceness;
use crate::words::handshake::Hold;
use crate::words::note::Note;

/// [`M::own_niceness`] of a thread that sysmon has not reniced. No `Niceness` has this word.
const NOT_RENICED: u32 = u32::MAX;

/// How a woken M starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// It looks for work and is counted already (spinning.rs I3).
    Spinning,
    /// There is work for it.
    Plain,
}

/// Padded: an M's handshake words are its own cache line's.
#[repr(align(128))]
pub(crate) struct M {
    pub(crate) id: u64,
    /// Its hold on a P, and whether it is in the runtime.
    pub(crate) hold: Hold<P>,
    /// The goroutine it runs, or null. Written by itself, read by sysmon and dumps.
    pub(crate) curg: AtomicPtr<G>,
    /// Looks for work and is counted in `nmspinning`. Its own.
    pub(crate) spinning: AtomicBool,
    /// The P it is to start with, and whether it is counted as spinning (the lowest bit): written
    /// by its waker before the wake, taken by itself.
    nextp: AtomicUsize,
    /// In pinned mode: the P that it never leaves. Written under `sched.lock` before its thread
    /// starts.
    pub(crate) home: Cell<Option<&'static P>>,
    /// In pinned mode: it is counted in `nmidle`. Under `sched.lock`.
    pub(crate) stopped: Cell<bool>,
    /// It sleeps here.
    pub(crate) park: Note,
    /// The goroutine that is locked to it, or null. Written by that goroutine, on this M.
    pub(crate) lockedg: AtomicPtr<G>,
    /// The alternate stack of its thread; made by its first thread.
    pub(crate) alt_stack: Cell<*mut u8>,
    /// Its thread, as the kernel numbers it. Written by the thread when it starts, read by sysmon.
    pub(crate) tid: AtomicI32,
    /// The niceness of its thread before sysmon raised it, as [`Niceness::to_word`];
    /// [`NOT_RENICED`] while it has not. Written by sysmon while the M is outside of the runtime,
    /// through `hold`, and by the M inside (hogs/niceness.rs W1).
    own_niceness: AtomicU32,
    /// For the steal order (its own).
    pub(crate) rng: Cell<u32>,
    /// The next on the idle list; under `sched.lock`.
    pub(crate) schedlink: Cell<Option<&'static M>>,
}

// SAFETY: the Cells have one owner each, as their comments say; the rest is atomic or locks itself.
unsafe impl Sync for M {}
// SAFETY: as above.
unsafe impl Send for M {}

impl M {
    pub(crate) fn new(id: u64) -> M {
        M {
            id,
            hold: Hold::new(),
            curg: AtomicPtr::new(ptr::null_mut()),
            spinning: AtomicBool::new(false),
            nextp: AtomicUsize::new(0),
            home: Cell::new(None),
            stopped: Cell::new(false),
            park: Note::new(),
            lockedg: AtomicPtr::new(ptr::null_mut()),
            alt_stack: Cell::new(ptr::null_mut()),
            tid: AtomicI32::new(0),
            own_niceness: AtomicU32::new(NOT_RENICED),
            rng: Cell::new(0x9e37_79b9 ^ (id as u32).wrapping_mul(0x85eb_ca6b) | 1),
            schedlink: Cell::new(None),
        }
    }

    /// The P that this M holds. For the M itself, in the runtime.
    #[inline(always)]
    pub(crate) fn p(&self) -> Option<&'static P> {
        // SAFETY: Ps are never freed.
        unsafe { self.hold.p().as_ref() }
    }

    /// Leaves it a P for its next start. For the one that wakes it.
    pub(crate) fn set_nextp(&self, p: &'static P, start: Start) {
        // Relaxed: ordered by the note, or by the thread's start.
        self.nextp.store(p.as_ptr() as usize | usize::from(start == Start::Spinning), Relaxed);
    }

    /// Takes the P that its waker has left, and whether it is counted as spinning.
    pub(crate) fn take_nextp(&self) -> Option<(&'static P, Start)> {
        // Relaxed: as in `set_nextp`.
        let word = self.nextp.swap(0, Relaxed);
        let start = if word & 1 == 1 { Start::Spinning } else { Start::Plain };
        // SAFETY: Ps are never freed; null, or from `P::as_ptr`.
        unsafe { ((word & !1) as *const P).as_ref() }.map(|p| (p, start))
    }

    /// Whether a waker has left it a P. For checks.
    pub(crate) fn has_nextp(&self) -> bool {
        self.nextp.load(Relaxed) != 0
    }

    /// Is this pinned mode? Once its thread runs.
    #[inline(always)]
    pub(crate) fn is_pinned(&self) -> bool {
        self.home.get().is_some()
    }

    /// Is it counted among the spinning?
    #[inline(always)]
    pub(crate) fn is_spinning(&self) -> bool {
        // Relaxed: its own flag.
        self.spinning.load(Relaxed)
    }

    pub(crate) fn lockedg(&self) -> Option<GRef> {
        let gp = self.lockedg.load(Relaxed);
        // SAFETY: Gs are never freed (g.rs I1); the pointer came from a GRef.
        (!gp.is_null()).then(|| unsafe { GRef::from_ptr(gp) })
    }

    /// The niceness of its thread before sysmon raised it; `None` if it has not. For the M inside
    /// of the runtime, and for sysmon while it is outside.
    pub(crate) fn own_niceness(&self) -> Option<Niceness> {
        // Relaxed: `hold`'s handshake orders the two writers.
        match self.own_niceness.load(Relaxed) {
            NOT_RENICED => None,
            word => Some(Niceness::from_word(word)),
        }
    }

    /// Notes the niceness before sysmon raised it; `None`: it is restored. For the same callers.
    pub(crate) fn set_own_niceness(&self, own: Option<Niceness>) {
        self.own_niceness.store(own.map_or(NOT_RENICED, Niceness::to_word), Relaxed);
    }

    /// Whether sysmon has raised its thread's niceness. For the same callers.
    pub(crate) fn is_reniced(&self) -> bool {
        self.own_niceness().is_some()
    }

    /// The next number of a cheap generator (xorshift). Go: cheaprand.
    #[inline]
    pub(crate) fn cheaprand(&self) -> u32 {
        let mut x = self.rng.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.rng.set(x);
        x
    }
}
