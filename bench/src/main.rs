//! gopark's contestant: `gopark-bench WORKLOAD [key=value]...`, the contract of `bench/README.md`.

mod compute;

use bench_contract::{Job, unsupported};

fn main() {
    let job = Job::leaked("gopark");
    let drive: fn(&'static Job) = match job.workload.as_str() {
        "spawn_join" => compute::spawn_join,
        "yield" => compute::yields,
        _ => unsupported(),
    };
    let builder = gopark::Builder::new().procs(job.get("workers", 2));
    // SAFETY: run's contract: no goroutine of this program holds anything thread-bound across a call that may park.
    unsafe { builder.run(|| drive(job)) }
}
