//! sync/waitgroup_test.go

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use std::time::Duration;

use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::sync::WaitGroup;
use gopark_runtime::{chan, go, time};

use super::goroutine;

#[test]
fn test_wait_group() {
    const N: usize = 16;
    goroutine(|| {
        let groups = Arc::new((WaitGroup::new(), WaitGroup::new()));
        for _ in 0..8 {
            let (exited, exits) = chan::bounded(N);
            groups.0.add(N);
            groups.1.add(N);
            for _ in 0..N {
                let (groups, exited) = (groups.clone(), exited.clone());
                go(move || {
                    groups.0.done();
                    groups.1.wait();
                    exited.send(()).unwrap();
                });
            }
            groups.0.wait();
            for _ in 0..N {
                assert!(exits.try_recv().is_err(), "the group was released too soon");
                groups.1.done();
            }
            (0..N).for_each(|_| exits.recv().unwrap());
        }
    });
}

#[test]
#[should_panic(expected = "sync: negative WaitGroup counter")]
fn test_wait_group_misuse() {
    let wg = WaitGroup::new();
    wg.add(1);
    wg.done();
    wg.done();
}

#[test]
fn test_wait_group_go() {
    goroutine(|| {
        let (wg, n) = (Arc::new(WaitGroup::new()), Arc::new(AtomicU32::new(0)));
        let add_one = |n: Arc<AtomicU32>| move || _ = n.fetch_add(1, Relaxed);
        wg.go(add_one(n.clone()));
        wg.go(add_one(n.clone()));
        let panics = wg.go(|| panic!("counted all the same"));
        wg.wait();
        assert_eq!(n.load(Relaxed), 2);
        assert!(panics.join().is_err());
    });
}

#[test]
fn a_wait_ends_with_time_and_context() {
    goroutine(|| {
        let wg = Arc::new(WaitGroup::new());
        wg.add(1);
        assert!(!wg.wait_timeout(Duration::from_millis(1)));
        let (ctx, cancel) = Context::background().with_cancel();
        let waiting = {
            let wg = wg.clone();
            go(move || wg.wait_context(&ctx))
        };
        cancel();
        assert_eq!(waiting.join().unwrap(), Err(ContextError::Canceled));
        let patient = {
            let wg = wg.clone();
            go(move || wg.wait())
        };
        wg.done();
        patient.join().unwrap();
        assert!(wg.wait_timeout(Duration::MAX));
    });
}

/// Waiters that give up at about the time of the last `done` leave no count and no unit behind: the
/// group is good for the next round.
#[test]
fn waiters_that_give_up_leave_nothing_behind() {
    goroutine(|| {
        let wg = Arc::new(WaitGroup::new());
        for round in 0..300 {
            let work = wg.go(move || time::sleep(Duration::from_micros(round % 50)));
            let waiters: Vec<_> = (0..4_u64)
                .map(|i| {
                    let wg = wg.clone();
                    go(move || wg.wait_timeout(Duration::from_micros((round * 7 + i * 13) % 60)))
                })
                .collect();
            wg.wait();
            waiters.into_iter().for_each(|w| _ = w.join().unwrap());
            work.join().unwrap();
            assert_eq!(format!("{wg:?}"), "WaitGroup { counter: 0, waiters: 0 }");
        }
    });
}

#[test]
fn test_wait_group_race() {
    goroutine(|| {
        for _ in 0..1000 {
            let shared = Arc::new((WaitGroup::new(), AtomicU32::new(0)));
            for _ in 0..2 {
                shared.0.add(1);
                let shared = shared.clone();
                go(move || {
                    shared.1.fetch_add(1, Relaxed);
                    shared.0.done();
                });
            }
            shared.0.wait();
            assert_eq!(shared.1.load(Relaxed), 2, "spurious wake-up from wait");
        }
    });
}
