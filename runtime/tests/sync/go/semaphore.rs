//! golang.org/x/sync/semaphore: semaphore_test.go

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use gopark_runtime::context::Context;
use gopark_runtime::sync::Semaphore;
use gopark_runtime::{go, gosched, time};

use super::{goroutine, join_all};

#[test]
fn test_weighted() {
    const PERMITS: usize = 4;
    goroutine(|| {
        let semaphore = Arc::new(Semaphore::new(PERMITS));
        let tasks = (0..PERMITS).map(|i| {
            let semaphore = semaphore.clone();
            go(move || {
                for _ in 0..500 {
                    let permit = semaphore.acquire_many(i + 1);
                    if i % 2 == 0 {
                        gosched();
                    }
                    drop(permit);
                }
            })
        });
        join_all(tasks.collect::<Vec<_>>());
        assert_eq!(semaphore.available_permits(), PERMITS);
    });
}

#[test]
fn test_weighted_try_acquire() {
    let semaphore = Semaphore::new(2);
    let one = semaphore.try_acquire();
    let two = semaphore.try_acquire();
    assert!(one.is_some() && two.is_some() && semaphore.try_acquire().is_none());
    drop((one, two));
    assert!(semaphore.try_acquire_many(2).is_some());
}

#[test]
fn test_weighted_acquire() {
    goroutine(|| {
        let semaphore = Semaphore::new(2);
        let first = semaphore.acquire();
        let _second = semaphore.acquire();
        assert!(semaphore.try_acquire_for(Duration::from_millis(5)).is_none());
        drop(first);
        assert!(semaphore.try_acquire_for(Duration::from_millis(5)).is_some());
    });
}

#[test]
fn test_large_acquire_doesnt_starve() {
    const PERMITS: usize = 8;
    goroutine(|| {
        let semaphore = Arc::new(Semaphore::new(PERMITS));
        let running = Arc::new(AtomicBool::new(true));
        let small = (0..PERMITS).map(|_| {
            let (semaphore, running) = (semaphore.clone(), running.clone());
            go(move || {
                while running.load(Relaxed) {
                    let _permit = semaphore.acquire();
                    time::sleep(Duration::from_micros(100));
                }
            })
        });
        let small: Vec<_> = small.collect();
        time::sleep(Duration::from_millis(1));
        drop(semaphore.acquire_many(PERMITS)); // Comes to pass though there is always somebody with less to ask.
        running.store(false, Relaxed);
        join_all(small);
    });
}

/// Who gives up lets in those behind that need less.
#[test]
fn test_alloc_cancel_doesnt_starve() {
    goroutine(|| {
        let semaphore = Arc::new(Semaphore::new(10));
        let _held = semaphore.acquire();
        let (ctx, cancel) = Context::background().with_cancel();
        let large = {
            let semaphore = semaphore.clone();
            go(move || assert!(semaphore.acquire_many_context(10, &ctx).is_err()))
        };
        while semaphore.try_acquire().is_some() {
            gosched(); // Until the large one is in line.
        }
        let behind = {
            let semaphore = semaphore.clone();
            go(move || drop(semaphore.acquire()))
        };
        time::sleep(Duration::from_millis(1));
        assert!(!behind.is_finished(), "it overtook the first in line");
        cancel();
        join_all([large, behind]);
        assert_eq!(semaphore.available_permits(), 9);
    });
}
