//! What machine this is, and whether it is quiet.

use crate::once;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::read_to_string;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A probe below this part of the best one says that the host is busy elsewhere.
const FULL_SPEED: f64 = 0.7;

/// Waits for quiet moments, and tells whether a run had one.
#[derive(Debug)]
pub(crate) struct Quiet {
    load: PathBuf,
    /// Seconds left for waiting.
    budget: f64,
    best_rate: f64,
    since: Instant,
    foreign_then: f64,
}

impl Quiet {
    pub(crate) fn new(load: PathBuf, budget: f64) -> Quiet {
        Quiet { load, budget, best_rate: 0.0, since: Instant::now(), foreign_then: 0.0 }
    }

    /// Returns once nobody else uses the CPUs and both run at full speed, or when the budget is used up.
    pub(crate) fn wait(&mut self) {
        while self.budget > 0.0 {
            let (start, foreign) = (Instant::now(), foreign_cpu());
            sleep(Duration::from_millis(50));
            let full_speed = self.full_speed();
            if full_speed && foreign_cpu() - foreign <= 0.011 {
                break;
            }
            sleep(Duration::from_millis(100));
            self.budget -= start.elapsed().as_secs_f64();
        }
        self.since = Instant::now();
        self.foreign_then = foreign_cpu();
    }

    /// Whether the run since `wait` had the machine to itself, and the CPU seconds that others used.
    pub(crate) fn was(&mut self) -> (bool, f64) {
        let foreign = foreign_cpu() - self.foreign_then;
        let wall = self.since.elapsed().as_secs_f64();
        let quiet = foreign < (0.05 * wall).max(0.025) && self.full_speed();
        (quiet, (foreign * 1e3).round() / 1e3)
    }

    fn full_speed(&mut self) -> bool {
        let Ok(probe) = once::call(Command::new(&self.load).args(["probe", "ms=15"]), None) else {
            return false;
        };
        let figures = once::figures(&probe);
        let rate = figures["rate0"].min(figures["rate1"]);
        self.best_rate = self.best_rate.max(rate);
        rate > FULL_SPEED * self.best_rate
    }
}

/// CPU seconds that the machine spent on anything but this process and the children it has waited for.
fn foreign_cpu() -> f64 {
    let numbers =
        |text: &str| text.split_whitespace().map(|w| w.parse().unwrap_or(0.0)).collect::<Vec<f64>>();
    let all = read_to_string("/proc/stat").unwrap_or_default();
    let all = numbers(all.lines().next().unwrap_or_default());
    let own = read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may hold blanks; utime, stime, cutime and cstime are the 12th to 15th after it.
    let own = numbers(own.rsplit_once(')').map_or("", |(_, rest)| rest));
    // "cpu", user, nice, system, idle, iowait, irq, softirq
    let busy: f64 = [1, 2, 3, 6, 7].iter().filter_map(|&i| all.get(i)).sum();
    let ours: f64 = own.iter().skip(11).take(4).sum();
    (busy - ours) / rustix::param::clock_ticks_per_second() as f64
}

/// The idle connections need more descriptors than most shells allow.
pub(crate) fn raise_descriptor_limit() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    // Not being allowed to is no failure: the row that needs them says what it lacked.
    _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// CPU, memory and kernel, without a name that tells whose machine it is.
pub(crate) fn describe() -> String {
    let field = |path: &str, label: &str| {
        let text = read_to_string(path).unwrap_or_default();
        let value = text.lines().find_map(|l| l.strip_prefix(label)?.trim_start().strip_prefix(':'));
        value.unwrap_or("unknown").trim().to_owned()
    };
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0)
        / f64::from(1 << 20);
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let kernel = release.split('-').next().unwrap_or_default();
    format!(
        "{cpus} CPUs ({} family {} model {}{}), {memory:.0} GiB, Linux {kernel}",
        field("/proc/cpuinfo", "model name"),
        field("/proc/cpuinfo", "cpu family"),
        field("/proc/cpuinfo", "model\t"),
        if field("/proc/cpuinfo", "flags").contains("hypervisor") { ", virtual" } else { "" },
    )
}
