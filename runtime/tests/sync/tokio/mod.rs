//! tokio's tests of Notify, broadcast, watch and JoinSet, under their names, on goroutines: what is polled there parks here.

mod broadcast;
mod join_set;
mod notify;
mod watch;

use gopark_runtime::{GoroutineState, JoinHandle, go, goroutines, gosched};

/// Runs a test's body in a goroutine.
fn goroutine(body: impl FnOnce() + Send) {
    // SAFETY: the tests keep nothing that is bound to a thread over a park.
    unsafe { gopark_runtime::run(body) }
}

/// Starts a goroutine and returns when it has parked.
fn parked<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let handle = go(f);
    while !is_parked(&handle) {
        assert!(!handle.is_finished(), "it did not park");
        gosched();
    }
    handle
}

fn is_parked<T>(handle: &JoinHandle<T>) -> bool {
    goroutines().iter().any(|g| g.id == handle.id() && g.state == GoroutineState::Waiting)
}
