//! The only module with thread-locals: which M this thread is, and the record with which a plain
//! thread parks.
//!
//! A goroutine changes threads without the compiler's knowledge: it may keep the address of a
//! thread-local over a park. So no address of a thread-local leaves this file, and each access is a
//! call that can neither be inlined nor merged with an earlier one (`inline(never)` alone allows
//! merging; the empty `asm!` forbids it).

#[cfg(not(miri))]
use std::arch::asm;
use std::cell::Cell;
use std::ptr::{self, NonNull};

use crate::sched::g::{self, GRef};
use crate::sched::m::M;

thread_local! {
    /// The M whose thread this is; null on a thread that the runtime did not start.
    static CURRENT_M: Cell<*const M> = const { Cell::new(ptr::null()) };
    /// A plain thread's record, made when it first parks. It has no destructor: other destructors
    /// of the thread may park.
    static THREAD_G: Cell<Option<GRef>> = const { Cell::new(None) };
    static RECORD_GUARD: RecordGuard = const { RecordGuard };
}

/// Gives the record back for another thread when this one ends: a late waker must find live memory.
struct RecordGuard;

impl Drop for RecordGuard {
    fn drop(&mut self) {
        if let Some(gp) = THREAD_G.take() {
            g::free_thread_g(gp);
        }
    }
}

/// The M whose thread this is. Call again after every park.
#[doc(alias = "getg().m")]
#[inline(never)]
pub(crate) fn getm() -> Option<&'static M> {
    // SAFETY: empty template; touches no memory, stack or flags. It is the effect LLVM cannot see
    // through.
    #[cfg(not(miri))]
    unsafe {
        asm!("", options(nostack, preserves_flags))
    };
    let m = CURRENT_M.try_with(Cell::get).unwrap_or(ptr::null());
    // SAFETY: an M is never freed (m.rs I1).
    NonNull::new(m.cast_mut()).map(|m| unsafe { m.as_ref() })
}

/// Sets which M this thread is.
#[inline(never)]
pub(crate) fn set_m(m: Option<&'static M>) {
    CURRENT_M.with(|c| c.set(m.map_or(ptr::null(), |m| m as *const M)));
}

/// The record of the calling plain thread.
#[inline(never)]
pub(crate) fn thread_g() -> GRef {
    // SAFETY: as in `getm`.
    #[cfg(not(miri))]
    unsafe {
        asm!("", options(nostack, preserves_flags))
    };
    if let Some(gp) = THREAD_G.get() {
        return gp;
    }
    let gp = g::new_thread_g();
    THREAD_G.set(Some(gp));
    // A thread that is past the guard keeps the record: nobody will reuse it.
    let _ = RECORD_GUARD.try_with(|_| ());
    gp
}
