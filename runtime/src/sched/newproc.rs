//! A goroutine's beginning and end. Go: runtime/proc.go newproc, goexit0, gfget, gfput.
//!
//! A goroutine's function is moved onto its own stack and its result stays there, so neither needs
//! an allocation. The record and stack of an ended goroutine are reused, the hottest first: from
//! the P's lists, then from the class's. P and class exchange them in batches.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;

use super::{blocking, pinned, put_and_wake, with_p};
use crate::sched::coro;
use crate::sched::counts::{self, Life};
use crate::sched::g::{self, G, GRef, Status};
use crate::sched::glist::{BATCH, GFree};
use crate::sched::m::M;
use crate::sched::metrics::{self, Event};
use crate::sched::p::P;
use crate::sched::runq::Place;
use crate::sched::schedt::sched;
use crate::sched::stack::{self, NoStack};
use crate::sys::{mem, report};
use crate::words::join_word::{Joinable, SlotUse};

/// Goroutine numbers that a P takes at once. Go: _GoidCacheBatch.
const GOID_BATCH: u64 = 16;

/// A function that is larger or more aligned is boxed instead of moved onto the goroutine's stack:
/// that page holds the first frames, too (and corosensei takes 1 KiB at most).
const FUNCTION_MAX: usize = 512;
const FUNCTION_ALIGN: usize = 16;

/// Options of a spawn.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Bytes of stack; 0: the default.
    pub(crate) stack_size: usize,
    pub(crate) name: Option<Box<str>>,
    /// It begins on the caller's thread (pinned mode).
    pub(crate) here: bool,
}

/// Makes a goroutine that runs `f`, and queues it to run next. `f` must not unwind. `result_bytes`,
/// a multiple of 16, are kept below the record for its result; with `Joinable::Yes` the caller owes
/// the join word a `detach` or a `release`.
///
/// # Safety
/// What `f` borrows lives until it has returned. (Sending it to another thread is the caller's
/// promise too.)
#[inline]
pub(crate) unsafe fn newproc<F: FnOnce()>(
    f: F,
    options: Options,
    site: &'static Location<'static>,
    joinable: Joinable,
    result_bytes: usize,
) -> Result<GRef, NoStack> {
    // First, so that the panic of a missing runtime leaves nothing half done.
    let _ = sched();
    // SAFETY: the caller's duty.
    unsafe {
        if size_of::<F>() > FUNCTION_MAX || align_of::<F>() > FUNCTION_ALIGN {
            let f = Box::new(f);
            newproc1(f, options, site, joinable, result_bytes)
        } else {
            newproc1(f, options, site, joinable, result_bytes)
        }
    }
}

/// [`newproc`] for a function that is small enough to be moved onto the new stack. Go: newproc1.
///
/// # Safety
/// As for `newproc`.
#[inline(always)]
unsafe fn newproc1<F: FnOnce()>(
    f: F,
    options: Options,
    site: &'static Location<'static>,
    joinable: Joinable,
    result_bytes: usize,
) -> Result<GRef, NoStack> {
    let parent = match g::current_goroutine() {
        Some(gp) => {
            blocking::regain_p(gp);
            gp.goid.load(Relaxed)
        }
        None => 0,
    };
    with_p(|p| {
        let gp = gfget(p, options.stack_size).inspect_err(|_| metrics::count(Event::SpawnRefused))?;
        // Relaxed: all of this is published by the run queue.
        gp.goid.store(next_goid(p), Relaxed);
        gp.parent.store(parent, Relaxed);
        gp.set_spawn_site(site);
        gp.join.start(joinable);
        if let Some(name) = options.name {
            gp.name.store(Box::into_raw(Box::new(name)), Relaxed);
        }
        // SAFETY: the slot is the goroutine's alone; `f` does not unwind; the borrows are the
        // caller's duty.
        let coro = unsafe {
            coro::create(stack_of(gp, result_bytes), move |yielder| {
                g::current_goroutine().expect("on a goroutine's stack").yielder.set(yielder);
                let root = Root;
                f();
                std::mem::forget(root);
                // Ending is an entry into the runtime, like suspending.
                g::current_goroutine().expect("on a goroutine's stack").m().hold.enter();
            })
        };
        // SAFETY: nobody else has the goroutine yet.
        unsafe { *gp.coro.get() = Some(coro) };
        gp.set_status(Status::Runnable);
        if options.here {
            pinned::settle(p.expect("a pinned goroutine holds its P"), gp);
        }
        counts::count(p, Life::Started);
        put_and_wake(p, gp, Place::Next);
        Ok(gp)
    })
}

/// The bottom of a goroutine. A panic that came through would take the M with it, and the P that it
/// holds for good.
struct Root;

impl Drop for Root {
    fn drop(&mut self) {
        crate::throw!("a panic left its goroutine")
    }
}

/// The stack below a goroutine's record and its result.
#[inline(always)]
fn stack_of(gp: GRef, result_bytes: usize) -> coro::SlotStack {
    let slot = stack::slot_of(gp);
    coro::SlotStack { base: slot.base - result_bytes, limit: slot.limit }
}

/// A goroutine has ended: its record waits for reuse, or for its handle. On the M's stack.
/// Go: goexit0.
#[doc(alias = "gdestroy")]
pub(crate) fn goexit0(m: &'static M, gp: GRef) {
    gp.set_status(Status::Dead);
    if gp.locked_count.get() > 0 {
        // It ended locked: unlock the thread. (Go ends the thread; ours has nothing that must not
        // be reused.)
        gp.locked_count.set(0);
        gp.lockedm.store(std::ptr::null_mut(), Relaxed);
        m.lockedg.store(std::ptr::null_mut(), Relaxed);
    }
    // Relaxed: written at the spawn, cleared only here.
    let name = gp.name.load(Relaxed);
    if !name.is_null() {
        gp.name.store(std::ptr::null_mut(), Relaxed);
        // SAFETY: from Box::into_raw in `newproc`, and ours: dumps copy it only under `begin_scan`,
        // which a dead goroutine refuses.
        drop(unsafe { Box::from_raw(name) });
    }
    if let Some(home) = gp.home() {
        pinned::ended(gp, home);
    }
    let p = m.p();
    counts::count(p, Life::Ended);
    match gp.join.end() {
        SlotUse::Free => gfput(p, gp),
        SlotUse::InUse => counts::count(p, Life::Held),
    }
}

/// The holder of a handle has taken the result: the slot is free, or will be once the goroutine has
/// left it.
pub(crate) fn release(gp: GRef) {
    if gp.join.release() == SlotUse::Free {
        with_p(|p| {
            counts::count(p, Life::Released);
            gfput(p, gp);
        });
    }
}

/// Gives back the stacks of ended goroutines whose handles live on. For sysmon.
pub(crate) fn trim_held() {
    for gp in stack::all_gs() {
        if gp.join.begin_trim() {
            // SAFETY: the goroutine has ended; until `end_trim` nobody reuses its stack.
            unsafe { stack::trim_to_record(gp) };
            if gp.join.end_trim() == SlotUse::Free {
                counts::count(None, Life::Released);
                stack::free_g(gp);
            }
        }
    }
}

/// The free lists of a P.
///
/// # Safety
/// The caller holds the P (p.rs I1), and no two of these borrows overlap.
#[allow(clippy::mut_from_ref, reason = "the list is in a cell of the P; the caller holds it alone")]
#[inline(always)]
unsafe fn gfree(p: &P) -> &mut GFree {
    // SAFETY: the caller's duty.
    unsafe { &mut *p.gfree.get() }
}

/// A record with a stack. Go: gfget, malg.
#[inline]
fn gfget(p: Option<&'static P>, stack_size: usize) -> Result<GRef, NoStack> {
    if let (Some(p), 0) = (p, stack_size) {
        // SAFETY: callers pass a P that they hold; nothing below borrows it again.
        let GFree { hot, spare } = unsafe { gfree(p) };
        if hot.is_empty() {
            *hot = match std::mem::take(spare) {
                none if none.is_empty() => stack::new_batch(stack::default_class())?,
                full => full,
            };
        }
        let gp = hot.pop().expect("a batch is not empty");
        if let Some(next) = hot.first() {
            // The next spawn would find its record and the stack below it cold.
            stack::prefetch(next);
        }
        return Ok(gp);
    }
    stack::new_g(stack::class_for(stack_size))
}

/// Takes a record back. Go: gfput.
#[inline]
fn gfput(p: Option<&'static P>, gp: GRef) {
    match p {
        Some(p) if gp.class == stack::default_class() => {
            // SAFETY: as in `gfget`.
            let GFree { hot, spare } = unsafe { gfree(p) };
            if hot.len() == BATCH {
                let full = std::mem::replace(spare, std::mem::take(hot));
                if !full.is_empty() {
                    stack::free_batch(gp.class, full);
                }
            }
            hot.push(gp);
        }
        _ => stack::free_g(gp),
    }
}

/// Hands the free records of the idle Ps to their classes, where they are trimmed. For sysmon.
pub(crate) fn gfpurge_idle() {
    let state = sched().lock.lock();
    let mut next = state.pidle;
    while let Some(p) = next {
        gfpurge(p);
        next = p.link.get();
    }
}

/// Gives the free records of an idle P back to their class. Under `sched.lock`. Go: gfpurge.
pub(crate) fn gfpurge(p: &P) {
    // SAFETY: an idle P is held by whoever holds the lock.
    let GFree { hot, spare } = unsafe { gfree(p) };
    for batch in [std::mem::take(hot), std::mem::take(spare)] {
        if !batch.is_empty() {
            stack::free_batch(stack::default_class(), batch);
        }
    }
}

/// The next goroutine number.
#[inline]
fn next_goid(p: Option<&'static P>) -> u64 {
    let Some(p) = p else { return sched().goidgen.fetch_add(1, Relaxed) + 1 };
    if p.goid_next.get() == p.goid_end.get() {
        // Relaxed: numbers are only unique.
        let first = sched().goidgen.fetch_add(GOID_BATCH, Relaxed) + 1;
        p.goid_next.set(first);
        p.goid_end.set(first + GOID_BATCH);
    }
    let id = p.goid_next.get();
    p.goid_next.set(id + 1);
    id
}

/// Runs a user's function; a panic comes back as an error.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> std::thread::Result<T> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Runs a user's function and drops its panic, which the hook has already reported.
pub(crate) fn contain(f: impl FnOnce()) {
    let Err(payload) = catch(f) else { return };
    // Dropping the payload is user code, too. If that panics, its payload is leaked.
    if let Err(another) = catch(move || drop(payload)) {
        std::mem::forget(another);
    }
}

/// A G has the size that keeps slots' tops aligned.
const _: () = {
    assert!(size_of::<G>().is_multiple_of(64));
    assert!(size_of::<G>() <= 512, "the record shares its page with the goroutine's frames");
};

/// What a panic and its backtrace (`RUST_BACKTRACE`) may allocate: above 16 MiB for a test program
/// of 20 MB. Where that is not available, the hook would abort the process.
const ROOM_TO_PANIC: usize = 64 << 20;

/// The panic of a spawn that found no stack.
#[track_caller]
pub(crate) fn refuse(error: NoStack) -> ! {
    if mem::is_available(ROOM_TO_PANIC) {
        panic!("go: {error}");
    }
    // Without the hook.
    report::line(format_args!("gopark: go panics at {}: {error}", Location::caller()));
    std::panic::resume_unwind(Box::new(format!("go: {error}")))
}
