//! crossbeam-channel's `tests/after.rs`.

use crate::common::*;
use crate::modes::left_out_when_pinned;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

use gopark_runtime::chan::{Receiver, Select, TryRecvError, after, select};

#[test]
fn fire() {
    run(|| {
        let start = Instant::now();
        let r = after(ms(50));
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
            recv(r) -> _ => panic!(),
            recv(after(ms(50))) -> _ => {}
        }
    });
}

#[test]
fn capacity() {
    (0..10).for_each(|i| assert_eq!(after(ms(i)).capacity(), Some(1)));
}

#[test]
fn len_empty_full() {
    run(|| {
        let r = after(ms(50));
        assert_eq!((r.len(), r.is_empty(), r.is_full()), (0, true, false));
        nap(100);
        assert_eq!((r.len(), r.is_empty(), r.is_full()), (1, false, true));
        r.try_recv().unwrap();
        assert_eq!((r.len(), r.is_empty(), r.is_full()), (0, true, false));
    });
}

#[test]
fn try_recv() {
    run(|| {
        let r = after(ms(200));
        assert!(r.try_recv().is_err());
        nap(100);
        assert!(r.try_recv().is_err());
        nap(200);
        assert!(r.try_recv().is_ok());
        assert!(r.try_recv().is_err());
        nap(200);
        assert!(r.try_recv().is_err());
    });
}

#[test]
fn recv() {
    run(|| clock_recv(after));
}

#[test]
fn recv_timeout() {
    if left_out_when_pinned(
        "after::recv_timeout",
        "its upper bounds, beside tests that compute on the same thread",
    ) {
        return;
    }
    run(|| {
        let start = Instant::now();
        let r = after(ms(200));
        let in_time = |at: Instant, millis| {
            let passed = at - start;
            assert!(passed >= ms(millis) && passed <= ms(millis + 50), "{passed:?}");
        };
        assert!(r.recv_timeout(ms(100)).is_err());
        in_time(Instant::now(), 100);
        in_time(r.recv_timeout(ms(200)).unwrap(), 200);
        assert!(r.recv_timeout(ms(200)).is_err());
        in_time(Instant::now(), 400);
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn recv_two() {
    run(|| {
        let (r1, r2) = (after(ms(50)), after(ms(50)));
        many(2, |_| {
            select! {
                recv(r1) -> _ => {}
                recv(r2) -> _ => {}
            }
        });
    });
}

#[test]
fn recv_race() {
    run(|| clock_recv_race(after));
}

#[test]
fn stress_default() {
    run(|| clock_stress_default(after));
}

/// A thousand channels that fire within 5 ms; four goroutines take from them until nothing has come for 100 ms.
fn a_thousand(take_one: impl Fn(&[Receiver<Instant>], &Receiver<Instant>) -> bool + Send + Sync) {
    const COUNT: usize = 1000;
    run(|| {
        let all: Vec<_> = (0..COUNT).map(|i| after(ms(i as u64 / 200))).collect();
        let hits = AtomicUsize::new(0);
        many(4, |_| {
            while take_one(&all, &after(ms(100))) {
                hits.fetch_add(1, SeqCst);
            }
        });
        assert_eq!(hits.load(SeqCst), COUNT);
    });
}

#[test]
fn select() {
    a_thousand(|all, timeout| {
        let mut sel = Select::new();
        all.iter().for_each(|r| _ = sel.recv(r));
        let oper_timeout = sel.recv(timeout);
        let oper = sel.select();
        match oper.index() {
            i if i == oper_timeout => oper.recv(timeout).is_err(),
            i => oper.recv(&all[i]).is_ok(),
        }
    });
}

#[test]
fn ready() {
    a_thousand(|all, timeout| {
        let mut sel = Select::new();
        all.iter().for_each(|r| _ = sel.recv(r));
        let oper_timeout = sel.recv(timeout);
        loop {
            let i = sel.ready();
            if i == oper_timeout {
                timeout.try_recv().unwrap();
                return false;
            }
            if all[i].try_recv().is_ok() {
                return true;
            }
        }
    });
}

#[test]
fn stress_clone() {
    for i in 0..1000 {
        run(|| {
            let r = after(ms(i));
            many(10, |_| {
                let r = r.clone();
                let _ = r.try_recv();
                for _ in 0..50 {
                    drop(r.clone());
                    gopark_runtime::gosched();
                }
            });
        });
    }
}

#[test]
fn fairness() {
    run(|| {
        for dur in [0, 1] {
            let mut hits = [0; 2];
            for _ in 0..1000 {
                take_either(&mut hits, &after(ms(dur)), &after(ms(dur)), 1);
            }
            assert_fair(&hits, 1000);
        }
    });
}

#[test]
fn fairness_duplicates() {
    run(|| {
        for dur in [0, 1] {
            let mut hits = [0; 5];
            for _ in 0..1000 {
                take_five_ways(&mut hits, &after(ms(dur)), 1);
            }
            assert_fair(&hits, 1000);
        }
    });
}
