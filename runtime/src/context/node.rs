//! The tree of contexts, and how cancelling goes through it. Go: context/context.go cancelCtx,
//! timerCtx, propagateCancel.
//!
//! I1 `state.err` is set once, under the lock; `err` is a copy for readers without it. After that
//!    `entries` stays empty.
//! I2 Lock order: none. A node's lock is taken with no other node's held (Go takes the child's
//!    under the parent's); under it only the locks of the queues that `Entry::Wait` waits in.
//! I3 An `Entry::Wait` or `Entry::Call` is run with the lock held, so who has removed its entry
//!    knows that it is not running.
//! I4 A child is registered weakly: a context that is dropped uncancelled takes itself off its
//!    parent. One whose `done` was given out, or that has a function to start, and that a parent or
//!    a deadline can still end keeps itself alive until then (`keep`, and beside the function in
//!    its entry).
//! I5 The functions of a whole tree are started when all of it has ended: a spawn fails by a panic,
//!    and must leave nobody waiting.

use std::any::Any;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::atomic::{
    AtomicU8, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, Weak};
use std::time::Instant;

use parking_lot::Mutex;

use super::{Context, ContextError};
use crate::chan::{self, Receiver, Sender};
use crate::sched::glist::GList;
use crate::sched::goready;
use crate::sched::join::go;
use crate::sync::sema::Target;
use crate::time::{Timer, after_func};

pub(super) type Cause = Arc<dyn Error + Send + Sync>;

/// A derived context.
pub(super) struct Node {
    pub(super) parent: Context,
    pub(super) kind: Kind,
}

/// What a derived context adds to its parent.
pub(super) enum Kind {
    Cancel(Cancel),
    Value { value: Box<dyn Any + Send + Sync>, type_name: &'static str },
    WithoutCancel,
}

/// A context that can be done.
pub(super) struct Cancel {
    /// Its key in the parent's `entries`.
    id: u64,
    deadline: Option<Instant>,
    /// 0, or 1 + the error; see I1.
    err: AtomicU8,
    state: Mutex<NodeState>,
}

#[derive(Default)]
struct NodeState {
    err: Option<ContextError>,
    cause: Option<Cause>,
    /// What to tell when done, by key, in the order of registration.
    entries: BTreeMap<u64, Entry>,
    /// Made by the first `done`.
    done: Option<(Sender<()>, Receiver<()>)>,
    timer: Option<Timer>,
    /// See I4.
    keep: Option<Arc<Node>>,
}

/// Who is told.
pub(super) enum Entry {
    /// A derived context.
    Child(Weak<Node>),
    /// A parked wait.
    Wait(Target),
    /// A function that neither parks nor touches contexts.
    Call(Box<dyn FnOnce() + Send>),
    /// A function for a goroutine of its own, and its context (I4).
    Func(Func, Option<Arc<Node>>),
}

type Func = Box<dyn FnOnce() + Send>;

/// Keys of entries.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

fn next_id() -> u64 {
    // Relaxed: only has to be unique.
    NEXT_ID.fetch_add(1, Relaxed)
}

impl Node {
    pub(super) fn value(
        parent: &Context,
        value: Box<dyn Any + Send + Sync>,
        type_name: &'static str,
    ) -> Arc<Node> {
        Arc::new(Node { parent: parent.clone(), kind: Kind::Value { value, type_name } })
    }

    pub(super) fn without_cancel(parent: &Context) -> Arc<Node> {
        Arc::new(Node { parent: parent.clone(), kind: Kind::WithoutCancel })
    }

    /// A child of `parent`, done already if that is.
    #[doc(alias = "propagateCancel")]
    pub(super) fn cancellable(parent: &Context, deadline: Option<Instant>) -> Arc<Node> {
        let (id, err, state) = (next_id(), AtomicU8::new(0), Mutex::new(NodeState::default()));
        let kind = Kind::Cancel(Cancel { id, deadline, err, state });
        let node = Arc::new(Node { parent: parent.clone(), kind });
        if let Some(above) = parent.cancel_node()
            && let Err((err, cause)) = above.add(id, Entry::Child(Arc::downgrade(&node)))
        {
            node.cancel(err, Some(cause));
        }
        node
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.cancel_part().and_then(|c| c.deadline)
    }

    pub(super) fn err(&self) -> Option<ContextError> {
        // ORDERING: Acquire pairs with the Release in `finish`: what was done before the cancelling
        // is seen.
        match self.expect_cancel().err.load(Acquire) {
            0 => None,
            1 => Some(ContextError::Canceled),
            _ => Some(ContextError::DeadlineExceeded),
        }
    }

    pub(super) fn cause(&self) -> Option<Cause> {
        self.expect_cancel().state.lock().cause.clone()
    }

    pub(super) fn done(self: &Arc<Self>) -> Receiver<()> {
        let cancel = self.expect_cancel();
        let mut state = cancel.state.lock();
        if state.done.is_none() {
            let (sender, receiver) = chan::bounded(0);
            if state.err.is_some() {
                sender.close();
            } else {
                state.keep = self.kept();
            }
            state.done = Some((sender, receiver));
        }
        state.done.as_ref().expect("made above").1.clone()
    }

    /// Itself, if somebody without a handle can end it (I4).
    fn kept(self: &Arc<Self>) -> Option<Arc<Node>> {
        let by_others = self.deadline().is_some() || self.parent.cancel_node().is_some();
        by_others.then(|| self.clone())
    }

    /// Ends the context at `deadline`.
    pub(super) fn start_timer(self: &Arc<Self>, deadline: Instant, cause: Option<Cause>) {
        let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
        else {
            return self.cancel(ContextError::DeadlineExceeded, cause);
        };
        let mut state = self.expect_cancel().state.lock();
        if state.err.is_none() {
            let node = Arc::downgrade(self);
            state.timer = Some(after_func(left, move || {
                if let Some(node) = node.upgrade() {
                    node.cancel(ContextError::DeadlineExceeded, cause.clone());
                }
            }));
        }
    }

    /// Registers a function for a goroutine of its own; `None`: it has been started at once.
    pub(super) fn add_func(self: &Arc<Self>, f: Func) -> Option<u64> {
        let id = next_id();
        let mut state = self.expect_cancel().state.lock();
        if state.err.is_none() {
            state.entries.insert(id, Entry::Func(f, self.kept()));
            return Some(id);
        }
        drop(state);
        go(f);
        None
    }

    /// Registers who is told; fails with the error and its cause when the context is done.
    pub(super) fn add(&self, id: u64, entry: Entry) -> Result<(), (ContextError, Cause)> {
        let mut state = self.expect_cancel().state.lock();
        match state.err {
            None => {
                state.entries.insert(id, entry);
                Ok(())
            }
            Some(err) => Err((err, state.cause.clone().expect("set with the error"))),
        }
    }

    /// The same under a fresh key.
    pub(super) fn add_new(&self, entry: Entry) -> Result<u64, (ContextError, Cause)> {
        let id = next_id();
        self.add(id, entry).map(|()| id)
    }

    /// Takes an entry off; `None` when it was told (I3) or taken off before.
    pub(super) fn remove(&self, id: u64) -> Option<Entry> {
        self.expect_cancel().state.lock().entries.remove(&id)
    }

    /// Ends this context and all below it. Only the first call does something.
    pub(super) fn cancel(self: &Arc<Self>, err: ContextError, cause: Option<Cause>) {
        let cause = cause.unwrap_or_else(|| Arc::new(err));
        let (mut nodes, mut funcs) = (vec![self.clone()], Vec::new());
        while let Some(node) = nodes.pop() {
            node.finish(err, &cause, &mut nodes, &mut funcs);
        }
        if let Some(above) = self.parent.cancel_node() {
            drop(above.remove(self.expect_cancel().id));
        }
        for f in funcs {
            go(f); // I5
        }
    }

    /// Ends this one context; its children go to `children`, what it has to start to `funcs`.
    fn finish(&self, err: ContextError, cause: &Cause, children: &mut Vec<Arc<Node>>, funcs: &mut Vec<Func>) {
        let cancel = self.expect_cancel();
        let mut state = cancel.state.lock();
        if state.err.is_some() {
            return;
        }
        state.err = Some(err);
        state.cause = Some(cause.clone());
        // ORDERING: Release pairs with the Acquire in `err`.
        cancel.err.store(1 + err as u8, Release);
        let (mut woken, mut kept) = (GList::new(), Vec::new());
        let first_child = children.len();
        for entry in std::mem::take(&mut state.entries).into_values() {
            match entry {
                Entry::Child(child) => children.extend(child.upgrade()),
                // SAFETY: I3: still registered, so still armed.
                Entry::Wait(target) => unsafe { target.interrupt(&mut |gp| woken.push(gp)) },
                Entry::Call(f) => f(),
                Entry::Func(f, itself) => {
                    funcs.push(f);
                    kept.extend(itself);
                }
            }
        }
        let timer = state.timer.take();
        kept.extend(state.keep.take());
        let done = state.done.as_ref().map(|(sender, _)| sender.clone());
        drop(state);
        children[first_child..].reverse(); // They are taken from the end: the oldest first.
        if let Some(done) = done {
            done.close();
        }
        woken.for_each(goready);
        if let Some(timer) = timer {
            timer.stop();
        }
        drop(kept);
    }

    fn cancel_part(&self) -> Option<&Cancel> {
        match &self.kind {
            Kind::Cancel(cancel) => Some(cancel),
            _ => None,
        }
    }

    fn expect_cancel(&self) -> &Cancel {
        self.cancel_part().expect("a node found by `cancel_node`")
    }
}

/// See I4.
impl Drop for Node {
    fn drop(&mut self) {
        let Kind::Cancel(cancel) = &mut self.kind else { return };
        if let Some(timer) = cancel.state.get_mut().timer.take() {
            timer.stop();
        }
        if cancel.state.get_mut().err.is_none()
            && let Some(above) = self.parent.cancel_node()
        {
            drop(above.remove(cancel.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn assert_children(ctx: &Context, count: usize, when: &str) {
        let node = ctx.cancel_node().expect("it can be cancelled");
        assert_eq!(node.expect_cancel().state.lock().entries.len(), count, "{when}");
    }

    /// Go's test of that name: who has ended, or gone, is off its parent.
    #[test]
    fn test_cancel_removes() {
        // SAFETY: nothing is bound to a thread.
        unsafe {
            crate::run(|| {
                let (ctx, _cancel) = Context::background().with_cancel();
                assert_children(&ctx, 0, "after creation");
                let (child, cancel) = ctx.with_cancel();
                assert_children(&ctx, 1, "with a child");
                cancel();
                assert_children(&ctx, 0, "after cancelling the child");
                drop((child, cancel));
                let (child, cancel) = ctx.with_timeout(Duration::from_secs(3600));
                assert_children(&ctx, 1, "with a child that has a timeout");
                cancel();
                assert_children(&ctx, 0, "after cancelling it");
                drop(child);
                let stop = ctx.after_func(|| ());
                assert_children(&ctx, 1, "with an after_func");
                assert!(stop.stop());
                assert_children(&ctx, 0, "after stopping it");
                drop(ctx.with_cancel());
                assert_children(&ctx, 0, "after dropping a child uncancelled");
            });
        }
    }

    /// I4: what was derived only for its channel lives until somebody ends it.
    #[test]
    fn done_outlives_its_context() {
        // SAFETY: nothing is bound to a thread.
        unsafe {
            crate::run(|| {
                let (parent, cancel) = Context::background().with_cancel();
                let done = parent.with_value(1).with_timeout(Duration::from_secs(3600)).0.done();
                assert!(done.try_recv().is_err_and(|e| e.is_empty()), "nobody has ended it");
                cancel();
                assert!(done.try_recv().is_err_and(|e| e.is_disconnected()));
                let done = Context::background().with_timeout(Duration::from_millis(2)).0.done();
                assert!(done.try_recv().is_err_and(|e| e.is_empty()));
                assert!(done.recv().is_err(), "its deadline did");
            });
        }
    }
}
