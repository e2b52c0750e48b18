//! A time limit for a future, and a future for each tick.

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::sleep::{Sleep, sleep, sleep_until};

/// Runs a future for at most this long.
///
/// Cancel safe if the future is: dropping it drops the future and stops the timer.
///
/// # Errors
/// [`Elapsed`] when the time was over first; the future is dropped with the `Timeout`.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::future::timeout;
/// use std::time::Duration;
///
/// let limit = Duration::from_millis(5);
/// assert_eq!(gopark::block_on(timeout(limit, async { 1 })), Ok(1));
/// assert!(gopark::block_on(timeout(limit, std::future::pending::<()>())).is_err());
/// # }) }
/// ```
pub fn timeout<F: IntoFuture>(d: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), limit: sleep(d) }
}

/// A future with a time limit: see [`timeout`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::future::{Timeout, timeout};
/// use std::{future::Ready, time::Duration};
///
/// let limited: Timeout<Ready<i32>> = timeout(Duration::from_secs(1), std::future::ready(7));
/// assert_eq!(gopark::block_on(limited), Ok(7));
/// # }) }
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Timeout<F> {
    future: F,
    limit: Sleep,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: `future` is pinned with the whole and never moved; `limit` is Unpin.
        let (future, limit) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.future), Pin::new(&mut this.limit))
        };
        if let Poll::Ready(output) = future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        limit.poll(cx).map(|()| Err(Elapsed(())))
    }
}

/// The time was over first.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::future::{Elapsed, timeout};
/// use std::time::Duration;
///
/// let late: Elapsed = gopark::block_on(timeout(Duration::ZERO, std::future::pending::<()>())).unwrap_err();
/// assert_eq!(late.to_string(), "deadline has elapsed");
/// # }) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(e: Elapsed) -> std::io::Error {
        std::io::Error::new(std::io::ErrorKind::TimedOut, e)
    }
}

/// Ticks, the first at once, then one each period.
///
/// # Panics
/// If the period is zero.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use std::time::Duration;
///
/// gopark::block_on(async {
///     let mut ticks = gopark::future::interval(Duration::from_millis(2));
///     let first = ticks.tick().await;
///     assert!(ticks.tick().await - first >= Duration::from_millis(2));
/// });
/// # }) }
/// ```
pub fn interval(period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval needs a period");
    Interval { period, next: sleep_until(Instant::now()) }
}

/// Ticks: see [`interval`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::future::{Interval, interval};
/// use std::time::Duration;
///
/// let mut ticks: Interval = interval(Duration::from_secs(1));
/// gopark::block_on(ticks.tick()); // the first one comes at once
/// # }) }
/// ```
#[derive(Debug)]
pub struct Interval {
    period: Duration,
    next: Sleep,
}

impl Interval {
    /// The next tick, and the time for which it was set. Ticks that were missed come at once, one after another.
    ///
    /// Cancel safe: a tick that was not awaited to its end is not lost.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    ///
    /// let mut ticks = gopark::future::interval(Duration::from_millis(1));
    /// gopark::block_on(async { for _ in 0..3 { ticks.tick().await; } });
    /// # }) }
    /// ```
    pub async fn tick(&mut self) -> Instant {
        std::future::poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick.
    ///
    /// ```
    /// use std::task::{Context, Waker};
    /// use std::time::Duration;
    ///
    /// let mut ticks = gopark::future::interval(Duration::from_secs(1));
    /// assert!(ticks.poll_tick(&mut Context::from_waker(Waker::noop())).is_ready());
    /// ```
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        Pin::new(&mut self.next).poll(cx).map(|()| {
            let at = self.next.deadline();
            self.next.reset(at + self.period);
            at
        })
    }
}
