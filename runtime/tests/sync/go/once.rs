//! sync/once_test.go, sync/oncefunc_test.go

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use gopark_runtime::go;
use gopark_runtime::sync::{LazyLock, Once};

use super::{goroutine, join_all};

#[test]
fn test_once() {
    goroutine(|| {
        let shared = Arc::new((Once::new(), AtomicU32::new(0)));
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let shared = shared.clone();
                go(move || {
                    shared.0.call_once(|| {
                        shared.1.fetch_add(1, Relaxed);
                    });
                    assert_eq!(shared.1.load(Relaxed), 1);
                })
            })
            .collect();
        join_all(tasks);
    });
}

/// Go's OnceValue is LazyLock: calls once, gives the value each time.
#[test]
fn test_once_value() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let value = LazyLock::new(|| CALLS.fetch_add(1, Relaxed) + 1);
    for _ in 0..10 {
        assert_eq!(*value, 1);
    }
    assert_eq!(CALLS.load(Relaxed), 1);
}

#[test]
fn test_once_value_panic() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let value: LazyLock<u32> = LazyLock::new(|| {
        CALLS.fetch_add(1, Relaxed);
        panic!("x")
    });
    for _ in 0..2 {
        assert!(catch_unwind(AssertUnwindSafe(|| *value)).is_err());
    }
    assert_eq!(CALLS.load(Relaxed), 1);
}
