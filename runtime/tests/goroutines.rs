//! Goroutines from outside: spawn, join, yield, panic, plain threads.

use gopark_runtime::{blocking, go, goid, gosched, lock_os_thread, num_goroutine, run};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

#[test]
fn main_returns_a_value() {
    // SAFETY: nothing is bound to a thread.
    let n = unsafe { run(|| 40 + 2) };
    assert_eq!(n, 42);
}

#[test]
fn many_goroutines_each_run_once() {
    // SAFETY: nothing is bound to a thread.
    unsafe {
        run(|| {
            let count = Arc::new(AtomicUsize::new(0));
            let handles: Vec<_> = (0..10_000)
                .map(|_| {
                    let count = count.clone();
                    go(move || {
                        gosched();
                        count.fetch_add(1, Relaxed)
                    })
                })
                .collect();
            for h in handles {
                h.join().unwrap();
            }
            assert_eq!(count.load(Relaxed), 10_000);
            assert!(num_goroutine() >= 1);
        })
    }
}

#[test]
fn a_panic_goes_to_join_and_nowhere_else() {
    // SAFETY: nothing is bound to a thread.
    unsafe {
        run(|| {
            let bad = go(|| panic!("on purpose"));
            let good = go(|| 7);
            assert_eq!(*bad.join().unwrap_err().downcast::<&str>().unwrap(), "on purpose");
            assert_eq!(good.join().unwrap(), 7);
        })
    }
}

#[test]
#[should_panic(expected = "through run")]
fn a_panic_of_main_resumes_in_the_caller() {
    // SAFETY: nothing is bound to a thread.
    unsafe { run(|| panic!("through run")) }
}

#[test]
fn a_plain_thread_may_spawn_and_join() {
    // SAFETY: nothing is bound to a thread.
    unsafe { run(|| ()) };
    let handle = std::thread::spawn(|| {
        assert_eq!(goid(), None);
        let h = go(|| goid().unwrap());
        h.join().unwrap()
    });
    assert!(handle.join().unwrap() > 0);
}

#[test]
fn a_locked_goroutine_stays_on_its_thread() {
    // SAFETY: nothing is bound to a thread.
    unsafe {
        run(|| {
            let others: Vec<_> = (0..4)
                .map(|_| {
                    go(|| {
                        for _ in 0..1000 {
                            gosched();
                        }
                    })
                })
                .collect();
            let guard = lock_os_thread();
            let here = std::thread::current().id();
            for _ in 0..1000 {
                gosched();
                assert_eq!(here, std::thread::current().id());
            }
            drop(guard);
            for h in others {
                h.join().unwrap();
            }
        })
    }
}

#[test]
fn blocked_threads_do_not_hold_others_up() {
    // SAFETY: nothing is bound to a thread.
    unsafe {
        run(|| {
            let sleepers: Vec<_> = (0..8)
                .map(|i| {
                    go(move || {
                        if i % 2 == 0 {
                            blocking(|| std::thread::sleep(Duration::from_millis(300)));
                        } else {
                            std::thread::sleep(Duration::from_millis(300));
                        }
                    })
                })
                .collect();
            let start = std::time::Instant::now();
            let quick: Vec<_> = (0..100).map(|i| go(move || i)).collect();
            for (i, h) in quick.into_iter().enumerate() {
                assert_eq!(h.join().unwrap(), i);
            }
            assert!(start.elapsed() < Duration::from_millis(290), "quick ones waited {:?}", start.elapsed());
            for h in sleepers {
                h.join().unwrap();
            }
        })
    }
}

#[test]
fn scope_waits_and_lends() {
    // SAFETY: nothing is bound to a thread.
    unsafe {
        run(|| {
            let mut numbers = vec![0; 100];
            let total = AtomicUsize::new(0);
            gopark_runtime::scope(|s| {
                for (i, n) in numbers.iter_mut().enumerate() {
                    let total = &total;
                    s.go(move || {
                        gosched();
                        *n = i;
                        total.fetch_add(i, Relaxed);
                    });
                }
            });
            assert_eq!(total.load(Relaxed), 4950);
            assert!(numbers.iter().enumerate().all(|(i, n)| i == *n));
        })
    }
}

#[test]
fn scope_reports_a_panic_that_was_not_joined() {
    // SAFETY: nothing is bound to a thread.
    unsafe {
        run(|| {
            let r = std::panic::catch_unwind(|| gopark_runtime::scope(|s| drop(s.go(|| panic!("unseen")))));
            assert_eq!(*r.unwrap_err().downcast::<&str>().unwrap(), "a scoped goroutine panicked");
            gopark_runtime::scope(|s| assert!(s.go(|| panic!("seen")).join().is_err()));
        })
    }
}
