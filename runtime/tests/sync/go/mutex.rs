//! sync/mutex_test.go

use std::panic::catch_unwind;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gopark_runtime::sema::{Handoff, semacquire, semrelease};
use gopark_runtime::sync::Mutex;
use gopark_runtime::{chan, go, time};

use super::{goroutine, join_all};
use crate::modes::left_out_when_pinned;

#[test]
fn test_semaphore() {
    goroutine(|| {
        let sema = Arc::new(AtomicU32::new(1));
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let sema = sema.clone();
                go(move || {
                    for _ in 0..1000 {
                        semacquire(&sema);
                        assert_eq!(sema.load(Relaxed), 0);
                        semrelease(&sema, Handoff::No);
                    }
                })
            })
            .collect();
        join_all(tasks);
        assert_eq!(sema.load(Relaxed), 1);
    });
}

/// Beyond Go's: with a hand-off at each release, and between goroutines and plain threads.
#[test]
fn test_semaphore_handoff_and_threads() {
    goroutine(|| {
        let sema = Arc::new(AtomicU32::new(1));
        let hammer = |sema: Arc<AtomicU32>| {
            move || {
                for i in 0..1000 {
                    semacquire(&sema);
                    semrelease(&sema, if i % 2 == 0 { Handoff::Yes } else { Handoff::No });
                }
            }
        };
        let tasks: Vec<_> = (0..6).map(|_| go(hammer(sema.clone()))).collect();
        let threads: Vec<_> = (0..3).map(|_| std::thread::spawn(hammer(sema.clone()))).collect();
        join_all(tasks);
        gopark_runtime::blocking(|| threads.into_iter().for_each(|t| t.join().unwrap()));
        assert_eq!(sema.load(Relaxed), 1);
    });
}

#[test]
fn test_mutex() {
    goroutine(|| {
        let m = Arc::new(Mutex::new(()));
        let held = m.lock();
        assert!(m.try_lock().is_none(), "try_lock succeeded with the mutex locked");
        drop(held);
        assert!(m.try_lock().is_some(), "try_lock failed with the mutex unlocked");
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let m = m.clone();
                go(move || {
                    for i in 0..1000 {
                        if i % 3 == 0 {
                            drop(m.try_lock());
                        } else {
                            drop(m.lock());
                        }
                    }
                })
            })
            .collect();
        join_all(tasks);
    });
}

const MISUSES: [&str; 8] = [
    "Mutex.Unlock",
    "Mutex.Unlock2",
    "RWMutex.Unlock",
    "RWMutex.Unlock2",
    "RWMutex.Unlock3",
    "RWMutex.RUnlock",
    "RWMutex.RUnlock2",
    "RWMutex.RUnlock3",
];

fn misuse(name: &str) {
    use lock_api::{GuardSend, RawMutex as _, RawRwLock as _};
    let mutex = gopark_runtime::sync::RawMutex::INIT;
    let rw = gopark_runtime::sync::RawRwLock::INIT;
    // SAFETY: none, and that is the test: the lock itself notices.
    unsafe {
        match name {
            "Mutex.Unlock" => mutex.unlock(GuardSend::new()),
            "Mutex.Unlock2" => {
                let guard = mutex.lock();
                mutex.unlock(guard);
                mutex.unlock(GuardSend::new());
            }
            "RWMutex.Unlock" => rw.unlock_exclusive(GuardSend::new()),
            "RWMutex.Unlock2" => {
                let _ = rw.lock_shared();
                rw.unlock_exclusive(GuardSend::new());
            }
            "RWMutex.Unlock3" => {
                let guard = rw.lock_exclusive();
                rw.unlock_exclusive(guard);
                rw.unlock_exclusive(GuardSend::new());
            }
            "RWMutex.RUnlock" => rw.unlock_shared(GuardSend::new()),
            "RWMutex.RUnlock2" => {
                let _ = rw.lock_exclusive();
                rw.unlock_shared(GuardSend::new());
            }
            "RWMutex.RUnlock3" => {
                let guard = rw.lock_shared();
                rw.unlock_shared(guard);
                rw.unlock_shared(GuardSend::new());
            }
            other => panic!("unknown misuse {other}"),
        }
    }
}

/// The unlock of an unlocked lock is fatal: the process ends, and no handler sees a panic.
#[test]
fn test_mutex_misuse() {
    const WHICH: &str = "GOPARK_TEST_MISUSE";
    if let Ok(name) = std::env::var(WHICH) {
        let _ = catch_unwind(|| misuse(&name));
        std::process::exit(0);
    }
    for name in MISUSES {
        let out = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "go::mutex::test_mutex_misuse", "--nocapture"])
            .env(WHICH, name)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&out.stderr);
        assert!(stderr.contains("fatal error: sync: ") && stderr.contains("unlocked"), "{name}: {stderr}");
        assert_eq!(out.status.code(), Some(2), "{name}");
    }
}

#[test]
fn test_mutex_fairness() {
    goroutine(|| {
        let mutex = Arc::new(Mutex::new(()));
        let stop = Arc::new(AtomicBool::new(false));
        let hog = {
            let (mutex, stop) = (mutex.clone(), stop.clone());
            go(move || {
                while !stop.load(Relaxed) {
                    let _guard = mutex.lock();
                    time::sleep(Duration::from_micros(100));
                }
            })
        };
        let (tx, rx) = chan::bounded(1);
        go(move || {
            for _ in 0..10 {
                time::sleep(Duration::from_micros(100));
                drop(mutex.lock());
            }
            tx.send(()).unwrap();
        });
        rx.recv_timeout(Duration::from_secs(10)).expect("can't acquire the mutex in 10 seconds");
        stop.store(true, Relaxed);
        hog.join().unwrap();
    });
}

/// Beyond Go's: locks and conditions that are given up leave nothing behind.
#[test]
fn timed_locks_under_contention() {
    goroutine(|| {
        let shared = Arc::new((Mutex::new(0_u32), AtomicU32::new(0)));
        let tasks: Vec<_> = (0..8_u64)
            .map(|i| {
                let shared = shared.clone();
                go(move || {
                    for round in 0..200 {
                        let patience = Duration::from_micros((i * 37 + round * 11) % 150);
                        if let Some(mut count) = shared.0.try_lock_for(patience) {
                            *count += 1;
                            shared.1.fetch_add(1, Relaxed);
                            if round % 16 == 0 {
                                time::sleep(Duration::from_micros(50));
                            }
                        }
                    }
                })
            })
            .collect();
        join_all(tasks);
        assert_eq!(*shared.0.lock(), shared.1.load(Relaxed));
        assert!(*shared.0.lock() > 0);
    });
}

/// Beyond Go's: a timed wait of a plain thread.
#[test]
fn timed_lock_on_a_thread() {
    goroutine(|| {
        let mutex = Arc::new(Mutex::new(()));
        let held = mutex.lock();
        let other = mutex.clone();
        let thread = std::thread::spawn(move || {
            let before = Instant::now();
            let got = other.try_lock_for(Duration::from_millis(20)).is_some();
            (got, before.elapsed())
        });
        let (got, waited) = gopark_runtime::blocking(|| thread.join().unwrap());
        assert!(!got && waited >= Duration::from_millis(20));
        drop(held);
    });
}

/// Beyond Go's: a hog that gives the lock up only to take it again at once, and never parks by itself, hands it over to who has
/// waited a millisecond.
#[test]
fn a_hog_hands_over() {
    if left_out_when_pinned("a_hog_hands_over", "the hog keeps its thread") {
        return;
    }
    const HOLD: Duration = Duration::from_micros(200);
    goroutine(|| {
        let mutex = Arc::new(Mutex::new(()));
        let stop = Arc::new(AtomicBool::new(false));
        let hog = {
            let (mutex, stop) = (mutex.clone(), stop.clone());
            go(move || {
                while !stop.load(Relaxed) {
                    let _guard = mutex.lock();
                    let since = Instant::now();
                    while since.elapsed() < HOLD {
                        std::hint::spin_loop();
                    }
                }
            })
        };
        let mut waits: Vec<Duration> = (0..20)
            .map(|_| {
                time::sleep(Duration::from_millis(1));
                let since = Instant::now();
                drop(mutex.lock());
                since.elapsed()
            })
            .collect();
        stop.store(true, Relaxed);
        hog.join().unwrap();
        waits.sort();
        assert!(waits[10] < Duration::from_millis(100), "half of the waits took longer than {:?}", waits[10]);
    });
}
