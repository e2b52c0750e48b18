//! Functions that are called later. Go: time/sleep.go AfterFunc, goFunc.
//!
//! One allocation holds the timer and the function. When the timer goes off it starts a goroutine
//! that calls the function: the timer itself runs on an M's own stack, where user code must not
//! run.
//!
//! I1 `due` counts the calls that have gone off and not ended. The timer that raises it to 1 starts
//!    a goroutine, which calls until it is 0 again; so one goroutine at a time has the function.
//!    (In Go, a reset during a call makes calls overlap; here the function may be `FnMut`, and
//!    calls follow one another.)
//! I2 `claims` counts what may still call: each setting until its call has ended or was stopped,
//!    and the handle. The handle counts for more than any number of settings, because a call set by
//!    a reset may end before that reset counts it. Reaching 0 drops the function, always on a
//!    user's goroutine or thread. The allocation lives on while an `Arc` does, such as that of a
//!    stopped timer's entry in a heap, and may be freed anywhere.

use std::cell::UnsafeCell;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use std::time::Duration;

use crate::sched::newproc::{self, Options};
use crate::sys::clock::{coarse_nanotime_no_earlier, nanotime, saturating_ns};
use crate::throw;
use crate::timer::{self, Keep};
use crate::words::join_word::Joinable;

/// From this duration on the time of a call is taken from the coarse clock: most of the cost of a
/// reset is reading the clock.
const LONG: Duration = Duration::from_secs(10);

/// The nanotime `d` from now; for a long `d` up to
/// [`COARSE_LAG_NS`](crate::sys::clock::COARSE_LAG_NS) later. Go: when.
#[inline]
pub(super) fn when(d: Duration) -> i64 {
    let now = if d < LONG { nanotime() } else { coarse_nanotime_no_earlier() };
    now.saturating_add(saturating_ns(d))
}

/// What the handle counts in `claims` (I2).
const HANDLE: usize = 1 << (usize::BITS - 2);

/// A timer and what it calls.
struct Func<F: ?Sized> {
    timer: timer::HeapTimer,
    /// See I2.
    claims: AtomicUsize,
    /// See I1.
    due: AtomicUsize,
    /// Where `after_func` was called.
    site: &'static Location<'static>,
    /// Owned as I1 says; dropped as I2 says.
    f: UnsafeCell<ManuallyDrop<F>>,
}

// SAFETY: `f` has one owner at a time (I1, I2) and is Send.
unsafe impl<F: ?Sized + Send> Sync for Func<F> {}
// SAFETY: as above.
unsafe impl<F: ?Sized + Send> Send for Func<F> {}

/// The user's end.
pub(super) struct FuncHandle(Arc<Func<dyn FnMut() + Send>>);

impl FuncHandle {
    /// Calls `f` at `when`.
    pub(super) fn start<F>(when: i64, f: F, site: &'static Location<'static>) -> FuncHandle
    where
        F: FnMut() + Send + 'static,
    {
        let func = Arc::new(Func {
            timer: timer::HeapTimer::counted(Func::<F>::KEEP),
            // This handle, and the call that is set below.
            claims: AtomicUsize::new(HANDLE + 1),
            due: AtomicUsize::new(0),
            site,
            f: UnsafeCell::new(ManuallyDrop::new(f)),
        });
        // SAFETY: in an Arc, it does not move; the heap holds a reference by KEEP; `go_off` takes
        // this pointer; the timer is new.
        unsafe { func.timer.start_new(when, Func::<F>::go_off, Arc::as_ptr(&func).cast_mut().cast()) };
        FuncHandle(func)
    }

    /// Sets the call anew; true if an earlier one was still to come.
    pub(super) fn reset(&self, when: i64) -> bool {
        let pending = self.0.timer.reset(when, 0);
        if !pending {
            // Relaxed: our own claim keeps the count from 0.
            self.0.claims.fetch_add(1, Relaxed);
        }
        pending
    }

    /// Prevents the call; true if it was still to come.
    pub(super) fn stop(&self) -> bool {
        let pending = self.0.timer.stop();
        if pending {
            // Relaxed: our own claim keeps the count from 0.
            self.0.claims.fetch_sub(1, Relaxed);
        }
        pending
    }
}

impl Drop for FuncHandle {
    fn drop(&mut self) {
        self.0.give_up_claim(HANDLE);
    }
}

impl<F: ?Sized> Func<F> {
    /// See I2.
    fn give_up_claim(&self, claim: usize) {
        // ORDERING: AcqRel pairs with itself in the other claims: the drop comes after all calls.
        // So does Acquire in the load, which spares the exchange where ours is the only claim:
        // nobody is left to change the count.
        if self.claims.load(Acquire) == claim || self.claims.fetch_sub(claim, AcqRel) == claim {
            // SAFETY: I2: nobody will call it any more, and this happens once.
            unsafe { ManuallyDrop::drop(&mut *self.f.get()) };
        }
    }
}

impl<F: FnMut() + Send + 'static> Func<F> {
    const KEEP: &'static Keep = &Keep { retain: Self::retain, release: Self::release };

    /// # Safety
    /// `arg` comes from an `Arc<Func<F>>` that is alive.
    unsafe fn retain(arg: *mut ()) {
        // SAFETY: the caller's duty.
        unsafe { Arc::increment_strong_count(arg.cast::<Func<F>>().cast_const()) };
    }

    /// # Safety
    /// As for `retain`; takes one reference.
    unsafe fn release(arg: *mut ()) {
        // SAFETY: the caller's duty.
        unsafe { Arc::decrement_strong_count(arg.cast::<Func<F>>().cast_const()) };
    }

    /// The timer's function.
    ///
    /// # Safety
    /// As for `retain`.
    #[doc(alias = "goFunc")]
    unsafe fn go_off(arg: *mut (), _seq: usize, _delay_ns: i64) {
        let func = arg.cast::<Func<F>>().cast_const();
        // SAFETY: the caller's duty: alive during this call.
        let (due, site) = unsafe { (&(*func).due, (*func).site) };
        // ORDERING: AcqRel pairs with the fetch_sub in `call`: the next caller has the function as
        // the last one left it.
        if due.fetch_add(1, AcqRel) > 0 {
            return; // The goroutine that calls it now goes on.
        }
        // SAFETY: alive, see above; the new reference is the goroutine's.
        let func = unsafe {
            Arc::increment_strong_count(func);
            Arc::from_raw(func)
        };
        // SAFETY: nothing is borrowed; F is Send.
        let spawned =
            unsafe { newproc::newproc(move || func.call(), Options::default(), site, Joinable::No, 0) };
        if let Err(error) = spawned {
            throw::fatal(&format!("after_func: {error}"));
        }
    }

    /// The goroutine: see I1.
    fn call(&self) {
        loop {
            // There is nobody to join.
            newproc::contain(|| {
                // SAFETY: I1: ours until `due` is given back.
                let f = unsafe { &mut *self.f.get() };
                f();
            });
            // ORDERING: AcqRel: Release gives the function to whoever raises `due` next, Acquire
            // pairs with the raises so far.
            let again = self.due.fetch_sub(1, AcqRel) > 1;
            // The drop of the function is the user's code, too.
            newproc::contain(|| self.give_up_claim(1));
            if !again {
                return;
            }
        }
    }
}
