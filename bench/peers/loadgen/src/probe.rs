//! Whether the machine gives what it has: spins on CPUs 0 and 1 at once and reports how fast, in loops a microsecond. A
//! shared host shows as a low rate (a busy neighbour on the same core) or as a gap (the virtual CPU was taken away,
//! which the guest does not see as stolen time).

use bench_contract::Job;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::hint::black_box;
use std::time::{Duration, Instant};

pub fn run(job: &Job) {
    let span = Duration::from_millis(job.get("ms", 15));
    let (first, second) = std::thread::scope(|threads| {
        let other = threads.spawn(|| spin(1, span));
        (spin(0, span), other.join().expect("spinning does not panic"))
    });
    job.answer(&[("rate0", first.0), ("rate1", second.0), ("gap0_ms", first.1), ("gap1_ms", second.1)]);
}

/// (loops a microsecond, longest gap in milliseconds)
fn spin(cpu: usize, span: Duration) -> (f64, f64) {
    const LOOPS: u32 = 1000;
    let mut only = CpuSet::new();
    only.set(cpu);
    // On a machine with one CPU both spin there, and the rate says so.
    _ = sched_setaffinity(None, &only);
    let start = Instant::now();
    let (mut last, mut gap, mut laps) = (start, Duration::ZERO, 0u32);
    while last < start + span {
        (0..LOOPS).for_each(|i| _ = black_box(i));
        let now = Instant::now();
        gap = gap.max(now - last);
        last = now;
        laps += 1;
    }
    let us = (last - start).as_secs_f64() * 1e6;
    (f64::from(laps) * f64::from(LOOPS) / us, gap.as_secs_f64() * 1e3)
}
