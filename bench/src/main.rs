//! gopark's contestant: `gopark-bench WORKLOAD [key=value]...`, the contract of `bench/README.md`.
//!
//! Keys of gopark alone: `fewest_syscalls=1` and `netpoll_every=N` set the knobs of the same names; `yielders=N` starts
//! goroutines that keep the run queues full, which is what `netpoll_every` is for.

mod compute;
mod http;
mod servers;

use bench_contract::{Job, unsupported};
use std::time::Duration;

fn main() {
    let job = Job::leaked("gopark");
    let drive: fn(&'static Job) = match job.workload.as_str() {
        "spawn_join" => compute::spawn_join,
        "yield" => compute::yields,
        "chan_pingpong" => compute::chan_pingpong,
        "chan_mpsc" => compute::chan_mpsc,
        "mutex_contended" => compute::mutex_contended,
        "timers" => compute::timers,
        "sleepers" => compute::sleepers,
        "tcp_echo" => |job| servers::serve(job, servers::echo),
        "tcp_conn" => |job| servers::serve(job, servers::one_line),
        "http_hello" => |job| servers::serve(job, http::hello),
        _ => unsupported(),
    };
    let builder = gopark::Builder::new()
        .procs(job.get("workers", 2))
        .fewest_syscalls(job.get("fewest_syscalls", 0) == 1)
        .netpoll_every(job.get("netpoll_every", 0));
    // SAFETY: run's contract: no goroutine of this program holds anything thread-bound across a call that may park.
    unsafe {
        builder.run(|| {
            if job.workload != "timers" {
                servers::park_bystanders(job.get("live", 0));
            }
            servers::start_hogs(job.get("hogs", 0));
            servers::start_asleep(job.get("asleep", 0));
            let settle_ms = job.get("settle_ms", 0);
            if settle_ms > 0 {
                gopark::time::sleep(Duration::from_millis(settle_ms));
            }
            servers::start_yielders(job.get("yielders", 0));
            drive(job);
        });
    }
}
