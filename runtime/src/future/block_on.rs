//! `block_on`: futures on goroutines.
//!
//! The goroutine polls the future and parks when it is pending; the waker readies it. So anything
//! that wakes works (a channel, a reactor on another thread), and the future runs on the
//! goroutine's stack. How it parks is in `sched/task.rs`.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::task::{Context, Poll};

use crate::sched::task::Parker;

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
    let parker = Parker::new();
    let waker = parker.waker();
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        parker.park();
    }
}
