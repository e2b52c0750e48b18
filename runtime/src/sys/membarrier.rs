//! membarrier(2): an asymmetric fence.
//!
//! A protocol of the form "store mine, then load yours" on both sides needs a full fence on both.
//! Where one side is hot and the other runs every ten milliseconds, the hot side gets by with a
//! compiler fence ([`light`]), and the cold side makes every running thread of the process execute
//! a real one ([`heavy`]). Where the kernel does not offer it (before Linux 4.14, or with a
//! filter), both are SeqCst fences.

use std::sync::atomic::{AtomicBool, Ordering, compiler_fence, fence};

const MEMBARRIER_CMD_PRIVATE_EXPEDITED: i32 = 1 << 3;
const MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED: i32 = 1 << 4;

/// Written once by `init`, before any second thread of the runtime exists.
static ASYMMETRIC: AtomicBool = AtomicBool::new(false);

fn membarrier(cmd: i32) -> bool {
    // SAFETY: membarrier takes no pointers.
    unsafe { libc::syscall(libc::SYS_membarrier, cmd, 0, 0) == 0 }
}

/// Registers the process. Call before the first [`light`].
pub(crate) fn init() {
    // Relaxed: threads that read it are started later, by this one.
    ASYMMETRIC.store(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED), Ordering::Relaxed);
}

/// The hot side's fence; pairs with [`heavy`].
#[inline(always)]
pub(crate) fn light() {
    if ASYMMETRIC.load(Ordering::Relaxed) {
        // ORDERING: SeqCst for the compiler only; pairs with the membarrier in `heavy`, which
        // supplies the fence.
        compiler_fence(Ordering::SeqCst);
    } else {
        // ORDERING: pairs with the fence in `heavy`.
        fence(Ordering::SeqCst);
    }
}

/// The cold side's fence; pairs with [`light`] in every other thread.
pub(crate) fn heavy() {
    // ORDERING: pairs with the fence of `light` where membarrier is missing; orders this thread's
    // own accesses.
    fence(Ordering::SeqCst);
    if ASYMMETRIC.load(Ordering::Relaxed) && !membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) {
        crate::throw!("membarrier failed after registration: errno {}", super::errno());
    }
}
