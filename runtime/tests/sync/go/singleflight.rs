//! x/sync/singleflight/singleflight_test.go

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gopark_runtime::sync::singleflight::Group;
use gopark_runtime::{chan, go, time};

use super::goroutine;

#[test]
fn test_do() {
    let group = Group::new();
    assert_eq!(group.work("key", || "bar"), ("bar", false));
}

#[test]
fn test_do_err() {
    let group = Group::new();
    let (result, shared) = group.work("key", || "x".parse::<u8>());
    assert!(result.is_err() && !shared);
}

#[test]
fn test_do_dup_suppress() {
    goroutine(|| {
        const N: usize = 10;
        let group = Arc::new(Group::new());
        let calls = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = chan::bounded(0);
        let callers: Vec<_> = (0..N)
            .map(|_| {
                let (group, calls, receiver) = (group.clone(), calls.clone(), receiver.clone());
                go(move || {
                    group.work("key", move || {
                        calls.fetch_add(1, Relaxed);
                        receiver.recv().unwrap()
                    })
                })
            })
            .collect();
        // All have called by then; the first alone takes the message.
        time::sleep(std::time::Duration::from_millis(20));
        sender.send("bar").unwrap();
        drop((sender, receiver));
        let results: Vec<_> = callers.into_iter().map(|c| c.join().unwrap()).collect();
        assert!(results.iter().all(|(value, _)| *value == "bar"));
        assert_eq!(calls.load(Relaxed), 1);
        assert!(results.iter().all(|(_, shared)| *shared));
    });
}

#[test]
fn test_forget() {
    goroutine(|| {
        let group = Arc::new(Group::new());
        let (first_started, started) = chan::bounded(0);
        let (unblock, blocked) = chan::bounded::<()>(0);
        let first = {
            let group = group.clone();
            go(move || {
                group.work("key", || {
                    first_started.send(()).unwrap();
                    let _ = blocked.recv();
                    1
                })
            })
        };
        started.recv().unwrap();
        group.forget(&"key");
        assert_eq!(group.work("key", || 2), (2, false), "the first is forgotten");
        drop(unblock);
        assert_eq!(first.join().unwrap(), (1, false));
        assert_eq!(group.work("key", || 3), (3, false));
    });
}

#[test]
fn test_panic_do() {
    goroutine(|| {
        let group = Arc::new(Group::<_, u32>::new());
        let (started, wait) = chan::bounded(0);
        let first = {
            let group = group.clone();
            go(move || {
                group.work("key", || {
                    started.send(()).unwrap();
                    time::sleep(std::time::Duration::from_millis(20));
                    panic!("invalid memory address")
                })
            })
        };
        wait.recv().unwrap();
        let others: Vec<_> = (0..4)
            .map(|_| {
                let group = group.clone();
                go(move || group.work("key", || unreachable!("the first runs")))
            })
            .collect();
        for caller in std::iter::once(first).chain(others) {
            let payload = caller.join().unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&"invalid memory address"));
        }
        assert_eq!(group.work("key", || 1), (1, false), "it works again");
    });
}
