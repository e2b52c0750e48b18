//! library/std/tests/sync/once.rs

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use gopark_runtime::sync::Once;
use gopark_runtime::{chan, go, gosched, scope, time};

use super::goroutine;

fn poison(once: &Once) {
    assert!(catch_unwind(AssertUnwindSafe(|| once.call_once(|| panic!("on purpose")))).is_err());
}

#[test]
fn smoke_once() {
    static O: Once = Once::new();
    let mut runs = 0;
    O.call_once(|| runs += 1);
    assert_eq!(runs, 1);
    O.call_once(|| runs += 1);
    assert_eq!(runs, 1);
}

#[test]
fn stampede_once() {
    static O: Once = Once::new();
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    fn call() {
        O.call_once(|| {
            let runs = RUNS.load(Relaxed);
            gosched(); // The others come meanwhile.
            RUNS.store(runs + 1, Relaxed);
        });
        assert_eq!(RUNS.load(Relaxed), 1);
    }
    goroutine(|| {
        let (tx, rx) = chan::unbounded();
        for _ in 0..10 {
            let tx = tx.clone();
            go(move || {
                (0..4).for_each(|_| gosched());
                call();
                tx.send(()).unwrap();
            });
        }
        call();
        drop(tx);
        assert_eq!(rx.iter().count(), 10);
    });
}

#[test]
fn poison_bad() {
    static O: Once = Once::new();
    poison(&O);
    assert!(catch_unwind(|| O.call_once(|| {})).is_err(), "poisoning propagates");
    let mut called = false;
    O.call_once_force(|state| {
        called = true;
        assert!(state.is_poisoned());
    });
    assert!(called);
    O.call_once(|| {}); // A success heals it.
}

#[test]
fn wait_for_force_to_finish() {
    static O: Once = Once::new();
    poison(&O);
    goroutine(|| {
        let (inside, is_inside) = chan::bounded(0);
        let (leave, may_leave) = chan::bounded(0);
        let forcing = go(move || {
            O.call_once_force(|state| {
                assert!(state.is_poisoned());
                inside.send(()).unwrap();
                may_leave.recv().unwrap();
            });
        });
        is_inside.recv().unwrap();
        let waiting = go(|| {
            let mut called = false;
            O.call_once(|| called = true);
            assert!(!called);
        });
        leave.send(()).unwrap();
        forcing.join().unwrap();
        waiting.join().unwrap();
    });
}

#[test]
fn wait() {
    goroutine(|| {
        for _ in 0..50 {
            let (value, once) = (AtomicBool::new(false), Once::new());
            scope(|s| {
                for _ in 0..4 {
                    s.go(|| {
                        once.wait();
                        assert!(value.load(Relaxed));
                    });
                }
                gosched();
                once.call_once(|| value.store(true, Relaxed));
            });
        }
    });
}

#[test]
fn wait_on_poisoned() {
    let once = Once::new();
    poison(&once);
    assert!(catch_unwind(AssertUnwindSafe(|| once.wait())).is_err());
}

#[test]
fn wait_force_on_poisoned() {
    goroutine(|| {
        let once = Once::new();
        poison(&once);
        scope(|s| {
            s.go(|| {
                time::sleep(Duration::from_millis(50));
                once.call_once_force(|_| {});
            });
            once.wait_force();
            assert!(once.is_completed());
        });
    });
}
