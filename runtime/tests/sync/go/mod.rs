//! Go's tests of package sync, under their names: sync/{mutex,rwmutex,waitgroup,cond,once,oncefunc}_test.go,
//! x/sync/{semaphore,singleflight}.
//!
//! GOMAXPROCS cannot change within a process here, so the hammering tests run with the Ps there are. tests/PORTED.md has the list.

mod cond;
mod mutex;
mod once;
mod rwmutex;
mod rwmutex_timed;
mod semaphore;
mod singleflight;
mod wait_group;

use gopark_runtime::JoinHandle;

/// Runs a test's body in a goroutine.
fn goroutine(body: impl FnOnce() + Send) {
    // SAFETY: the tests keep nothing that is bound to a thread over a park.
    unsafe { gopark_runtime::run(body) }
}

fn join_all(tasks: impl IntoIterator<Item = JoinHandle<()>>) {
    tasks.into_iter().for_each(|task| task.join().unwrap());
}
