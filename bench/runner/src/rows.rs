//! What is measured: one `Row` is a line of a table.

use crate::contestants::{Contestant, Family};
use crate::placement::Placement;

/// How a row is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The contestant works alone; on CPU 0 only, if a placement is given.
    Compute(Option<Placement>),
    /// The contestant serves this load.
    Load(&'static str, Placement),
    /// The same while its system calls are counted.
    SystemCalls(&'static str, Placement),
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub group: &'static str,
    pub label: String,
    pub kind: Kind,
    pub workload: &'static str,
    /// Keys of the contract: the contestant's, and for a server those of the load.
    pub keys: String,
    /// Empty for all.
    only: &'static [Family],
    /// Keys that replace or add to `keys` for some.
    instead: Vec<(Family, &'static str)>,
    /// Keys that a server gets besides its port and workers.
    pub server_keys: &'static str,
}

impl Row {
    fn new(group: &'static str, label: impl Into<String>, kind: Kind, keys: impl Into<String>) -> Row {
        Row {
            group,
            label: label.into(),
            kind,
            workload: group,
            keys: keys.into(),
            only: &[],
            instead: Vec::new(),
            server_keys: "",
        }
    }

    fn only(self, only: &'static [Family]) -> Row {
        Row { only, ..self }
    }

    fn workload(self, workload: &'static str) -> Row {
        Row { workload, ..self }
    }

    fn server_keys(self, server_keys: &'static str) -> Row {
        Row { server_keys, ..self }
    }

    /// None when the contestant does not take part in this row.
    pub(crate) fn keys_for(&self, contestant: &Contestant) -> Option<Vec<String>> {
        if !self.only.is_empty() && !self.only.contains(&contestant.family) {
            return None;
        }
        let extra = self.instead.iter().filter(|(f, _)| *f == contestant.family).map(|(_, keys)| *keys);
        Some(
            extra
                .fold(self.keys.clone(), |all, more| format!("{all} {more}"))
                .split_whitespace()
                .map(String::from)
                .collect(),
        )
    }
}

pub(crate) fn all() -> Vec<Row> {
    let mut rows = compute();
    rows.extend(growth());
    rows.extend(servers());
    rows
}

fn workers(n: usize) -> String {
    format!("{n} worker{}", if n > 1 { "s" } else { "" })
}

fn compute() -> Vec<Row> {
    let alone = Kind::Compute(None);
    let mut rows = Vec::new();
    for w in [1, 2] {
        rows.push(Row::new("spawn_join", workers(w), alone, format!("n=1000000 batch=1000 workers={w}")));
    }
    let other_join =
        Row::new("spawn_join", "2 workers, joined the other way", alone, "n=1000000 batch=1000 workers=2");
    let mut other_join = other_join.only(&[Family::Gopark, Family::Tokio, Family::May]);
    other_join.instead =
        vec![(Family::Gopark, "join=handles"), (Family::Tokio, "join=wg"), (Family::May, "join=wg")];
    rows.push(other_join);
    for tasks in [2, 100, 1000] {
        let keys = format!("n=4000000 tasks={tasks} workers=1");
        rows.push(Row::new(
            "yield",
            format!("{tasks} tasks, 1 worker"),
            Kind::Compute(Some(Placement::Same)),
            keys,
        ));
    }
    for w in [1, 2] {
        let label = format!("unbuffered, {}", workers(w));
        rows.push(Row::new("chan_pingpong", label, alone, format!("n=500000 workers={w}")));
    }
    for w in [1, 2] {
        let label = format!("4 to 1, buffer 128, {}", workers(w));
        rows.push(Row::new("chan_mpsc", label, alone, format!("n=4000000 workers={w}")));
    }
    for w in [1, 2] {
        let label = format!("8 tasks, {}", workers(w));
        rows.push(Row::new("mutex_contended", label, alone, format!("n=4000000 workers={w}")));
    }
    let live = "n=1000000 live=10000 workers=1";
    rows.push(Row::new("timers", "start + stop, 10k live", alone, format!("{live} op=startstop")));
    let channel =
        Row::new("timers", "start + stop, with a channel", alone, format!("{live} op=startstop kind=chan"));
    rows.push(channel.only(&[Family::Gopark, Family::Go]));
    rows.push(Row::new("timers", "reset, 10k live", alone, format!("{live} op=reset")));

    // The sleep must outlast the spawning, on a slow machine too.
    for (n, label, hold_ms) in
        [(10_000, "10,000", 1000), (100_000, "100,000", 2000), (1_000_000, "1,000,000", 20_000)]
    {
        rows.push(Row::new("sleepers", label, alone, format!("n={n} hold_ms={hold_ms} workers=2")));
    }
    rows
}

/// Whether an operation costs more when many goroutines stand by.
fn growth() -> Vec<Row> {
    let scaled = [Family::Gopark, Family::Go].as_slice();
    let mut rows = Vec::new();
    for live in [1_000, 1_000_000] {
        let mut row = |what: &str, workload, keys: &str| {
            let label = format!("{what}, {live} parked");
            let keys = format!("{keys} live={live} workers=1");
            let kind = Kind::Compute(None);
            rows.push(Row::new("growth", label, kind, keys).workload(workload).only(scaled));
        };
        row("spawn + join", "spawn_join", "n=1000000 batch=1000");
        row("park + ready", "chan_pingpong", "n=500000");
        row("timer start + stop", "timers", "n=1000000 op=startstop");
        row("timer reset", "timers", "n=1000000 op=reset");
    }
    rows
}

/// Two Ps with goroutines that never enter the runtime by themselves.
fn hogs() -> Vec<Row> {
    let both = [Family::Gopark, Family::Go].as_slice();
    let mut rows = Vec::new();
    for (what, server_keys, window) in [
        ("a hog for each P", "hogs=2", "secs=1.5 warm=0.2"),
        ("2 hogs, 1 asleep", "hogs=2 asleep=1", "secs=1.5 warm=0.2"),
        ("2 hogs, 1 asleep, netpoll_every", "hogs=2 asleep=1 netpoll_every=4", "secs=1.5 warm=0.2"),
        // The first turns of the hogs are over by then.
        ("50 hogs", "hogs=50", "secs=3 warm=3"),
    ] {
        let kind = Kind::Load("echo", Placement::Free);
        let row = Row::new("hogs", format!("C=50, {what}"), kind, format!("conns=50 {window}"));
        rows.push(row.workload("tcp_echo").only(both).server_keys(server_keys));
    }
    for (hogs, keys) in [(50, "n=20000 hogs=50 settle_ms=3000"), (200, "n=20000 hogs=200 settle_ms=10000")] {
        let label = format!("round trips beside {hogs} hogs");
        let row = Row::new("compute_hogs", label, Kind::Compute(None), format!("{keys} workers=2"));
        rows.push(row.workload("chan_pingpong").only(both));
    }
    rows
}

fn servers() -> Vec<Row> {
    let placements = [Placement::Same, Placement::Split, Placement::Free];
    let window = "secs=0.6 warm=0.1";
    let mut rows = Vec::new();
    for place in placements {
        for conns in [1, 50, 1000] {
            let label = format!("{}, C={conns}", place.name());
            rows.push(Row::new(
                "tcp_echo",
                label,
                Kind::Load("echo", place),
                format!("conns={conns} {window}"),
            ));
        }
    }
    for place in placements {
        rows.push(Row::new("tcp_conn", place.name(), Kind::Load("conn", place), format!("conc=32 {window}")));
    }
    for place in [Placement::Same, Placement::Split] {
        let label = format!("{}, C=64", place.name());
        rows.push(Row::new("http_hello", label, Kind::Load("http", place), format!("conns=64 {window}")));
    }
    rows.extend(hogs());
    for (live, keys) in [(1_000, "live=1000"), (1_000_000, "live=1000000")] {
        let kind = Kind::Load("echo", Placement::Same);
        let row =
            Row::new("echo_growth", format!("same, C=50, {live} parked"), kind, format!("conns=50 {window}"));
        rows.push(row.workload("tcp_echo").only(&[Family::Gopark, Family::Go]).server_keys(keys));
    }
    rows.push(
        Row::new("idle_conns", "10k", Kind::Load("idle", Placement::Split), "conns=10000")
            .workload("tcp_echo"),
    );
    for conns in [1, 50] {
        let keys = format!("conns={conns} secs=2 warm=0");
        let kind = Kind::SystemCalls("echo", Placement::Split);
        rows.push(Row::new("syscalls", format!("C={conns}"), kind, keys).workload("tcp_echo"));
    }
    rows
}
