//! context/x_test.go: Cause, WithoutCancel

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use gopark_runtime::context::{Context, ContextError};
use gopark_runtime::{go, gosched};

use crate::{FOREVER, assert_done, assert_open, goroutine};

/// A cause to recognise.
#[derive(Debug, PartialEq)]
struct Why(&'static str);

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Why {}

fn because(what: &'static str) -> Box<dyn Error + Send + Sync> {
    Box::new(Why(what))
}

#[test]
fn test_with_cancel_canceled_parent() {
    goroutine(|| {
        let (parent, cancel) = Context::background().with_cancel_cause();
        cancel(because("because"));
        let (child, _cancel) = parent.with_cancel();
        assert_done(&child, "child", ContextError::Canceled);
        assert_eq!(child.cause().unwrap().downcast_ref::<Why>(), Some(&Why("because")));
    });
}

#[test]
fn test_with_cancel_simultaneously_canceled_parent() {
    goroutine(|| {
        for _ in 0..100 {
            let (parent, cancel) = Context::background().with_cancel_cause();
            go(move || cancel(because("because")));
            let (child, _cancel) = parent.with_cancel();
            assert!(child.done().recv().is_err());
            assert_eq!(child.err(), Some(ContextError::Canceled));
            assert_eq!(child.cause().unwrap().to_string(), "because");
        }
    });
}

#[test]
fn test_cause() {
    type Case = (&'static str, fn() -> Context, Option<ContextError>, Option<&'static str>);
    const CANCELED: Option<ContextError> = Some(ContextError::Canceled);
    const EXCEEDED: Option<ContextError> = Some(ContextError::DeadlineExceeded);
    let cases: [Case; 14] = [
        ("Background", Context::background, None, None),
        (
            "WithCancel",
            || {
                let (ctx, cancel) = Context::background().with_cancel();
                cancel();
                ctx
            },
            CANCELED,
            Some("context canceled"),
        ),
        (
            "WithCancelCause",
            || {
                let (ctx, cancel) = Context::background().with_cancel_cause();
                cancel(because("parent"));
                ctx
            },
            CANCELED,
            Some("parent"),
        ),
        ("parent cause before child", || two_causes(true), CANCELED, Some("parent")),
        ("parent cause after child", || two_causes(false), CANCELED, Some("child")),
        (
            "parent cause before nil",
            || {
                let (parent, cancel_parent) = Context::background().with_cancel_cause();
                let (ctx, cancel) = parent.with_cancel();
                cancel_parent(because("parent"));
                cancel();
                ctx
            },
            CANCELED,
            Some("parent"),
        ),
        (
            "parent cause after nil",
            || {
                let (parent, cancel_parent) = Context::background().with_cancel_cause();
                let (ctx, cancel) = parent.with_cancel();
                cancel();
                cancel_parent(because("parent"));
                ctx
            },
            CANCELED,
            Some("context canceled"),
        ),
        (
            "child cause after nil",
            || {
                let (parent, cancel_parent) = Context::background().with_cancel();
                let (ctx, cancel) = parent.with_cancel_cause();
                cancel_parent();
                cancel(because("child"));
                ctx
            },
            CANCELED,
            Some("context canceled"),
        ),
        (
            "WithTimeout",
            || Context::background().with_timeout(Duration::ZERO).0,
            EXCEEDED,
            Some("context deadline exceeded"),
        ),
        (
            "WithTimeoutCause",
            || Context::background().with_deadline_cause(Instant::now(), because("too slow")).0,
            EXCEEDED,
            Some("too slow"),
        ),
        (
            "WithTimeoutCause canceled",
            || {
                let later = Instant::now() + FOREVER;
                let (ctx, cancel) = Context::background().with_deadline_cause(later, because("too slow"));
                cancel();
                ctx
            },
            CANCELED,
            Some("context canceled"),
        ),
        (
            "WithTimeoutCause stacked canceled",
            || {
                let (parent, cancel) = Context::background().with_cancel_cause();
                let later = Instant::now() + FOREVER;
                let (ctx, _) = parent.with_deadline_cause(later, because("too slow"));
                cancel(because("finished early"));
                ctx
            },
            CANCELED,
            Some("finished early"),
        ),
        (
            "WithoutCancel canceled",
            || {
                let (ctx, cancel) = Context::background().with_cancel();
                cancel();
                ctx.without_cancel()
            },
            None,
            None,
        ),
        (
            "WithoutCancel timeout",
            || Context::background().with_timeout(Duration::ZERO).0.without_cancel(),
            None,
            None,
        ),
    ];
    goroutine(move || {
        for (name, ctx, err, cause) in cases {
            let ctx = ctx();
            assert_eq!(ctx.err(), err, "{name}");
            assert_eq!(ctx.cause().map(|e| e.to_string()).as_deref(), cause, "{name}");
        }
    });
}

fn two_causes(parent_first: bool) -> Context {
    let (parent, cancel_parent) = Context::background().with_cancel_cause();
    let (ctx, cancel) = parent.with_cancel_cause();
    if parent_first {
        cancel_parent(because("parent"));
    }
    cancel(because("child"));
    cancel_parent(because("parent"));
    ctx
}

#[test]
fn test_cause_race() {
    goroutine(|| {
        let (ctx, cancel) = Context::background().with_cancel_cause();
        go(move || cancel(because("the race")));
        let cause = loop {
            match ctx.cause() {
                Some(cause) => break cause,
                None => gosched(),
            }
        };
        assert_eq!(cause.to_string(), "the race");
    });
}

#[test]
fn test_without_cancel() {
    goroutine(|| {
        let (parent, cancel) = Context::background().with_value("value").with_timeout(FOREVER);
        let ctx = parent.without_cancel();
        cancel();
        assert_eq!(ctx.deadline(), None);
        assert_open(&ctx, "without cancel");
        assert_eq!(ctx.value::<&str>(), Some(&"value"));
    });
}
