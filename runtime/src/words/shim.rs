//! Atomics, cells and locks: std's and parking_lot's in a program, loom's in a model.
//!
//! A file that holds a protocol takes these from here and nowhere else, so that the loom tests run
//! the very code that ships.

#[cfg(not(loom))]
pub(crate) use parking_lot::Mutex;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic;

#[cfg(loom)]
pub(crate) use loom::sync::atomic;
#[cfg(loom)]
pub(crate) use model_mutex::Mutex;

/// `fence(SeqCst)`, where it is on a hot path. A locked instruction does on x86-64 what `mfence`
/// does for ordinary memory, in a third of the time (Linux: arch/x86/include/asm/barrier.h
/// __smp_mb); rustc makes an `mfence` of a fence.
#[inline(always)]
pub(crate) fn full_fence() {
    #[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
    // SAFETY: writes back what is on the stack. It is a fence for the compiler, too: the template
    // may touch any memory.
    unsafe {
        std::arch::asm!("lock or dword ptr [rsp], 0");
    }
    // ORDERING: SeqCst, pairs with what the caller says.
    #[cfg(not(all(target_arch = "x86_64", not(loom), not(miri))))]
    atomic::fence(atomic::Ordering::SeqCst);
}

/// One turn of a spin loop.
#[inline]
pub(crate) fn spin_loop() {
    #[cfg(not(loom))]
    std::hint::spin_loop();
    #[cfg(loom)]
    loom::thread::yield_now();
}

/// A SeqCst fence, for use right behind a read-modify-write that has succeeded.
///
/// On x86-64 such an operation is a locked instruction, which is a full fence of the processor
/// already (Intel SDM vol. 3A, 9.2.3.9: neither loads nor stores are reordered with it). What
/// remains to be done is to hold the compiler. Elsewhere, and in a model, it is the fence.
#[inline(always)]
pub(crate) fn fence_after_rmw() {
    #[cfg(all(target_arch = "x86_64", not(loom)))]
    // ORDERING: SeqCst for the compiler; the locked instruction before is the processor's. Pairs as
    // each caller says.
    atomic::compiler_fence(atomic::Ordering::SeqCst);
    #[cfg(not(all(target_arch = "x86_64", not(loom))))]
    // ORDERING: SeqCst. Pairs as each caller says.
    atomic::fence(atomic::Ordering::SeqCst);
}

#[cfg(loom)]
mod model_mutex {
    /// loom's mutex with parking_lot's signature (no poisoning).
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Mutex(loom::sync::Mutex::new(value))
        }
        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().expect("a model's thread panicked with the lock held")
        }
    }
}
