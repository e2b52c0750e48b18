//! What Go has no test of: waits that a context ends, and groups.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gopark_runtime::context::{
    Context, ContextError, LockContext, RecvContextError, RwLockContext, WaitContext,
};
use gopark_runtime::sync::{Condvar, Group, Mutex, RwLock, Semaphore};
use gopark_runtime::{chan, go, gosched, time};

use crate::{SHORT, goroutine};

/// Where one can park.
type Places = (Mutex<()>, Semaphore, Mutex<()>, Condvar, [RwLock<()>; 2]);

/// Beyond Go's: cancelling wakes who is parked in a lock of either kind, a condition, a semaphore or a channel.
#[test]
fn cancelling_reaches_the_parked() {
    goroutine(|| {
        let (ctx, cancel) = Context::background().with_cancel();
        let rwlocks = [RwLock::new(()), RwLock::new(())];
        let lock = Arc::new((Mutex::new(()), Semaphore::new(0), Mutex::new(()), Condvar::new(), rwlocks));
        let held = (lock.0.lock(), lock.4[0].write(), lock.4[1].read());
        let parked = Arc::new(AtomicUsize::new(0));
        let spawn = |body: fn(&Places, &Context) -> bool| {
            let (lock, ctx, parked) = (lock.clone(), ctx.clone(), parked.clone());
            go(move || {
                parked.fetch_add(1, Relaxed);
                body(&lock, &ctx)
            })
        };
        let canceled = ContextError::Canceled;
        let tasks: Vec<_> = (0..10)
            .flat_map(|_| {
                [
                    spawn(|l, ctx| l.0.lock_context(ctx).is_err()),
                    spawn(|l, ctx| l.1.acquire_context(ctx).is_err()),
                    spawn(|l, ctx| l.3.wait_context(&mut l.2.lock(), ctx).is_err()),
                    spawn(|l, ctx| l.4[0].read_context(ctx).is_err()),
                    spawn(|l, ctx| l.4[0].write_context(ctx).is_err()),
                    spawn(|l, ctx| l.4[1].write_context(ctx).is_err()),
                    spawn(|_, ctx| {
                        let (_tx, rx) = chan::bounded::<()>(1);
                        rx.recv_context(ctx) == Err(RecvContextError::Context(ContextError::Canceled))
                    }),
                ]
            })
            .collect();
        while parked.load(Relaxed) < tasks.len() {
            gosched();
        }
        time::sleep(SHORT);
        cancel();
        for task in tasks {
            assert!(task.join().unwrap(), "ended by the context");
        }
        drop(held);
        assert!(lock.0.lock_context(&ctx).is_ok(), "a free lock is taken in any case");
        for rwlock in &lock.4 {
            assert!(!rwlock.is_locked(), "nobody is left counted");
            assert!(rwlock.read_context(&ctx).is_ok() && rwlock.write_context(&ctx).is_ok());
        }
        lock.1.add_permits(1);
        assert!(lock.1.try_acquire().is_some(), "no permit was lost");
        assert_eq!(lock.3.notify_all(), 0, "nobody is left on the list");
        assert_eq!(ctx.err(), Some(canceled));
    });
}

/// golang.org/x/sync/errgroup: TestZeroGroup, TestWithContext, TestGoLimit in short.
#[test]
fn errgroup() {
    goroutine(|| {
        let group = Group::new();
        let order = Arc::new(Mutex::new(()));
        let held = order.lock();
        for i in 0..3 {
            let order = order.clone();
            group.go(move || {
                drop(order.lock());
                Err(i)
            });
        }
        drop(held);
        assert!(group.wait().is_err());
        assert_eq!(group.wait(), Ok(()), "an error is told once");

        let (group, ctx) = Group::with_context(&Context::background());
        group.go(|| Err("first"));
        let seen = ctx.clone();
        group.go(move || {
            let _ = seen.done().recv();
            Err("second")
        });
        assert_eq!(group.wait(), Err("first"));
        assert_eq!(ctx.err(), Some(ContextError::Canceled));

        const LIMIT: usize = 3;
        let group = Group::<usize>::new().with_limit(LIMIT);
        let active = Arc::new(AtomicUsize::new(0));
        for _ in 0..100 {
            let active = active.clone();
            group.go(move || {
                let now = active.fetch_add(1, Relaxed) + 1;
                gosched();
                active.fetch_sub(1, Relaxed);
                if now > LIMIT { Err(now) } else { Ok(()) }
            });
        }
        assert_eq!(group.wait(), Ok(()), "never more than the limit at once");
    });
}
