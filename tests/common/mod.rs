//! What the stress tests share: a watchdog that fails a test which hangs, and repeatable randomness.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// How long a stress test runs: seconds in the tests, what `cargo xtask soak` says in a soak.
pub(crate) fn duration(short: Duration) -> Duration {
    match std::env::var("GOPARK_SOAK_SECONDS") {
        Ok(text) => Duration::from_secs(text.parse().expect("GOPARK_SOAK_SECONDS is a number")),
        Err(_) => short,
    }
}

/// The seed of this run: from GOPARK_SEED, or the clock; printed, so that a failure can be run again.
pub(crate) fn seed(test: &str) -> u64 {
    let seed = std::env::var("GOPARK_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |d| d.as_nanos() as u64)
    });
    println!("{test}: GOPARK_SEED={seed}");
    seed
}

/// Marks of life, one counter per worker.
pub(crate) struct Pulse {
    beats: Vec<AtomicU64>,
    over: AtomicBool,
}

impl Pulse {
    /// For so many workers.
    pub(crate) fn new(workers: usize) -> Arc<Pulse> {
        Arc::new(Pulse {
            beats: (0..workers).map(|_| AtomicU64::new(0)).collect(),
            over: AtomicBool::new(false),
        })
    }

    /// Worker `i` lives. Returns whether it should go on.
    // Relaxed: counters and a flag that publish nothing else.
    pub(crate) fn beat(&self, i: usize) -> bool {
        self.beats[i].fetch_add(1, Relaxed);
        !self.over.load(Relaxed)
    }

    /// Worker `i` has ended and needs no watching.
    pub(crate) fn end(&self, i: usize) {
        self.beats[i].store(u64::MAX, Relaxed);
    }

    /// Asks all workers to stop.
    pub(crate) fn stop(&self) {
        self.over.store(true, Relaxed);
    }

    /// How often they all beat; counters of ended workers are not in it.
    pub(crate) fn total(&self) -> u64 {
        self.beats.iter().map(|b| b.load(Relaxed)).filter(|&n| n != u64::MAX).sum()
    }
}

/// Ends the process, with a message, when the test is not over after `limit`, or when a worker has been silent for
/// `silence`. Drop it when the test is over.
pub(crate) struct Watchdog {
    _over: mpsc::Sender<()>,
}

impl Watchdog {
    /// Watches from a thread of its own: the runtime may be what hangs.
    pub(crate) fn watch(
        test: &'static str,
        pulse: Option<Arc<Pulse>>,
        silence: Duration,
        limit: Duration,
    ) -> Watchdog {
        let (_over, is_over) = mpsc::channel();
        std::thread::spawn(move || {
            let end = std::time::Instant::now() + limit;
            let workers = pulse.as_ref().map_or(0, |p| p.beats.len());
            let mut last = vec![(0, std::time::Instant::now()); workers];
            while let Err(mpsc::RecvTimeoutError::Timeout) = is_over.recv_timeout(Duration::from_millis(250))
            {
                let now = std::time::Instant::now();
                if now > end {
                    fail(test, &format!("not over after {limit:?}"));
                }
                for (i, (seen, since)) in last.iter_mut().enumerate() {
                    let beats = pulse.as_ref().expect("there are workers").beats[i].load(Relaxed);
                    if beats != *seen || beats == u64::MAX {
                        (*seen, *since) = (beats, now);
                    } else if now - *since > silence {
                        fail(
                            test,
                            &format!(
                                "worker {i} was silent for {silence:?} after {beats} beats: a lost wake-up?"
                            ),
                        );
                    }
                }
            }
        });
        Watchdog { _over }
    }
}

fn fail(test: &str, what: &str) -> ! {
    eprintln!("\nWATCHDOG: {test}: {what}");
    std::process::exit(101)
}
