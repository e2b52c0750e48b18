//! sync/cond_test.go

use std::collections::HashSet;
use std::sync::Arc;

use gopark_runtime::sync::{Condvar, Mutex};
use gopark_runtime::{chan, go, gosched};

use super::{goroutine, join_all};

#[test]
fn test_cond_signal() {
    goroutine(|| {
        const N: usize = 2;
        let cond = Arc::new((Mutex::new(()), Condvar::new()));
        let (running, runs) = chan::bounded(N);
        let (awake, wakes) = chan::bounded(N);
        for _ in 0..N {
            let (cond, running, awake) = (cond.clone(), running.clone(), awake.clone());
            go(move || {
                let mut guard = cond.0.lock();
                running.send(()).unwrap();
                cond.1.wait(&mut guard);
                awake.send(()).unwrap();
            });
        }
        (0..N).for_each(|_| runs.recv().unwrap());
        for _ in 0..N {
            assert!(wakes.try_recv().is_err(), "a goroutine is not asleep");
            let guard = cond.0.lock();
            cond.1.notify_one();
            drop(guard);
            wakes.recv().unwrap();
            assert!(wakes.try_recv().is_err(), "too many goroutines are awake");
        }
        assert!(!cond.1.notify_one());
    });
}

#[test]
fn test_cond_signal_generations() {
    goroutine(|| {
        const N: usize = 100;
        let cond = Arc::new((Mutex::new(()), Condvar::new()));
        let (running, runs) = chan::bounded(N);
        let (awake, wakes) = chan::bounded(N);
        for i in 0..N {
            let (shared, running, awake) = (cond.clone(), running.clone(), awake.clone());
            go(move || {
                let mut guard = shared.0.lock();
                running.send(()).unwrap();
                shared.1.wait(&mut guard);
                awake.send(i).unwrap();
            });
            if i > 0 {
                assert_eq!(wakes.recv(), Ok(i - 1), "the wrong goroutine woke up");
            }
            runs.recv().unwrap();
            let _guard = cond.0.lock();
            cond.1.notify_one();
        }
    });
}

#[test]
fn test_cond_broadcast() {
    goroutine(|| {
        const N: usize = 100;
        let cond = Arc::new((Mutex::new(false), Condvar::new()));
        let (running, runs) = chan::bounded(N);
        let (awake, wakes) = chan::bounded(N);
        for i in 0..N {
            let (cond, running, awake) = (cond.clone(), running.clone(), awake.clone());
            go(move || {
                let mut exit = cond.0.lock();
                while !*exit {
                    running.send(()).unwrap();
                    cond.1.wait(&mut exit);
                    awake.send(i).unwrap();
                }
            });
        }
        for round in 0..N {
            (0..N).for_each(|_| runs.recv().unwrap()); // Hangs unless all run.
            *cond.0.lock() = round == N - 1;
            assert!(wakes.try_recv().is_err(), "a goroutine is not asleep");
            let guard = cond.0.lock();
            assert_eq!(cond.1.notify_all(), N);
            drop(guard);
            let seen: HashSet<usize> = (0..N).map(|_| wakes.recv().unwrap()).collect();
            assert_eq!(seen.len(), N, "a goroutine woke up twice");
        }
        assert!(runs.try_recv().is_err(), "a goroutine did not exit");
        assert_eq!(cond.1.notify_all(), 0);
    });
}

#[test]
fn test_race() {
    goroutine(|| {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let [a, b, c] = [shared.clone(), shared.clone(), shared];
        let first = go(move || {
            let mut x = a.0.lock();
            *x = 1;
            a.1.wait(&mut x);
            assert_eq!(*x, 2);
            *x = 3;
            a.1.notify_one();
        });
        let second = go(move || {
            loop {
                let mut x = b.0.lock();
                if *x == 1 {
                    *x = 2;
                    b.1.notify_one();
                    break;
                }
                drop(x);
                gosched();
            }
        });
        let third = go(move || {
            loop {
                let mut x = c.0.lock();
                if *x == 2 {
                    c.1.wait(&mut x);
                    assert_eq!(*x, 3);
                    break;
                }
                if *x == 3 {
                    break;
                }
                drop(x);
                gosched();
            }
        });
        join_all([first, second, third]);
    });
}

#[test]
fn test_cond_signal_stealing() {
    goroutine(|| {
        for _ in 0..300 {
            let cond = Arc::new((Mutex::new(false), Condvar::new()));
            let (tx, rx) = chan::bounded(0);
            let waiter = cond.clone();
            go(move || {
                let mut guard = waiter.0.lock();
                tx.send(()).unwrap();
                waiter.1.wait(&mut guard);
                drop(guard);
                tx.send(()).unwrap();
            });
            rx.recv().unwrap();
            drop(cond.0.lock()); // Now the first waiter is in wait.
            let (broadcaster, newcomer) = (cond.clone(), cond.clone());
            go(move || broadcaster.1.notify_all());
            let second = go(move || {
                let mut done = newcomer.0.lock();
                newcomer.1.wait_while(&mut done, |done| !*done);
            });
            rx.recv().unwrap(); // The first one got it, whether or not the second did.
            *cond.0.lock() = true;
            cond.1.notify_all();
            second.join().unwrap();
        }
    });
}
