//! The measuring window: opens after the warm-up, counts requests, and takes both sides' CPU time.

use crate::histogram::Histogram;
use bench_contract::{Job, Stopwatch, cpu_ns_of};
use std::time::{Duration, Instant};

pub struct Window {
    opens: Instant,
    pub closes: Instant,
    server: i32,
    /// Since the first request after the warm-up: our clocks, and the server's CPU time then.
    open: Option<(Stopwatch, u64)>,
    /// In nanoseconds.
    latencies: Histogram,
    /// How many answers came from a request to its own, that included.
    turns: Histogram,
    /// How many requests are under way at a time.
    concurrency: usize,
    counted: u64,
    /// With those of the warm-up.
    total: u64,
}

/// When a request was sent: the time, and how many answers there had been.
#[derive(Clone, Copy)]
pub struct Sent {
    at: Instant,
    answers: u64,
}

impl Window {
    pub fn new(job: &Job, concurrency: usize) -> Window {
        let seconds = |key, default| Duration::from_secs_f64(job.get(key, default));
        let opens = Instant::now() + seconds("warm", 0.3);
        Window {
            opens,
            closes: opens + seconds("secs", 1.5),
            server: job.get("pid", 0),
            open: None,
            latencies: Histogram::new(),
            turns: Histogram::new(),
            concurrency,
            counted: 0,
            total: 0,
        }
    }

    /// A request is sent at `at`.
    pub fn sent(&self, at: Instant) -> Sent {
        Sent { at, answers: self.total }
    }

    /// A request was answered at `now`.
    pub fn answered(&mut self, request: Sent, now: Instant) {
        if self.open.is_some() {
            self.counted += 1;
            self.latencies.add((now - request.at).as_nanos() as u64);
            self.turns.add(self.total - request.answers + 1);
        }
        self.total += 1;
        if self.open.is_none() && now >= self.opens {
            self.open = Some((Stopwatch::start(), cpu_ns_of(self.server)));
        }
    }

    pub fn answer(&self, job: &Job) {
        let (watch, server_then) = self.open.as_ref().expect("the server answers within the warm-up");
        let (wall_ns, client_ns) = watch.elapsed_ns();
        let server_ns = cpu_ns_of(self.server) - server_then;
        let n = self.counted as f64;
        let latency_us = |q| self.latencies.quantile(q) / 1e3;
        let turns = |q| self.turns.quantile(q) / self.concurrency as f64;
        job.answer(&[
            ("n", n),
            ("total", self.total as f64),
            ("per_s", n / wall_ns as f64 * 1e9),
            ("server_cpu_us", server_ns as f64 / n / 1e3),
            ("client_cpu_us", client_ns as f64 / n / 1e3),
            ("server_util", server_ns as f64 / wall_ns as f64),
            ("p50_us", latency_us(0.5)),
            ("p99_us", latency_us(0.99)),
            ("p999_us", latency_us(0.999)),
            ("turns_p50", turns(0.5)),
            ("turns_p99", turns(0.99)),
        ]);
    }
}
