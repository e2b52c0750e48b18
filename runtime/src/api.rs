//! What the crate offers: one list.

pub use crate::dump::{Backtrace, GoroutineInfo, goroutines};
pub use crate::future::block_on;
pub use crate::g::Status as GoroutineState;
pub use crate::join::{GoOptions, JoinFuture, JoinHandle, go, go_with};
pub use crate::metrics::{Histogram, Metrics, metrics};
pub use crate::proc::blocking::{LockedThread, blocking, lock_os_thread};
pub use crate::scope::{Scope, ScopedJoinHandle, scope};
pub use crate::start::{Builder, run};

/// Lets other goroutines run. On a plain thread: [`std::thread::yield_now`].
///
/// Go: runtime.Gosched.
#[doc(alias = "Gosched")]
#[inline]
pub fn gosched() {
    crate::proc::gosched();
}

/// The number of goroutines that have started and not ended.
///
/// Go: runtime.NumGoroutine.
#[doc(alias = "NumGoroutine")]
pub fn num_goroutine() -> usize {
    crate::sched::try_sched().map_or(0, crate::census::living)
}

/// The number of Ps: how many goroutines run at once.
///
/// # Panics
/// Before the runtime runs.
#[doc(alias = "GOMAXPROCS")]
pub fn gomaxprocs() -> usize {
    crate::proc::blocking::gomaxprocs()
}

/// The number of the calling goroutine; `None` on a plain thread.
pub fn goid() -> Option<u64> {
    crate::proc::goid()
}
