//! Wall time, and the CPU time of a whole process with all its threads.

use std::time::Instant;

/// CPU time that this process has used, all threads, user and system.
pub fn cpu_ns() -> u64 {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// The same for another process. `pid` 0 is this one.
///
/// # Panics
/// When there is no such process: then a server died under measurement.
pub fn cpu_ns_of(pid: i32) -> u64 {
    let mut clock: libc::clockid_t = 0;
    // SAFETY: the pointer is to a local of the right type, which the call fills.
    let failed = unsafe { libc::clock_getcpuclockid(pid, &mut clock) };
    assert_eq!(failed, 0, "process {pid} has no CPU clock: it is gone");
    read(clock)
}

fn read(clock: libc::clockid_t) -> u64 {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local of the right type, which the call fills.
    let failed = unsafe { libc::clock_gettime(clock, &mut at) };
    assert_eq!(failed, 0, "clock {clock} cannot be read: {}", std::io::Error::last_os_error());
    at.tv_sec as u64 * 1_000_000_000 + at.tv_nsec as u64
}

/// A point in wall time and in this process's CPU time.
#[derive(Debug)]
pub struct Stopwatch {
    wall: Instant,
    cpu_ns: u64,
}

impl Stopwatch {
    /// Both clocks from now.
    pub fn start() -> Stopwatch {
        Stopwatch { wall: Instant::now(), cpu_ns: cpu_ns() }
    }

    /// Nanoseconds since the start: (wall, CPU).
    pub fn elapsed_ns(&self) -> (u64, u64) {
        (self.wall.elapsed().as_nanos() as u64, cpu_ns() - self.cpu_ns)
    }
}
