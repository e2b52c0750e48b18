//! Go's tests of package sync, under their names: sync/{mutex,rwmutex,waitgroup,cond,once,oncefunc}_test.go, x/sync/semaphore.
//!
//! GOMAXPROCS cannot change within a process here, so the hammering tests run with the Ps there are. tests/PORTED.md has the list.

#[path = "sync_go/cond.rs"]
mod cond;
#[path = "sync_go/mutex.rs"]
mod mutex;
#[path = "sync_go/once.rs"]
mod once;
#[path = "sync_go/rwmutex.rs"]
mod rwmutex;
#[path = "sync_go/rwmutex_timed.rs"]
mod rwmutex_timed;
#[path = "sync_go/semaphore.rs"]
mod semaphore;
#[path = "sync_go/wait_group.rs"]
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
