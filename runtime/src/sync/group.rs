//! `Group`: goroutines that work on one task. Go: golang.org/x/sync/errgroup.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use parking_lot::Mutex as ShortLock;

use super::{Semaphore, WaitGroup};
use crate::context::{CancelCauseFn, Context};
use crate::sched::join::go;

/// Goroutines that work on one task; the first error ends it. Go: errgroup.Group.
///
/// [`go`](Self::go) starts them, at most [`limit`](Self::with_limit) at a time.
/// [`wait`](Self::wait) parks until all have ended and returns the first error. A group
/// [`with_context`](Self::with_context) cancels its context at the first error, and when `wait`
/// returns. A panic counts as an error and resumes in `wait`.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{context::Context, sync::Group};
///
/// let (group, ctx) = Group::with_context(&Context::background());
/// group.go(|| Err("disk full"));
/// group.go(move || {
///     let _ = ctx.done().recv(); // ends because the other one failed
///     Ok(())
/// });
/// assert_eq!(group.wait(), Err("disk full"));
/// # }) } }
/// ```
pub struct Group<E> {
    shared: Arc<Shared<E>>,
}

struct Shared<E> {
    running: WaitGroup,
    limit: Option<Semaphore>,
    cancel: Option<CancelCauseFn>,
    /// The first error, or the first panic; locked only for a moment.
    first: ShortLock<Option<Failure<E>>>,
}

enum Failure<E> {
    Error(E),
    Panic(Box<dyn Any + Send>),
    /// `wait` has returned it.
    Told,
}

impl<E: Send + 'static> Group<E> {
    /// Makes a group without a context or a limit.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// let group = gopark::sync::Group::<()>::new();
    /// group.go(|| Ok(()));
    /// assert_eq!(group.wait(), Ok(()));
    /// # }) } }
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Group::with(None, None)
    }

    /// Makes a group and its context, a child of `parent` that is done at the first error or when
    /// `wait` returns.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// use gopark::{context::Context, sync::Group};
    ///
    /// let (group, ctx) = Group::<()>::with_context(&Context::background());
    /// assert_eq!(group.wait(), Ok(()));
    /// assert!(ctx.err().is_some());
    /// # }) } }
    /// ```
    #[doc(alias = "WithContext")]
    #[must_use]
    pub fn with_context(parent: &Context) -> (Self, Context) {
        let (ctx, cancel) = parent.with_cancel_cause();
        (Group::with(Some(cancel), None), ctx)
    }

    /// Limits the group to `limit` goroutines at a time; with 0 none can start.
    ///
    /// # Panics
    ///
    /// If goroutines of the group are running ("errgroup: modify limit while goroutines in the
    /// group are still active").
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// let group = gopark::sync::Group::<()>::new().with_limit(2);
    /// for _ in 0..10 {
    ///     group.go(|| Ok(())); // parks while two run
    /// }
    /// group.wait().unwrap();
    /// # }) } }
    /// ```
    #[doc(alias = "SetLimit")]
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        let shared = Arc::get_mut(&mut self.shared)
            .expect("errgroup: modify limit while goroutines in the group are still active");
        shared.limit = Some(Semaphore::new(limit));
        self
    }

    /// Starts `f` in a goroutine, parking first while the limit is reached.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// let group = gopark::sync::Group::new();
    /// group.go(|| "x".parse::<i32>().map(drop));
    /// assert!(group.wait().is_err());
    /// # }) } }
    /// ```
    #[doc(alias = "Go")]
    #[track_caller]
    pub fn go(&self, f: impl FnOnce() -> Result<(), E> + Send + 'static) {
        if let Some(limit) = &self.shared.limit {
            limit.acquire().forget();
        }
        self.start(f);
    }

    /// Starts `f` unless the limit is reached; returns whether it did.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// let group = gopark::sync::Group::<()>::new().with_limit(1);
    /// assert!(group.try_go(|| Ok(())));
    /// # group.wait().unwrap();
    /// # }) } }
    /// ```
    #[doc(alias = "TryGo")]
    #[track_caller]
    pub fn try_go(&self, f: impl FnOnce() -> Result<(), E> + Send + 'static) -> bool {
        if let Some(limit) = &self.shared.limit {
            match limit.try_acquire() {
                Some(permit) => permit.forget(),
                None => return false,
            }
        }
        self.start(f);
        true
    }

    /// Parks until all have ended, and returns the first error.
    ///
    /// # Errors
    ///
    /// The first error. Later calls do not return it again.
    ///
    /// # Panics
    ///
    /// With the first panic in the group, if it came before any error.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// let group = gopark::sync::Group::new();
    /// group.go(|| Err(1));
    /// assert_eq!(group.wait(), Err(1));
    /// # }) } }
    /// ```
    #[doc(alias = "Wait")]
    pub fn wait(&self) -> Result<(), E> {
        self.shared.running.wait();
        let mut first = self.shared.first.lock();
        let told = if first.is_some() { first.replace(Failure::Told) } else { None };
        drop(first);
        if let Some(cancel) = &self.shared.cancel {
            cancel(Box::new(crate::context::ContextError::Canceled));
        }
        match told {
            Some(Failure::Error(e)) => Err(e),
            Some(Failure::Panic(payload)) => resume_unwind(payload),
            Some(Failure::Told) | None => Ok(()),
        }
    }

    fn with(cancel: Option<CancelCauseFn>, limit: Option<Semaphore>) -> Self {
        let shared = Shared { running: WaitGroup::new(), limit, cancel, first: ShortLock::new(None) };
        Group { shared: Arc::new(shared) }
    }

    #[track_caller]
    fn start(&self, f: impl FnOnce() -> Result<(), E> + Send + 'static) {
        self.shared.running.add(1);
        let running = Running(self.shared.clone());
        go(move || {
            let Running(shared) = &running;
            match catch_unwind(AssertUnwindSafe(f)) {
                Ok(Ok(())) => {}
                Ok(Err(e)) => shared.fail(Failure::Error(e)),
                Err(payload) => shared.fail(Failure::Panic(payload)),
            }
        });
    }
}

/// A goroutine of the group. Counts itself out however it ends, even if it could not be started.
struct Running<E>(Arc<Shared<E>>);

impl<E> Drop for Running<E> {
    fn drop(&mut self) {
        if let Some(limit) = &self.0.limit {
            limit.add_permits(1);
        }
        self.0.running.done();
    }
}

impl<E> Shared<E> {
    /// Records the first failure and cancels the others' work.
    fn fail(&self, failure: Failure<E>) {
        let mut first = self.first.lock();
        if first.is_some() {
            return;
        }
        *first = Some(failure);
        drop(first);
        if let Some(cancel) = &self.cancel {
            cancel("a goroutine of the group failed".into());
        }
    }
}

impl<E: Send + 'static> Default for Group<E> {
    fn default() -> Self {
        Group::new()
    }
}

impl<E> std::fmt::Debug for Group<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group").field("running", &self.shared.running).finish_non_exhaustive()
    }
}
