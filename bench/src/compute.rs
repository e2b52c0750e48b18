//! The compute workloads.

use bench_contract::{Job, sleepers::Dormitory};
use gopark::chan::bounded;
use gopark::sync::{Mutex, WaitGroup};
use gopark::time::{Timer, after_func, sleep};
use gopark::{JoinHandle, go, gosched};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Runs `tasks` copies of `body` as goroutines and waits for them, as Go does: by a WaitGroup.
fn all(tasks: u64, body: impl Fn() + Clone + Send + 'static) {
    // The driver runs one batch at a time. By reference, as Go's goroutines have it: an Arc would be counted for each.
    static GROUP: WaitGroup = WaitGroup::new();
    GROUP.add(tasks as usize);
    for _ in 0..tasks {
        let body = body.clone();
        go(move || {
            body();
            GROUP.done();
        });
    }
    GROUP.wait();
}

/// `join=handles` joins each goroutine by its handle instead of a WaitGroup.
pub(crate) fn spawn_join(job: &'static Job) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let batch: u64 = job.get("batch", 1000);
    let by_handle = job.word("join", "wg") == "handles";
    let count = || _ = COUNT.fetch_add(1, Relaxed);
    job.timed(job.get("n", 1_000_000), |n| {
        COUNT.store(0, Relaxed);
        for _ in 0..n / batch {
            if by_handle {
                let handles: Vec<JoinHandle<()>> = (0..batch).map(|_| go(count)).collect();
                handles.into_iter().for_each(|h| h.join().expect("no task of the benchmark panics"));
            } else {
                all(batch, count);
            }
        }
        assert_eq!(COUNT.load(Relaxed), n / batch * batch, "a task was lost");
    });
}

pub(crate) fn yields(job: &'static Job) {
    let tasks: u64 = job.get("tasks", 2);
    job.timed(job.get("n", 2_000_000), |n| all(tasks, move || (0..n / tasks).for_each(|_| gosched())));
}

pub(crate) fn chan_pingpong(job: &'static Job) {
    let (there, at_peer) = bounded::<u64>(0);
    let (back, here) = bounded::<u64>(0);
    go(move || at_peer.iter().for_each(|v| back.send(v).expect("the driver listens")));
    job.timed(job.get("n", 200_000), |n| {
        for i in 0..n {
            there.send(i).expect("the peer listens");
            assert_eq!(here.recv(), Ok(i), "another message came back");
        }
    });
}

pub(crate) fn chan_mpsc(job: &'static Job) {
    let (producers, cap): (u64, usize) = (job.get("producers", 4), job.get("cap", 128));
    job.timed(job.get("n", 1_000_000), |n| {
        let (sender, receiver) = bounded::<u64>(cap);
        for _ in 0..producers {
            let sender = sender.clone();
            go(move || (0..n / producers).for_each(|i| sender.send(i).expect("the consumer listens")));
        }
        drop(sender);
        assert_eq!(receiver.iter().count() as u64, n / producers * producers, "a message was lost");
    });
}

pub(crate) fn mutex_contended(job: &'static Job) {
    let tasks: u64 = job.get("tasks", 8);
    job.timed(job.get("n", 4_000_000), |n| {
        let count = Arc::new(Mutex::new(0));
        let shared = count.clone();
        all(tasks, move || (0..n / tasks).for_each(|_| *shared.lock() += 1));
        assert_eq!(*count.lock(), n / tasks * tasks, "an increment was lost");
    });
}

/// `kind=chan` takes timers with a channel instead of those that call a function.
pub(crate) fn timers(job: &'static Job) {
    let live: u64 = job.get("live", 10_000);
    let span = |i| Duration::from_secs(3600) + Duration::from_micros(i);
    let with_channel = job.word("kind", "func") == "chan";
    let start = |i| if with_channel { Timer::new(span(i)) } else { after_func(span(i), || ()) };
    let held: Vec<Timer> = (0..live).map(start).collect();
    sleep(Duration::from_millis(5));
    let reset = job.word("op", "startstop") == "reset";
    job.timed(job.get("n", 1_000_000), |n| {
        for i in 0..n {
            let active = if reset { held[(i % live) as usize].reset(span(i)) } else { start(i).stop() };
            assert!(active, "an hour is not over yet");
        }
    });
}

pub(crate) fn sleepers(job: &'static Job) {
    let look = Duration::from_millis(1);
    let dormitory = Arc::new(Dormitory::open(job));
    for _ in 0..dormitory.n {
        let dormitory = dormitory.clone();
        go(move || {
            sleep(dormitory.lie_down());
            dormitory.get_up();
        });
    }
    let asleep = loop {
        match dormitory.all_asleep() {
            Some(asleep) => break asleep,
            None => sleep(look),
        }
    };
    while !dormitory.all_up() {
        sleep(look);
    }
    dormitory.answer(job, &asleep);
}
