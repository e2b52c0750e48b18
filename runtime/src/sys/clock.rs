//! The monotonic clock in nanoseconds. Go: runtime/sys_linux_amd64.s nanotime1.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Nanoseconds of CLOCK_MONOTONIC: by the vDSO, no system call.
#[inline]
pub(crate) fn nanotime() -> i64 {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: ts is a valid place for the result; CLOCK_MONOTONIC always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut ts) };
    ts.tv_sec * 1_000_000_000 + ts.tv_nsec
}

/// Nanoseconds of CLOCK_MONOTONIC as of the kernel's last tick: never later than [`nanotime`],
/// earlier by up to a tick (1 to 10 ms, more on a machine that steals time from this one), and at a
/// quarter of its cost.
#[inline]
pub(crate) fn coarse_nanotime() -> i64 {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: ts is a valid place for the result; CLOCK_MONOTONIC_COARSE exists since Linux 2.6.32.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &mut ts) };
    ts.tv_sec * 1_000_000_000 + ts.tv_nsec
}

/// The most that the coarse clock may lag: six ticks of the slowest kernel (100 Hz). A running
/// processor takes its ticks; it updates the clock itself when the processor in charge (perhaps a
/// virtual one that its host keeps waiting) has missed five (kernel/time/tick-sched.c
/// tick_sched_do_timer). Usually the lag is one tick.
pub(crate) const COARSE_LAG_NS: i64 = 60_000_000;

/// The time by the coarse clock, rounded up: not before now, and at most [`COARSE_LAG_NS`] after.
#[inline]
pub(crate) fn coarse_nanotime_no_earlier() -> i64 {
    coarse_nanotime() + COARSE_LAG_NS
}

/// One moment in both scales, for converting between them. A nanotime that was made from an
/// `Instant` is never early, and late by the time that passed between the two readings: the closest
/// pair of some counts, since a thread that is taken off its core between them would make every
/// deadline of the process late.
fn anchor() -> (Instant, i64) {
    const PAIRS: usize = 16;
    static ANCHOR: OnceLock<(Instant, i64)> = OnceLock::new();
    *ANCHOR.get_or_init(|| {
        let pairs = (0..PAIRS).map(|_| {
            let before = nanotime();
            let (at, after) = (Instant::now(), nanotime());
            (after - before, at, after)
        });
        let (_, at, ns) = pairs.min_by_key(|pair| pair.0).expect("some pairs");
        (at, ns)
    })
}

/// The nanotime of an `Instant`; saturates.
pub(crate) fn instant_to_ns(at: Instant) -> i64 {
    let (base, base_ns) = anchor();
    match at.checked_duration_since(base) {
        Some(later) => base_ns.saturating_add(saturating_ns(later)),
        None => base_ns.saturating_sub(saturating_ns(base.duration_since(at))),
    }
}

/// The `Instant` of a nanotime.
pub(crate) fn ns_to_instant(ns: i64) -> Instant {
    let (base, base_ns) = anchor();
    if ns >= base_ns {
        base + Duration::from_nanos((ns - base_ns) as u64)
    } else {
        let earlier = Duration::from_nanos((base_ns - ns) as u64);
        base.checked_sub(earlier).unwrap_or(base)
    }
}

/// A duration's nanoseconds, at most `i64::MAX`.
#[inline]
pub(crate) fn saturating_ns(d: Duration) -> i64 {
    // Whole seconds that fit with any fraction; `Duration::as_nanos` would multiply 128 bits wide.
    const MAX_SECS: u64 = i64::MAX as u64 / 1_000_000_000 - 1;
    match d.as_secs() {
        secs @ ..=MAX_SECS => secs as i64 * 1_000_000_000 + i64::from(d.subsec_nanos()),
        _ => i64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{COARSE_LAG_NS, coarse_nanotime_no_earlier, instant_to_ns, nanotime};

    /// The shortest of some distances: this thread may be taken off its core, too.
    #[test]
    fn an_instant_and_its_nanotime_are_the_same_moment() {
        let late = (0..100).map(|_| {
            let before = nanotime();
            let converted = instant_to_ns(Instant::now());
            assert!(converted >= before, "{} ns early", before - converted);
            converted - nanotime()
        });
        assert!(late.min() < Some(5_000), "5 us late at least");
    }

    /// Next to threads that are taken off their cores.
    #[test]
    fn the_coarse_clock_is_never_further_behind_than_its_bound() {
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    let end = nanotime() + 300_000_000;
                    let mut before = 0;
                    while before < end {
                        before = nanotime();
                        let bound = coarse_nanotime_no_earlier();
                        let after = nanotime();
                        assert!(bound >= before, "{} ns early", before - bound);
                        assert!(bound <= after + COARSE_LAG_NS, "{} ns late", bound - after);
                    }
                });
            }
        });
    }
}
