//! library/std/tests/sync/barrier.rs

use std::sync::Arc;

use gopark_runtime::sync::Barrier;
use gopark_runtime::{chan, go, gosched};

use super::goroutine;

#[test]
fn test_barrier() {
    const PARTIES: usize = 10;
    goroutine(|| {
        let barrier = Arc::new(Barrier::new(PARTIES));
        let (tx, rx) = chan::unbounded();
        for _ in 0..PARTIES - 1 {
            let (barrier, tx) = (barrier.clone(), tx.clone());
            go(move || tx.send(barrier.wait().is_leader()).unwrap());
        }
        drop(tx);
        (0..100).for_each(|_| gosched());
        assert!(rx.try_recv().is_err(), "nobody passes before all are there");
        let ours = usize::from(barrier.wait().is_leader());
        assert_eq!(ours + rx.iter().filter(|leader| *leader).count(), 1, "there is one leader");
    });
}

/// A barrier may be used round after round.
#[test]
fn rounds() {
    goroutine(|| {
        let barrier = Arc::new(Barrier::new(3));
        let parties: Vec<_> = (0..3)
            .map(|_| {
                let barrier = barrier.clone();
                go(move || (0..100).filter(|_| barrier.wait().is_leader()).count())
            })
            .collect();
        assert_eq!(parties.into_iter().map(|p| p.join().unwrap()).sum::<usize>(), 100);
    });
}

/// std: check_barrier_is_ref_unwind_safe.
#[test]
fn check_barrier_is_ref_unwind_safe() {
    fn check<T: std::panic::RefUnwindSafe>(_: T) {}
    check(Arc::new(Barrier::new(10)));
}
