//! library/std/tests/sync/rwlock.rs

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use gopark_runtime::sync::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use gopark_runtime::{chan, go, gosched, time};

use super::{Foo, NonCopy, goroutine, moves_out_and_drops_once};

#[test]
fn smoke() {
    let l = RwLock::new(());
    drop(l.read());
    drop(l.write());
    drop((l.read(), l.read()));
    drop(l.write());
}

#[test]
fn frob() {
    const TASKS: u32 = 10;
    const ROUNDS: u32 = 1000;
    goroutine(|| {
        let lock = Arc::new(RwLock::new(()));
        let (tx, rx) = chan::bounded::<()>(1);
        for task in 0..TASKS {
            let (tx, lock) = (tx.clone(), lock.clone());
            go(move || {
                let mut random = task + 1;
                for _ in 0..ROUNDS {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if (random >> 16).is_multiple_of(TASKS) {
                        drop(lock.write());
                    } else {
                        drop(lock.read());
                    }
                }
                drop(tx);
            });
        }
        drop(tx);
        assert!(rx.recv().is_err(), "all have come to their end");
    });
}

#[test]
fn test_rw_arc() {
    goroutine(|| {
        let arc = Arc::new(RwLock::new(0));
        let (tx, rx) = chan::bounded(1);
        let writers = arc.clone();
        go(move || {
            let mut lock = writers.write();
            for _ in 0..10 {
                let value = *lock;
                *lock = -1;
                gosched();
                *lock = value + 1;
            }
            tx.send(()).unwrap();
        });
        let readers: Vec<_> = (0..5)
            .map(|_| {
                let arc = arc.clone();
                go(move || assert!(*arc.read() >= 0, "the writer was caught in the act"))
            })
            .collect();
        for reader in readers {
            reader.join().unwrap();
        }
        rx.recv().unwrap();
        assert_eq!(*arc.read(), 10);
    });
}

#[test]
fn test_rw_arc_access_in_unwind() {
    struct Unwinder(Arc<RwLock<i32>>);
    impl Drop for Unwinder {
        fn drop(&mut self) {
            *self.0.write() += 1;
        }
    }
    goroutine(|| {
        let arc = Arc::new(RwLock::new(1));
        let unwinder = Unwinder(arc.clone());
        let result = go(move || {
            let _unwinder = unwinder;
            panic!("on purpose");
        })
        .join();
        assert!(result.is_err());
        assert_eq!(*arc.read(), 2);
    });
}

#[test]
fn test_rwlock_unsized() {
    let rw: &RwLock<[i32]> = &RwLock::new([1, 2, 3]);
    {
        let b = &mut *rw.write();
        b[0] = 4;
        b[2] = 5;
    }
    let expected: &[i32] = &[4, 2, 5];
    assert_eq!(&*rw.read(), expected);
}

#[test]
fn test_into_inner() {
    assert_eq!(RwLock::new(NonCopy(10)).into_inner(), NonCopy(10));
}

#[test]
fn test_into_inner_drop() {
    moves_out_and_drops_once(RwLock::<Foo>::new, RwLock::into_inner);
}

#[test]
fn test_get_mut() {
    let mut m = RwLock::new(NonCopy(10));
    *m.get_mut() = NonCopy(20);
    assert_eq!(m.into_inner(), NonCopy(20));
}

#[test]
fn test_downgrade_basic() {
    let lock = RwLock::new(());
    let _read = RwLockWriteGuard::downgrade(lock.write());
    assert!(lock.try_read().is_some() && lock.try_write().is_none());
}

#[test]
fn test_downgrade_observe() {
    const TASKS: usize = 20;
    const ROUNDS: usize = 100;
    goroutine(|| {
        let rw = Arc::new(RwLock::new(0));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let rw = rw.clone();
                go(move || {
                    for _ in 0..ROUNDS {
                        let mut write = rw.write();
                        *write += 1;
                        let written = *write;
                        let read = RwLockWriteGuard::downgrade(write);
                        gosched();
                        assert_eq!(written, *read);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.join().unwrap();
        }
        assert_eq!(*rw.read(), TASKS * ROUNDS);
    });
}

#[test]
fn test_downgrade_atomic() {
    const NEW_VALUE: i32 = -1;
    const TASKS: i32 = 20;
    goroutine(|| {
        let lock = Arc::new(RwLock::new(0));
        let mut write = lock.write();
        let evil: Vec<_> = (0..TASKS)
            .map(|_| {
                let lock = lock.clone();
                go(move || *lock.write() += 1)
            })
            .collect();
        time::sleep(Duration::from_millis(42)); // They wait now.
        *write = NEW_VALUE;
        let read = RwLockWriteGuard::downgrade(write);
        assert_eq!(*read, NEW_VALUE, "a writer came in between");
        drop(read);
        for task in evil {
            task.join().unwrap();
        }
        assert_eq!(*lock.read(), TASKS + NEW_VALUE);
    });
}

#[test]
fn test_mapping_mapped_guard() {
    let mut lock = RwLock::new([0; 4]);
    let guard = RwLockWriteGuard::map(lock.write(), |arr| &mut arr[..2]);
    let mut guard = MappedRwLockWriteGuard::map(guard, |slice| &mut slice[1..]);
    assert_eq!(guard.len(), 1);
    guard[0] = 42;
    drop(guard);
    assert_eq!(*lock.get_mut(), [0, 42, 0, 0]);

    let guard = RwLockReadGuard::map(lock.read(), |arr| &arr[..2]);
    let guard = MappedRwLockReadGuard::map(guard, |slice| &slice[1..]);
    assert_eq!(*guard, [42]);
    drop(guard);
    assert_eq!(*lock.get_mut(), [0, 42, 0, 0]);
}

#[test]
fn test_rwlock_try_write() {
    let lock = RwLock::new(0);
    let read = lock.read();
    assert!(lock.try_write().is_none(), "a reader is inside");
    drop(read);
    let mapped = RwLockReadGuard::map(lock.read(), |_| &());
    assert!(lock.try_write().is_none(), "a mapped reader is inside");
    drop(mapped);
    assert!(lock.try_write().is_some());
}

/// std: test_rw_arc_no_poison_rr, _mapped_r_r, _rw, _mapped_r_w.
#[test]
fn test_rw_arc_no_poison() {
    goroutine(|| {
        let arc = Arc::new(RwLock::new(1));
        let (plain, mapped) = (arc.clone(), arc.clone());
        let with_guard = go(move || {
            let _lock = plain.read();
            panic!("on purpose");
        });
        let with_mapped_guard = go(move || {
            let _lock = RwLockReadGuard::map(mapped.read(), |value| value);
            panic!("on purpose");
        });
        assert!(with_guard.join().is_err() && with_mapped_guard.join().is_err());
        assert_eq!(*arc.read(), 1);
        assert_eq!(*arc.write(), 1);
    });
}

fn unlocked_after(attempts: &[fn(&RwLock<()>)]) {
    let lock = RwLock::new(());
    for attempt in attempts {
        assert!(catch_unwind(AssertUnwindSafe(|| attempt(&lock))).is_err());
        assert!(lock.try_write().is_some(), "the panic unlocked it");
    }
}

#[test]
fn panic_while_mapping_read_unlocked_no_poison() {
    unlocked_after(&[
        |lock| drop(RwLockReadGuard::map::<(), _>(lock.read(), |_| panic!())),
        |lock| drop(RwLockReadGuard::try_map::<(), _>(lock.read(), |_| panic!())),
        |lock| {
            let guard = RwLockReadGuard::map(lock.read(), |value| value);
            drop(MappedRwLockReadGuard::map::<(), _>(guard, |_| panic!()));
        },
        |lock| {
            let guard = RwLockReadGuard::map(lock.read(), |value| value);
            drop(MappedRwLockReadGuard::try_map::<(), _>(guard, |_| panic!()));
        },
    ]);
}

/// std: panic_while_mapping_write_unlocked_poison; here: unlocked, and nothing is poisoned.
#[test]
fn panic_while_mapping_write_unlocked() {
    unlocked_after(&[
        |lock| drop(RwLockWriteGuard::map::<(), _>(lock.write(), |_| panic!())),
        |lock| drop(RwLockWriteGuard::try_map::<(), _>(lock.write(), |_| panic!())),
        |lock| {
            let guard = RwLockWriteGuard::map(lock.write(), |value| value);
            drop(MappedRwLockWriteGuard::map::<(), _>(guard, |_| panic!()));
        },
        |lock| {
            let guard = RwLockWriteGuard::map(lock.write(), |value| value);
            drop(MappedRwLockWriteGuard::try_map::<(), _>(guard, |_| panic!()));
        },
    ]);
}

#[test]
fn test_read_guard_unlocked() {
    let lock = RwLock::new(1);
    let mut guard = lock.read();
    assert!(lock.try_write().is_none());
    RwLockReadGuard::unlocked(&mut guard, || assert!(lock.try_write().is_some()));
    assert!(lock.try_write().is_none());
}

#[test]
fn test_write_guard_unlocked() {
    let lock = RwLock::new(1);
    let mut guard = lock.write();
    assert!(lock.try_write().is_none());
    RwLockWriteGuard::unlocked(&mut guard, || assert!(lock.try_write().is_some()));
    assert!(lock.try_write().is_none());
}
