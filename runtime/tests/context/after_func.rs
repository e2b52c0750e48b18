//! context/x_test.go: AfterFunc

use std::sync::Arc;

use gopark_runtime::chan;
use gopark_runtime::context::Context;

use crate::{FOREVER, QUIESCENT, SHORT, goroutine};

#[test]
fn test_after_func_called_after_cancel() {
    goroutine(|| {
        let (ctx, cancel) = Context::background().with_cancel();
        let (tx, rx) = chan::bounded(1);
        let stop = ctx.after_func(move || tx.send(()).unwrap());
        assert!(rx.recv_timeout(SHORT).is_err(), "called before the context is done");
        cancel();
        rx.recv_timeout(QUIESCENT).expect("not called after the context is done");
        assert!(!stop.stop());
    });
}

#[test]
fn test_after_func_called_after_timeout() {
    goroutine(|| {
        let (ctx, _cancel) = Context::background().with_timeout(SHORT);
        let (tx, rx) = chan::bounded(1);
        let _stop = ctx.after_func(move || tx.send(()).unwrap());
        rx.recv_timeout(QUIESCENT).unwrap();
    });
}

#[test]
fn test_after_func_called_immediately() {
    goroutine(|| {
        let (ctx, cancel) = Context::background().with_cancel();
        cancel();
        let (tx, rx) = chan::bounded(1);
        let _stop = ctx.after_func(move || tx.send(()).unwrap());
        rx.recv_timeout(QUIESCENT).unwrap();
    });
}

#[test]
fn test_after_func_not_called_after_stop() {
    goroutine(|| {
        let (ctx, cancel) = Context::background().with_cancel();
        let (tx, rx) = chan::bounded(1);
        let stop = ctx.after_func(move || tx.send(()).unwrap());
        assert!(stop.stop());
        cancel();
        assert!(rx.recv_timeout(SHORT).is_err(), "called after it was stopped");
        assert!(!stop.stop());
    });
}

#[test]
fn test_after_func_called_asynchronously() {
    goroutine(|| {
        let (ctx, cancel) = Context::background().with_cancel();
        let (tx, rx) = chan::bounded(0);
        let _stop = ctx.after_func(move || tx.send(()).unwrap()); // Blocks until we receive.
        cancel();
        rx.recv_timeout(QUIESCENT).unwrap();
    });
}

/// Not Go's: there the collector keeps what a timer or a parent leads to.
#[test]
fn called_though_every_handle_is_gone() {
    goroutine(|| {
        let (tx, rx) = chan::bounded(1);
        let by_deadline = tx.clone();
        let (ctx, cancel) = Context::background().with_timeout(SHORT);
        let stop = ctx.after_func(move || by_deadline.send(1).unwrap());
        drop((ctx, cancel, stop));
        assert_eq!(rx.recv_timeout(QUIESCENT), Ok(1), "the deadline has passed");

        let (parent, cancel_parent) = Context::background().with_cancel();
        drop(parent.with_cancel().0.after_func(move || tx.send(2).unwrap()));
        cancel_parent();
        assert_eq!(rx.recv_timeout(QUIESCENT), Ok(2), "the parent was cancelled");
    });
}

/// A function that was stopped keeps nothing.
#[test]
fn a_stopped_function_is_let_go() {
    goroutine(|| {
        let held = Arc::new(());
        let (parent, _cancel) = Context::background().with_cancel();
        let child = parent.with_value(held.clone()).with_timeout(FOREVER).0;
        let stop = child.after_func(|| ());
        drop(child);
        assert_eq!(Arc::strong_count(&held), 2, "the function's context is there");
        assert!(stop.stop());
        drop(stop);
        assert_eq!(Arc::strong_count(&held), 1, "nothing leads to it any more");
    });
}
