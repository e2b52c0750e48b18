//! sync/waitgroup_test.go

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use gopark_runtime::sync::WaitGroup;
use gopark_runtime::{chan, go};

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
