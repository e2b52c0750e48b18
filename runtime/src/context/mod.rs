//! Deadlines, cancellation and values that travel with a request. Go: package context.
//!
//! ```
//! use gopark::context::{Context, ContextError, RecvContextError};
//! use gopark::{chan, go};
//! use std::time::Duration;
//!
//! # fn main() { unsafe { gopark::run(|| {
//! let (ctx, cancel) = Context::background().with_timeout(Duration::from_secs(60));
//! let (_sender, receiver) = chan::bounded::<u32>(0);
//! let waiting = go(move || receiver.recv_context(&ctx));
//! cancel(); // ends the wait
//! let canceled = Err(RecvContextError::Context(ContextError::Canceled));
//! assert_eq!(waiting.join().unwrap(), canceled);
//! # }) } }
//! ```
//!
//! A [`Context`] is derived from a parent, adding a way to cancel it, a deadline, or a value.
//! Cancelling a context cancels all that are derived from it, and wakes every goroutine parked in
//! an operation that took one of them: the `_context` forms of dial, accept, read, lock, send,
//! recv. Call the cancel function when the work is done, where Go has `defer cancel()`; dropping it
//! cancels nothing.

// | file | holds | Go |
// |---|---|---|
// | `mod.rs` | the handle | `Context`, `With*`, `AfterFunc` |
// | `node.rs` | the tree and the cancelling | `cancelCtx timerCtx` |
// | `interrupt.rs` | what ends a parked wait | - |
// | `forms.rs`, `chan_forms.rs` | the `_context` forms of `sync` and `chan` | - |
// | `error.rs` | why a context is done | `Canceled DeadlineExceeded` |
#![cfg(not(loom))]

mod chan_forms;
mod error;
mod forms;
mod interrupt;
mod node;

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::chan::{self, Receiver};

pub use chan_forms::{RecvContextError, SendContextError};
pub use error::ContextError;
pub use forms::{LockContext, RwLockContext, WaitContext};
#[doc(hidden)]
pub use interrupt::OnDone;
use node::{Cause, Kind, Node};

/// A deadline, a way to be cancelled, and values. Go: context.Context.
///
/// Clones are the same context. By convention it is the first argument, passed by reference.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::context::{Context, ContextError};
/// use std::time::Duration;
///
/// let (ctx, _cancel) = Context::background().with_timeout(Duration::from_millis(5));
/// assert_eq!(ctx.err(), None);
/// let _ = ctx.done().recv(); // parks until the context is done
/// assert_eq!(ctx.err(), Some(ContextError::DeadlineExceeded));
/// # }) } }
/// ```
#[derive(Clone, Default)]
pub struct Context {
    /// None: the background.
    node: Option<Arc<Node>>,
}

/// A function that cancels its context. Go: context.CancelFunc.
///
/// Only the first call has an effect. It does not wait for the work to stop. Dropping it cancels
/// nothing.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::context::{Context, ContextError};
///
/// let (ctx, cancel) = Context::background().with_cancel();
/// cancel();
/// assert_eq!(ctx.err(), Some(ContextError::Canceled));
/// # }) } }
/// ```
#[derive(Clone)]
pub struct CancelFn(Arc<dyn Fn() + Send + Sync>);

/// A function that cancels its context with a cause. Go: context.CancelCauseFunc.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::context::{Context, ContextError};
///
/// let (ctx, cancel) = Context::background().with_cancel_cause();
/// cancel("too many".into());
/// assert_eq!(ctx.err(), Some(ContextError::Canceled));
/// assert_eq!(ctx.cause().unwrap().to_string(), "too many");
/// # }) } }
/// ```
#[derive(Clone)]
pub struct CancelCauseFn(Arc<dyn Fn(Box<dyn Error + Send + Sync>) + Send + Sync>);

/// Stops the function of [`Context::after_func`] from running. Dropping it stops nothing.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::context::Context;
///
/// let (ctx, cancel) = Context::background().with_cancel();
/// let stop = ctx.after_func(|| unreachable!());
/// assert!(stop.stop());
/// cancel();
/// # }) } }
/// ```
#[must_use = "without it the function cannot be stopped"]
pub struct StopFn {
    registered: Option<(Arc<Node>, u64)>,
}

impl Context {
    /// Returns the root context: never done, no deadline, no values. Go: context.Background.
    ///
    /// ```
    /// use gopark::context::Context;
    /// assert_eq!(Context::background().err(), None);
    /// ```
    pub const fn background() -> Context {
        Context { node: None }
    }

    /// Derives a child that can be cancelled by itself. Go: context.WithCancel.
    ///
    /// Cancel it as soon as its work is done; that removes it from its parent.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::context::Context;
    ///
    /// let (parent, cancel) = Context::background().with_cancel();
    /// let (child, _cancel_child) = parent.with_cancel();
    /// cancel();
    /// assert!(child.err().is_some());
    /// # }) } }
    /// ```
    #[doc(alias = "WithCancel")]
    #[must_use]
    pub fn with_cancel(&self) -> (Context, CancelFn) {
        let node = Node::cancellable(self, None);
        (Context::of(node.clone()), CancelFn::of(node))
    }

    /// Like [`with_cancel`](Self::with_cancel), but the function takes a cause. Go:
    /// context.WithCancelCause.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::context::Context;
    ///
    /// let (ctx, cancel) = Context::background().with_cancel_cause();
    /// cancel("shutting down".into());
    /// assert_eq!(ctx.cause().unwrap().to_string(), "shutting down");
    /// # }) } }
    /// ```
    #[doc(alias = "WithCancelCause")]
    #[must_use]
    pub fn with_cancel_cause(&self) -> (Context, CancelCauseFn) {
        let node = Node::cancellable(self, None);
        let ctx = Context::of(node.clone());
        (ctx, CancelCauseFn(Arc::new(move |cause| node.cancel(ContextError::Canceled, Some(cause.into())))))
    }

    /// Derives a child that is done after `timeout`, or when cancelled. Go: context.WithTimeout.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::{context::Context, sync::{LockContext, Mutex}};
    /// use std::time::Duration;
    ///
    /// let mutex = Mutex::new(());
    /// let _held = mutex.lock();
    /// let (ctx, _cancel) = Context::background().with_timeout(Duration::from_millis(5));
    /// assert!(mutex.lock_context(&ctx).is_err());
    /// # }) } }
    /// ```
    #[doc(alias = "WithTimeout")]
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> (Context, CancelFn) {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.with_deadline(deadline),
            None => self.with_cancel(),
        }
    }

    /// Derives a child that is done at `deadline`, or when cancelled. An earlier deadline of the
    /// parent stays in force. Go: context.WithDeadline.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::context::{Context, ContextError};
    /// use std::time::Instant;
    ///
    /// let (ctx, _cancel) = Context::background().with_deadline(Instant::now());
    /// assert_eq!(ctx.err(), Some(ContextError::DeadlineExceeded));
    /// # }) } }
    /// ```
    #[doc(alias = "WithDeadline")]
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> (Context, CancelFn) {
        self.with_deadline_or_cause(deadline, None)
    }

    /// Like [`with_deadline`](Self::with_deadline); `cause` becomes the context's cause if the
    /// deadline passes. Go: context.WithDeadlineCause.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::context::Context;
    /// use std::time::Instant;
    ///
    /// let (ctx, _cancel) = Context::background().with_deadline_cause(Instant::now(), "too slow".into());
    /// assert_eq!(ctx.cause().unwrap().to_string(), "too slow");
    /// # }) } }
    /// ```
    #[doc(alias = "WithDeadlineCause")]
    #[must_use]
    pub fn with_deadline_cause(
        &self,
        deadline: Instant,
        cause: Box<dyn Error + Send + Sync>,
    ) -> (Context, CancelFn) {
        self.with_deadline_or_cause(deadline, Some(cause.into()))
    }

    fn with_deadline_or_cause(&self, deadline: Instant, cause: Option<Cause>) -> (Context, CancelFn) {
        if self.deadline().is_some_and(|parents| parents < deadline) {
            return self.with_cancel();
        }
        let node = Node::cancellable(self, Some(deadline));
        node.start_timer(deadline, cause);
        (Context::of(node.clone()), CancelFn::of(node))
    }

    /// Derives a child that carries `value`. Go: context.WithValue.
    ///
    /// Values are found by their type; a nearer value of the same type hides it. Use your own type,
    /// for what travels with a request, not for optional parameters.
    ///
    /// ```
    /// use gopark::context::Context;
    ///
    /// #[derive(Debug, PartialEq)]
    /// struct RequestId(u64);
    ///
    /// let ctx = Context::background().with_value(RequestId(7));
    /// assert_eq!(ctx.value::<RequestId>(), Some(&RequestId(7)));
    /// assert_eq!(ctx.value::<u64>(), None);
    /// ```
    #[doc(alias = "WithValue")]
    #[must_use]
    pub fn with_value<V: Any + Send + Sync>(&self, value: V) -> Context {
        Context::of(Node::value(self, Box::new(value), std::any::type_name::<V>()))
    }

    /// Returns the nearest value of this type, here or in the parents. Go: Context.Value.
    ///
    /// ```
    /// use gopark::context::Context;
    /// assert_eq!(Context::background().value::<String>(), None);
    /// ```
    pub fn value<V: Any>(&self) -> Option<&V> {
        self.nodes().find_map(|node| match &node.kind {
            Kind::Value { value, .. } => value.downcast_ref(),
            _ => None,
        })
    }

    /// Derives a child with the same values that is not cancelled with this one. Go:
    /// context.WithoutCancel.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::context::Context;
    ///
    /// let (ctx, cancel) = Context::background().with_value("v").with_cancel();
    /// let detached = ctx.without_cancel();
    /// cancel();
    /// assert_eq!((detached.err(), detached.value::<&str>()), (None, Some(&"v")));
    /// # }) } }
    /// ```
    #[doc(alias = "WithoutCancel")]
    #[must_use]
    pub fn without_cancel(&self) -> Context {
        Context::of(Node::without_cancel(self))
    }

    /// Returns a channel that is closed when the context is done, which makes `recv` fail. The
    /// background's is never closed. Go: Context.Done.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::context::Context;
    ///
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// gopark::go(move || cancel());
    /// assert!(ctx.done().recv().is_err());
    /// # }) } }
    /// ```
    ///
    /// The channel outlives the context as long as a parent or a deadline can still end it. When
    /// nothing can end it any more, because every handle of the context and its [`CancelFn`] is
    /// gone, it counts as closed.
    #[doc(alias = "Done")]
    pub fn done(&self) -> Receiver<()> {
        self.cancel_node().map_or_else(chan::never, Node::done)
    }

    /// Returns why the context is done; `None` while it is not. Go: Context.Err.
    ///
    /// ```
    /// use gopark::context::Context;
    /// assert_eq!(Context::background().err(), None);
    /// ```
    #[doc(alias = "Err")]
    pub fn err(&self) -> Option<ContextError> {
        self.cancel_node()?.err()
    }

    /// Returns the cause given when cancelling, or else what [`err`](Self::err) returns. Go:
    /// context.Cause.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::context::Context;
    ///
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// cancel();
    /// assert_eq!(ctx.cause().unwrap().to_string(), "context canceled");
    /// # }) } }
    /// ```
    pub fn cause(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        self.cancel_node()?.cause()
    }

    /// Returns when the context will be done at the latest. Go: Context.Deadline.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::context::Context;
    /// use std::time::{Duration, Instant};
    ///
    /// let soon = Instant::now() + Duration::from_secs(1);
    /// let (ctx, _cancel) = Context::background().with_deadline(soon);
    /// let (child, _cancel) = ctx.with_deadline(soon + Duration::from_secs(1));
    /// assert_eq!(child.deadline(), Some(soon));
    /// # }) } }
    /// ```
    #[doc(alias = "Deadline")]
    pub fn deadline(&self) -> Option<Instant> {
        self.nodes()
            .take_while(|node| !matches!(node.kind, Kind::WithoutCancel))
            .find_map(|node| node.deadline())
    }

    /// Runs `f` in its own goroutine once the context is done, at once if it already is. Go:
    /// context.AfterFunc.
    ///
    /// That needs no handle: a context whose handles are all gone is still ended by its parent or
    /// its deadline.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::{chan, context::Context};
    ///
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// let (s, r) = chan::bounded(1);
    /// let _stop = ctx.after_func(move || s.send("cleaned up").unwrap());
    /// cancel();
    /// assert_eq!(r.recv(), Ok("cleaned up"));
    /// # }) } }
    /// ```
    #[doc(alias = "AfterFunc")]
    pub fn after_func(&self, f: impl FnOnce() + Send + 'static) -> StopFn {
        let registered =
            self.cancel_node().and_then(|node| Some((node.clone(), node.add_func(Box::new(f))?)));
        StopFn { registered }
    }

    fn of(node: Arc<Node>) -> Context {
        Context { node: Some(node) }
    }

    /// This node and its parents, nearest first.
    fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        std::iter::successors(self.node.as_ref(), |node| node.parent.node.as_ref())
    }

    /// The nearest that can be cancelled.
    fn cancel_node(&self) -> Option<&Arc<Node>> {
        self.nodes()
            .take_while(|node| !matches!(node.kind, Kind::WithoutCancel))
            .find(|node| matches!(node.kind, Kind::Cancel(_)))
    }
}

// A panic leaves no context in a state that others must not see; values are only read.
impl UnwindSafe for Context {}
impl RefUnwindSafe for Context {}
impl UnwindSafe for CancelFn {}
impl RefUnwindSafe for CancelFn {}

/// Go's String: "context.Background.WithCancel".
impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(node) = &self.node else { return f.write_str("context.Background") };
        write!(f, "{}", node.parent)?;
        match &node.kind {
            Kind::Cancel(_) => match node.deadline() {
                None => f.write_str(".WithCancel"),
                Some(at) => match at.checked_duration_since(Instant::now()) {
                    Some(left) => write!(f, ".WithDeadline(in {left:?})"),
                    None => f.write_str(".WithDeadline(passed)"),
                },
            },
            Kind::Value { type_name, .. } => write!(f, ".WithValue({type_name})"),
            Kind::WithoutCancel => f.write_str(".WithoutCancel"),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl CancelFn {
    fn of(node: Arc<Node>) -> CancelFn {
        CancelFn::calling(move || node.cancel(ContextError::Canceled, None))
    }

    /// A function that does more than cancel.
    pub(crate) fn calling(f: impl Fn() + Send + Sync + 'static) -> CancelFn {
        CancelFn(Arc::new(f))
    }

    /// The same as calling it.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// let (ctx, cancel) = gopark::context::Context::background().with_cancel();
    /// cancel.cancel();
    /// assert!(ctx.err().is_some());
    /// # }) } }
    /// ```
    pub fn cancel(&self) {
        (self.0)();
    }
}

impl Deref for CancelFn {
    type Target = dyn Fn() + Send + Sync;
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for CancelFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelFn").finish_non_exhaustive()
    }
}

impl Deref for CancelCauseFn {
    type Target = dyn Fn(Box<dyn Error + Send + Sync>) + Send + Sync;
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for CancelCauseFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelCauseFn").finish_non_exhaustive()
    }
}

impl StopFn {
    /// Stops the function. Returns true if it will not run; false if it has been started, or was
    /// stopped before.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// let (ctx, cancel) = gopark::context::Context::background().with_cancel();
    /// let stop = ctx.after_func(|| ());
    /// cancel();
    /// assert!(!stop.stop());
    /// # }) } }
    /// ```
    pub fn stop(&self) -> bool {
        self.registered.as_ref().is_some_and(|(node, id)| node.remove(*id).is_some())
    }
}

impl fmt::Debug for StopFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopFn").finish_non_exhaustive()
    }
}
