//! The compute workloads.

use bench_contract::Job;
use gopark::{JoinHandle, go, gosched};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Runs `tasks` copies of `body` as goroutines and joins them.
fn all(tasks: u64, body: impl Fn() + Clone + Send + 'static) {
    let handles: Vec<JoinHandle<()>> = (0..tasks).map(|_| go(body.clone())).collect();
    handles.into_iter().for_each(|h| h.join().expect("no task of the benchmark panics"));
}

pub fn spawn_join(job: &'static Job) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let batch: u64 = job.get("batch", 1000);
    let count = || _ = COUNT.fetch_add(1, Relaxed);
    job.timed(job.get("n", 1_000_000), |n| {
        COUNT.store(0, Relaxed);
        for _ in 0..n / batch {
            all(batch, count);
        }
        assert_eq!(COUNT.load(Relaxed), n / batch * batch, "a task was lost");
    });
}

pub fn yields(job: &'static Job) {
    let tasks: u64 = job.get("tasks", 2);
    job.timed(job.get("n", 2_000_000), |n| all(tasks, move || (0..n / tasks).for_each(|_| gosched())));
}
