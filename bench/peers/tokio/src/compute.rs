//! The compute workloads. Each runs twice, with a tenth of the operations to warm up and then with all of them, and the
//! stopwatch of the second time answers: `Job::timed` for work that awaits.

use bench_contract::{Job, Stopwatch, sleepers::Dormitory};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, Sleep, sleep};

async fn join_all(mut set: JoinSet<()>) {
    while let Some(joined) = set.join_next().await {
        joined.expect("no task of the benchmark panics");
    }
}

pub async fn spawn_join(job: &'static Job) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let batch: u64 = job.get("batch", 1000);
    let wait_group = job.word("join", "set") == "wg";
    let total = job.get("n", 1_000_000);
    let mut watch = Stopwatch::start();
    for n in [total / 10, total] {
        watch = Stopwatch::start();
        COUNT.store(0, Relaxed);
        for _ in 0..n / batch {
            if wait_group {
                spawn_batch_counted(&COUNT, batch).await;
            } else {
                let mut set = JoinSet::new();
                for _ in 0..batch {
                    set.spawn(async { _ = COUNT.fetch_add(1, Relaxed) });
                }
                join_all(set).await;
            }
        }
        assert_eq!(COUNT.load(Relaxed), n / batch * batch, "a task was lost");
    }
    job.answer_per_op(&watch, total);
}

/// A batch joined as by Go's WaitGroup: the last to finish tells the driver.
async fn spawn_batch_counted(count: &'static AtomicU64, batch: u64) {
    let left = Arc::new((AtomicU64::new(batch), Notify::new()));
    for _ in 0..batch {
        let left = left.clone();
        tokio::spawn(async move {
            count.fetch_add(1, Relaxed);
            if left.0.fetch_sub(1, std::sync::atomic::Ordering::AcqRel) == 1 {
                left.1.notify_one();
            }
        });
    }
    left.1.notified().await;
}

pub async fn yields(job: &'static Job) {
    let tasks: u64 = job.get("tasks", 2);
    let total = job.get("n", 2_000_000);
    let mut watch = Stopwatch::start();
    for n in [total / 10, total] {
        watch = Stopwatch::start();
        let mut set = JoinSet::new();
        for _ in 0..tasks {
            set.spawn(async move {
                for _ in 0..n / tasks {
                    yield_now().await;
                }
            });
        }
        join_all(set).await;
    }
    job.answer_per_op(&watch, total);
}

/// tokio has no rendezvous: one slot is the nearest it offers.
pub async fn chan_pingpong(job: &'static Job) {
    let (there, mut at_peer) = mpsc::channel::<u64>(1);
    let (back, mut here) = mpsc::channel::<u64>(1);
    let peer = tokio::spawn(async move {
        while let Some(v) = at_peer.recv().await {
            back.send(v).await.expect("the driver listens");
        }
    });
    let total = job.get("n", 200_000);
    let mut watch = Stopwatch::start();
    for n in [total / 10, total] {
        watch = Stopwatch::start();
        for i in 0..n {
            there.send(i).await.expect("the peer listens");
            assert_eq!(here.recv().await, Some(i), "another message came back");
        }
    }
    job.answer_per_op(&watch, total);
    drop(there);
    peer.await.expect("the peer does not panic");
}

pub async fn chan_mpsc(job: &'static Job) {
    let (producers, cap): (u64, usize) = (job.get("producers", 4), job.get("cap", 128));
    let total = job.get("n", 1_000_000);
    let mut watch = Stopwatch::start();
    for n in [total / 10, total] {
        watch = Stopwatch::start();
        let (sender, mut receiver) = mpsc::channel::<u64>(cap);
        for _ in 0..producers {
            let sender = sender.clone();
            tokio::spawn(async move {
                for i in 0..n / producers {
                    sender.send(i).await.expect("the consumer listens");
                }
            });
        }
        drop(sender);
        let mut got = 0;
        while receiver.recv().await.is_some() {
            got += 1;
        }
        assert_eq!(got, n / producers * producers, "a message was lost");
    }
    job.answer_per_op(&watch, total);
}

/// `kind=std` takes std's mutex, which parks the worker thread: what many tokio programs do, for comparison.
pub async fn mutex_contended(job: &'static Job) {
    let tasks: u64 = job.get("tasks", 8);
    let parks_thread = job.word("kind", "async") == "std";
    let total = job.get("n", 4_000_000);
    let mut watch = Stopwatch::start();
    for n in [total / 10, total] {
        watch = Stopwatch::start();
        let (fair, std) = (Arc::new(Mutex::new(0)), Arc::new(std::sync::Mutex::new(0)));
        let mut set = JoinSet::new();
        for _ in 0..tasks {
            let (fair, std) = (fair.clone(), std.clone());
            set.spawn(async move {
                for _ in 0..n / tasks {
                    if parks_thread {
                        *std.lock().expect("no holder panics") += 1;
                    } else {
                        *fair.lock().await += 1;
                    }
                }
            });
        }
        join_all(set).await;
        let count: u64 = *fair.lock().await + *std.lock().expect("no holder panics");
        assert_eq!(count, n / tasks * tasks, "an increment was lost");
    }
    job.answer_per_op(&watch, total);
}

/// The first poll is what starts a `Sleep`.
async fn start(mut timer: Pin<&mut Sleep>) {
    std::future::poll_fn(|cx| {
        assert!(timer.as_mut().poll(cx).is_pending(), "an hour is not over yet");
        Poll::Ready(())
    })
    .await;
}

pub async fn timers(job: &'static Job) {
    let live: u64 = job.get("live", 10_000);
    let span = |i| Duration::from_secs(3600) + Duration::from_micros(i);
    let mut held: Vec<_> = (0..live).map(|i| Box::pin(sleep(span(i)))).collect();
    for timer in &mut held {
        start(timer.as_mut()).await;
    }
    sleep(Duration::from_millis(5)).await;
    let reset = job.word("op", "startstop") == "reset";
    let total = job.get("n", 1_000_000);
    let mut watch = Stopwatch::start();
    for n in [total / 10, total] {
        watch = Stopwatch::start();
        for i in 0..n {
            if reset {
                held[(i % live) as usize].as_mut().reset(Instant::now() + span(i));
            } else {
                start(pin!(sleep(span(i)))).await; // its drop stops it
            }
        }
    }
    job.answer_per_op(&watch, total);
}

pub async fn sleepers(job: &'static Job) {
    let look = Duration::from_millis(1);
    let dormitory = Arc::new(Dormitory::open(job));
    for _ in 0..dormitory.n {
        let dormitory = dormitory.clone();
        tokio::spawn(async move {
            sleep(dormitory.lie_down()).await;
            dormitory.get_up();
        });
    }
    let asleep = loop {
        match dormitory.all_asleep() {
            Some(asleep) => break asleep,
            None => sleep(look).await,
        }
    };
    while !dormitory.all_up() {
        sleep(look).await;
    }
    dormitory.answer(job, &asleep);
}
