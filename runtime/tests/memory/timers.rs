//! What timers cost while nobody waits for them.

use std::time::Duration;

use gopark_runtime::time::{Timer, after, after_func};

/// An hour's timers that nobody waits for leave nothing behind. Go: TestTimerGC.
#[test]
fn unreferenced_timers_cost_nothing() {
    let body = || {
        let before = resident_kib();
        for _ in 0..300_000 {
            let _ = Timer::new(Duration::from_secs(3600));
            let _ = after(Duration::from_secs(3600));
            after_func(Duration::from_secs(3600), || {}).stop();
        }
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < 4096, "{grown} KiB");
    };
    crate::alone(body);
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|l| l.starts_with("RssAnon:")).expect("a line of its own");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}
