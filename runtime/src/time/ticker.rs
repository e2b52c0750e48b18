//! A repeated event. Go: time/tick.go.

use std::time::{Duration, Instant};

use crate::chan::timed::{NEVER_NS, ns_from_now, set_times, timed};
use crate::chan::{Receiver, RecvError};
use crate::sys::clock::saturating_ns;

/// A channel that gets the time at each tick. The channel holds one tick: a slow receiver misses
/// the others, and the schedule does not shift.
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
    /// Makes a ticker that ticks every `d`, for the first time after `d`.
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

    /// Restarts the ticker with another interval; the first tick comes after `d`. A receive after
    /// this call gets no older tick.
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

    /// Stops the ticks until a reset. This does not close the channel: a receive waits.
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

    /// Waits for the next tick and returns the time at which it was due. After a stop it waits for
    /// ever.
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

    /// Returns the channel, for `select!`, deadlines and iteration.
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
