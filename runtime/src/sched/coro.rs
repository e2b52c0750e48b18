//! Stack switching: the only place that names corosensei.
//!
//! The M that executes a goroutine resumes its computation, which suspends back into the M's own
//! stack with a request: what to do once nothing runs on the goroutine's stack (sched/mod.rs). The
//! request is an address. It stays valid as long as the frame that made it, which is until the
//! goroutine is resumed.

use corosensei::stack::{Stack, StackPointer};
use corosensei::{Coroutine, CoroutineResult};

/// The part of a slot that a coroutine uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotStack {
    /// The highest address, a multiple of 16.
    pub(crate) base: usize,
    /// The lowest address, the guard page included.
    pub(crate) limit: usize,
}

// SAFETY: base and limit are page-sized multiples inside one slot that belongs to the coroutine;
// the page at `limit` is a guard (stack/mod.rs I2).
unsafe impl Stack for SlotStack {
    fn base(&self) -> StackPointer {
        StackPointer::new(self.base).expect("a slot is not at address 0")
    }
    fn limit(&self) -> StackPointer {
        StackPointer::new(self.limit).expect("a slot is not at address 0")
    }
}

/// What a resumed goroutine is to do.
pub(crate) const RUN: usize = 0;

/// A goroutine's suspended computation.
pub(crate) type Coro = Coroutine<usize, usize, (), SlotStack>;
/// The way back to the M's stack.
pub(crate) type Yielder = corosensei::Yielder<usize, usize>;

/// How a goroutine left its stack.
pub(crate) enum Left {
    /// It suspended with a request.
    Suspended(usize),
    /// Its function returned.
    Returned,
}

/// Puts `f` onto the stack, to run at the first resume.
///
/// # Safety
/// The stack belongs to the coroutine alone until `f` has returned, and what `f` borrows lives as
/// long. `f` does not unwind.
#[inline(always)]
pub(crate) unsafe fn create(stack: SlotStack, f: impl FnOnce(&Yielder)) -> Coro {
    // SAFETY: the caller's duty.
    unsafe { Coroutine::with_stack_unchecked(stack, move |yielder: &Yielder, _run: usize| f(yielder)) }
}

/// Runs the goroutine until it suspends or ends.
#[inline(always)]
pub(crate) fn resume(coro: &mut Coro, input: usize) -> Left {
    match coro.resume(input) {
        CoroutineResult::Yield(request) => Left::Suspended(request),
        CoroutineResult::Return(()) => Left::Returned,
    }
}

/// Suspends the calling goroutine with a request; returns what it is to do when it runs again.
///
/// # Safety
/// `yielder` is the calling goroutine's own.
#[inline(always)]
pub(crate) unsafe fn suspend(yielder: *const Yielder, request: usize) -> usize {
    // SAFETY: the caller's duty; the yielder lives at the bottom of the calling stack.
    unsafe { (*yielder).suspend(request) }
}
