//! Goroutines from outside: spawn, join, yield, panic, plain threads.

use gopark_runtime::{blocking, go, goid, gosched, lock_os_thread, num_goroutine, run};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::modes::left_out_when_pinned;
use gopark_runtime::time::sleep;

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
    if left_out_when_pinned("blocked_threads_do_not_hold_others_up", "they do") {
        return;
    }
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

/// Counts its drops.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Waits, within bounds, for what other goroutines are about to do; in a `run`, outside of which they rest.
fn eventually(what: &str, mut done: impl FnMut() -> bool + Send) {
    // SAFETY: nothing is bound to a thread.
    let happened = unsafe {
        run(|| {
            (0..100).any(|_| {
                let happened = done();
                if !happened {
                    // Long enough for sysmon to find all quiet.
                    sleep(Duration::from_millis(100));
                }
                happened
            })
        })
    };
    assert!(happened, "{what} has not happened");
}

#[test]
fn a_result_is_dropped_once_whatever_becomes_of_the_handle() {
    let drops = Arc::new(AtomicUsize::new(0));
    let of = drops.clone();
    // SAFETY: nothing is bound to a thread.
    unsafe {
        run(move || {
            for i in 0..1000 {
                let mine = Dropped(of.clone());
                let handle = go(move || {
                    (0..i % 3).for_each(|_| gosched());
                    mine
                });
                match i % 4 {
                    0 => drop(handle),
                    1 => drop(handle.join().unwrap()),
                    2 => {
                        while !handle.is_finished() {
                            gosched();
                        }
                        drop(handle);
                    }
                    // polled, so that a waker is left, and dropped
                    _ => {
                        use std::future::{Future, IntoFuture};
                        let mut future = Box::pin(handle.into_future());
                        gopark_runtime::block_on(std::future::poll_fn(|cx| {
                            let _ = future.as_mut().poll(cx);
                            std::task::Poll::Ready(())
                        }));
                    }
                }
            }
        })
    }
    eventually("a drop of each result", || drops.load(Relaxed) == 1000);
}

#[test]
fn large_and_overaligned_results_arrive() {
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(align(512))]
    struct Overaligned(u64);
    // SAFETY: nothing is bound to a thread.
    unsafe {
        run(|| {
            let large = [7_u64; 1000];
            let handles: Vec<_> = (0..100).map(|_| go(move || large)).collect();
            assert!(handles.into_iter().all(|h| h.join().unwrap() == large));
            let there = go(|| Overaligned(9)).join().unwrap();
            assert_eq!((there, (&raw const there).addr() % 512), (Overaligned(9), 0));
            assert_eq!(go(|| [1_u128; 8]).join().unwrap(), [1; 8]);
            let payload = go(|| -> [u8; 300] { panic!("on purpose") }).join().unwrap_err();
            assert_eq!(*payload.downcast::<&str>().unwrap(), "on purpose");
            drop(go(move || large));
        })
    }
}

#[test]
fn slots_are_used_again_after_a_join_and_after_a_drop() {
    // SAFETY: nothing is bound to a thread.
    unsafe {
        run(|| {
            let slot = || {
                let here = 0_u8;
                (&raw const here).addr() >> 18
            };
            let mut slots = std::collections::HashSet::new();
            for _ in 0..5000 {
                slots.insert(go(slot).join().unwrap());
                let dropped = go(slot);
                while !dropped.is_finished() {
                    gosched();
                }
            }
            // Each P keeps some; goroutines of other tests take some.
            assert!(slots.len() < 2500, "{} slots for one goroutine at a time", slots.len());
        })
    }
}

#[test]
fn a_held_handle_does_not_keep_its_goroutines_pages() {
    #[inline(never)]
    fn deep() -> usize {
        let frame = std::hint::black_box([1_u8; 64 << 10]);
        frame.as_ptr().addr()
    }
    let resident = |addr: usize| {
        let mut page = 0_u8;
        // SAFETY: a slot stays mapped; one page is asked for, one byte is written.
        let rc = unsafe { libc::mincore((addr & !4095) as *mut _, 4096, &mut page) };
        assert_eq!(rc, 0);
        page & 1 != 0
    };
    // SAFETY: nothing is bound to a thread.
    let (handle, at) = unsafe {
        run(|| {
            let (at, there) = gopark_runtime::chan::bounded(1);
            let handle = go(move || {
                let addr = deep();
                assert!(resident(addr), "the goroutine's own stack");
                at.send(addr).unwrap();
                42
            });
            (handle, there.recv().unwrap())
        })
    };
    eventually("the goroutine's end", || handle.is_finished());
    // sysmon does it when all is quiet
    eventually("the return of the pages", || !resident(at));
    assert_eq!(handle.join().unwrap(), 42);
}
