//! `block_on`: futures on goroutines.
//!
//! The goroutine polls the future and parks when it is pending; the waker readies it. So anything
//! that wakes works (a channel, a reactor on another thread), and the future runs on the
//! goroutine's stack.
//!
//! I1 `state` goes EMPTY -> PARKED by the park's commit, anything -> WOKEN by a waker, and WOKEN ->
//!    EMPTY by the owner before it polls again. Only the waker that finds PARKED readies.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicU32,
    Ordering::{AcqRel, Acquire},
};
use std::task::{Context, Poll, Wake, Waker};

use crate::sched::g::{GRef, WaitReason, getg};
use crate::sched::{gopark, goready};

/// Runs a future to completion, parking the goroutine (or plain thread) while it is pending.
///
/// Any future that does not need a particular runtime works. Its waker may be called from anywhere.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{block_on, go};
///
/// assert_eq!(block_on(async { 1 + 1 }), 2);
/// assert_eq!(block_on(go(|| 7)).unwrap(), 7); // a JoinHandle is a future, too
/// # }) } }
/// ```
pub fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let parker = Arc::new(Parker { gp: getg(), state: AtomicU32::new(EMPTY) });
    let waker = Waker::from(parker.clone());
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        parker.park();
    }
}

/// Who polls, and whether it has been woken.
struct Parker {
    gp: GRef,
    /// See I1.
    state: AtomicU32,
}

/// Not woken since the last poll began.
const EMPTY: u32 = 0;
/// The owner is parked.
const PARKED: u32 = 1;
/// Woken: poll again.
const WOKEN: u32 = 2;

impl Parker {
    /// Parks until woken; returns at once if that happened since the last poll began.
    fn park(&self) {
        // ORDERING: Acquire pairs with the Release in `wake_by_ref`: the next poll sees what the
        // waker did.
        if self.state.load(Acquire) != WOKEN {
            gopark(WaitReason::BlockOn, |_| {
                // ORDERING: AcqRel pairs with the swap in `wake_by_ref`: whoever comes second sees
                // the other's step.
                self.state.compare_exchange(EMPTY, PARKED, AcqRel, Acquire).is_ok()
            });
        }
        // ORDERING: AcqRel: Acquire pairs with the swap in `wake_by_ref`. A wake between here and
        // the poll sets it again.
        let old = self.state.swap(EMPTY, AcqRel);
        debug_assert_eq!(old, WOKEN, "only a waker ends the park");
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // ORDERING: AcqRel pairs with the commit's compare-exchange and the owner's swap in `park`.
        if self.state.swap(WOKEN, AcqRel) == PARKED {
            goready(self.gp);
        }
    }
}
