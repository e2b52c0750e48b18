//! Stacks: slots of one reserved region, with guards that cost no mapping, reused hot and trimmed
//! lazily.
//!
//! A size class is a power of two. Its slots lie in slabs; a slab is a stretch of reserved address
//! space of which pages are committed by touching them. The first slab of the default class is the
//! *primary* region: whether a stack pointer lies in it, and where its G is, takes a subtraction, a
//! comparison and a mask.
//!
//! I1 A slab is never unmapped, so a G at the top of a slot is there for the life of the process.
//! I2 The lowest [`guard_of`] bytes of a slot that is in use are a guard. It is many pages: C code has
//!    no stack probes, and a frame of some thousand bytes would jump over a single one.
//! I3 A slot is owned by one goroutine and its handle (join_word.rs), or is on exactly one free
//!    list.
//!
//! What a parked goroutine costs is the pages it touched: normally one, at the top of the slot,
//! with the G in it.

mod class;

use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use parking_lot::Mutex;

use self::class::{MAX_SHIFT, MIN_SHIFT, guard_of};
pub(crate) use self::class::{class_for, default_class, set_default_size, size_of_class};
use crate::sched::coro::SlotStack;
use crate::sched::g::{G, GRef, Kind};
use crate::sched::glist::{BATCH, Batches, GList};
use crate::sys::mem::{self, GuardCall, PAGE};

/// Slots that get their guards in one system call.
const CHUNK: usize = mem::GUARDS_AT_ONCE;
/// The first stacks of a slab, up to this number, get their guards by madvise(2), which a trace of
/// descriptors does not show: a small program leaves Go's trace. Beyond, the faster call is worth
/// more.
const QUIET: usize = 1024;
/// The address space asked for first for a class; halved until the system grants it.
const FIRST_SLAB: usize = 1 << 40;
/// The smallest slab worth having.
const MIN_SLAB: usize = 1 << 20;
/// What a slab leaves free where the address space is limited: the allocator goes on working when
/// there are no more stacks.
const HEADROOM: usize = 64 << 20;
/// The part of a slot that counts as hot and is not given back, if pages are no larger: the G's page
/// and the three below.
const WATERMARK: usize = 4 * PAGE;

/// A stretch of slots of one size. Written once, then read by anyone.
struct Slab {
    base: AtomicUsize,
    len: AtomicUsize,
    shift: AtomicUsize,
}

/// All slabs; the primary one first. Entries below `SLAB_COUNT` are set and never change.
static SLABS: [Slab; MAX_SLABS] =
    [const { Slab { base: AtomicUsize::new(0), len: AtomicUsize::new(0), shift: AtomicUsize::new(0) } };
        MAX_SLABS];
static SLAB_COUNT: AtomicUsize = AtomicUsize::new(0);
const MAX_SLABS: usize = 4096;

/// Forces the guards of kernels without MADV_GUARD_INSTALL (for tests and by `Builder`).
static GUARDS_BY_MPROTECT: AtomicBool = AtomicBool::new(false);
/// One size of slots.
struct Class {
    shift: u8,
    state: Mutex<ClassState>,
}

struct ClassState {
    /// Indices into SLABS of this class's slabs.
    slabs: Vec<usize>,
    /// Slots of the last slab that have guards.
    guarded: usize,
    /// Slots of the last slab that have been handed out.
    used: usize,
    /// Unused Gs with their slots: those that have been trimmed, and those that came back since.
    free: Batches,
    untrimmed: Batches,
}

// SAFETY: the Gs on the lists belong to the class (I3).
unsafe impl Send for ClassState {}

static CLASSES: [Class; (MAX_SHIFT - MIN_SHIFT + 1) as usize] = {
    let mut classes = [const {
        Class {
            shift: 0,
            state: Mutex::new(ClassState {
                slabs: Vec::new(),
                guarded: 0,
                used: 0,
                free: Batches::new(),
                untrimmed: Batches::new(),
            }),
        }
    }; (MAX_SHIFT - MIN_SHIFT + 1) as usize];
    let mut i = 0;
    while i < classes.len() {
        classes[i].shift = MIN_SHIFT + i as u8;
        i += 1;
    }
    classes
};

/// Why there is no stack. Allocates nothing: memory may be what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoStack {
    /// A guard needs mappings, and there are no more. The system's error.
    NoGuard(i32),
    /// No address space for a slab of slots of this size. The system's error.
    NoAddressSpace { slot: usize, errno: i32 },
    /// The table of slabs is full.
    TooManySlabs,
}

impl fmt::Display for NoStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoStack::NoGuard(errno) => write!(
                f,
                "no guard for a goroutine's stack (os error {errno}): this kernel needs two mappings for each, \
                 see vm.max_map_count (Linux 6.13 needs none)"
            ),
            NoStack::NoAddressSpace { slot, errno } => write!(
                f,
                "no address space for goroutine stacks of {} KiB (os error {errno}): see RLIMIT_AS (ulimit -v), \
                 vm.overcommit_memory, and Builder::stack_size",
                slot >> 10
            ),
            NoStack::TooManySlabs => write!(f, "more than {MAX_SLABS} slabs of goroutine stacks"),
        }
    }
}

/// Uses a mapping per guard even where the kernel has something better.
pub(crate) fn force_mprotect_guards() {
    GUARDS_BY_MPROTECT.store(true, Relaxed);
}

/// The lowest address of a G's stack, above the guard.
pub(crate) fn floor_of(gp: GRef) -> usize {
    slot_of(gp).limit + guard_of(usize::from(gp.class + MIN_SHIFT))
}

/// The G of the slot in which the stack pointer lies, if it lies in one.
#[inline(always)]
pub(crate) fn g_of(sp: usize) -> Option<GRef> {
    // Relaxed: a goroutine that runs on a slot was started after the slab was entered.
    let slab = &SLABS[0];
    if sp.wrapping_sub(slab.base.load(Relaxed)) < slab.len.load(Relaxed) {
        return Some(g_at(sp, slab.shift.load(Relaxed)));
    }
    if SLAB_COUNT.load(Relaxed) <= 1 { None } else { g_of_other(sp) }
}

#[cold]
#[inline(never)]
fn g_of_other(sp: usize) -> Option<GRef> {
    // ORDERING: Acquire pairs with the Release in `add_slab`: the entries below the count are set.
    let count = SLAB_COUNT.load(Acquire);
    SLABS[1..count]
        .iter()
        .find(|s| sp.wrapping_sub(s.base.load(Relaxed)) < s.len.load(Relaxed))
        .map(|s| g_at(sp, s.shift.load(Relaxed)))
}

/// The G at the top of the slot around an address.
#[inline(always)]
fn g_at(addr: usize, shift: usize) -> GRef {
    let top = (addr | ((1 << shift) - 1)) + 1;
    // SAFETY: an address inside a slot in use: `new_g` has put a G at its top, which stays (I1).
    unsafe { GRef::from_ptr((top - size_of::<G>()) as *mut G) }
}

/// The goroutine that has overflowed its stack if `addr` faults while the stack pointer is `sp`. A
/// stray pointer into a guard is nobody's overflow. Async-signal-safe.
pub(crate) fn overflowed(addr: usize, sp: usize) -> Option<GRef> {
    // ORDERING: Acquire pairs with the Release in `add_slab`.
    let count = SLAB_COUNT.load(Acquire);
    SLABS[..count].iter().find_map(|s| {
        let (base, shift) = (s.base.load(Relaxed), s.shift.load(Relaxed));
        let inside = addr.wrapping_sub(base) < s.len.load(Relaxed);
        let in_guard = inside && (addr & ((1 << shift) - 1)) < guard_of(shift);
        // A frame may be so large that its stack pointer is in or below the guard already.
        let slots_below = (addr >> shift).wrapping_sub(sp >> shift);
        (in_guard && slots_below <= 1).then(|| g_at(addr, shift))
    })
}

/// Every G that was ever made, living or dead. For dumps.
pub(crate) fn all_gs() -> Vec<GRef> {
    let mut all = Vec::new();
    for class in &CLASSES {
        let state = class.state.lock();
        let last = state.slabs.len().saturating_sub(1);
        for (i, &slab) in state.slabs.iter().enumerate() {
            let slab = &SLABS[slab];
            let slots = slab.len.load(Relaxed) >> class.shift;
            let used = if i == last { state.used } else { slots };
            let base = slab.base.load(Relaxed);
            all.extend((0..used).map(|n| g_at(base + (n << class.shift), usize::from(class.shift))));
        }
    }
    all
}

/// The stack below a G.
pub(crate) fn slot_of(gp: GRef) -> SlotStack {
    let base = gp.as_usize();
    let top = base + size_of::<G>();
    SlotStack { base, limit: top - size_of_class(gp.class) }
}

/// Prefetches the lines of a G that a spawn writes, and those of the stack below it where its
/// function goes.
#[inline(always)]
pub(crate) fn prefetch(gp: GRef) {
    #[cfg(target_arch = "x86_64")]
    for line in -3isize..3 {
        // SAFETY: a prefetch touches nothing that a program can see; the addresses are in the slot.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(gp.as_ptr().cast::<i8>().offset(line * 64));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = gp;
}

/// A G of the class with a stack: a used one from the class's lists, or a new one.
pub(crate) fn new_g(class: u8) -> Result<GRef, NoStack> {
    let c = &CLASSES[usize::from(class)];
    let mut state = c.state.lock();
    if let Some(gp) = state.untrimmed.pop().or_else(|| state.free.pop()) {
        return Ok(gp);
    }
    let mut fresh = GList::new();
    fresh_gs(c, &mut state, 1, &mut fresh)?;
    Ok(fresh.pop().expect("one was asked for"))
}

/// A batch of Gs of the class: used ones, or new ones.
pub(crate) fn new_batch(class: u8) -> Result<GList, NoStack> {
    let c = &CLASSES[usize::from(class)];
    let mut state = c.state.lock();
    if let Some(batch) = state.untrimmed.pop_batch().or_else(|| state.free.pop_batch()) {
        return Ok(batch);
    }
    let mut fresh = GList::new();
    fresh_gs(c, &mut state, BATCH, &mut fresh)?;
    Ok(fresh)
}

/// At most `want` Gs on slots that were never used, at least one.
fn fresh_gs(c: &Class, state: &mut ClassState, want: usize, into: &mut GList) -> Result<(), NoStack> {
    if state.used == state.guarded {
        more_slots(c, state)?;
    }
    let slab = &SLABS[*state.slabs.last().expect("more_slots has made one")];
    let shift = usize::from(c.shift);
    while into.len() < want && state.used < state.guarded {
        let slot = slab.base.load(Relaxed) + (state.used << shift);
        let place = (slot + (1 << shift) - size_of::<G>()) as *mut G;
        // SAFETY: the slot is fresh and ours (I3); the place is aligned, since slots and G's size
        // are multiples of 64.
        unsafe {
            place.write(G::new(Kind::Goroutine, c.shift - MIN_SHIFT));
            into.push(GRef::from_ptr(place));
        }
        state.used += 1;
    }
    Ok(())
}

/// Takes an unused G back into its class's lists.
pub(crate) fn free_g(gp: GRef) {
    CLASSES[usize::from(gp.class)].state.lock().untrimmed.push(gp);
}

/// As [`free_g`], for a batch of the class.
pub(crate) fn free_batch(class: u8, batch: GList) {
    CLASSES[usize::from(class)].state.lock().untrimmed.push_batch(batch);
}

/// Gives back what an ended goroutine used of its stack, except the page of its record (and its
/// result).
///
/// # Safety
/// The stack is at rest, and nobody uses it meanwhile.
pub(crate) unsafe fn trim_to_record(gp: GRef) {
    // SAFETY: the caller's duty.
    unsafe { trim(gp, mem::page_size()) };
}

/// Gives back the pages of a slot between its guard and the uppermost `keep` bytes.
///
/// # Safety
/// Nothing there is needed, and nobody uses it meanwhile.
unsafe fn trim(gp: GRef, keep: usize) {
    let slot = slot_of(gp);
    let (from, to) = (floor_of(gp), slot.base + size_of::<G>() - keep);
    // The smallest slots have nothing between the two.
    if from < to {
        // SAFETY: the caller's duty; the guard stays.
        unsafe { mem::give_back(from, to - from) };
    }
}

/// Gives back what ended goroutines used of their stacks below the watermark. Called by sysmon when
/// it is quiet; returns whether there was anything.
pub(crate) fn trim_free_stacks() -> bool {
    let mut any = false;
    let keep = WATERMARK.max(mem::page_size());
    for class in &CLASSES {
        // A batch at a time, so that a spawn that wants a stack does not wait long.
        loop {
            let Some(mut batch) = class.state.lock().untrimmed.pop_batch() else { break };
            any = true;
            let mut done = GList::new();
            while let Some(gp) = batch.pop() {
                // SAFETY: the slot is on no list but ours (I3), and nothing below its G is needed.
                unsafe { trim(gp, keep) };
                done.push(gp);
            }
            class.state.lock().free.push_batch(done);
        }
    }
    any
}

/// Guards for the next slots, in a new slab if the last is used up.
fn more_slots(c: &Class, state: &mut ClassState) -> Result<(), NoStack> {
    let shift = usize::from(c.shift);
    let full = state.slabs.last().is_none_or(|&s| state.used == SLABS[s].len.load(Relaxed) >> shift);
    if full {
        let index = add_slab(shift)?;
        state.slabs.push(index);
        state.used = 0;
        state.guarded = 0;
    }
    let slab = &SLABS[*state.slabs.last().expect("just made")];
    let base = slab.base.load(Relaxed);
    let slots = slab.len.load(Relaxed) >> shift;
    let end = (state.guarded + CHUNK).min(slots);
    let mut pages = [0; CHUNK];
    let pages = &mut pages[..end - state.guarded];
    for (page, slot) in pages.iter_mut().zip(state.guarded..) {
        *page = base + (slot << shift);
    }
    // Failing costs a core dump its stacks, and nothing else.
    mem::set_dumped(base + (state.guarded << shift), (end - state.guarded) << shift, true);
    let guard = guard_of(shift);
    let call = if end <= QUIET { GuardCall::Madvise } else { GuardCall::ProcessMadvise };
    // SAFETY: the slots are unused parts of our own slab (I3).
    let install = || unsafe { mem::install_guards(pages, guard, call) }.is_ok();
    if !GUARDS_BY_MPROTECT.load(Relaxed) && install() && guards_work(pages[0]) {
        state.guarded = end;
        return Ok(());
    }
    GUARDS_BY_MPROTECT.store(true, Relaxed);
    for (i, &page) in pages.iter().enumerate() {
        // SAFETY: as above.
        if let Err(e) = unsafe { mem::protect(page, guard) } {
            if i > 0 {
                break;
            }
            return Err(NoStack::NoGuard(errno_of(&e)));
        }
        state.guarded += 1;
    }
    Ok(())
}

/// Whether the first guard of the process, which was just installed at the address, is one. The
/// answer holds for the others.
fn guards_work(guard: usize) -> bool {
    static SEEN: AtomicBool = AtomicBool::new(false);
    // Relaxed: to ask twice does no harm.
    if !SEEN.load(Relaxed) {
        SEEN.store(mem::faults(guard), Relaxed);
    }
    SEEN.load(Relaxed)
}

/// Reserves a slab; its index in SLABS.
fn add_slab(shift: usize) -> Result<usize, NoStack> {
    let (region, len) = reserve_slab(1 << shift)?;
    // A terabyte of nothing takes a core dump long. `more_slots` takes back what is used.
    mem::set_dumped(region.as_ptr() as usize, len, false);
    static ADDING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = ADDING.lock();
    let index = SLAB_COUNT.load(Relaxed);
    if index == MAX_SLABS {
        return Err(NoStack::TooManySlabs);
    }
    let slab = &SLABS[index];
    slab.base.store(region.as_ptr() as usize, Relaxed);
    slab.shift.store(shift, Relaxed);
    slab.len.store(len, Relaxed);
    // ORDERING: Release pairs with the Acquire in `g_of_other` and `overflowed`.
    SLAB_COUNT.store(index + 1, Release);
    Ok(index)
}

/// Reserves the largest slab available. The first one may take the last of the address space;
/// others leave [`HEADROOM`].
fn reserve_slab(slot: usize) -> Result<(NonNull<u8>, usize), NoStack> {
    let is_first = SLAB_COUNT.load(Relaxed) == 0;
    let mut len = FIRST_SLAB.max(slot);
    loop {
        let smallest = len / 2 < slot.max(MIN_SLAB);
        let error = match mem::reserve(len, slot) {
            // Nothing was refused: there is no limit near.
            Ok(region) if len == FIRST_SLAB || (is_first && smallest) => return Ok((region, len)),
            Ok(region) if mem::is_available(HEADROOM) => return Ok((region, len)),
            Ok(region) => {
                // SAFETY: fresh, and nobody knows it.
                unsafe { mem::unreserve(region, len) };
                libc::ENOMEM
            }
            Err(e) => errno_of(&e),
        };
        if smallest {
            return Err(NoStack::NoAddressSpace { slot, errno: error });
        }
        len /= 2;
    }
}

fn errno_of(error: &std::io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_is_noticed_without_a_fault() {
        let gp = new_g(class_for(0)).expect("a stack");
        assert!(mem::faults(slot_of(gp).limit), "the guard's first byte");
        assert!(mem::faults(floor_of(gp) - 8), "the guard's last bytes");
        assert!(!mem::faults(floor_of(gp)), "the stack's lowest bytes");
        free_g(gp);
    }

    /// The smallest slots are smaller than what counts as hot.
    #[test]
    fn trimming_leaves_every_class_usable() {
        for bytes in [1 << MIN_SHIFT, 1 << 15, 1 << 16] {
            let gp = new_g(class_for(bytes)).expect("a stack");
            let lowest = floor_of(gp) as *mut u8;
            // SAFETY: the lowest byte above the guard of a slot that is ours.
            unsafe { lowest.write_volatile(1) };
            free_g(gp);
            trim_free_stacks();
            // SAFETY: as above; a slot stays mapped.
            let left = unsafe { lowest.read_volatile() };
            assert_eq!(
                left,
                u8::from(bytes == 1 << MIN_SHIFT),
                "{bytes}: below the watermark, pages are given back"
            );
        }
    }
}
