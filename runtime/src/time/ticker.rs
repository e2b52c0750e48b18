//! A repeated event. Go: time/tick.go.

use std::time::{Duration, Instant};

use crate::chan::timed::{NEVER_NS, ns_from_now, set_times, timed};
use crate::chan::{Receiver, RecvError};
use crate::sys::clock::saturating_ns;

/// A channel that gets the time at each tick. A slow receiver misses ticks: the channel holds one, the others are left out, and
/// the schedule stays.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::time::Ticker;
/// use std::time::{Duration, Instant};
/// let start = Instant::now();
/// let ticker = Ticker::new(Duration::from_millis(2));
/// for _ in 0..3 {
///     ticker.recv().unwrap();
/// }
/// assert!(start.elapsed() >= Duration::from_millis(6));
/// # }) } }
/// ```
///
/// Go: time.Ticker.
#[derive(Debug)]
pub struct Ticker(Receiver<Instant>);

impl Ticker {
    /// A ticker whose first tick comes in `d` from now.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::time::Ticker;
    /// use std::time::{Duration, Instant};
    /// let start = Instant::now();
    /// assert!(Ticker::new(Duration::from_millis(1)).recv().unwrap() > start);
    /// # }) } }
    /// ```
    ///
    /// # Panics
    /// If `d` is zero.
    ///
    /// Go: time.NewTicker.
    #[doc(alias = "NewTicker")]
    #[track_caller]
    pub fn new(d: Duration) -> Ticker {
        assert!(!d.is_zero(), "non-positive interval for Ticker::new");
        Ticker(timed(ns_from_now(d), saturating_ns(d)))
    }

    /// Starts anew with another interval; the first tick comes in `d` from now. A receive after it gets no older tick.
    ///
    /// # Panics
    /// If `d` is zero.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::time::Ticker;
    /// use std::time::Duration;
    /// let ticker = Ticker::new(Duration::from_secs(3600));
    /// ticker.reset(Duration::from_millis(1));
    /// ticker.recv().unwrap();
    /// # }) } }
    /// ```
    ///
    /// Go: time.Ticker.Reset.
    #[track_caller]
    pub fn reset(&self, d: Duration) {
        assert!(!d.is_zero(), "non-positive interval for Ticker::reset");
        set_times(&self.0, ns_from_now(d), saturating_ns(d));
    }

    /// No more ticks, until a reset. The channel is not closed: a receive waits.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::time::Ticker;
    /// use std::time::Duration;
    /// let ticker = Ticker::new(Duration::from_micros(1));
    /// ticker.stop();
    /// assert!(ticker.channel().try_recv().is_err());
    /// # }) } }
    /// ```
    ///
    /// Go: time.Ticker.Stop.
    pub fn stop(&self) {
        set_times(&self.0, NEVER_NS, 0);
    }

    /// Waits for the next tick and returns the time at which it was due. For ever after a stop.
    ///
    /// # Errors
    /// Never; the type is [`Receiver::recv`]'s.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::time::Ticker;
    /// use std::time::Duration;
    /// let ticker = Ticker::new(Duration::from_millis(1));
    /// assert!(ticker.recv().unwrap() < ticker.recv().unwrap());
    /// # }) } }
    /// ```
    pub fn recv(&self) -> Result<Instant, RecvError> {
        self.0.recv()
    }

    /// The channel, for `select!`, deadlines and iteration.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::time::Ticker;
    /// use std::time::Duration;
    /// let ticker = Ticker::new(Duration::from_millis(1));
    /// assert_eq!(ticker.channel().iter().take(3).count(), 3);
    /// # }) } }
    /// ```
    ///
    /// Go: the field C.
    pub fn channel(&self) -> &Receiver<Instant> {
        &self.0
    }
}
