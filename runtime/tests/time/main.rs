//! Go's tests of package time that apply (time/sleep_test.go here, tick_test.go in `tick.rs`), under their names.
//! What was left out and why: tests/PORTED.md.

mod chan_timers;
mod own;
mod tick;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use gopark_runtime::chan::{Receiver, bounded, unbounded};
use gopark_runtime::time::{self, Ticker, Timer, after, after_func, sleep};
use gopark_runtime::{go, gomaxprocs, gosched, select};

pub(crate) const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Runs a test's body as a goroutine.
pub(crate) fn run(f: impl FnOnce() + Send) {
    // SAFETY: no test keeps anything thread-bound over a park.
    unsafe { gopark_runtime::run(f) }
}

/// A timer made with `after_func` that behaves as one made with `Timer::new`. Go: newTimerFunc.
struct FuncTimer {
    timer: Timer,
    c: Receiver<Instant>,
}

impl FuncTimer {
    fn new(d: Duration) -> FuncTimer {
        let (s, c) = bounded(1);
        let timer = after_func(d, move || {
            let _ = s.send(Instant::now());
        });
        FuncTimer { timer, c }
    }
}

#[test]
fn test_sleep() {
    run(|| {
        const DELAY: Duration = Duration::from_millis(100);
        let other = go(|| sleep(DELAY / 2));
        let start = Instant::now();
        sleep(DELAY);
        assert!(start.elapsed() >= DELAY);
        other.join().unwrap();
    });
}

/// The function sets the next call and then takes its time, in a goroutine of its own.
#[test]
fn test_after_func() {
    run(|| {
        fn step(left: i32, done: gopark_runtime::chan::Sender<()>) {
            if left == 0 {
                return done.send(()).unwrap();
            }
            after_func(Duration::ZERO, move || step(left - 1, done.clone()));
            sleep(Duration::from_secs(1));
        }
        let (s, r) = bounded(0);
        let start = Instant::now();
        after_func(Duration::ZERO, move || step(10, s.clone()));
        r.recv().unwrap();
        assert!(start.elapsed() < Duration::from_secs(1), "the calls waited for one another");
    });
}

/// Yields until told to stop: stands for Go's calls of the collector.
fn busy(stop: &Arc<AtomicBool>) -> gopark_runtime::JoinHandle<()> {
    let stop = stop.clone();
    go(move || {
        while !stop.load(SeqCst) {
            gosched();
            sleep(Duration::from_nanos(1));
        }
    })
}

#[test]
fn test_ticker_stress() {
    run(|| {
        let stop = Arc::default();
        let other = busy(&stop);
        let ticker = Ticker::new(Duration::from_nanos(1));
        for _ in 0..100 {
            ticker.recv().unwrap();
        }
        ticker.stop();
        stop.store(true, SeqCst);
        other.join().unwrap();
    });
}

#[test]
fn test_ticker_concurrent_stress() {
    run(|| {
        let stop = Arc::default();
        let other = busy(&stop);
        let ticker = Ticker::new(Duration::from_nanos(1));
        gopark_runtime::scope(|s| {
            for _ in 0..10 {
                s.go(|| {
                    (0..100).for_each(|_| {
                        ticker.recv().unwrap();
                    })
                });
            }
        });
        ticker.stop();
        stop.store(true, SeqCst);
        other.join().unwrap();
    });
}

/// Two goroutines that keep each other runnable do not starve a timer.
#[test]
fn test_after_func_starvation() {
    run(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let (s, r) = bounded(1);
        let sender = go({
            let stop = stop.clone();
            move || {
                while !stop.load(SeqCst) {
                    s.send(true).unwrap();
                }
            }
        });
        let receiver = go(move || r.iter().for_each(drop));
        after_func(Duration::from_micros(1), move || stop.store(true, SeqCst));
        sender.join().unwrap();
        receiver.join().unwrap();
    });
}

#[test]
fn test_after() {
    run(|| {
        const DELAY: Duration = Duration::from_millis(100);
        let start = Instant::now();
        let end = after(DELAY).recv().unwrap();
        assert!(start.elapsed() >= DELAY);
        assert!(end >= start + DELAY);
    });
}

#[test]
fn test_after_tick() {
    run(|| {
        let start = Instant::now();
        for _ in 0..10 {
            after(10 * MS).recv().unwrap();
        }
        assert!(start.elapsed() >= 100 * MS);
    });
}

/// Tries five times: the times are short and the machine may be busy.
fn test_after_stop_with(new: impl Fn() -> (Box<dyn Fn() -> bool>, Receiver<Instant>)) {
    let attempt = || -> Result<(), &'static str> {
        let check = |ok: bool, what| if ok { Ok(()) } else { Err(what) };
        after_func(100 * MS, || {});
        let (stop0, c0) = new();
        let (s1, c1) = bounded(1);
        let t1 = after_func(150 * MS, move || s1.send(()).unwrap());
        let c2 = after(200 * MS);
        check(stop0(), "failed to stop event 0")?;
        check(t1.stop(), "failed to stop event 1")?;
        c2.recv().unwrap();
        check(c0.try_recv().is_err(), "event 0 was not stopped")?;
        check(c1.try_recv().is_err(), "event 1 was not stopped")?;
        check(!t1.stop(), "stop returned true twice")
    };
    let results: Vec<_> = (0..5).map(|_| attempt()).take_while(|r| r.is_err()).collect();
    assert!(results.len() < 5, "{results:?}");
}

#[test]
fn test_after_stop() {
    run(|| {
        test_after_stop_with(|| {
            let t = Timer::new(50 * MS);
            let c = t.channel().clone();
            (Box::new(move || t.stop()), c)
        });
        test_after_stop_with(|| {
            let FuncTimer { timer, c } = FuncTimer::new(50 * MS);
            (Box::new(move || timer.stop()), c)
        });
    });
}

const SLOTS: [u32; 13] = [5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0];

fn test_after_queuing_with(
    delta: Duration,
    after: impl Fn(Duration) -> Receiver<Instant>,
) -> Result<(), String> {
    let (s, results) = unbounded();
    let start = Instant::now();
    for slot in SLOTS {
        let (s, c) = (s.clone(), after(slot * delta));
        go(move || s.send((slot, c.recv().unwrap())).unwrap());
    }
    drop(s);
    let results: Vec<_> = results.iter().collect();
    assert_eq!(results.len(), SLOTS.len());
    if !results.is_sorted_by_key(|r| r.0) {
        return Err(format!("out of order: {results:?}"));
    }
    for (slot, at) in results {
        let (took, target) = (at - start, slot * delta);
        if took + delta / 2 < target || took > target + delta * 10 {
            return Err(format!("after({target:?}) arrived at {took:?}"));
        }
    }
    Ok(())
}

#[test]
fn test_after_queuing() {
    run(|| {
        let attempts = |after: fn(Duration) -> Receiver<Instant>| {
            let mut last = Ok(());
            for i in 0..5 {
                last = test_after_queuing_with((20 + i * 50) * MS, after);
                if last.is_ok() {
                    return;
                }
            }
            panic!("{last:?}");
        };
        attempts(after);
        attempts(|d| FuncTimer::new(d).c);
    });
}

#[test]
fn test_timer_stop_stress() {
    run(|| {
        gopark_runtime::scope(|s| {
            for _ in 0..100 {
                s.go(|| {
                    let timer = after_func(400 * MS, || panic!("not stopped"));
                    sleep(200 * MS);
                    assert!(timer.stop());
                });
            }
        });
        sleep(400 * MS);
    });
}

#[test]
fn test_sleep_zero_deadlock() {
    run(|| {
        let other = go(|| (0..100).for_each(|_| gosched()));
        for _ in 0..100 {
            sleep(Duration::ZERO);
            let (s, r) = bounded(1);
            s.send(true).unwrap();
            r.recv().unwrap();
        }
        other.join().unwrap();
    });
}

fn test_reset_with(d: Duration) -> Result<(), &'static str> {
    let check = |ok: bool, what| if ok { Ok(()) } else { Err(what) };
    let t = Timer::new(2 * d);
    sleep(d);
    check(t.reset(3 * d), "resetting unfired timer returned false")?;
    sleep(2 * d);
    check(t.channel().try_recv().is_err(), "timer fired early")?;
    sleep(2 * d);
    check(t.channel().try_recv().is_ok(), "reset timer did not fire")?;
    check(!t.reset(50 * MS), "resetting expired timer returned true")
}

/// With larger and larger times until one works: the machine may be busy.
#[test]
fn test_reset() {
    run(|| {
        let mut d = MS;
        while let Err(what) = test_reset_with(d) {
            d *= 2;
            assert!(d <= Duration::from_secs(10), "{what}");
        }
    });
}

#[test]
fn test_overflow_sleep() {
    run(|| {
        for big in [Duration::MAX, Duration::from_nanos(i64::MAX as u64)] {
            go(move || {
                sleep(big);
                panic!("big sleep returned");
            });
            select! {
                recv(after(big)) -> _ => panic!("big timeout fired"),
                recv(after(25 * MS)) -> _ => {}
            }
        }
        time::sleep_until(Instant::now().checked_sub(HOUR / 60).unwrap());
        select! {
            recv(after(Duration::ZERO)) -> _ => {}
            recv(after(Duration::from_secs(1))) -> _ => panic!("zero timeout did not fire"),
        }
    });
}

/// Timers of no duration are not missed by the scheduler.
#[test]
fn test_zero_timer() {
    const N: usize = 20_000;
    run(|| {
        let within = |c: &Receiver<Instant>| {
            let start = Instant::now();
            c.recv().unwrap();
            assert!(start.elapsed() < Duration::from_secs(2));
        };
        for _ in 0..N {
            within(Timer::new(Duration::ZERO).channel());
        }
        for _ in 0..N {
            within(&FuncTimer::new(Duration::ZERO).c);
        }
        let cached = FuncTimer::new(HOUR);
        for _ in 0..N {
            cached.timer.reset(Duration::ZERO);
            within(&cached.c);
        }
    });
}

/// A timer moved earlier again and again is not dropped.
#[test]
fn test_timer_modified_earlier() {
    run(|| {
        for _ in 0..1000 {
            let t = FuncTimer::new(HOUR);
            for _ in 0..10 {
                if !t.timer.stop() {
                    t.c.recv().unwrap();
                }
                t.timer.reset(Duration::ZERO);
            }
            assert!(t.c.recv_timeout(Duration::from_secs(8)).is_ok());
        }
    });
}

/// Timers moved earlier and later at a great rate all go off in time.
#[test]
fn test_adjust_timers() {
    run(|| {
        let mut seed = Instant::now().elapsed().as_nanos() as u64 | 1;
        let mut random = move |n: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed as usize % n
        };
        let mut timers: Vec<(FuncTimer, u32)> =
            (0..100).map(|_| (FuncTimer::new(Duration::ZERO), 1)).collect();
        while !timers.is_empty() {
            let i = random(timers.len());
            let (t, state) = &mut timers[i];
            match *state {
                1 => _ = t.c.recv().unwrap(),
                // Long durations that will be cancelled.
                2 => assert!(!t.timer.reset(60 * 1000 * MS)),
                4 => assert!(!t.timer.reset(180 * 1000 * MS)),
                6 => assert!(!t.timer.reset(120 * 1000 * MS)),
                3 | 5 | 7 => assert!(t.timer.stop()),
                8 => assert!(!t.timer.reset(Duration::ZERO)),
                9 => assert!(t.c.recv_timeout(750 * MS).is_ok()),
                _ => {
                    timers.swap_remove(i);
                    continue;
                }
            }
            *state += 1;
        }
    });
}

/// What stop and reset return tells, in a race with the expiry, whether there is a value to receive.
fn test_stop_reset_result(stop_or_reset: fn(&Timer) -> bool) {
    run(move || {
        let received = AtomicU64::new(0);
        gopark_runtime::scope(|s| {
            for _ in 0..200 {
                s.go(|| {
                    for _ in 0..50 {
                        let (t1, t2) = (Timer::new(MS), Timer::new(MS));
                        let other = select! {
                            recv(t1.channel()) -> _ => &t2,
                            recv(t2.channel()) -> _ => &t1,
                        };
                        if !stop_or_reset(other) {
                            other
                                .channel()
                                .recv_timeout(Duration::from_secs(10))
                                .expect("no value, none stopped");
                        }
                        received.fetch_add(1, SeqCst);
                    }
                });
            }
        });
        assert_eq!(received.into_inner(), 200 * 50);
    });
}

#[test]
fn test_stop_result() {
    test_stop_reset_result(Timer::stop);
}

#[test]
fn test_reset_result() {
    test_stop_reset_result(|t| t.reset(HOUR));
}

#[test]
fn test_multi_wakeup_ticker() {
    run(|| {
        let ticker = Ticker::new(Duration::from_micros(1));
        gopark_runtime::scope(|s| {
            for _ in 0..gomaxprocs() {
                s.go(|| {
                    for _ in 0..20_000 {
                        select! {
                            recv(ticker.channel()) -> _ => {}
                            recv(after(MS)) -> _ => {}
                        }
                    }
                });
            }
        });
    });
}

#[test]
fn test_multi_wakeup_timer() {
    run(|| {
        let timer = Timer::new(Duration::from_nanos(1));
        gopark_runtime::scope(|s| {
            for _ in 0..gomaxprocs() {
                s.go(|| {
                    for _ in 0..10_000 {
                        let _ = timer.channel().try_recv();
                        timer.reset(Duration::from_nanos(1));
                    }
                });
            }
        });
    });
}
