//! Threads of the program's own among themselves: the same channels, locks and records as goroutines use.
//!
//! Miri, which knows no stack switches, can run this file (`cargo +nightly miri test -p gopark-runtime --test plain_threads`): it checks
//! the queues of borrowed frames in channels, selects and semaphores for races and for use after the end.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gopark_runtime::chan::{Select, bounded, unbounded};
use gopark_runtime::select;
use gopark_runtime::sync::{Barrier, Condvar, Mutex, OnceLock, RwLock, Semaphore, WaitGroup};

/// Fewer where each step is checked.
const N: usize = if cfg!(miri) { 12 } else { 2000 };

fn with_runtime() {
    #[cfg(not(miri))]
    // SAFETY: nothing is bound to a thread.
    unsafe {
        gopark_runtime::run(|| ())
    };
}

#[test]
fn channels() {
    with_runtime();
    for capacity in [Some(0), Some(2), None] {
        let (s, r) = capacity.map_or_else(unbounded, bounded);
        thread::scope(|t| {
            for k in 0..2 {
                let s = s.clone();
                t.spawn(move || (0..N).for_each(|i| s.send(Box::new(2 * i + k)).unwrap()));
            }
            drop(s);
            let mut got: Vec<usize> = r.iter().map(|b| *b).collect();
            got.sort_unstable();
            assert!(got.into_iter().eq(0..2 * N));
        });
    }
}

#[test]
fn selects() {
    with_runtime();
    let (s1, r1) = bounded(0);
    let (s2, r2) = bounded(1);
    thread::scope(|t| {
        t.spawn(|| (0..N).for_each(|i| s1.send(Box::new(i)).unwrap()));
        t.spawn(|| {
            for i in 0..N {
                let sent: Result<(), _> = select! { send(s2, Box::new(i)) -> sent => sent };
                sent.unwrap();
            }
        });
        let mut sum = 0;
        for i in 0..2 * N {
            sum += if i % 2 == 0 {
                *select! { recv(r1) -> m => m, recv(r2) -> m => m }.unwrap()
            } else {
                let mut both = Select::new();
                both.recv(&r1);
                both.recv(&r2);
                let chosen = both.select();
                *if chosen.index() == 0 { chosen.recv(&r1) } else { chosen.recv(&r2) }.unwrap()
            };
        }
        assert_eq!(sum, N * (N - 1));
    });
}

#[test]
fn dropping_and_closing() {
    with_runtime();
    thread::scope(|t| {
        let (s, r) = bounded::<Box<i32>>(2);
        s.send(Box::new(1)).unwrap();
        let waits = t.spawn({
            let r = r.clone();
            move || r.iter().count()
        });
        let sends = t.spawn({
            let s = s.clone();
            move || (0..4).take_while(|i| s.send(Box::new(*i)).is_ok()).count()
        });
        assert_eq!(sends.join().unwrap(), 4);
        s.close();
        drop(r);
        assert_eq!(waits.join().unwrap(), 5);
    });
    // What nobody received is dropped with the channel.
    let (s, r) = unbounded();
    let message = Arc::new(());
    (0..40).for_each(|_| s.send(message.clone()).unwrap());
    (0..35).for_each(|_| drop(r.recv()));
    drop((s, r));
    assert_eq!(Arc::strong_count(&message), 1);
}

#[test]
fn locks() {
    with_runtime();
    let (mutex, rwlock, nonzero) = (Mutex::new(0), RwLock::new((0, 0)), Condvar::new());
    let (semaphore, group, barrier, once) =
        (Semaphore::new(2), WaitGroup::new(), Barrier::new(3), OnceLock::new());
    group.add(3);
    thread::scope(|t| {
        for _ in 0..3 {
            t.spawn(|| {
                for i in 0..N {
                    let _permit = semaphore.acquire();
                    *mutex.lock() += 1;
                    nonzero.notify_one();
                    if i % 4 == 0 {
                        let mut both = rwlock.write();
                        both.0 += 1;
                        both.1 += 1;
                    } else {
                        let both = rwlock.read();
                        assert_eq!(both.0, both.1);
                    }
                }
                assert_eq!(*once.get_or_init(|| Box::new(7)), Box::new(7));
                barrier.wait();
                group.done();
            });
        }
        let mut taken = 0;
        while taken < 3 * N {
            let mut count = mutex.lock();
            nonzero.wait_while(&mut count, |count| *count == 0);
            taken += std::mem::take(&mut *count);
        }
        group.wait();
    });
    assert_eq!(semaphore.available_permits(), 2);
    assert!(mutex.try_lock().is_some());
    if !cfg!(miri) {
        let _held = mutex.lock();
        assert!(mutex.try_lock_for(Duration::from_millis(2)).is_none());
        let reader = rwlock.read();
        assert!(rwlock.try_write_for(Duration::from_millis(2)).is_none());
        drop(reader);
        let _writer = rwlock.write();
        assert!(rwlock.try_read_for(Duration::from_millis(2)).is_none());
    }
}
