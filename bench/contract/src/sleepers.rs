//! The bookkeeping of `sleepers`, where `n` tasks sleep until one common moment.
//!
//! The driver makes a `Dormitory`, spawns `n` tasks that call `lie_down`, sleep for what it returns, and call `get_up`,
//! and looks once a millisecond whether `all_asleep`, then whether `all_up`. Memory is read while all of them sleep.

use crate::{Job, Memory, cpu_ns};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Spawning must end this long before the common moment, or the first wake while the last are being spawned.
const MARGIN: Duration = Duration::from_millis(100);

/// Where the tasks sleep: counts them, and knows the common moment.
#[derive(Debug)]
pub struct Dormitory {
    /// How many tasks the driver has to spawn.
    pub n: u64,
    hold: Duration,
    opened: Instant,
    cpu_ns: u64,
    memory: Memory,
    asleep: AtomicU64,
    up: AtomicU64,
    /// Nanoseconds after `opened` at which the last one got up, 0 before that.
    last_up_ns: AtomicU64,
}

/// Taken when all have lain down.
#[derive(Debug)]
pub struct Asleep {
    spawn: Duration,
    memory: Memory,
}

impl Dormitory {
    /// Reads memory and the clocks: call it before the first spawn.
    pub fn open(job: &Job) -> Dormitory {
        let memory = Memory::of("self");
        Dormitory {
            n: job.get("n", 100_000),
            hold: Duration::from_millis(job.get("hold_ms", 2000)),
            cpu_ns: cpu_ns(),
            memory,
            opened: Instant::now(),
            asleep: AtomicU64::new(0),
            up: AtomicU64::new(0),
            last_up_ns: AtomicU64::new(0),
        }
    }

    /// How long the calling task has to sleep, in whole milliseconds, rounded up.
    pub fn lie_down(&self) -> Duration {
        self.asleep.fetch_add(1, SeqCst);
        let left = self.hold.saturating_sub(self.opened.elapsed());
        Duration::from_millis(left.as_nanos().div_ceil(1_000_000) as u64)
    }

    /// The calling task has slept.
    pub fn get_up(&self) {
        if self.up.fetch_add(1, SeqCst) + 1 == self.n {
            self.last_up_ns.store(self.opened.elapsed().as_nanos() as u64, SeqCst);
        }
    }

    /// Memory and time, once all tasks have lain down.
    pub fn all_asleep(&self) -> Option<Asleep> {
        (self.asleep.load(SeqCst) == self.n)
            .then(|| Asleep { spawn: self.opened.elapsed(), memory: Memory::of("self") })
    }

    /// Whether the last task has got up.
    pub fn all_up(&self) -> bool {
        self.last_up_ns.load(SeqCst) != 0
    }

    /// Prints the figures. Call it once `all_up`.
    pub fn answer(&self, job: &Job, asleep: &Asleep) {
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        let late = asleep.spawn + MARGIN > self.hold;
        let mut figures = vec![
            ("n", self.n as f64),
            ("spawn_ms", ms(asleep.spawn)),
            ("late", f64::from(u8::from(late))),
            ("wake_ms", self.last_up_ns.load(SeqCst) as f64 / 1e6 - ms(self.hold)),
            ("cpu_ns_per_op", (cpu_ns() - self.cpu_ns) as f64 / self.n as f64),
        ];
        figures.extend(asleep.memory.growth_per(&self.memory, self.n));
        job.answer(&figures);
    }
}
