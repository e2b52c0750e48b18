//! crossbeam-channel's `tests/tick.rs`.

use crate::common::*;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

use gopark_runtime::chan::{Receiver, Select, TryRecvError, after, select, tick};

#[test]
fn fire() {
    run(|| {
        let start = Instant::now();
        let r = tick(ms(50));
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
        nap(100);
        let fired = r.try_recv().unwrap();
        assert!(fired - start >= ms(50));
        assert!(Instant::now() - fired >= ms(50));
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
        select! {
            recv(r) -> _ => panic!(),
            default => {}
        }
        select! {
            recv(r) -> _ => {}
            recv(tick(ms(200))) -> _ => panic!(),
        }
    });
}

#[test]
fn intervals() {
    run(|| {
        let start = Instant::now();
        let r = tick(ms(50));
        let between =
            |t: Instant, from, to| assert!(t >= start + ms(from) && t < start + ms(to), "{:?}", t - start);
        between(r.recv().unwrap(), 50, 100);
        nap(300);
        between(r.try_recv().unwrap(), 100, 150);
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty), "what nobody took in time is left out");
        between(r.recv().unwrap(), 400, 450);
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn capacity() {
    (0..10).for_each(|i| assert_eq!(tick(ms(i)).capacity(), Some(1)));
}

#[test]
fn len_empty_full() {
    run(|| {
        let r = tick(ms(50));
        assert_eq!((r.len(), r.is_empty(), r.is_full()), (0, true, false));
        nap(80);
        assert_eq!((r.len(), r.is_empty(), r.is_full()), (1, false, true));
        r.try_recv().unwrap();
        assert_eq!((r.len(), r.is_empty(), r.is_full()), (0, true, false));
    });
}

#[test]
fn try_recv() {
    run(|| {
        let r = tick(ms(200));
        assert!(r.try_recv().is_err());
        nap(100);
        assert!(r.try_recv().is_err());
        for _ in 0..2 {
            nap(200);
            assert!(r.try_recv().is_ok());
            assert!(r.try_recv().is_err());
        }
    });
}

#[test]
fn recv() {
    run(|| clock_recv(tick));
}

#[test]
fn recv_timeout() {
    run(|| {
        let start = Instant::now();
        let r = tick(ms(200));
        let in_time = |at: Instant, millis| {
            let passed = at - start;
            assert!(passed >= ms(millis) && passed <= ms(millis + 50), "{passed:?}");
        };
        assert!(r.recv_timeout(ms(100)).is_err());
        in_time(Instant::now(), 100);
        in_time(r.recv_timeout(ms(200)).unwrap(), 200);
        assert!(r.recv_timeout(ms(100)).is_err());
        in_time(Instant::now(), 300);
        in_time(r.recv_timeout(ms(200)).unwrap(), 400);
    });
}

#[test]
fn recv_two() {
    run(|| {
        let (r1, r2) = (tick(ms(20)), tick(ms(20)));
        many(2, |_| {
            for _ in 0..10 {
                select! {
                    recv(r1) -> _ => {}
                    recv(r2) -> _ => {}
                }
            }
        });
    });
}

#[test]
fn recv_race() {
    run(|| clock_recv_race(tick));
}

#[test]
fn stress_default() {
    run(|| clock_stress_default(tick));
}

/// Tickers of 200 and 300 ms tick eight times in 1100 ms, whoever of four goroutines takes them.
fn eight_hits(take_one: impl Fn([&Receiver<Instant>; 3]) -> bool + Send + Sync) {
    run(|| {
        let hits = AtomicUsize::new(0);
        let (r1, r2) = (tick(ms(200)), tick(ms(300)));
        many(4, |_| {
            let timeout = after(ms(1100));
            while take_one([&r1, &r2, &timeout]) {
                hits.fetch_add(1, SeqCst);
            }
        });
        assert_eq!(hits.load(SeqCst), 8);
    });
}

#[test]
fn select() {
    eight_hits(|rs| {
        let mut sel = Select::new();
        rs.into_iter().for_each(|r| _ = sel.recv(r));
        let oper = sel.select();
        let at = oper.index();
        oper.recv(rs[at]).unwrap();
        at < 2
    });
}

#[test]
fn ready() {
    eight_hits(|rs| {
        let mut sel = Select::new();
        rs.into_iter().for_each(|r| _ = sel.recv(r));
        let at = std::iter::repeat_with(|| sel.ready()).find(|&at| rs[at].try_recv().is_ok());
        at.unwrap() < 2
    });
}

#[test]
fn fairness() {
    const COUNT: usize = 30;
    run(|| {
        for dur in [0, 1] {
            let mut hits = [0; 2];
            for _ in 0..COUNT {
                take_either(&mut hits, &tick(ms(dur)), &tick(ms(dur)), COUNT);
            }
            assert_fair(&hits, COUNT);
        }
    });
}

#[test]
fn fairness_duplicates() {
    const COUNT: usize = 30;
    run(|| {
        for dur in [0, 1] {
            let mut hits = [0; 5];
            for _ in 0..COUNT {
                take_five_ways(&mut hits, &tick(ms(dur)), COUNT);
            }
            assert_fair(&hits, COUNT);
        }
    });
}
