//! Sleeping and time limits as futures, for any executor.
//!
//! A timer in a P's heap, as a goroutine's sleep has, wakes the task: no goroutine waits, no reactor is needed.
//!
//! I1 `armed` is the setting whose call counts; a timer's call that carries an older one does nothing. It changes under the lock.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::sched::task;
use crate::sys::clock::{nanotime, saturating_ns};
use crate::timer::{HeapTimer, Keep};

/// A future that is ready after this duration. Made by [`sleep`].
///
/// Dropping it stops the timer. It can be moved and polled by another task: the last one to poll is woken.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::future::{Sleep, sleep};
/// use std::time::Duration;
///
/// let nap: Sleep = sleep(Duration::from_millis(1));
/// gopark::block_on(nap);
/// # }) }
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    at: Instant,
    /// Made by the first poll that has to wait.
    alarm: Option<Arc<Alarm>>,
}

struct Alarm {
    timer: HeapTimer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// See I1.
    armed: usize,
    rung: bool,
    waker: Option<Waker>,
}

/// Waits for a duration. Go: time.Sleep, as a future for any executor.
///
/// Cancel safe: dropping the future stops its timer and leaves nothing behind.
///
/// # Panics
/// When polled before the runtime runs.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::future::sleep;
/// use std::time::{Duration, Instant};
///
/// let began = Instant::now();
/// gopark::block_on(sleep(Duration::from_millis(5)));
/// assert!(began.elapsed() >= Duration::from_millis(5));
/// # }) }
/// ```
pub fn sleep(d: Duration) -> Sleep {
    sleep_until(Instant::now().checked_add(d).unwrap_or_else(far_future))
}

/// Waits until a time.
///
/// Cancel safe, as [`sleep`].
///
/// # Panics
/// When polled before the runtime runs.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use std::time::Instant;
///
/// gopark::block_on(gopark::future::sleep_until(Instant::now())); // ready at once
/// # }) }
/// ```
pub fn sleep_until(at: Instant) -> Sleep {
    Sleep { at, alarm: None }
}

/// About a century from now.
fn far_future() -> Instant {
    Instant::now() + Duration::from_secs(100 * 365 * 86_400)
}

impl Sleep {
    /// When it is ready.
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// let now = Instant::now();
    /// assert_eq!(gopark::future::sleep_until(now).deadline(), now);
    /// ```
    pub fn deadline(&self) -> Instant {
        self.at
    }

    /// Sets another time, also after it was ready. Takes effect with the next poll.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::{Duration, Instant};
    ///
    /// let mut nap = gopark::future::sleep(Duration::from_secs(3600));
    /// nap.reset(Instant::now());
    /// gopark::block_on(nap);
    /// # }) }
    /// ```
    pub fn reset(&mut self, at: Instant) {
        self.at = at;
        if let Some(alarm) = &self.alarm {
            alarm.disarm();
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        if self.at <= now {
            if let Some(alarm) = &self.alarm {
                alarm.disarm();
            }
            return Poll::Ready(());
        }
        let left = self.at - now;
        self.alarm.get_or_insert_with(Alarm::new).wait(left, cx.waker());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(alarm) = &self.alarm {
            alarm.disarm();
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.at).finish_non_exhaustive()
    }
}

impl Alarm {
    const KEEP: &'static Keep = &Keep { retain: Self::retain, release: Self::release };

    fn new() -> Arc<Alarm> {
        Arc::new(Alarm { timer: HeapTimer::counted(Alarm::KEEP), state: Mutex::default() })
    }

    /// Leaves the waker, and sets the timer unless it is set.
    fn wait(self: &Arc<Self>, left: Duration, waker: &Waker) {
        let mut state = self.state.lock();
        if !state.waker.as_ref().is_some_and(|old| old.will_wake(waker)) {
            state.waker = Some(waker.clone());
        }
        if state.armed != 0 && !state.rung {
            return;
        }
        state.rung = false;
        state.armed = state.armed.wrapping_add(1).max(1);
        let (when, armed) = (nanotime().saturating_add(saturating_ns(left).max(1)), state.armed);
        drop(state);
        crate::sched::schedt::sched();
        // SAFETY: in an Arc, it does not move; a heap that holds the timer holds a reference by
        // KEEP, which takes this pointer too.
        unsafe { self.timer.modify(when, 0, Alarm::ring, Arc::as_ptr(self).cast_mut().cast(), armed) };
    }

    /// Takes the waker back; a call under way finds another setting.
    fn disarm(&self) {
        let mut state = self.state.lock();
        let waker = state.waker.take();
        if state.armed != 0 {
            state.rung = true;
            state.armed = state.armed.wrapping_add(1).max(1);
        }
        drop(state);
        drop(waker);
        self.timer.stop();
    }

    /// The timer's call, on an M's own stack.
    ///
    /// # Safety
    /// `arg` comes from an `Arc<Alarm>` that is alive.
    unsafe fn ring(arg: *mut (), armed: usize, _delay_ns: i64) {
        // SAFETY: the caller's duty.
        let alarm = unsafe { &*arg.cast::<Alarm>() };
        let mut state = alarm.state.lock();
        if state.armed != armed {
            return;
        }
        state.rung = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            task::wake_from_m(waker);
        }
    }

    /// # Safety
    /// As `ring`.
    unsafe fn retain(arg: *mut ()) {
        // SAFETY: the caller's duty.
        unsafe { Arc::increment_strong_count(arg.cast::<Alarm>().cast_const()) };
    }

    /// Runs no user's code: the waker is taken out when the `Sleep` is dropped.
    ///
    /// # Safety
    /// As `ring`; takes one reference.
    unsafe fn release(arg: *mut ()) {
        // SAFETY: the caller's duty.
        unsafe { Arc::decrement_strong_count(arg.cast::<Alarm>().cast_const()) };
    }
}
