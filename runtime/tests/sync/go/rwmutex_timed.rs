//! Beyond Go's: reader/writer locks that are waited for under a deadline or a context.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gopark_runtime::context::Context;
use gopark_runtime::sync::{RwLock, RwLockContext, RwLockWriteGuard};
use gopark_runtime::{JoinHandle, chan, go, gosched};

use super::{goroutine, join_all};

const SHORT: Duration = Duration::from_millis(5);

const LONG: Duration = Duration::from_secs(60);

/// Two that every writer changes together.
type Halves = Arc<RwLock<(u64, u64)>>;
type WriteGuard<'a> = RwLockWriteGuard<'a, (u64, u64)>;

fn write(halves: &mut (u64, u64)) {
    halves.0 += 1;
    std::hint::black_box(&mut *halves);
    halves.1 += 1;
}

fn write_counted<'a>(mut guard: WriteGuard<'a>, writes: &AtomicU64) -> WriteGuard<'a> {
    write(&mut guard);
    writes.fetch_add(1, Relaxed);
    guard
}

/// A goroutine that waits to write until it is told to give up, and says whether it did. It keeps readers out when this returns.
fn impatient_writer(lock: &Halves, ctx: &Context) -> JoinHandle<bool> {
    let (other, ctx) = (lock.clone(), ctx.clone());
    let writer = go(move || other.write_context(&ctx).is_err());
    while lock.try_read().is_some() {
        gosched();
    }
    writer
}

#[test]
fn a_reader_gives_up() {
    goroutine(|| {
        let lock = RwLock::new(1);
        let writer = lock.write();
        let before = Instant::now();
        assert!(lock.try_read_for(SHORT).is_none() && before.elapsed() >= SHORT);
        assert!(lock.try_read_until(before).is_none(), "a deadline in the past");
        assert!(lock.try_write_for(SHORT).is_none() && before.elapsed() >= 2 * SHORT);
        assert!(lock.try_write_until(before).is_none());
        drop(writer);
        assert!(!lock.is_locked(), "who gave up is not counted");
        assert_eq!(*lock.try_read_until(before).expect("it is free"), 1);
        *lock.try_write_until(before).expect("it is free") += 1;
        assert_eq!(*lock.try_read_for(Duration::MAX).expect("it is free"), 2);
        *lock.try_write_for(Duration::MAX).expect("it is free") += 1;
        assert_eq!(lock.into_inner(), 3);
    });
}

#[test]
fn a_waiting_reader_gets_in() {
    goroutine(|| {
        let lock = Arc::new(RwLock::new((0, 0)));
        let mut writer = lock.write();
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let lock = lock.clone();
                go(move || assert_eq!(*lock.try_read_for(LONG).expect("the writer leaves"), (1, 1)))
            })
            .collect();
        assert!(lock.try_read_for(SHORT).is_none());
        write(&mut writer);
        drop(writer);
        join_all(readers);
    });
}

#[test]
fn a_waiting_writer_gets_in() {
    goroutine(|| {
        let lock: Halves = Arc::default();
        let readers = [lock.read(), lock.read()];
        let other = lock.clone();
        let writer = go(move || write(&mut other.try_write_for(LONG).expect("the readers leave")));
        while lock.try_read().is_some() {
            gosched();
        }
        drop(readers);
        writer.join().unwrap();
        assert_eq!(*lock.read(), (1, 1));
    });
}

/// Readers who queued behind the writer get in at once, beside the one that it waited for.
#[test]
fn a_writer_gives_up() {
    goroutine(|| {
        let lock: Halves = Arc::default();
        let reader = lock.read();
        let before = Instant::now();
        assert!(lock.try_write_for(SHORT).is_none() && before.elapsed() >= SHORT);
        assert!(lock.try_read().is_some(), "it keeps nobody out any more");

        let (ctx, cancel) = Context::background().with_cancel();
        let writer = impatient_writer(&lock, &ctx);
        let (entered, enters) = chan::bounded(0);
        let (leave, may_leave) = chan::bounded::<()>(0);
        let behind: Vec<_> = (0..10)
            .map(|_| {
                let (lock, entered, may_leave) = (lock.clone(), entered.clone(), may_leave.clone());
                go(move || {
                    let _guard = lock.read();
                    entered.send(()).unwrap();
                    let _ = may_leave.recv();
                })
            })
            .collect();
        assert!(enters.recv_timeout(SHORT).is_err(), "the writer goes first");
        cancel();
        (0..10).for_each(|_| enters.recv().unwrap());
        assert!(writer.join().unwrap());
        assert!(lock.try_write().is_none());
        drop((reader, leave));
        join_all(behind);
        write(&mut lock.try_write().expect("all have left"));
    });
}

/// Writers that give up one after the other, while the readers of the first one's time have been let in and may not have run.
#[test]
fn writers_give_up_in_a_row() {
    goroutine(|| {
        let lock: Halves = Arc::default();
        for _ in 0..200 {
            let reader = lock.read();
            let (ctx, cancel) = Context::background().with_cancel();
            let writer = impatient_writer(&lock, &ctx);
            let behind: Vec<_> = (0..4_u64)
                .map(|i| {
                    let lock = lock.clone();
                    go(move || drop(lock.try_read_for(Duration::from_micros(i * 20))))
                })
                .collect();
            gosched();
            cancel();
            (0..5).for_each(|_| drop(lock.try_write_until(Instant::now())));
            drop(reader);
            writer.join().unwrap(); // It has got the lock if the reader was faster.
            join_all(behind);
            assert!(!lock.is_locked());
        }
        assert_eq!(*lock.read(), (0, 0));
    });
}

#[test]
fn a_plain_thread_gives_up() {
    goroutine(|| {
        let lock: Halves = Arc::default();
        let (reader, other) = (lock.read(), lock.clone());
        let thread = std::thread::spawn(move || {
            let before = Instant::now();
            let got = other.try_write_for(4 * SHORT).is_some();
            (got, before.elapsed(), other.try_read_for(SHORT).is_some())
        });
        let (got, waited, reads) = gopark_runtime::blocking(|| thread.join().unwrap());
        assert!(!got && waited >= 4 * SHORT && reads);
        drop(reader);
        assert!(!lock.is_locked());
    });
}

/// All ways in and out, under deadlines that end around the moment at which the lock comes: nobody is among a writer's steps, no
/// write is lost, and in the end nobody is counted and nobody is left parked.
#[test]
fn timed_rwmutex_under_contention() {
    const TASKS: u64 = 10;
    const ROUNDS: u64 = 3000;
    fn work(task: u64, lock: &Halves, writes: &AtomicU64) {
        let wrote = |guard| write_counted(guard, writes);
        let mut random = task + 1;
        for _ in 0..ROUNDS {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let patience = Duration::from_micros((random >> 40) % 60);
            let under = || Context::background().with_timeout(patience).0;
            let read = match (random >> 33) % 16 {
                0 => Some(lock.read()),
                1 => lock.try_read(),
                2..5 => lock.try_read_for(patience),
                5 => lock.read_context(&under()).ok(),
                6 => lock.try_read_until(Instant::now()),
                7 => Some(RwLockWriteGuard::downgrade(wrote(lock.write()))),
                8 => lock.try_write_for(patience).map(wrote).map(RwLockWriteGuard::downgrade),
                9 => {
                    drop(wrote(lock.write()));
                    None
                }
                10 => lock.try_write().map(wrote).and(None),
                11 => lock.write_context(&under()).ok().map(wrote).and(None),
                12 => lock.try_write_until(Instant::now()).map(wrote).and(None),
                _ => lock.try_write_for(patience).map(wrote).and(None),
            };
            if let Some(halves) = read {
                assert_eq!(halves.0, halves.1, "a reader among a writer's steps");
                if random >> 61 == 0 {
                    gosched();
                }
            }
        }
    }
    goroutine(|| {
        let (lock, writes) = (Halves::default(), Arc::new(AtomicU64::new(0)));
        let start = |task| {
            let (lock, writes) = (lock.clone(), writes.clone());
            move || work(task, &lock, &writes)
        };
        let thread = std::thread::spawn(start(TASKS));
        join_all((0..TASKS).map(|task| go(start(task))).collect::<Vec<_>>());
        gopark_runtime::blocking(|| thread.join().unwrap());
        assert!(!lock.is_locked());
        let written = writes.load(Relaxed);
        assert_eq!(*lock.try_write().expect("all have left"), (written, written));
        assert!(written > 0);
    });
}
