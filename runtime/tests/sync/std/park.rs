//! library/std/src/thread/tests.rs: park and unpark, of goroutines and plain threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gopark_runtime::thread::{Thread, current, park, park_timeout};
use gopark_runtime::{blocking, chan, go, goid, offload};

use super::goroutine;

#[test]
fn test_park_unpark_before() {
    goroutine(|| {
        for _ in 0..10 {
            current().unpark();
            current().unpark(); // counts once
            park();
        }
        let begin = Instant::now();
        park_timeout(Duration::from_millis(2));
        assert!(begin.elapsed() >= Duration::from_millis(2));
    });
}

/// The caller is unparked by a goroutine and by a plain thread.
fn unparked_by_others(wait: fn()) {
    for _ in 0..10 {
        let (me, done) = (current(), Arc::new(AtomicBool::new(false)));
        let (them, theirs) = (me.clone(), done.clone());
        go(move || {
            theirs.store(true, Relaxed);
            them.unpark();
        });
        while !done.swap(false, Relaxed) {
            wait();
        }
        let theirs = done.clone();
        std::thread::spawn(move || {
            theirs.store(true, Relaxed);
            me.unpark();
        });
        while !done.load(Relaxed) {
            wait();
        }
    }
}

#[test]
fn test_park_unpark_called_other_thread() {
    goroutine(|| {
        unparked_by_others(park);
        let plain = std::thread::spawn(|| unparked_by_others(park));
        // Not `blocking`, which in pinned mode keeps the only P from the thread's goroutines.
        offload(|| plain.join().unwrap());
    });
}

#[test]
fn test_park_timeout_unpark_before() {
    goroutine(|| {
        for _ in 0..10 {
            current().unpark();
            park_timeout(Duration::MAX);
        }
    });
}

#[test]
fn test_park_timeout_unpark_not_called() {
    goroutine(|| {
        for _ in 0..10 {
            park_timeout(Duration::from_millis(1));
        }
    });
}

#[test]
fn test_park_timeout_unpark_called_other_thread() {
    goroutine(|| {
        unparked_by_others(|| park_timeout(Duration::MAX));
        unparked_by_others(|| park_timeout(Duration::from_micros(50)));
        let plain = std::thread::spawn(|| unparked_by_others(|| park_timeout(Duration::from_micros(50))));
        offload(|| plain.join().unwrap());
    });
}

/// A handle that outlives its goroutine: the next one in the same record is left alone.
#[test]
fn a_stale_handle_has_no_effect() {
    goroutine(|| {
        let stale: Vec<Thread> = (0..50)
            .map(|_| {
                go(|| {
                    park_timeout(Duration::ZERO);
                    current()
                })
                .join()
                .unwrap()
            })
            .collect();
        let (early, calls) = (Arc::new(AtomicU32::new(0)), stale.len());
        let sleepers: Vec<_> = (0..calls)
            .map(|_| {
                let early = early.clone();
                let (started, wait) = chan::bounded(1);
                let sleeper = go(move || {
                    started.send(current()).unwrap();
                    park();
                    early.fetch_add(1, Relaxed);
                });
                (wait.recv().unwrap(), sleeper)
            })
            .collect();
        stale.iter().for_each(Thread::unpark);
        gopark_runtime::time::sleep(Duration::from_millis(5));
        assert_eq!(early.load(Relaxed), 0, "unparked by another's handle");
        for (thread, sleeper) in sleepers {
            thread.unpark();
            sleeper.join().unwrap();
        }
    });
}

/// A time-out that comes too late for its park does not end the next one, and takes no notification.
#[test]
fn notifications_beside_timeouts_are_not_lost() {
    goroutine(|| {
        let (me, turn) = (current(), Arc::new(AtomicU32::new(0)));
        let theirs = turn.clone();
        let other = go(move || {
            for i in 1..=1000 {
                theirs.store(i, Relaxed);
                me.unpark();
                while theirs.load(Relaxed) == i {
                    gopark_runtime::gosched();
                }
            }
        });
        for i in 1..=1000 {
            park_timeout(Duration::from_micros(3));
            while turn.load(Relaxed) != i {
                park();
            }
            turn.store(0, Relaxed);
        }
        other.join().unwrap();
    });
}

#[test]
fn ids_and_names() {
    goroutine(|| {
        assert_eq!(Some(current().id()), goid());
        assert_eq!(current().name(), None);
        let options = gopark_runtime::GoOptions { name: Some("worker".into()), ..Default::default() };
        let named = gopark_runtime::go_with(options, current).join().unwrap();
        assert_eq!(named.name(), Some("worker"));
        let ids = || std::thread::spawn(|| (current().id(), current().id())).join().unwrap();
        let [first, second] = blocking(|| [ids(), ids()]);
        assert_eq!(first.0, first.1);
        assert_ne!(first.0, second.0, "a thread's number is its own");
    });
}
