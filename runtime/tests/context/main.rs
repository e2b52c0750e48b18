//! Go's tests of package context, under their names: context/{x,context,afterfunc}_test.go.
//!
//! A `Context` here is one type, not an interface: the tests of foreign implementations do not apply. tests/PORTED.md has the
//! list.

mod after_func;
mod beyond;
mod cause;
mod context;

use std::time::Duration;

use gopark_runtime::context::{Context, ContextError};

const SHORT: Duration = Duration::from_millis(1);

const FOREVER: Duration = Duration::from_secs(1000 * 3600);

const QUIESCENT: Duration = Duration::from_secs(5);

/// Runs a test's body in a goroutine.
fn goroutine(body: impl FnOnce() + Send) {
    // SAFETY: the tests keep nothing that is bound to a thread over a park.
    unsafe { gopark_runtime::run(body) }
}

fn is_done(ctx: &Context) -> bool {
    ctx.done().try_recv().is_err_and(|e| e.is_disconnected())
}

fn assert_done(ctx: &Context, name: &str, err: ContextError) {
    assert!(is_done(ctx), "{name}: done blocked");
    assert_eq!(ctx.err(), Some(err), "{name}");
}

fn assert_open(ctx: &Context, name: &str) {
    assert!(!is_done(ctx), "{name}: done did not block");
    assert_eq!(ctx.err(), None, "{name}");
}
