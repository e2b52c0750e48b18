//! What the scheduler has done so far: counters cheap enough to be always on.
//!
//! Each counter is one relaxed add on a shared word, and none is on a path taken at every switch:
//! steals, polls, wake-ups of threads and retakes are counted, parks and wakes are not. How long a
//! readied goroutine waits for its turn is measured for one in [`SAMPLE`], so the clock is not read
//! at each wake.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::sched::counts;
use crate::sched::g::GRef;
use crate::sched::p::P;
use crate::sched::schedt::try_sched;
use crate::sys::clock::nanotime;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Event {
    Steal,
    Poll,
    PollBlocking,
    Wakeup,
    ThreadStart,
    Retake,
    GlobalPut,
    SpawnRefused,
    SysmonPoll,
    Reniced,
    DiscardedThread,
}

const EVENTS: usize = Event::DiscardedThread as usize + 1;
/// One wake in this many is timed.
const SAMPLE: u32 = 64;
/// Powers of two of nanoseconds, up to a quarter of an hour.
const BUCKETS: usize = 40;

static COUNTS: [AtomicU64; EVENTS] = [const { AtomicU64::new(0) }; EVENTS];
static LATENCIES: [AtomicU64; BUCKETS] = [const { AtomicU64::new(0) }; BUCKETS];

/// Counts one.
#[inline]
pub(crate) fn count(event: Event) {
    COUNTS[event as usize].fetch_add(1, Relaxed);
}

/// A goroutine was put onto the P's queue: perhaps it is the one to time.
#[inline(always)]
pub(crate) fn readied(p: &P, gp: GRef) {
    let n = p.wakes.get().wrapping_add(1);
    p.wakes.set(n);
    if n.is_multiple_of(SAMPLE) {
        // Relaxed: published by the run queue.
        gp.ready_at.store(nanotime(), Relaxed);
    }
}

/// It runs.
#[inline(always)]
pub(crate) fn runs(gp: GRef) {
    // Relaxed: as in `readied`.
    if gp.ready_at.load(Relaxed) != 0 {
        record_latency(gp);
    }
}

#[cold]
#[inline(never)]
fn record_latency(gp: GRef) {
    let ns = (nanotime() - gp.ready_at.swap(0, Relaxed)).max(1) as u64;
    let bucket = (ns.ilog2() as usize).min(BUCKETS - 1);
    LATENCIES[bucket].fetch_add(1, Relaxed);
}

/// The scheduler's figures at one moment. See [`metrics`].
///
/// ```
/// # unsafe { gopark::run(|| {
/// let before = gopark::metrics();
/// gopark::go(|| ()).join().unwrap();
/// let after = gopark::metrics();
/// assert!(after.thread_starts >= before.thread_starts);
/// # }) }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Metrics {
    /// Goroutines that have started and not ended.
    pub goroutines: usize,
    /// Ps.
    pub procs: usize,
    /// Ps that no thread runs on.
    pub idle_procs: usize,
    /// Threads that the scheduler has now.
    pub threads: usize,
    /// Threads that sleep because there is no work.
    pub idle_threads: usize,
    /// Threads started so far.
    pub thread_starts: u64,
    /// Times that a sleeping thread was woken to run goroutines.
    pub wakeups: u64,
    /// Times that an M took goroutines from another's P.
    pub steals: u64,
    /// Polls of the network that did not wait.
    pub polls: u64,
    /// Polls of the network that waited.
    pub blocking_polls: u64,
    /// Polls of the network by sysmon, because nobody else had for 10 ms.
    pub sysmon_polls: u64,
    /// Ps taken from threads that were outside of the runtime too long.
    pub retakes: u64,
    /// Times that the niceness of a thread that computes without a P was raised, so that it would
    /// not crowd out those with one.
    pub reniced_threads: u64,
    /// Reniced threads that ended because the system did not let their niceness be restored (it
    /// takes CAP_SYS_NICE or RLIMIT_NICE); their goroutines went on on other threads.
    pub discarded_threads: u64,
    /// Goroutines that were queued by callers without a P: plain threads, and goroutines whose P
    /// was retaken.
    pub global_puts: u64,
    /// Spawns that panicked because no stack was available.
    pub refused_spawns: u64,
    /// How long readied goroutines waited for their turn; a sample of them.
    pub scheduling_latency: Histogram,
}

/// Counts of durations, in buckets of powers of two of nanoseconds.
///
/// ```
/// # unsafe { gopark::run(|| {
/// let latency = gopark::metrics().scheduling_latency;
/// if let Some(p99) = latency.quantile(0.99) {
///     println!("99 % of the waits were shorter than {p99:?}");
/// }
/// # }) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64]>,
}

impl Histogram {
    /// `(least, count)` of each bucket that holds something, in rising order: so many were at least
    /// `least` and less than twice that.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// for (least, count) in gopark::metrics().scheduling_latency.buckets() {
    ///     println!("{count} from {least:?} on");
    /// }
    /// # }) }
    /// ```
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, n)| **n > 0)
            .map(|(i, n)| (Duration::from_nanos(1 << i), *n))
    }

    /// The number of durations counted.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let latency = gopark::metrics().scheduling_latency;
    /// assert_eq!(latency.count(), latency.buckets().map(|(_, n)| n).sum::<u64>());
    /// # }) }
    /// ```
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The upper end of the bucket in which the `q`-th part (0.0 to 1.0) of the durations ends;
    /// `None` without any.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let latency = gopark::metrics().scheduling_latency;
    /// assert!(latency.quantile(0.5) <= latency.quantile(0.99));
    /// # }) }
    /// ```
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let want = (self.count() as f64 * q.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.counts.iter().enumerate().find_map(|(i, n)| {
            seen += n;
            (seen >= want).then(|| Duration::from_nanos(2 << i))
        })
    }
}

/// The scheduler's figures now. Counters only grow; each is read at a moment of its own.
///
/// # Panics
/// Before the runtime runs.
///
/// # Examples
/// ```
/// # unsafe { gopark::run(|| {
/// let m = gopark::metrics();
/// assert!(m.goroutines >= 1 && m.threads >= 1);
/// println!("p99 of the wait for a turn: {:?}", m.scheduling_latency.quantile(0.99));
/// # }) }
/// ```
pub fn metrics() -> Metrics {
    let sched = try_sched().expect("metrics: the gopark runtime is not running");
    let (threads, idle_threads) = {
        let state = sched.lock.lock();
        (state.mcount, state.nmidle)
    };
    let count = |event: Event| COUNTS[event as usize].load(Relaxed);
    Metrics {
        goroutines: counts::living(sched),
        procs: sched.procs(),
        idle_procs: sched.spinning.npidle(),
        threads,
        idle_threads,
        thread_starts: count(Event::ThreadStart),
        wakeups: count(Event::Wakeup),
        steals: count(Event::Steal),
        polls: count(Event::Poll),
        blocking_polls: count(Event::PollBlocking),
        sysmon_polls: count(Event::SysmonPoll),
        retakes: count(Event::Retake),
        reniced_threads: count(Event::Reniced),
        discarded_threads: count(Event::DiscardedThread),
        global_puts: count(Event::GlobalPut),
        refused_spawns: count(Event::SpawnRefused),
        scheduling_latency: Histogram { counts: LATENCIES.iter().map(|n| n.load(Relaxed)).collect() },
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;
    use std::time::Duration;

    #[test]
    fn quantiles_are_the_upper_ends_of_buckets() {
        let h = Histogram { counts: vec![0, 0, 98, 0, 2].into() };
        assert_eq!(h.count(), 100);
        assert_eq!(h.quantile(0.5), Some(Duration::from_nanos(8)));
        assert_eq!(h.quantile(0.99), Some(Duration::from_nanos(32)));
        assert_eq!(
            h.buckets().collect::<Vec<_>>(),
            [(Duration::from_nanos(4), 98), (Duration::from_nanos(16), 2)]
        );
        assert_eq!(Histogram { counts: vec![0].into() }.quantile(0.5), None);
    }
}
