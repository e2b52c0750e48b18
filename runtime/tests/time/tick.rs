//! Go: time/tick_test.go.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use gopark_runtime::chan::{Receiver, bounded, never};
use gopark_runtime::time::{Ticker, after, after_func, sleep, tick};
use gopark_runtime::{go, select};

use super::{MS, run};

#[test]
fn test_ticker() {
    run(|| {
        let attempt = |count: u32, delta: Duration| -> Result<(), String> {
            let ticker = Ticker::new(delta);
            let start = Instant::now();
            (0..count / 2).for_each(|_| {
                ticker.recv().unwrap();
            });
            ticker.reset(delta * 2);
            (0..count / 2).for_each(|_| {
                ticker.recv().unwrap();
            });
            ticker.stop();
            let (took, target) = (start.elapsed(), 3 * delta * (count / 2));
            let slop = target * 3 / 10;
            if took < target - slop || took > target + slop {
                return Err(format!("took {took:?}, expected {target:?} by {slop:?}"));
            }
            sleep(2 * delta);
            ticker.channel().try_recv().map_or(Ok(()), |_| Err("did not shut down".into()))
        };
        // Go's second attempt is as long as this one: the first may fail on a busy machine.
        if let Err(first) = attempt(10, 20 * MS) {
            attempt(8, 1000 * MS).unwrap_or_else(|second| panic!("{first}; {second}"));
        }
    });
}

#[test]
fn test_teardown() {
    run(|| {
        for _ in 0..3 {
            let ticker = Ticker::new(20 * MS);
            ticker.recv().unwrap();
            ticker.stop();
        }
    });
}

#[test]
#[should_panic = "non-positive interval"]
fn test_new_ticker_lt_zero_duration() {
    Ticker::new(Duration::ZERO);
}

#[test]
#[should_panic = "non-positive interval"]
fn test_ticker_reset_lt_zero_duration() {
    Ticker::new(Duration::from_secs(1)).reset(Duration::ZERO);
}

/// A goroutine that queues what comes in and hands it out again.
fn queue(input: Receiver<u32>, done: Receiver<()>) -> Receiver<u32> {
    let (s, output) = bounded(0);
    let (idle, _keep) = bounded(0);
    go(move || {
        let _keep = _keep;
        let mut queued = VecDeque::new();
        loop {
            let (to, next) = queued.front().map_or((&idle, 0), |&next| (&s, next));
            select! {
                send(to, next) -> sent => {
                    sent.unwrap();
                    queued.pop_front();
                }
                recv(input) -> item => match item {
                    Ok(item) => queued.push_back(item),
                    Err(_) => return,
                },
                recv(done) -> _ => return,
            }
        }
    });
    output
}

/// A large heap of short sleeps, and a program that makes and abandons a timer at each step.
#[test]
fn test_long_adjust_timers() {
    run(|| {
        for _ in 0..5000 {
            go(|| sleep(Duration::from_micros(10)));
        }
        for _ in 0..500 {
            sleep(Duration::from_micros(1));
        }
        let (timer, done) = bounded::<()>(0);
        after_func(Duration::from_secs(60), move || {
            timer.close();
        });
        let (s, input) = bounded(0);
        let output = queue(input, done.clone());
        for i in 0..2000 {
            for _ in 0..20 {
                s.send(i).unwrap();
            }
            for _ in 0..20 {
                select! {
                    recv(output) -> item => assert_eq!(item, Ok(i)),
                    recv(after(Duration::from_secs(5))) -> _ => panic!("failed to read work, iteration {i}"),
                    recv(done) -> _ => panic!("timer expired"),
                }
            }
        }
    });
}

/// A value not received for a while tells when it was due.
fn test_times(start_timer: fn(Duration) -> Receiver<Instant>) {
    run(move || {
        for _ in 0..10 {
            let start = Instant::now();
            let c = start_timer(10 * MS);
            sleep(500 * MS);
            if c.recv().unwrap() - start < 400 * MS {
                return;
            }
        }
        panic!("the time of the receive, not of the timer");
    });
}

#[test]
fn test_after_times() {
    test_times(after);
}

#[test]
fn test_tick_times() {
    test_times(tick);
}

/// Go: TestTick: of a nil channel nothing comes.
#[test]
fn test_tick_never() {
    run(|| assert!(never::<Instant>().recv_timeout(5 * MS).is_err()));
}
