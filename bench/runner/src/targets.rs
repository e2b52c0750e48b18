//! What gopark set itself, as data: a figure of a row, against another contestant's in the same round, another row's of
//! its own, or a plain number.
//!
//! With one worker the CPU time stands for the wall time: the worker is never idle, and what neighbours take does not count.

use crate::contestants::GO;
use crate::results::{Results, median};

/// What the figure is compared with.
#[derive(Clone, Copy, Debug)]
enum Against {
    Go,
    /// The bare limit.
    Limit,
    /// gopark's own figure in the row with this label.
    Row(&'static str),
    /// In the figure's own unit.
    Number,
}

#[derive(Clone, Copy, Debug)]
struct Target {
    ours: &'static str,
    group: &'static str,
    label: &'static str,
    figure: &'static str,
    against: Against,
    at_most: f64,
}

/// A target and what was measured.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub what: String,
    pub against: String,
    pub at_most: f64,
    pub measured: f64,
    /// The same ratio of server CPU over the client's of the same run, in which the machine's mood cancels; for server CPU.
    pub over_client: Option<f64>,
}

impl Verdict {
    pub(crate) fn met(&self) -> bool {
        self.measured <= self.at_most
    }
}

const fn target(
    ours: &'static str,
    group: &'static str,
    label: &'static str,
    figure: &'static str,
    against: Against,
    at_most: f64,
) -> Target {
    Target { ours, group, label, figure, against, at_most }
}

const WALL: &str = "ns_per_op";
const CPU: &str = "cpu_ns_per_op";
const SERVER: &str = "server_cpu_us";
const SERVER_PER_CLIENT: &str = "server_per_client";
const FAITHFUL: &str = "gopark";
const FEWEST: &str = "gopark-fewest";

use Against::{Go, Limit, Number, Row};

const TARGETS: &[Target] = &[
    target(FAITHFUL, "spawn_join", "1 worker", CPU, Go, 0.5),
    target(FAITHFUL, "spawn_join", "2 workers", WALL, Go, 0.6),
    target(FAITHFUL, "spawn_join", "2 workers", CPU, Go, 0.6),
    target(FAITHFUL, "yield", "2 tasks, 1 worker", CPU, Go, 0.4),
    target(FAITHFUL, "yield", "1000 tasks, 1 worker", CPU, Go, 0.5),
    target(FAITHFUL, "chan_pingpong", "unbuffered, 1 worker", CPU, Go, 0.4),
    target(FAITHFUL, "chan_pingpong", "unbuffered, 2 workers", WALL, Go, 0.5),
    target(FAITHFUL, "chan_mpsc", "4 to 1, buffer 128, 1 worker", CPU, Go, 0.7),
    target(FAITHFUL, "chan_mpsc", "4 to 1, buffer 128, 2 workers", WALL, Go, 0.9),
    target(FAITHFUL, "mutex_contended", "8 tasks, 1 worker", CPU, Go, 1.0),
    target(FAITHFUL, "mutex_contended", "8 tasks, 2 workers", WALL, Go, 1.0),
    target(FAITHFUL, "timers", "start + stop, 10k live", CPU, Go, 0.45),
    target(FAITHFUL, "timers", "reset, 10k live", CPU, Go, 0.7),
    target(FAITHFUL, "sleepers", "1,000,000", "memory", Number, 4800.0),
    target(FAITHFUL, "sleepers", "1,000,000", "spawn_ms", Go, 1.0),
    target(FAITHFUL, "idle_conns", "10k", "rss_per_after_echo", Go, 1.0),
    target(FAITHFUL, "tcp_echo", "same, C=1", SERVER, Limit, 1.15),
    target(FEWEST, "tcp_echo", "same, C=1", SERVER, Limit, 1.03),
    target(FAITHFUL, "tcp_echo", "same, C=50", SERVER, Limit, 1.13),
    target(FEWEST, "tcp_echo", "same, C=50", SERVER, Limit, 1.02),
    target(FAITHFUL, "tcp_echo", "same, C=1000", SERVER, Limit, 1.13),
    target(FEWEST, "tcp_echo", "same, C=1000", SERVER, Limit, 1.03),
    target(FAITHFUL, "tcp_conn", "same", SERVER, Limit, 1.14),
    target(FEWEST, "tcp_conn", "same", SERVER, Limit, 1.12),
    target(FAITHFUL, "http_hello", "same, C=64", SERVER, Limit, 1.20),
    target(FEWEST, "http_hello", "same, C=64", SERVER, Limit, 1.10),
    target(FAITHFUL, "syscalls", "C=1", "all", Number, 5.0),
    target(FEWEST, "syscalls", "C=1", "all", Number, 3.0),
    target(FAITHFUL, "syscalls", "C=50", "all", Number, 3.03),
    target(FEWEST, "syscalls", "C=50", "all", Number, 2.05),
    target(FAITHFUL, "tcp_echo", "free, C=50", SERVER, Go, 0.8),
    target(FAITHFUL, "tcp_conn", "free", SERVER, Go, 0.8),
    target(FAITHFUL, "tcp_echo", "same, C=1000", "p99_us", Limit, 1.3),
    target(FAITHFUL, "hogs", "C=50, a hog for each P", "interval_us", Go, 1.0),
    target(FAITHFUL, "hogs", "C=50, a hog for each P", "p99_us", Go, 1.0),
    target(FAITHFUL, "hogs", "C=50, 2 hogs, 1 asleep", "interval_us", Go, 1.0),
    target(FAITHFUL, "hogs", "C=50, 2 hogs, 1 asleep", "p99_us", Go, 1.0),
    target(FAITHFUL, "hogs", "C=50, 2 hogs, 1 asleep, netpoll_every", "interval_us", Go, 1.0),
    target(FAITHFUL, "hogs", "C=50, 2 hogs, 1 asleep, netpoll_every", "p99_us", Go, 1.0),
    target(FAITHFUL, "hogs", "C=50, 50 hogs", "interval_us", Go, 1.0),
    target(FAITHFUL, "hogs", "C=50, 50 hogs", "p99_us", Go, 1.0),
    target(FAITHFUL, "compute_hogs", "round trips beside 50 hogs", WALL, Go, 1.0),
    target(FAITHFUL, "compute_hogs", "round trips beside 200 hogs", WALL, Go, 1.0),
    target(FAITHFUL, "growth", "spawn + join, 1000000 parked", CPU, Row("spawn + join, 1000 parked"), 1.5),
    target(FAITHFUL, "growth", "park + ready, 1000000 parked", CPU, Row("park + ready, 1000 parked"), 1.5),
    target(
        FAITHFUL,
        "growth",
        "timer start + stop, 1000000 parked",
        CPU,
        Row("timer start + stop, 1000 parked"),
        1.5,
    ),
    target(FAITHFUL, "growth", "timer reset, 1000000 parked", CPU, Row("timer reset, 1000 parked"), 1.5),
    target(
        FAITHFUL,
        "echo_growth",
        "same, C=50, 1000000 parked",
        SERVER,
        Row("same, C=50, 1000 parked"),
        1.5,
    ),
];

/// One for each target whose rows were measured.
pub(crate) fn verdicts(results: &Results) -> Vec<Verdict> {
    TARGETS.iter().filter_map(|t| t.verdict(results)).collect()
}

impl Target {
    fn verdict(&self, results: &Results) -> Option<Verdict> {
        let go = format!("go{GO}");
        let value = |label| median(&results.values(self.group, label, self.ours, self.figure));
        let ratio =
            |them: &str, figure| median(&results.ratios(self.group, self.label, (self.ours, them), figure));
        let (measured, against) = match self.against {
            Against::Go => (ratio(&go, self.figure)?, format!("of Go {GO}")),
            Against::Limit => (ratio("limit", self.figure)?, "of the limit".to_owned()),
            Against::Row(label) => (value(self.label)? / value(label)?, format!("of \"{label}\"")),
            Against::Number => (value(self.label)?, String::new()),
        };
        let what = format!("{} {}: {} of {}", self.group, self.label, self.figure, self.ours);
        let over_client = match self.against {
            Against::Go if self.figure == SERVER => ratio(&go, SERVER_PER_CLIENT),
            Against::Limit if self.figure == SERVER => ratio("limit", SERVER_PER_CLIENT),
            _ => None,
        };
        Some(Verdict { what, against, at_most: self.at_most, measured, over_client })
    }
}
