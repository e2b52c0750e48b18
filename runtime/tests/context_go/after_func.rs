//! context/x_test.go: AfterFunc

use gopark_runtime::chan;
use gopark_runtime::context::Context;

use crate::{QUIESCENT, SHORT, goroutine};

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
