//! context/x_test.go, context/context_test.go

use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark_runtime::context::{CancelFn, Context, ContextError};
use gopark_runtime::sync::WaitGroup;
use gopark_runtime::{go, time};

use crate::{FOREVER, QUIESCENT, SHORT, assert_done, assert_open, goroutine};

#[test]
fn test_background() {
    let ctx = Context::background();
    assert_open(&ctx, "background");
    assert_eq!(ctx.to_string(), "context.Background");
}

#[test]
fn test_with_cancel() {
    goroutine(|| {
        let (c1, cancel) = Context::background().with_cancel();
        assert_eq!(c1.to_string(), "context.Background.WithCancel");
        let valued = c1.with_value(7);
        let (c2, _cancel) = valued.with_cancel();
        for ctx in [&c1, &valued, &c2] {
            assert_open(ctx, &ctx.to_string());
        }
        cancel(); // Propagates at once.
        for ctx in [&c1, &valued, &c2] {
            assert_done(ctx, &ctx.to_string(), ContextError::Canceled);
        }
    });
}

pub(crate) fn times_out(ctx: &Context, name: &str) {
    assert!(ctx.done().recv_timeout(QUIESCENT).is_err_and(|e| e.is_disconnected()), "{name}: not timed out");
    assert_eq!(ctx.err(), Some(ContextError::DeadlineExceeded), "{name}");
}

#[test]
fn test_deadline() {
    goroutine(|| {
        let background = Context::background();
        let (ctx, _cancel) = background.with_deadline(Instant::now() + SHORT);
        assert!(ctx.to_string().starts_with("context.Background.WithDeadline("));
        times_out(&ctx, "WithDeadline");
        let (ctx, _cancel) = background.with_deadline(Instant::now() + SHORT);
        let (ctx, _cancel) = ctx.with_value(1).with_deadline(Instant::now() + FOREVER);
        times_out(&ctx, "WithDeadline+WithDeadline");
        let past = Instant::now();
        time::sleep(SHORT);
        times_out(&background.with_deadline(past).0, "WithDeadline+inthepast");
        times_out(&background.with_deadline(Instant::now()).0, "WithDeadline+now");
    });
}

#[test]
fn test_timeout() {
    goroutine(|| {
        let background = Context::background();
        let (ctx, _cancel) = background.with_timeout(SHORT);
        assert!(ctx.to_string().starts_with("context.Background.WithDeadline("));
        times_out(&ctx, "WithTimeout");
        let (ctx, _cancel) = background.with_timeout(SHORT);
        let (ctx, _cancel) = ctx.with_timeout(FOREVER);
        times_out(&ctx, "WithTimeout+WithTimeout");
    });
}

#[test]
fn test_canceled_timeout() {
    goroutine(|| {
        let (ctx, _cancel) = Context::background().with_timeout(Duration::from_secs(1));
        let (ctx, cancel) = ctx.with_timeout(FOREVER);
        cancel();
        assert_done(&ctx, "child", ContextError::Canceled);
    });
}

#[test]
fn test_values() {
    #[derive(PartialEq, Debug)]
    struct K1(&'static str);
    #[derive(PartialEq, Debug)]
    struct K2(&'static str);
    let c0 = Context::background();
    assert_eq!((c0.value::<K1>(), c0.value::<K2>()), (None, None));
    let c1 = c0.with_value(K1("c1k1"));
    assert_eq!((c1.value(), c1.value::<K2>()), (Some(&K1("c1k1")), None));
    let c2 = c1.with_value(K2("c2k2"));
    assert_eq!((c2.value(), c2.value()), (Some(&K1("c1k1")), Some(&K2("c2k2"))));
    let c3 = c2.with_value(K1("c3k1"));
    assert_eq!(
        (c3.value(), c3.value()),
        (Some(&K1("c3k1")), Some(&K2("c2k2"))),
        "the nearer hides the farther"
    );
    assert_eq!(c2.value(), Some(&K1("c1k1")));
    assert!(c1.to_string().starts_with("context.Background.WithValue("));
}

#[test]
fn test_simultaneous_cancels() {
    goroutine(|| {
        let mut all = vec![Context::background().with_cancel()];
        for parent in 0.. {
            if all.len() >= 100 {
                break;
            }
            for _ in 0..4 {
                let child = all[parent].0.with_cancel();
                all.push(child);
            }
        }
        let cancelled = Arc::new(WaitGroup::new());
        cancelled.add(all.len());
        // Neither from the root nor from the leaves: every third, round and round.
        for i in 0..all.len() {
            let (cancel, cancelled) = (all[i * 3 % all.len()].1.clone(), cancelled.clone());
            go(move || {
                cancel();
                cancelled.done();
            });
        }
        for (ctx, _) in &all {
            assert!(ctx.done().recv_timeout(QUIESCENT).is_err_and(|e| e.is_disconnected()));
        }
        cancelled.wait();
    });
}

#[test]
fn test_interlocked_cancels() {
    goroutine(|| {
        let (parent, cancel_parent) = Context::background().with_cancel();
        let (child, cancel_child) = parent.with_cancel();
        go(move || {
            let _ = parent.done().recv();
            cancel_child();
        });
        cancel_parent();
        assert!(child.done().recv_timeout(QUIESCENT).is_err_and(|e| e.is_disconnected()));
    });
}

/// Contexts upon contexts of all kinds, chosen by a simple generator; the deepest, and a cancel function on the way.
fn layers(seed: u64, timeout: Duration) -> (Context, usize, CancelFn) {
    let (mut random, mut ctx, mut cancels) = (seed, Context::background(), Vec::new());
    let mut values = 0;
    while values < 10 || cancels.len() < 20 {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        match (random >> 33) % 3 {
            0 => {
                values += 1;
                ctx = ctx.with_value(values);
            }
            1 => {
                let (child, cancel) = ctx.with_cancel();
                ctx = child;
                cancels.push(cancel);
            }
            _ => {
                let (child, cancel) = ctx.with_timeout(timeout);
                ctx = child;
                cancels.push(cancel);
            }
        }
    }
    (ctx, values, cancels.swap_remove((random >> 40) as usize % 20))
}

#[test]
fn test_layers_cancel() {
    goroutine(|| {
        for seed in 0..20 {
            let (ctx, values, cancel) = layers(seed, FOREVER);
            assert!(ctx.to_string().starts_with("context.Background."));
            assert_open(&ctx, "before");
            cancel();
            assert_done(&ctx, "after", ContextError::Canceled);
            assert_eq!(ctx.value::<usize>(), Some(&values));
        }
    });
}

#[test]
fn test_layers_timeout() {
    goroutine(|| {
        for seed in 0..20 {
            let (ctx, values, _cancel) = layers(seed, SHORT);
            times_out(&ctx, "layers");
            assert_eq!(ctx.value::<usize>(), Some(&values));
        }
    });
}

#[test]
fn test_deadline_exceeded_supports_timeout() {
    assert!(ContextError::DeadlineExceeded.timeout());
    assert!(!ContextError::Canceled.timeout());
    let error = std::io::Error::from(ContextError::DeadlineExceeded);
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn test_parent_finishes_child() {
    goroutine(|| {
        let (parent, cancel) = Context::background().with_cancel();
        let (cancel_child, _stop) = parent.with_cancel();
        let value_child = parent.with_value("value");
        let (timer_child, _stop) = value_child.with_timeout(FOREVER);
        let all = [&parent, &cancel_child, &value_child, &timer_child];
        all.iter().for_each(|ctx| assert_open(ctx, &ctx.to_string()));
        cancel();
        all.iter().for_each(|ctx| assert_done(ctx, &ctx.to_string(), ContextError::Canceled));
        assert_done(&parent.with_value("late"), "precanceled", ContextError::Canceled);
    });
}

#[test]
fn test_child_finishes_first() {
    goroutine(|| {
        let (cancellable, _stop) = Context::background().with_cancel();
        for parent in [Context::background(), cancellable] {
            let (child, cancel) = parent.with_cancel();
            assert_open(&parent, "parent");
            assert_open(&child, "child");
            cancel();
            assert_done(&child, "child", ContextError::Canceled);
            assert_open(&parent, "parent");
        }
    });
}
