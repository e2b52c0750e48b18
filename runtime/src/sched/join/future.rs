//! A goroutine's end as a future: `JoinHandle: IntoFuture`.
//!
//! I1 While the join word is a tagged address, the box behind it belongs to the word: a
//!    read-modify-write that takes the address out of it takes the box.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{JoinHandle, Joiner};
use crate::sched::g::GRef;
use crate::sched::goready;

/// Marks a boxed waker among what waits; a record's address has these bits 0.
const WAKER: usize = 2;

impl<T> IntoFuture for JoinHandle<T> {
    type Output = std::thread::Result<T>;
    type IntoFuture = JoinFuture<T>;

    fn into_future(self) -> JoinFuture<T> {
        JoinFuture { joiner: Some(self.0) }
    }
}

/// What awaiting a [`JoinHandle`] polls. Dropping it detaches the goroutine.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{block_on, go};
///
/// let handle = go(|| 6 * 7);
/// assert_eq!(block_on(async move { handle.await.unwrap() }), 42);
/// # }) } }
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct JoinFuture<T> {
    /// None once it was ready.
    joiner: Option<Joiner<T>>,
}

impl<T> Future for JoinFuture<T> {
    type Output = std::thread::Result<T>;

    /// # Panics
    ///
    /// When polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let joiner = self.joiner.as_ref().expect("a result is taken once");
        take_waker(joiner.gp);
        if joiner.has_result() || !leave_waker(joiner.gp, cx.waker()) {
            let joiner = self.joiner.take().expect("seen above");
            return Poll::Ready(joiner.take());
        }
        Poll::Pending
    }
}

impl<T> Unpin for JoinFuture<T> {}

impl<T> Drop for JoinFuture<T> {
    fn drop(&mut self) {
        if let Some(joiner) = &self.joiner {
            take_waker(joiner.gp);
        }
    }
}

impl<T> std::fmt::Debug for JoinFuture<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinFuture")
            .field("done", &self.joiner.as_ref().is_none_or(Joiner::has_result))
            .finish()
    }
}

/// Leaves a waker for the goroutine's end; false when the result is there.
fn leave_waker(gp: GRef, waker: &Waker) -> bool {
    let tagged = Box::into_raw(Box::new(waker.clone())) as usize | WAKER;
    let left = gp.join.wait(tagged);
    if !left {
        // SAFETY: I1: it never got into the word.
        drop(unsafe { boxed(tagged) });
    }
    left
}

/// Takes back the waker, if one was left. For the handle.
fn take_waker(gp: GRef) {
    if let Some(tagged) = gp.join.take_back() {
        // SAFETY: I1: taken out just now; a future leaves nothing but wakers.
        drop(unsafe { boxed(tagged) });
    }
}

/// Wakes the waiter: a goroutine, a thread or a future.
pub(super) fn wake(waiter: usize) {
    // SAFETY: `publish` has taken it out of the word, where `wait` had put it: a tagged waker (I1),
    // or a record's address.
    unsafe { if waiter & WAKER != 0 { boxed(waiter).wake() } else { goready(GRef::from_usize(waiter)) } }
}

/// # Safety
/// The box belongs to the caller (I1).
unsafe fn boxed(tagged: usize) -> Box<Waker> {
    // SAFETY: the caller's duty; only `leave_waker` makes tagged addresses.
    unsafe { Box::from_raw((tagged & !WAKER) as *mut Waker) }
}
