//! G: a goroutine's record, and the record with which a plain thread parks. Go: runtime/runtime2.go
//! type g.
//!
//! ```text
//!   slot of a goroutine (a power of two, aligned to itself)
//!   +--------+------------------------------------------+-------------+--------+-------+
//!   | guard  |             ... <- stack grows downwards | first frame | result |   G   |
//!   +--------+------------------------------------------+-------------+--------+-------+
//!   limit                                                             base             top
//! ```
//!
//! I1 A record is never unmapped while the process lives: a stale wake finds live memory.
//! I2 The record of a goroutine is at the top of its own slot, so masking the stack pointer finds
//!    it ([`getg`]): no thread-local is involved, and there is nothing a compiler could keep over a
//!    park.
//! I3 A record leaves `Waiting` only by compare-and-swap; the other transitions belong to the M
//!    that runs it or the one that queued it.

#[cfg(not(miri))]
use std::arch::asm;
use std::cell::{Cell, UnsafeCell};
use std::ops::Deref;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::sync::atomic::{
    AtomicI64, AtomicPtr, AtomicU8, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use parking_lot::Mutex;

use crate::sched::ahead::Ahead;
use crate::sched::coro::{Coro, Yielder};
use crate::sched::m::M;
use crate::sched::p::P;
use crate::sched::stack;
use crate::sched::tls;
use crate::timer::HeapTimer;
use crate::words::inbox::Linked;
use crate::words::join_word::JoinWord;
use crate::words::note::Note;
use crate::words::park_word::ParkWord;

pub(crate) use crate::words::wait_reason::WaitReason;

/// A goroutine's state. Go: `_Gidle` and so on. A goroutine in a call announced by `blocking` is
/// `Running`: Go's `_Gsyscall` is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Status {
    /// Just made, never run.
    Idle = 0,
    /// On a run queue.
    Runnable = 1,
    /// Runs on an M.
    Running = 2,
    /// Parked.
    Waiting = 4,
    /// Ended; its record waits for reuse.
    Dead = 6,
}

/// While set on `Waiting`, a dump reads the parked stack, and a waker spins. Go: `_Gscan`.
const SCAN: u32 = 0x1000;

impl Status {
    fn from_word(word: u32) -> Status {
        match word & !SCAN {
            0 => Status::Idle,
            1 => Status::Runnable,
            2 => Status::Running,
            4 => Status::Waiting,
            6 => Status::Dead,
            other => crate::throw!("bad g status {other}"),
        }
    }
}

/// What a record is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A goroutine on a stack of its own.
    Goroutine,
    /// A thread that the runtime did not start.
    Thread,
}

/// A goroutine's record. Each field that others read says who.
#[repr(C, align(64))]
pub(crate) struct G {
    /// The M that runs it. Written by that M before it resumes the goroutine, read by the goroutine
    /// (and by dumps).
    m: AtomicPtr<M>,
    /// In pinned mode the P on which it lives, from its first run to its end (sched/pinned.rs I1);
    /// else null.
    home: AtomicPtr<P>,
    /// A `Status`, perhaps with `SCAN`. See I3.
    status: AtomicU32,
    /// Claimed by the first waker of a select. Go: selectDone.
    pub(crate) select_done: AtomicU32,
    /// The next on a list; owned by the list.
    schedlink: Cell<Option<GRef>>,
    /// Who owns its result and its slot.
    pub(crate) join: JoinWord,
    /// The way to the M's stack; set by the goroutine at its start.
    pub(crate) yielder: Cell<*const Yielder>,
    /// The suspended computation; owned by the M that runs the goroutine, or the dump that holds
    /// `SCAN`.
    pub(crate) coro: UnsafeCell<Option<Coro>>,
    /// A `WaitReason`; written by the goroutine before it parks, read by dumps.
    wait_reason: AtomicU8,
    kind: Kind,
    /// In pinned mode: another P has offered it; owned by whoever has the goroutine.
    pub(crate) offered: Cell<bool>,
    /// The size class of its slot.
    pub(crate) class: u8,
    /// When it began to wait, if a dump or sysmon has noted it (nanotime); cleared when it runs.
    /// Go: waitsince.
    pub(crate) wait_since: AtomicI64,
    /// When it was readied, if it is the one in many that is timed (metrics.rs). Published by the
    /// run queue.
    pub(crate) ready_at: AtomicI64,
    /// The M it is locked to, or null. Written by the goroutine itself.
    pub(crate) lockedm: AtomicPtr<M>,
    /// What to prefetch for it and after it.
    pub(crate) ahead: Ahead,
    // Up to here is what a switch touches.
    /// Its number; 0 for a plain thread. Written at the spawn, read by dumps.
    pub(crate) goid: AtomicU64,
    /// Where it was spawned. Written at the spawn, read by dumps.
    spawn_site: AtomicPtr<Location<'static>>,
    /// The spawner's number. Written at the spawn, read by dumps.
    pub(crate) parent: AtomicU64,
    /// A name given by `go_with`, or null; freed at the goroutine's end.
    pub(crate) name: AtomicPtr<Box<str>>,
    /// `LockOSThread` nesting; touched by the goroutine only.
    pub(crate) locked_count: Cell<u32>,
    /// The sleep timer. Go: g.timer.
    pub(crate) timer: HeapTimer,
    /// A plain thread sleeps here.
    pub(crate) note: Note,
    /// For `thread::park`.
    pub(crate) park: ParkWord,
}

// SAFETY: the Cells are owned by one party at a time as their comments say; everything else is
// atomic.
unsafe impl Sync for G {}
// SAFETY: as above.
unsafe impl Send for G {}

impl std::fmt::Debug for G {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("G").field("goid", &self.goid).field("status", &self.status()).finish_non_exhaustive()
    }
}

impl G {
    /// A fresh record in state `Idle`.
    pub(crate) fn new(kind: Kind, class: u8) -> G {
        G {
            m: AtomicPtr::new(ptr::null_mut()),
            home: AtomicPtr::new(ptr::null_mut()),
            status: AtomicU32::new(Status::Idle as u32),
            select_done: AtomicU32::new(0),
            schedlink: Cell::new(None),
            join: JoinWord::new(),
            yielder: Cell::new(ptr::null()),
            coro: UnsafeCell::new(None),
            wait_reason: AtomicU8::new(0),
            kind,
            offered: Cell::new(false),
            class,
            wait_since: AtomicI64::new(0),
            ready_at: AtomicI64::new(0),
            lockedm: AtomicPtr::new(ptr::null_mut()),
            ahead: Ahead::new(),
            goid: AtomicU64::new(0),
            locked_count: Cell::new(0),
            spawn_site: AtomicPtr::new(ptr::null_mut()),
            parent: AtomicU64::new(0),
            name: AtomicPtr::new(ptr::null_mut()),
            timer: HeapTimer::new(),
            note: Note::new(),
            park: ParkWord::new(),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The M that runs this goroutine. For the goroutine itself; read it again after every park.
    #[inline(always)]
    pub(crate) fn m(&self) -> &'static M {
        let m = self.m.load(Relaxed);
        debug_assert!(!m.is_null(), "a running goroutine has an M");
        // SAFETY: an M is never freed (m.rs I1); Relaxed: the M itself stored it before it resumed
        // us, on this thread.
        unsafe { &*m }
    }

    /// The M, for observers.
    pub(crate) fn m_hint(&self) -> Option<&'static M> {
        // SAFETY: an M is never freed (m.rs I1).
        NonNull::new(self.m.load(Relaxed)).map(|m| unsafe { m.as_ref() })
    }

    #[inline(always)]
    pub(crate) fn set_m(&self, m: Option<&'static M>) {
        self.m.store(m.map_or(ptr::null_mut(), |m| ptr::from_ref(m).cast_mut()), Relaxed);
    }

    /// In pinned mode, once it has begun: the P on which it lives.
    #[inline(always)]
    pub(crate) fn home(&self) -> Option<&'static P> {
        // Relaxed: published with the goroutine itself. SAFETY: Ps are never freed.
        unsafe { self.home.load(Relaxed).as_ref() }
    }

    pub(crate) fn set_home(&self, home: Option<&'static P>) {
        self.home.store(home.map_or(ptr::null_mut(), P::as_ptr), Relaxed);
    }

    /// Its state; a hint to all but its owner.
    pub(crate) fn status(&self) -> Status {
        Status::from_word(self.status.load(Relaxed))
    }

    /// The owner's transition (I3): not out of `Waiting`.
    #[inline(always)]
    pub(crate) fn set_status(&self, to: Status) {
        debug_assert_ne!(self.status(), Status::Waiting);
        // ORDERING: Release pairs with the Acquire in `casgstatus` and `begin_scan`: a reader of
        // Waiting sees the stack at rest and the wait reason set.
        self.status.store(to as u32, Release);
    }

    /// Leaves `Waiting`; called by the waker. Throws on a goroutine that does not wait: a double
    /// wake is a bug.
    #[doc(alias = "casgstatus")]
    #[inline]
    pub(crate) fn casgstatus_from_waiting(&self, to: Status) {
        loop {
            // ORDERING: Acquire pairs with the Release in `set_status` (the parked state); Release
            // publishes the waker's work to the M or the dump that comes next.
            match self.status.compare_exchange_weak(
                Status::Waiting as u32,
                to as u32,
                std::sync::atomic::Ordering::AcqRel,
                Relaxed,
            ) {
                Ok(_) => return,
                Err(word) if word == Status::Waiting as u32 || word == (Status::Waiting as u32 | SCAN) => {
                    std::hint::spin_loop();
                }
                Err(word) => crate::throw!(
                    "casgstatus: goroutine {} is {:?}, not Waiting (woken twice?)",
                    self.goid.load(Relaxed),
                    Status::from_word(word)
                ),
            }
        }
    }

    /// Takes the right to read a parked stack; false if it does not wait.
    pub(crate) fn begin_scan(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `set_status`.
        self.status
            .compare_exchange(Status::Waiting as u32, Status::Waiting as u32 | SCAN, Acquire, Relaxed)
            .is_ok()
    }

    /// Gives the right back.
    pub(crate) fn end_scan(&self) {
        // ORDERING: Release pairs with the AcqRel in `casgstatus_from_waiting`: the waker sees the
        // stack as it was left.
        self.status.store(Status::Waiting as u32, Release);
    }

    #[inline(always)]
    pub(crate) fn set_wait_reason(&self, reason: WaitReason) {
        // Relaxed: published by the status.
        self.wait_reason.store(reason as u8, Relaxed);
    }

    /// Why it waits, in Go's words; meaningful while it waits.
    pub(crate) fn wait_reason(&self) -> &'static str {
        WaitReason::text(self.wait_reason.load(Relaxed))
    }

    pub(crate) fn schedlink(&self) -> Option<GRef> {
        self.schedlink.get()
    }

    pub(crate) fn set_schedlink(&self, next: Option<GRef>) {
        self.schedlink.set(next);
    }

    pub(crate) fn set_spawn_site(&self, site: &'static Location<'static>) {
        self.spawn_site.store(ptr::from_ref(site).cast_mut(), Relaxed);
    }

    /// Where `go` was called.
    pub(crate) fn spawn_site(&self) -> Option<&'static Location<'static>> {
        // SAFETY: only ever set from a reference to static data.
        unsafe { self.spawn_site.load(Relaxed).as_ref() }
    }
}

// SAFETY: the link is the list's, and an inbox is one (glist.rs I1).
unsafe impl Linked for G {
    fn next(&self) -> *mut G {
        self.schedlink().map_or(ptr::null_mut(), GRef::as_ptr)
    }
    fn set_next(&self, next: *mut G) {
        // SAFETY: null, or from `GRef::as_ptr`.
        self.set_schedlink((!next.is_null()).then(|| unsafe { GRef::from_ptr(next) }));
    }
}

/// A handle of a record: a goroutine, or a plain thread that parks. Valid for ever (I1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct GRef(NonNull<G>);

// SAFETY: G is Sync and never unmapped (I1).
unsafe impl Send for GRef {}
// SAFETY: as above.
unsafe impl Sync for GRef {}

impl GRef {
    /// The handle of the record behind the pointer.
    ///
    /// # Safety
    /// The pointer came from a `GRef` or points to a record made by this module.
    #[inline(always)]
    pub(crate) unsafe fn from_ptr(p: *mut G) -> GRef {
        // SAFETY: the caller's duty; such a pointer is not null.
        GRef(unsafe { NonNull::new_unchecked(p) })
    }

    #[inline(always)]
    pub(crate) fn as_ptr(self) -> *mut G {
        self.0.as_ptr()
    }

    /// The address: a multiple of 64, never 0, 1 or 2 (the poll descriptor's other values).
    #[inline(always)]
    pub(crate) fn as_usize(self) -> usize {
        self.0.as_ptr() as usize
    }

    /// Wakes a plain thread that has parked. It is never on a run queue, so this is all.
    pub(crate) fn ready_thread(self) {
        self.casgstatus_from_waiting(Status::Runnable);
        // Before the wake: checkdead I3.
        crate::sched::checkdead::thread_readied();
        self.note.wakeup();
    }

    /// The handle behind an address.
    ///
    /// # Safety
    /// The address came from [`GRef::as_usize`].
    #[inline(always)]
    pub(crate) unsafe fn from_usize(addr: usize) -> GRef {
        // SAFETY: the caller's duty.
        unsafe { GRef::from_ptr(addr as *mut G) }
    }
}

impl Deref for GRef {
    type Target = G;
    #[inline(always)]
    fn deref(&self) -> &G {
        // SAFETY: I1.
        unsafe { self.0.as_ref() }
    }
}

impl std::fmt::Debug for GRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

/// The stack pointer. Miri, which knows no registers, runs plain threads only.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    #[cfg(miri)]
    let sp = 0;
    #[cfg(not(miri))]
    let sp: usize;
    // SAFETY: copies a register. Not `pure`: the value changes over a park, so it must be read each
    // time.
    #[cfg(not(miri))]
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "aarch64")]
        asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags));
    }
    sp
}

/// The calling goroutine, if the caller is one: its stack pointer says so (I2).
#[inline(always)]
pub(crate) fn current_goroutine() -> Option<GRef> {
    stack::g_of(stack_pointer())
}

/// The caller's own record: the goroutine's, or the plain thread's. Not for use on an M's own
/// stack.
#[inline]
pub(crate) fn getg() -> GRef {
    match current_goroutine() {
        Some(gp) => gp,
        None => tls::thread_g(),
    }
}

/// Records of threads that have ended.
static FREE_THREAD_GS: Mutex<Vec<GRef>> = Mutex::new(Vec::new());

/// A record for a plain thread, new or used.
pub(crate) fn new_thread_g() -> GRef {
    crate::sched::checkdead::thread_known();
    if let Some(gp) = FREE_THREAD_GS.lock().pop() {
        return gp;
    }
    let gp = Box::leak(Box::new(G::new(Kind::Thread, 0)));
    gp.status.store(Status::Running as u32, Relaxed);
    // SAFETY: a leaked box: I1.
    unsafe { GRef::from_ptr(gp) }
}

/// Takes the record of a thread that ends.
pub(crate) fn free_thread_g(gp: GRef) {
    crate::sched::checkdead::thread_gone();
    gp.park.disown();
    FREE_THREAD_GS.lock().push(gp);
}
