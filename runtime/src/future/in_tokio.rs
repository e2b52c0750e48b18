//! Futures that need tokio, on goroutines.
//!
//! One tokio runtime for the process, made when it is first needed, with one thread that drives its sockets and timers. The future
//! itself is polled where the wrapper is polled, inside the runtime's context.
//!
//! I1 The context is entered for a poll and left with it: tokio keeps it in a thread-local, and a goroutine that parks in between may go on
//!    on another thread.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Handle};

/// Runs a future that needs tokio's sockets, timers or `spawn`.
///
/// It is polled inside the context of one shared tokio runtime with one thread. What it spawns runs on that thread. Wherever the future
/// awaits, the goroutine parks.
///
/// Cancel safe if the future is.
///
/// # Panics
/// If the thread cannot be started.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::{block_on, future::tokio};
/// use std::time::Duration;
///
/// block_on(tokio(async { ::tokio::time::sleep(Duration::from_millis(1)).await }));
/// # }) }
/// ```
pub fn tokio<F: IntoFuture>(future: F) -> InTokio<F::IntoFuture> {
    InTokio(future.into_future())
}

/// A future in tokio's context: see [`tokio`](tokio()).
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::future::{InTokio, tokio};
///
/// let answer: InTokio<_> = tokio(async { ::tokio::spawn(async { 42 }).await.unwrap() });
/// assert_eq!(gopark::block_on(answer), 42);
/// # }) }
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct InTokio<F>(F);

/// The shared runtime.
static SHARED: LazyLock<Handle> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a tokio runtime");
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("gopark-tokio".into())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))
        .expect("a thread for tokio");
    handle
});

impl<F: Future> Future for InTokio<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the field is pinned with the whole and never moved.
        let future = unsafe { self.map_unchecked_mut(|this| &mut this.0) };
        poll_inside(future, cx)
    }
}

/// In a frame of its own, so that no address of a thread-local outlives it (I1).
#[inline(never)]
fn poll_inside<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    let _inside = SHARED.enter();
    future.poll(cx)
}

impl<F> fmt::Debug for InTokio<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InTokio").finish_non_exhaustive()
    }
}
