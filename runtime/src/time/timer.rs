//! A single event. Go: time/sleep.go Timer.

use std::panic::Location;
use std::time::{Duration, Instant};

use super::func::{self, FuncHandle};
use crate::chan::timed::{NEVER_NS, ns_from_now, set_times, timed};
use crate::chan::{Receiver, RecvError, never};

/// A single event in the future: a message on its channel ([`Timer::new`]), or a call
/// ([`after_func`]).
///
/// The methods take `&self`: one goroutine may wait for the timer while another resets it. Dropping
/// it does not stop a call, as in Go, where programs often ignore the result of AfterFunc.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::time::Timer;
/// use std::time::{Duration, Instant};
/// let start = Instant::now();
/// let timer = Timer::new(Duration::from_secs(3600));
/// assert!(timer.reset(Duration::from_millis(5))); // it was still to come
/// timer.recv().unwrap();
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// assert!(!timer.stop()); // it has come
/// # }) } }
/// ```
///
/// Go: time.Timer.
pub struct Timer(Kind);

enum Kind {
    Channel(Receiver<Instant>),
    Call {
        handle: FuncHandle,
        /// Go's nil channel.
        nothing: Receiver<Instant>,
    },
}

impl Timer {
    /// Makes a timer whose channel gets the time once, after `d`.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::{chan, select, time::Timer};
    /// use std::time::Duration;
    /// let (_s, r) = chan::bounded::<i32>(0);
    /// let timeout = Timer::new(Duration::from_millis(1));
    /// select! {
    ///     recv(r) -> _ => unreachable!("nobody sends"),
    ///     recv(timeout.channel()) -> _ => {}
    /// }
    /// # }) } }
    /// ```
    ///
    /// Go: time.NewTimer.
    #[doc(alias = "NewTimer")]
    pub fn new(d: Duration) -> Timer {
        Timer(Kind::Channel(timed(ns_from_now(d), 0)))
    }

    /// Sets the timer to `d` from now. Returns true if it was active: not yet due, or due and not
    /// received. A receive after the reset gets nothing from before it.
    ///
    /// For a call, false means that it has begun; it is called again afterwards. See [`after_func`]
    /// for long durations.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::time::{sleep, Timer};
    /// use std::time::Duration;
    /// let timer = Timer::new(Duration::ZERO);
    /// sleep(Duration::from_millis(1));
    /// assert!(timer.reset(Duration::from_secs(3600))); // due, but not received
    /// assert!(timer.channel().is_empty());
    /// # }) } }
    /// ```
    ///
    /// Go: time.Timer.Reset.
    pub fn reset(&self, d: Duration) -> bool {
        match &self.0 {
            Kind::Channel(channel) => set_times(channel, ns_from_now(d), 0),
            Kind::Call { handle, .. } => handle.reset(func::when(d)),
        }
    }

    /// Prevents the event. Returns false if it was already stopped or received, or if the call has
    /// begun; `stop` does not wait for that call. A receive after the stop waits until a reset.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::time::after_func;
    /// use std::time::Duration;
    /// let timer = after_func(Duration::from_secs(3600), || unreachable!());
    /// assert!(timer.stop());
    /// assert!(!timer.stop());
    /// # }) } }
    /// ```
    ///
    /// Go: time.Timer.Stop.
    pub fn stop(&self) -> bool {
        match &self.0 {
            Kind::Channel(channel) => set_times(channel, NEVER_NS, 0),
            Kind::Call { handle, .. } => handle.stop(),
        }
    }

    /// Waits for the event and returns the time at which it was due. Waits for ever if the timer is
    /// stopped and nobody resets it, and on a timer that calls a function (Go's nil channel).
    ///
    /// # Errors
    /// Never; the type is [`Receiver::recv`]'s.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::time::Timer;
    /// use std::time::{Duration, Instant};
    /// let due = Timer::new(Duration::from_millis(1)).recv().unwrap();
    /// assert!(due <= Instant::now());
    /// # }) } }
    /// ```
    pub fn recv(&self) -> Result<Instant, RecvError> {
        self.channel().recv()
    }

    /// Returns the channel, for `select!` and deadlines.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::time::Timer;
    /// use std::time::Duration;
    /// let timer = Timer::new(Duration::from_secs(3600));
    /// assert!(timer.channel().try_recv().is_err());
    /// # }) } }
    /// ```
    ///
    /// Go: the field C.
    pub fn channel(&self) -> &Receiver<Instant> {
        match &self.0 {
            Kind::Channel(channel) => channel,
            Kind::Call { nothing, .. } => nothing,
        }
    }
}

impl std::fmt::Debug for Timer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self.0 {
            Kind::Channel(_) => "Timer(channel)",
            Kind::Call { .. } => "Timer(call)",
        })
    }
}

/// Calls `f` in its own goroutine after `d`. The returned timer can stop or reset the call;
/// dropping it changes nothing.
///
/// With a `d` of ten seconds or more the call may come up to 60 ms late, since such times are taken
/// from a coarser clock that costs a quarter. It never comes early.
///
/// Resets may call `f` several times; the calls never overlap. A panic in `f` is printed like any
/// goroutine's and affects nothing else.
///
/// # Panics
/// Before the runtime runs.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{chan, time};
/// use std::time::Duration;
/// let (s, r) = chan::bounded(1);
/// time::after_func(Duration::from_millis(1), move || s.send("called").unwrap());
/// assert_eq!(r.recv(), Ok("called"));
/// # }) } }
/// ```
///
/// Go: time.AfterFunc.
#[doc(alias = "AfterFunc")]
#[track_caller]
pub fn after_func<F>(d: Duration, f: F) -> Timer
where
    F: FnMut() + Send + 'static,
{
    let handle = FuncHandle::start(func::when(d), f, Location::caller());
    Timer(Kind::Call { handle, nothing: never() })
}
