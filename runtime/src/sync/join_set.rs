//! `JoinSet`: goroutines that are joined in the order in which they end. Model:
//! tokio::task::JoinSet.
//!
//! I1 A member's number comes through the channel after its result was left, and once. Its handle
//!    stays in `members` until then, so the join that follows does not park.

use std::panic::Location;
use std::time::{Duration, Instant};

use crate::chan::{self, Receiver, Sender};
use crate::sched::join::{JoinHandle, spawn_then};
use crate::sched::newproc::Options;

/// Goroutines whose results are taken in the order in which they end. Model:
/// tokio::task::JoinSet.
///
/// Dropping the set detaches its goroutines: they go on by themselves.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{sync::JoinSet, time};
/// use std::time::Duration;
///
/// let mut set = JoinSet::new();
/// for ms in [30, 1] {
///     set.go(move || {
///         time::sleep(Duration::from_millis(ms));
///         ms
///     });
/// }
/// assert_eq!(set.join_next().unwrap().unwrap(), 1);
/// assert_eq!(set.join_next().unwrap().unwrap(), 30);
/// assert!(set.join_next().is_none());
/// # }) } }
/// ```
pub struct JoinSet<T> {
    /// By number; `None`: free.
    members: Vec<Option<JoinHandle<T>>>,
    free: Vec<usize>,
    /// Numbers of members that have ended.
    ended: (Sender<usize>, Receiver<usize>),
}

impl<T: Send + 'static> JoinSet<T> {
    /// Starts `f` in a goroutine of the set.
    ///
    /// # Panics
    ///
    /// As [`go`](crate::go).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let mut set = gopark::sync::JoinSet::new();
    /// set.go(|| panic!("no"));
    /// assert!(set.join_next().unwrap().is_err());
    /// # set.go(|| ());
    /// # }) }
    /// ```
    #[track_caller]
    pub fn go(&mut self, f: impl FnOnce() -> T + Send + 'static) {
        let number = self.free.pop().unwrap_or_else(|| {
            self.members.push(None);
            self.members.len() - 1
        });
        let ended = self.ended.0.clone();
        // Nobody receives it if the set is gone.
        let at_end = move || _ = ended.send(number);
        // SAFETY: both functions and `T` are 'static and `Send`.
        let handle = unsafe { spawn_then(f, at_end, Options::default(), Location::caller()) };
        self.members[number] = Some(handle);
    }
}

impl<T> JoinSet<T> {
    /// Makes an empty set.
    ///
    /// ```
    /// assert!(gopark::sync::JoinSet::<()>::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        JoinSet { members: Vec::new(), free: Vec::new(), ended: chan::unbounded() }
    }

    /// Parks until a goroutine of the set has ended, and takes it out; `None` if the set is empty.
    /// `Err` is what it panicked with.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let mut set = gopark::sync::JoinSet::new();
    /// set.go(|| 7);
    /// assert_eq!(set.join_next().unwrap().unwrap(), 7);
    /// assert!(set.join_next().is_none());
    /// # }) }
    /// ```
    pub fn join_next(&mut self) -> Option<std::thread::Result<T>> {
        if self.is_empty() {
            return None;
        }
        let number = self.ended.1.recv().expect("the set has a sender");
        Some(self.take(number))
    }

    /// As [`join_next`](Self::join_next), parking for `timeout` at most; `None` also if none has
    /// ended by then.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    ///
    /// let (sender, receiver) = gopark::chan::bounded::<u32>(0);
    /// let mut set = gopark::sync::JoinSet::new();
    /// set.go(move || receiver.recv());
    /// assert!(set.join_next_timeout(Duration::from_millis(1)).is_none());
    /// assert_eq!(set.len(), 1);
    /// sender.send(7).unwrap();
    /// assert_eq!(set.join_next_timeout(Duration::from_secs(60)).unwrap().unwrap(), Ok(7));
    /// # }) }
    /// ```
    pub fn join_next_timeout(&mut self, timeout: Duration) -> Option<std::thread::Result<T>> {
        if self.is_empty() {
            return None;
        }
        let Some(deadline) = Instant::now().checked_add(timeout) else { return self.join_next() };
        let number = self.ended.1.recv_deadline(deadline).ok()?;
        Some(self.take(number))
    }

    /// Takes out a goroutine that has ended, if there is one.
    ///
    /// ```
    /// assert!(gopark::sync::JoinSet::<()>::new().try_join_next().is_none());
    /// ```
    pub fn try_join_next(&mut self) -> Option<std::thread::Result<T>> {
        let number = self.ended.1.try_recv().ok()?;
        Some(self.take(number))
    }

    /// Number of goroutines in the set, ended ones included.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let mut set = gopark::sync::JoinSet::new();
    /// set.go(|| ());
    /// assert_eq!(set.len(), 1);
    /// # }) }
    /// ```
    pub fn len(&self) -> usize {
        self.members.len() - self.free.len()
    }

    /// Whether the set is empty.
    ///
    /// ```
    /// assert!(gopark::sync::JoinSet::<u32>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// See I1.
    fn take(&mut self, number: usize) -> std::thread::Result<T> {
        let handle = self.members[number].take().expect("it ends once");
        self.free.push(number);
        handle.join()
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        JoinSet::new()
    }
}

impl<T> std::fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish_non_exhaustive()
    }
}
