//! library/std/tests/sync/lazy_lock.rs

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gopark_runtime::go;
use gopark_runtime::sync::{LazyLock, Mutex, OnceLock};

use super::goroutine;

fn spawn_and_wait(f: impl FnOnce() + Send + 'static) {
    goroutine(move || go(f).join().unwrap());
}

#[test]
fn sync_lazy_new() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    static LAZY: LazyLock<i32> = LazyLock::new(|| {
        CALLS.fetch_add(1, Relaxed);
        92
    });
    assert_eq!(CALLS.load(Relaxed), 0);
    spawn_and_wait(|| assert_eq!((*LAZY - 30, CALLS.load(Relaxed)), (62, 1)));
    assert_eq!((*LAZY - 30, CALLS.load(Relaxed)), (62, 1));
}

#[test]
fn sync_lazy_default() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    struct Foo(u8);
    impl Default for Foo {
        fn default() -> Self {
            CALLS.fetch_add(1, Relaxed);
            Foo(42)
        }
    }
    let lazy: LazyLock<Mutex<Foo>> = <_>::default();
    assert_eq!(CALLS.load(Relaxed), 0);
    assert_eq!(lazy.lock().0, 42);
    lazy.lock().0 = 21;
    assert_eq!(lazy.lock().0, 21);
    assert_eq!(CALLS.load(Relaxed), 1);
}

#[test]
fn static_sync_lazy() {
    static XS: LazyLock<Vec<i32>> = LazyLock::new(|| (1..=3).collect());
    spawn_and_wait(|| assert_eq!(*XS, vec![1, 2, 3]));
    assert_eq!(*XS, vec![1, 2, 3]);
}

#[test]
fn static_sync_lazy_via_fn() {
    fn xs() -> &'static Vec<i32> {
        static XS: OnceLock<Vec<i32>> = OnceLock::new();
        XS.get_or_init(|| (1..=3).collect())
    }
    assert_eq!(xs(), &vec![1, 2, 3]);
}

#[test]
fn is_sync_send() {
    fn assert_traits<T: Send + Sync>() {}
    assert_traits::<LazyLock<String>>();
}

#[test]
fn lazy_force_mut() {
    let s = "abc".to_owned();
    let mut lazy = LazyLock::new(move || s);
    LazyLock::force_mut(&mut lazy);
    LazyLock::force_mut(&mut lazy).clear();
    assert_eq!(*LazyLock::force_mut(&mut lazy), "");
}

#[test]
fn lazy_poisoning() {
    let x: LazyLock<String> = LazyLock::new(|| panic!("kaboom"));
    for _ in 0..2 {
        assert!(catch_unwind(AssertUnwindSafe(|| x.len())).is_err());
    }
}

#[test]
#[should_panic(expected = "LazyLock instance has previously been poisoned")]
fn lazy_lock_deref_panic() {
    let lazy: LazyLock<String> = LazyLock::new(|| panic!("initialisation failed"));
    let _ = catch_unwind(AssertUnwindSafe(|| lazy.len()));
    let _ = lazy.len();
}

#[test]
#[should_panic(expected = "LazyLock instance has previously been poisoned")]
fn lazy_lock_deref_mut_panic() {
    let mut lazy: LazyLock<String> = LazyLock::new(|| panic!("initialisation failed"));
    let _ = catch_unwind(AssertUnwindSafe(|| LazyLock::force_mut(&mut lazy).len()));
    let _ = lazy.len();
}

#[test]
#[should_panic(expected = "the closure's own words")]
fn lazy_lock_preserves_closure_panic_message() {
    let lazy: LazyLock<String> = LazyLock::new(|| panic!("the closure's own words"));
    let _ = lazy.len();
}

/// library/std/tests/sync/lazy_lock.rs sync_lazy_get, sync_lazy_get_mut; DerefMut makes the value, too.
#[test]
fn lazy_get_and_change() {
    let mut lazy = LazyLock::new(|| 92);
    assert_eq!(LazyLock::get(&lazy), None);
    assert_eq!(LazyLock::get_mut(&mut lazy), None);
    *lazy += 1;
    assert_eq!(LazyLock::get(&lazy), Some(&93));
    *LazyLock::get_mut(&mut lazy).unwrap() = 5;
    assert_eq!(*lazy, 5);
}
