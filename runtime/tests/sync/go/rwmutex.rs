//! sync/rwmutex_test.go

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use gopark_runtime::sync::RwLock;
use gopark_runtime::{chan, go};

use super::{goroutine, join_all};

#[test]
fn test_parallel_readers() {
    goroutine(|| {
        for readers in [1, 3, 4] {
            let lock = Arc::new(RwLock::new(()));
            let (locked, is_locked) = chan::bounded(0);
            let (unlock, may_unlock) = chan::bounded(0);
            let tasks: Vec<_> = (0..readers)
                .map(|_| {
                    let (lock, locked, may_unlock) = (lock.clone(), locked.clone(), may_unlock.clone());
                    go(move || {
                        let _guard = lock.read();
                        locked.send(()).unwrap();
                        may_unlock.recv().unwrap();
                    })
                })
                .collect();
            (0..readers).for_each(|_| is_locked.recv().unwrap());
            (0..readers).for_each(|_| unlock.send(()).unwrap());
            join_all(tasks);
        }
    });
}

/// Writers add 10 000 while they are inside, readers 1.
fn hammer_rwmutex(readers: usize, rounds: usize) {
    let shared = Arc::new((RwLock::new(()), AtomicI32::new(0)));
    let reader = || {
        let shared = shared.clone();
        go(move || {
            for _ in 0..rounds {
                let _guard = shared.0.read();
                let inside = shared.1.fetch_add(1, Relaxed) + 1;
                assert!((1..10_000).contains(&inside), "a reader among {inside}");
                (0..100).for_each(|_| std::hint::spin_loop());
                shared.1.fetch_sub(1, Relaxed);
            }
        })
    };
    let writer = || {
        let shared = shared.clone();
        go(move || {
            for _ in 0..rounds {
                let _guard = shared.0.write();
                let inside = shared.1.fetch_add(10_000, Relaxed) + 10_000;
                assert_eq!(inside, 10_000, "a writer is not alone");
                (0..100).for_each(|_| std::hint::spin_loop());
                shared.1.fetch_sub(10_000, Relaxed);
            }
        })
    };
    let mut tasks = vec![writer()];
    tasks.extend((0..readers / 2).map(|_| reader()));
    tasks.push(writer());
    tasks.extend((readers / 2..readers).map(|_| reader()));
    join_all(tasks);
}

#[test]
fn test_rwmutex() {
    goroutine(|| {
        let m = RwLock::new(());
        let write = m.write();
        assert!(m.try_write().is_none(), "try_write succeeded with a writer inside");
        assert!(m.try_read().is_none(), "try_read succeeded with a writer inside");
        drop(write);
        assert!(m.try_write().is_some());
        let readers = (m.try_read().unwrap(), m.try_read().unwrap());
        assert!(m.try_write().is_none(), "try_write succeeded with readers inside");
        drop(readers);
        for readers in [1, 3, 10, 5] {
            hammer_rwmutex(readers, 300);
        }
    });
}

#[test]
fn test_rlocker() {
    use lock_api::RawRwLock as _;
    const ROUNDS: usize = 10;
    goroutine(|| {
        let lock = Arc::new(gopark_runtime::sync::RawRwLock::INIT);
        let (wlocked, is_wlocked) = chan::bounded(1);
        let (rlocked, is_rlocked) = chan::bounded(1);
        let other = lock.clone();
        go(move || {
            for _ in 0..ROUNDS {
                let _ = (other.lock_shared(), other.lock_shared());
                rlocked.send(()).unwrap();
                let _ = other.lock_exclusive();
                wlocked.send(()).unwrap();
            }
        });
        for _ in 0..ROUNDS {
            is_rlocked.recv().unwrap();
            // SAFETY: the other goroutine has two read locks and leaves them to us.
            unsafe { lock.unlock_shared(lock_api::GuardSend::new()) };
            assert!(is_wlocked.try_recv().is_err(), "the read lock did not lock");
            // SAFETY: as above: the second one.
            unsafe { lock.unlock_shared(lock_api::GuardSend::new()) };
            is_wlocked.recv().unwrap();
            assert!(is_rlocked.try_recv().is_err(), "the reader did not respect the write lock");
            // SAFETY: the other goroutine has the write lock and leaves it to us.
            unsafe { lock.unlock_exclusive(lock_api::GuardSend::new()) };
        }
    });
}
