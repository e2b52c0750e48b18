//! What the crate offers: one list.
#![cfg(not(loom))]

pub use crate::future::block_on;
pub use crate::observe::dump::{Backtrace, GoroutineInfo, GoroutineState, goroutines};
pub use crate::sched::blocking::{LockedThread, blocking, lock_os_thread};
pub use crate::sched::join::{GoOptions, JoinFuture, JoinHandle, SpawnError, go, go_local, go_with, try_go};
pub use crate::sched::metrics::{Histogram, Metrics, metrics};
pub use crate::sched::offload::offload;
pub use crate::sched::scope::{Scope, ScopedJoinHandle, scope};
pub use crate::sched::start::{Builder, is_pinned, run, run_pinned};

/// Lets other goroutines run. On a plain thread: [`std::thread::yield_now`].
///
/// Go: runtime.Gosched.
///
/// ```
/// # unsafe { gopark::Builder::new().procs(1).run(|| {
/// let other = gopark::go(|| ());
/// while !other.is_finished() {
///     gopark::gosched();
/// }
/// # }) }
/// ```
#[doc(alias = "Gosched")]
#[inline]
pub fn gosched() {
    crate::sched::gosched();
}

/// The number of goroutines that have started and not ended.
///
/// Go: runtime.NumGoroutine.
///
/// ```
/// # unsafe { gopark::run(|| {
/// assert_eq!(gopark::num_goroutine(), 1);
/// # }) }
/// ```
#[doc(alias = "NumGoroutine")]
pub fn num_goroutine() -> usize {
    crate::sched::schedt::try_sched().map_or(0, crate::sched::counts::living)
}

/// The number of Ps: how many goroutines run at once. Go: runtime.GOMAXPROCS(0).
///
/// # Panics
/// Before the runtime runs.
///
/// ```
/// # unsafe { gopark::run(|| {
/// assert!(gopark::gomaxprocs() >= 1);
/// # }) }
/// ```
#[doc(alias = "GOMAXPROCS")]
pub fn gomaxprocs() -> usize {
    crate::sched::blocking::gomaxprocs()
}

/// Changes the number of Ps while goroutines run; returns the old number. `None`: the default, which is
/// what the machine offers. At most 1024; `Some(0)` changes nothing. Go: runtime.GOMAXPROCS,
/// SetDefaultGOMAXPROCS.
///
/// More Ps are in use at once. One that is taken away is given up by its thread at the next switch of
/// goroutines, or after about 10 ms if the goroutine on it computes. In pinned mode it *drains*: the
/// goroutines that live on its thread end there, and none begins there any more.
///
/// # Panics
/// Before the runtime runs.
///
/// ```
/// # unsafe { gopark::Builder::new().procs(2).run(|| {
/// assert_eq!(gopark::set_gomaxprocs(Some(4)), 2);
/// assert_eq!(gopark::gomaxprocs(), 4);
/// assert_eq!(gopark::set_gomaxprocs(Some(1)), 4);
/// # }) }
/// ```
#[doc(alias = "GOMAXPROCS")]
#[doc(alias = "SetDefaultGOMAXPROCS")]
pub fn set_gomaxprocs(n: Option<usize>) -> usize {
    crate::sched::start::set_gomaxprocs(n)
}

/// The number of the calling goroutine; `None` on a plain thread.
///
/// ```
/// assert_eq!(gopark::goid(), None);
/// # unsafe { gopark::run(|| {
/// assert!(gopark::goid().is_some());
/// # }) }
/// ```
pub fn goid() -> Option<u64> {
    crate::sched::goid()
}
