//! library/std/tests/sync/mutex.rs

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use gopark_runtime::sync::{MappedMutexGuard, Mutex, MutexGuard};
use gopark_runtime::{chan, go};

use super::{Foo, NonCopy, goroutine, moves_out_and_drops_once};

#[test]
fn smoke() {
    let m = Mutex::new(());
    drop(m.lock());
    drop(m.lock());
}

#[test]
fn lots_and_lots() {
    const ROUNDS: u32 = 1000;
    const TASKS: u32 = 6;
    goroutine(|| {
        let m = Arc::new(Mutex::new(0));
        let (tx, rx) = chan::unbounded();
        for _ in 0..TASKS {
            let (m, tx) = (m.clone(), tx.clone());
            go(move || {
                for _ in 0..ROUNDS {
                    *m.lock() += 1;
                }
                tx.send(()).unwrap();
            });
        }
        drop(tx);
        assert_eq!(rx.iter().count(), TASKS as usize);
        assert_eq!(*m.lock(), ROUNDS * TASKS);
    });
}

#[test]
fn try_lock() {
    let m = Mutex::new(());
    *m.try_lock().unwrap() = ();
    let held = m.lock();
    assert!(m.try_lock().is_none());
    drop(held);
}

#[test]
fn test_into_inner() {
    assert_eq!(Mutex::new(NonCopy(10)).into_inner(), NonCopy(10));
}

#[test]
fn test_into_inner_drop() {
    moves_out_and_drops_once(Mutex::<Foo>::new, Mutex::into_inner);
}

#[test]
fn test_get_mut() {
    let mut m = Mutex::new(NonCopy(10));
    *m.get_mut() = NonCopy(20);
    assert_eq!(m.into_inner(), NonCopy(20));
}

#[test]
fn test_mutex_arc_nested() {
    goroutine(|| {
        let outer = Arc::new(Mutex::new(Arc::new(Mutex::new(1))));
        let (tx, rx) = chan::bounded(1);
        go(move || {
            let inner = outer.lock();
            assert_eq!(*inner.lock(), 1);
            tx.send(()).unwrap();
        });
        rx.recv().unwrap();
    });
}

#[test]
fn test_mutex_unsized() {
    let mutex: &Mutex<[i32]> = &Mutex::new([1, 2, 3]);
    {
        let b = &mut *mutex.lock();
        b[0] = 4;
        b[2] = 5;
    }
    let expected: &[i32] = &[4, 2, 5];
    assert_eq!(&*mutex.lock(), expected);
}

#[test]
fn test_mapping_mapped_guard() {
    let lock = Mutex::new([0; 4]);
    let guard = MutexGuard::map(lock.lock(), |arr| &mut arr[..2]);
    let mut guard = MappedMutexGuard::map(guard, |slice| &mut slice[1..]);
    assert_eq!(guard.len(), 1);
    guard[0] = 42;
    drop(guard);
    assert_eq!(*lock.lock(), [0, 42, 0, 0]);
}

#[test]
fn test_panics() {
    let mutex = Mutex::new(42);
    for _ in 0..3 {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let _guard = mutex.lock();
            panic!("with the mutex held");
        }));
        assert!(result.is_err());
    }
    assert_eq!(*mutex.lock(), 42);
}

#[test]
fn test_mutex_arc_access_in_unwind() {
    struct Unwinder(Arc<Mutex<i32>>);
    impl Drop for Unwinder {
        fn drop(&mut self) {
            *self.0.lock() += 1;
        }
    }
    goroutine(|| {
        let arc = Arc::new(Mutex::new(1));
        let unwinder = Unwinder(arc.clone());
        let result = go(move || {
            let _unwinder = unwinder;
            panic!("on purpose");
        })
        .join();
        assert!(result.is_err());
        assert_eq!(*arc.lock(), 2);
    });
}

/// std: panic_while_mapping_unlocked_poison; here: unlocked, and nothing is poisoned.
#[test]
fn panic_while_mapping_unlocked() {
    let lock = Mutex::new(());
    let attempts: [fn(&Mutex<()>); 4] = [
        |lock| drop(MutexGuard::map::<(), _>(lock.lock(), |_| panic!())),
        |lock| drop(MutexGuard::try_map::<(), _>(lock.lock(), |_| panic!())),
        |lock| {
            let guard = MutexGuard::map(lock.lock(), |value| value);
            drop(MappedMutexGuard::map::<(), _>(guard, |_| panic!()));
        },
        |lock| {
            let guard = MutexGuard::map(lock.lock(), |value| value);
            drop(MappedMutexGuard::try_map::<(), _>(guard, |_| panic!()));
        },
    ];
    for attempt in attempts {
        assert!(catch_unwind(AssertUnwindSafe(|| attempt(&lock))).is_err());
        assert!(lock.try_lock().is_some(), "the panic unlocked it");
    }
}

#[test]
fn test_mutex_guard_unlocked() {
    let mutex = Mutex::new(1);
    let mut guard = mutex.lock();
    assert!(mutex.try_lock().is_none());
    MutexGuard::unlocked(&mut guard, || assert!(mutex.try_lock().is_some()));
    assert!(mutex.try_lock().is_none());
}
