//! A goroutine's end as a future: `JoinHandle: IntoFuture`.
//!
//! I1 While the packet's state is a tagged address, the box behind it belongs to the packet: who takes the address out of `state` by a
//!    read-modify-write owns it.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::task::{Context, Poll, Waker};

use super::{DONE, JoinHandle, Packet, RUNNING};

/// Marks a boxed waker in the packet's state; a record's address has these bits 0.
const WAKER: usize = 2;

impl<T> IntoFuture for JoinHandle<T> {
    type Output = std::thread::Result<T>;
    type IntoFuture = JoinFuture<T>;

    fn into_future(self) -> JoinFuture<T> {
        JoinFuture { packet: self.packet }
    }
}

/// What awaiting a [`JoinHandle`] polls. Dropping it detaches the goroutine.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// use gopark_runtime::{block_on, go};
///
/// let handle = go(|| 6 * 7);
/// assert_eq!(block_on(async move { handle.await.unwrap() }), 42);
/// # }) } }
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct JoinFuture<T> {
    packet: Arc<Packet<T>>,
}

impl<T> Future for JoinFuture<T> {
    type Output = std::thread::Result<T>;

    /// # Panics
    ///
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.packet.is_done() || !self.packet.leave_waker(cx.waker()) {
            return Poll::Ready(self.packet.take());
        }
        Poll::Pending
    }
}

impl<T> Drop for JoinFuture<T> {
    fn drop(&mut self) {
        self.packet.take_waker();
    }
}

impl<T> std::fmt::Debug for JoinFuture<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinFuture").field("done", &self.packet.is_done()).finish()
    }
}

impl<T> Packet<T> {
    /// Leaves a waker for `finish`, instead of an earlier one; false when the goroutine has ended.
    fn leave_waker(&self, waker: &Waker) -> bool {
        self.take_waker();
        let tagged = Box::into_raw(Box::new(waker.clone())) as usize | WAKER;
        // ORDERING: AcqRel: Release publishes the box to `finish`; Acquire pairs with its Release when it was faster.
        let left = self.state.compare_exchange(RUNNING, tagged, AcqRel, Acquire).is_ok();
        if !left {
            // SAFETY: I1: it never got into the state.
            drop(unsafe { boxed(tagged) });
        }
        left
    }

    /// Takes back the waker, if one was left.
    fn take_waker(&self) {
        // ORDERING: Acquire pairs with the AcqRel above; only this future leaves wakers.
        let state = self.state.load(Acquire);
        if state != DONE
            && state & WAKER != 0
            && self.state.compare_exchange(state, RUNNING, AcqRel, Acquire).is_ok()
        {
            // SAFETY: I1: taken out just now.
            drop(unsafe { boxed(state) });
        }
    }
}

/// Wakes what `finish` found, if it is a waker.
///
/// # Safety
/// `state` was taken out of a packet (I1).
pub(super) unsafe fn wake(state: usize) -> bool {
    let is_waker = state & WAKER != 0;
    if is_waker {
        // SAFETY: the caller's duty.
        unsafe { boxed(state) }.wake();
    }
    is_waker
}

/// # Safety
/// The box belongs to the caller (I1).
unsafe fn boxed(tagged: usize) -> Box<Waker> {
    // SAFETY: the caller's duty; only `leave_waker` makes tagged addresses.
    unsafe { Box::from_raw((tagged & !WAKER) as *mut Waker) }
}
