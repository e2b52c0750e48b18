//! library/std/tests/sync/condvar.rs

use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark_runtime::sync::{Condvar, Mutex};
use gopark_runtime::{chan, go, time};

use super::goroutine;

const NEVER: Duration = Duration::from_millis(u64::MAX);

type Pair<T> = Arc<(Mutex<T>, Condvar)>;

/// A value and the condition that it has changed, twice the same.
fn pair<T>(value: T) -> (Pair<T>, Pair<T>) {
    let pair = Arc::new((Mutex::new(value), Condvar::new()));
    (pair.clone(), pair)
}

#[test]
fn smoke() {
    let c = Condvar::new();
    assert!(!c.notify_one());
    assert_eq!(c.notify_all(), 0);
}

#[test]
fn notify_one() {
    goroutine(|| {
        let (ours, theirs) = pair(());
        let mut guard = ours.0.lock();
        go(move || {
            let _guard = theirs.0.lock();
            assert!(theirs.1.notify_one());
        });
        ours.1.wait(&mut guard);
    });
}

#[test]
fn notify_all() {
    const TASKS: usize = 10;
    goroutine(|| {
        let (data, _) = pair(0);
        let (tx, rx) = chan::unbounded();
        for _ in 0..TASKS {
            let (data, tx) = (data.clone(), tx.clone());
            go(move || {
                let mut count = data.0.lock();
                *count += 1;
                if *count == TASKS {
                    tx.send(()).unwrap();
                }
                while *count != 0 {
                    data.1.wait(&mut count);
                }
                tx.send(()).unwrap();
            });
        }
        drop(tx);
        rx.recv().unwrap();
        let mut count = data.0.lock();
        *count = 0;
        assert_eq!(data.1.notify_all(), TASKS);
        drop(count);
        assert_eq!(rx.iter().count(), TASKS);
    });
}

#[test]
fn test_mutex_arc_condvar() {
    goroutine(|| {
        let (ours, theirs) = pair(false);
        let (tx, rx) = chan::bounded(1);
        go(move || {
            rx.recv().unwrap(); // The parent has the lock.
            *theirs.0.lock() = true;
            theirs.1.notify_one();
        });
        let mut guard = ours.0.lock();
        tx.send(()).unwrap();
        assert!(!*guard);
        while !*guard {
            ours.1.wait(&mut guard);
        }
    });
}

#[test]
fn wait_while() {
    goroutine(|| {
        let (ours, theirs) = pair(false);
        go(move || {
            *theirs.0.lock() = true;
            theirs.1.notify_one();
        });
        let mut guard = ours.0.lock();
        ours.1.wait_while(&mut guard, |started| !*started);
        assert!(*guard);
    });
}

#[test]
fn wait_timeout_wait() {
    goroutine(|| {
        let (m, c) = (Mutex::new(()), Condvar::new());
        let before = Instant::now();
        let mut guard = m.lock();
        // No spurious wake-ups: one try is enough.
        assert!(c.wait_for(&mut guard, Duration::from_millis(1)).timed_out());
        assert!(before.elapsed() >= Duration::from_millis(1));
        assert!(m.try_lock().is_none(), "the lock is held again");
    });
}

#[test]
fn wait_timeout_while_wait() {
    goroutine(|| {
        let (m, c) = (Mutex::new(()), Condvar::new());
        let mut guard = m.lock();
        assert!(c.wait_while_for(&mut guard, |_| true, Duration::from_millis(1)).timed_out());
    });
}

#[test]
fn wait_timeout_while_instant_satisfy() {
    goroutine(|| {
        let (m, c) = (Mutex::new(()), Condvar::new());
        let mut guard = m.lock();
        assert!(!c.wait_while_for(&mut guard, |_| false, Duration::ZERO).timed_out());
    });
}

#[test]
fn wait_timeout_while_wake() {
    goroutine(|| {
        let (ours, theirs) = pair(false);
        let mut guard = ours.0.lock();
        go(move || {
            let mut started = theirs.0.lock();
            time::sleep(Duration::from_millis(1));
            *started = true;
            theirs.1.notify_one();
        });
        assert!(!ours.1.wait_while_for(&mut guard, |notified| !*notified, NEVER).timed_out());
        assert!(*guard);
    });
}

#[test]
fn wait_timeout_wake() {
    goroutine(|| {
        let (ours, theirs) = pair(false);
        let mut guard = ours.0.lock();
        let task = go(move || {
            let mut notified = theirs.0.lock();
            time::sleep(Duration::from_millis(1));
            *notified = true;
            theirs.1.notify_one();
        });
        assert!(!ours.1.wait_for(&mut guard, NEVER).timed_out());
        assert!(*guard, "it was the notification that woke us");
        drop(guard);
        task.join().unwrap();
    });
}
