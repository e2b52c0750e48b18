//! Beyond Go's: plain threads, references, panics and drops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use gopark_runtime::chan::bounded;
use gopark_runtime::time::{Timer, after_func, sleep};
use gopark_runtime::{go, goid, gosched};

use super::{MS, run};

#[test]
fn many_short_sleeps() {
    run(|| {
        gopark_runtime::scope(|s| {
            for i in 0..1000 {
                s.go(move || {
                    for j in 0..20 {
                        let d = Duration::from_micros((i * 7 + j * 13) % 200);
                        let start = Instant::now();
                        sleep(d);
                        assert!(start.elapsed() >= d);
                    }
                });
            }
        });
    });
}

#[test]
fn plain_threads_sleep_and_time() {
    run(|| {
        let thread = std::thread::spawn(|| {
            let start = Instant::now();
            sleep(30 * MS);
            assert!(start.elapsed() >= 30 * MS);
            let (s, r) = bounded(1);
            after_func(MS, move || s.send(goid()).unwrap());
            assert!(r.recv().unwrap().is_some(), "called in a goroutine");
            let timer = Timer::new(20 * MS);
            timer.recv().unwrap();
            assert!(start.elapsed() >= 50 * MS);
        });
        go(|| sleep(60 * MS)).join().unwrap();
        thread.join().unwrap();
    });
}

/// A plain thread's timer is set while all goroutines sleep long: the poller must hear of it.
#[test]
fn thread_timer_interrupts_a_long_wait() {
    run(|| {
        let (s, r) = bounded(1);
        std::thread::spawn(move || {
            std::thread::sleep(50 * MS);
            after_func(10 * MS, move || s.send(()).unwrap());
        });
        let long = go(|| sleep(Duration::from_secs(3600)));
        let start = Instant::now();
        r.recv().unwrap();
        assert!(start.elapsed() < Duration::from_secs(5));
        drop(long);
    });
}

/// Tells of its drop, and whether that was in a goroutine or the thread of the test.
struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        gosched(); // must be allowed
        self.0.fetch_add(1, SeqCst);
    }
}

fn wait_for(count: &AtomicUsize, n: usize) {
    let start = Instant::now();
    while count.load(SeqCst) < n {
        assert!(start.elapsed() < Duration::from_secs(10), "{} of {n}", count.load(SeqCst));
        sleep(MS);
    }
}

/// The function is dropped when nobody can call it any more: after the last call, a stop or a panic; on a stack where that is
/// allowed to park.
#[test]
fn the_function_is_dropped() {
    run(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let make = |d: Duration, panics: bool| {
            let token = OnDrop(drops.clone());
            after_func(d, move || {
                let _ = &token;
                assert!(!panics, "meant");
            })
        };
        let hour = Duration::from_secs(3600);
        make(MS, false);
        wait_for(&drops, 1);
        make(MS, true);
        wait_for(&drops, 2);
        let kept = make(Duration::ZERO, false);
        sleep(5 * MS);
        assert_eq!(drops.load(SeqCst), 2, "could be reset");
        assert!(!kept.reset(hour));
        assert!(kept.stop());
        drop(kept);
        assert_eq!(drops.load(SeqCst), 3);
        let stopped = make(hour, false);
        assert!(stopped.stop());
        drop(stopped);
        assert_eq!(drops.load(SeqCst), 4);
        let kept = make(Duration::ZERO, true);
        sleep(5 * MS);
        kept.reset(MS);
        drop(kept);
        wait_for(&drops, 5);
    });
}

/// Resets from many goroutines: each that returned false, and the last that returned true, is one call.
#[test]
fn resets_and_calls_balance() {
    run(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let expected = AtomicUsize::new(1);
        let timer = after_func(Duration::ZERO, {
            let calls = calls.clone();
            move || {
                calls.fetch_add(1, SeqCst);
            }
        });
        gopark_runtime::scope(|s| {
            for _ in 0..8 {
                s.go(|| {
                    for i in 0..2000u64 {
                        if i % 5 == 0 {
                            expected.fetch_sub(usize::from(timer.stop()), SeqCst);
                        } else if !timer.reset(Duration::from_micros(i % 3)) {
                            expected.fetch_add(1, SeqCst);
                        }
                        if i % 50 == 0 {
                            sleep(Duration::from_micros(10));
                        }
                    }
                });
            }
        });
        drop(timer);
        let expected = expected.into_inner();
        wait_for(&calls, expected);
        sleep(5 * MS);
        assert_eq!(calls.load(SeqCst), expected);
    });
}
