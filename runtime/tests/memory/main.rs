//! What channels and timers leave in memory. Its own binary, and one test at a time: they look at the whole process.

mod select;
mod timers;

use std::sync::{Mutex, PoisonError};

/// Runs a test's body as a goroutine, with no other test beside it.
fn alone<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: nothing in these tests is bound to a thread.
    unsafe { gopark_runtime::run(body) }
}
