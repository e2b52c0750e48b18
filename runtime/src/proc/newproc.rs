//! A goroutine's beginning and end. Go: runtime/proc.go newproc, goexit0, gfget, gfput.
//!
//! A goroutine's function is moved onto its own stack; nothing is allocated for it. The record and the stack of an ended one
//! are reused, the hottest first: from the P's list, then the class's.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;

use super::{blocking, put_and_wake};
use crate::coro;
use crate::g::{self, G, GRef, Status};
use crate::glist::GList;
use crate::m::M;
use crate::metrics::{self, Event};
use crate::p::P;
use crate::runq::Place;
use crate::sched::sched;
use crate::stack::{self, NoStack};

/// Ended goroutines that a P keeps; half of them go when there are more. (Go's gfput: 64, of records without a stack.)
const GFREE_MAX: usize = 256;
/// How many fresh stacks a P takes at once.
const GFREE_BATCH: usize = 64;
/// How many goroutine numbers a P takes at once. Go: _GoidCacheBatch.
const GOID_BATCH: u64 = 16;

/// What a spawn may ask for.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Bytes of stack; 0: the default.
    pub(crate) stack_size: usize,
    pub(crate) name: Option<Box<str>>,
}

/// Makes a goroutine that runs `f`, and queues it to run next. `f` must not unwind.
///
/// # Safety
/// What `f` borrows lives until it has returned. (Sending it to another thread is the caller's promise too.)
#[inline]
pub(crate) unsafe fn newproc<F: FnOnce()>(
    f: F,
    options: Options,
    site: &'static Location<'static>,
) -> Result<GRef, NoStack> {
    let sched = sched();
    let parent = match g::current_goroutine() {
        Some(gp) => {
            blocking::regain_p(gp);
            gp.goid.load(Relaxed)
        }
        None => 0,
    };
    super::with_p(|p| {
        let gp = gfget(p, options.stack_size)?;
        // Relaxed: all of this is published by the run queue.
        gp.goid.store(next_goid(p), Relaxed);
        gp.parent.store(parent, Relaxed);
        gp.set_spawn_site(site);
        if let Some(name) = options.name {
            gp.name.store(Box::into_raw(Box::new(name)), Relaxed);
        }
        // SAFETY: the slot is the goroutine's alone; `main_of` does not unwind; the borrows are the caller's duty.
        let coro = unsafe {
            coro::create(stack_of(gp), move |yielder| {
                g::current_goroutine().expect("on a goroutine's stack").yielder.set(yielder);
                let root = Root;
                f();
                std::mem::forget(root);
                // The way out is a way into the runtime.
                g::current_goroutine().expect("on a goroutine's stack").m().tenure.enter();
            })
        };
        // SAFETY: nobody else has the goroutine yet.
        unsafe { *gp.coro.get() = Some(coro) };
        gp.set_status(Status::Runnable);
        // Relaxed: a count.
        sched.ngoroutine.fetch_add(1, Relaxed);
        put_and_wake(p, gp, Place::Next);
        Ok(gp)
    })
}

/// The bottom of a goroutine. A panic that came through would take the M with it, and the P in its tenure for good.
struct Root;

impl Drop for Root {
    fn drop(&mut self) {
        crate::throw!("a panic left its goroutine")
    }
}

/// The stack below a goroutine's record.
#[inline(always)]
fn stack_of(gp: GRef) -> coro::SlotStack {
    stack::slot_of(gp)
}

/// A goroutine has ended: its record waits for reuse. On the M's stack. Go: goexit0.
#[doc(alias = "gdestroy")]
pub(crate) fn goexit0(m: &'static M, gp: GRef) {
    gp.set_status(Status::Dead);
    if gp.locked_count.get() > 0 {
        // It ended locked: the thread is its own again. (Go ends the thread; ours has nothing that must not be reused.)
        gp.locked_count.set(0);
        gp.lockedm.store(std::ptr::null_mut(), Relaxed);
        m.lockedg.store(std::ptr::null_mut(), Relaxed);
    }
    let name = gp.name.swap(std::ptr::null_mut(), Relaxed);
    if !name.is_null() {
        // SAFETY: from Box::into_raw in `newproc`; the swap made it ours. Dumps copy it only under `begin_scan`, which a dead
        // goroutine refuses.
        drop(unsafe { Box::from_raw(name) });
    }
    sched().ngoroutine.fetch_sub(1, Relaxed);
    gfput(m.p(), gp);
}

/// The free list of a P.
///
/// SAFETY of all uses: the caller holds the P (p.rs I1) and the borrow does not outlive the call.
#[allow(clippy::mut_from_ref)]
#[inline(always)]
fn gfree(p: &P) -> &mut GList {
    // SAFETY: see above.
    unsafe { &mut *p.gfree.get() }
}

/// A record with a stack. Go: gfget, malg.
#[inline]
fn gfget(p: Option<&'static P>, stack_size: usize) -> Result<GRef, NoStack> {
    if let (Some(p), 0) = (p, stack_size) {
        let list = gfree(p);
        if list.is_empty() {
            stack::new_gs(stack::default_class(), GFREE_BATCH, list)?;
        }
        let gp = list.pop().expect("new_gs gives at least one");
        if let Some(next) = list.first() {
            // The next spawn's record and the stack below it are cold by then.
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
            let list = gfree(p);
            list.push(gp);
            if list.len() > GFREE_MAX {
                for _ in 0..GFREE_MAX / 2 {
                    let Some(gp) = list.pop() else { break };
                    stack::free_g(gp);
                }
            }
        }
        _ => stack::free_g(gp),
    }
}

/// Hands the free records of the idle Ps to their classes, where they are trimmed. For sysmon.
pub(crate) fn gfpurge_idle() {
    let state = sched().lock.lock();
    let mut next = state.pidle;
    while let Some(p) = next {
        // A P on the idle list belongs to whoever holds the lock.
        let list = gfree(p);
        while let Some(gp) = list.pop() {
            stack::free_g(gp);
        }
        next = p.link.get();
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

/// Runs a user's function; what it panics with comes back as an error.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> std::thread::Result<T> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Runs a user's function whose result and panic are nobody's: the hook has told of the panic.
pub(crate) fn contain(f: impl FnOnce()) {
    let Err(payload) = catch(f) else { return };
    // The payload is the user's, too: where its own drop panics, what that panics with is let go of undropped.
    if let Err(another) = catch(move || drop(payload)) {
        std::mem::forget(another);
    }
}

/// A G has the size that keeps slots' tops aligned.
const _: () = {
    assert!(size_of::<G>().is_multiple_of(64));
    assert!(size_of::<G>() <= 512, "the record shares its page with the goroutine's frames");
};

/// For a goroutine that could not be made.
pub(crate) fn refuse(error: NoStack) -> ! {
    metrics::count(Event::SpawnRefused);
    panic!("go: {}", error.message)
}
