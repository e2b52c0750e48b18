//! What hyper asks of a runtime: tasks and time.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use hyper::rt::{Executor, Sleep as HyperSleep, Timer};

use super::sleep::{Sleep, sleep, sleep_until};
use crate::future::block_on;
use crate::sched::join::try_go;

/// Runs hyper's tasks, each in a goroutine. Where there is no stack for a goroutine the task is dropped, and hyper ends its stream.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::{chan, future::GoExecutor};
/// use hyper::rt::Executor;
///
/// let (said, heard) = chan::bounded(1);
/// GoExecutor::new().execute(async move { said.send("done").unwrap() });
/// assert_eq!(heard.recv(), Ok("done"));
/// # }) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct GoExecutor(());

impl GoExecutor {
    /// An executor; all are the same.
    ///
    /// ```
    /// let executor = gopark::future::GoExecutor::new();
    /// # drop(executor);
    /// ```
    pub fn new() -> GoExecutor {
        GoExecutor(())
    }
}

impl<F> Executor<F> for GoExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, task: F) {
        drop(try_go(move || block_on(task)));
    }
}

/// hyper's timer on the scheduler's.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::future::GoTimer;
/// use hyper::rt::Timer;
/// use std::time::Duration;
///
/// gopark::block_on(GoTimer::new().sleep(Duration::from_millis(1)));
/// # }) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct GoTimer(());

impl GoTimer {
    /// A timer; all are the same.
    ///
    /// ```
    /// let timer = gopark::future::GoTimer::new();
    /// # drop(timer);
    /// ```
    pub fn new() -> GoTimer {
        GoTimer(())
    }
}

impl Timer for GoTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn HyperSleep>> {
        Box::pin(sleep(duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn HyperSleep>> {
        Box::pin(sleep_until(deadline))
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn HyperSleep>>, new_deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            Some(own) => own.get_mut().reset(new_deadline),
            None => *sleep = self.sleep_until(new_deadline),
        }
    }
}

impl HyperSleep for Sleep {}
