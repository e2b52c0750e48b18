//! tokio/tests/task_join_set.rs

use std::time::Duration;

use gopark_runtime::sync::JoinSet;
use gopark_runtime::{chan, time};

use super::goroutine;

#[test]
fn test_with_sleep() {
    goroutine(|| {
        let mut set = JoinSet::new();
        for i in 0..10 {
            set.go(move || i);
            assert_eq!(set.len(), 1 + i);
        }
        let mut seen = [false; 10];
        while let Some(result) = set.join_next() {
            seen[result.unwrap()] = true;
        }
        assert_eq!(seen, [true; 10]);
        assert!(set.is_empty());
        // The same slots again, in the order in which they end.
        for i in (0..5_u64).rev() {
            set.go(move || {
                time::sleep(Duration::from_millis(20 * i));
                i as usize
            });
        }
        let order: Vec<_> = std::iter::from_fn(|| set.join_next()).map(Result::unwrap).collect();
        assert_eq!(order, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn test_abort_on_drop() {
    goroutine(|| {
        let (sender, receiver) = chan::bounded(0);
        let mut set = JoinSet::new();
        set.go(move || sender.send("went on").unwrap());
        drop(set); // detaches
        assert_eq!(receiver.recv(), Ok("went on"));
    });
}

#[test]
fn alternating() {
    goroutine(|| {
        let mut set = JoinSet::new();
        set.go(|| ());
        set.go(|| ());
        for _ in 0..16 {
            set.join_next().unwrap().unwrap();
            assert_eq!(set.len(), 1);
            set.go(|| ());
            assert_eq!(set.len(), 2);
        }
    });
}

#[test]
fn task_panics() {
    goroutine(|| {
        let mut set = JoinSet::new();
        set.go(|| 1);
        set.go(|| panic!("no"));
        let results: Vec<_> = std::iter::from_fn(|| set.join_next()).collect();
        assert_eq!(results.len(), 2);
        let panicked = results.into_iter().find_map(Result::err).unwrap();
        assert_eq!(panicked.downcast_ref(), Some(&"no"));
    });
}

#[test]
fn try_join_next() {
    goroutine(|| {
        let mut set = JoinSet::new();
        let (go_on, wait) = chan::bounded::<()>(0);
        set.go(move || wait.recv().is_err());
        assert!(set.try_join_next().is_none());
        assert!(set.join_next_timeout(Duration::from_millis(1)).is_none());
        assert_eq!(set.len(), 1, "it is still there");
        drop(go_on);
        let result = loop {
            match set.try_join_next() {
                Some(result) => break result,
                None => gopark_runtime::gosched(),
            }
        };
        assert!(result.unwrap());
        assert!(set.join_next_timeout(Duration::MAX).is_none(), "an empty set does not wait");
    });
}
