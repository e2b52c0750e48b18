//! The workloads on tokio's multi-thread scheduler, with hyper for `http_hello`.

mod compute;
mod servers;

use bench_contract::{Job, unsupported};

fn main() {
    let job = Job::leaked("tokio");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(job.get("workers", 2))
        .enable_all()
        .build()
        .expect("tokio starts");
    // The driver is a task on a worker: `block_on` alone would run it on this thread, outside the scheduler.
    runtime.block_on(async { tokio::spawn(drive(job)).await }).expect("the driver does not panic");
}

async fn drive(job: &'static Job) {
    match job.workload.as_str() {
        "spawn_join" => compute::spawn_join(job).await,
        "yield" => compute::yields(job).await,
        "chan_pingpong" => compute::chan_pingpong(job).await,
        "chan_mpsc" => compute::chan_mpsc(job).await,
        "mutex_contended" => compute::mutex_contended(job).await,
        // tokio makes a task that used many timers yield; the loop is about timers, not about that.
        "timers" => tokio::task::unconstrained(compute::timers(job)).await,
        "sleepers" => compute::sleepers(job).await,
        "tcp_echo" => servers::serve(job, servers::echo).await,
        "tcp_conn" => servers::serve(job, servers::one_line).await,
        "http_hello" => servers::serve(job, servers::hello).await,
        _ => unsupported(),
    }
}
