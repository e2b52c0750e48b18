//! A context as the [`Interrupt`] of a parked wait, and the hook for the network's.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use super::node::{Entry, Node};
use super::{Context, ContextError};
use crate::sched::g::WaitReason;
use crate::sched::goready;
use crate::sync::sema::{Interrupt, Order, Target, semacquire_interruptible};

/// Where a wait is registered; dropping it takes it off.
#[derive(Default)]
pub(crate) struct ArmedContext(Cell<Option<(Arc<Node>, u64)>>);

impl Interrupt for Context {
    type Armed = ArmedContext;

    unsafe fn arm(&self, slot: Pin<&ArmedContext>, target: Target) {
        let Some(node) = self.cancel_node() else { return };
        match node.add_new(Entry::Wait(target)) {
            Ok(id) => slot.0.set(Some((node.clone(), id))),
            // SAFETY: our caller's duty: armed now.
            Err(_) => unsafe { target.interrupt(&mut goready) },
        }
    }
}

/// After the removal nobody uses the target: what runs it holds the node's lock (node.rs I3).
impl Drop for ArmedContext {
    fn drop(&mut self) {
        if let Some((node, id)) = self.0.take() {
            drop(node.remove(id));
        }
    }
}

/// A registered call; dropping it takes it off. When the drop returns, the call is not running.
#[doc(hidden)]
pub struct OnDone {
    registered: Option<(Arc<Node>, u64)>,
}

impl fmt::Debug for OnDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDone").finish_non_exhaustive()
    }
}

impl Context {
    /// Calls `f` when the context is done, in whoever cancels, with a lock held: it must not park,
    /// block, or use a context. For the operations of the network, which set a deadline in the
    /// past.
    ///
    /// # Errors
    /// The context is done; `f` was not called.
    #[doc(hidden)]
    pub fn on_done(&self, f: impl FnOnce() + Send + 'static) -> Result<OnDone, ContextError> {
        let Some(node) = self.cancel_node() else { return Ok(OnDone { registered: None }) };
        match node.add_new(Entry::Call(Box::new(f))) {
            Ok(id) => Ok(OnDone { registered: Some((node.clone(), id)) }),
            Err((err, _)) => Err(err),
        }
    }

    /// As `sema::semacquire`, unless the context is done first: then no unit was taken. For the
    /// locks of descriptors.
    ///
    /// # Errors
    /// Why the context is done.
    #[doc(hidden)]
    pub fn semacquire(&self, addr: &AtomicU32) -> Result<(), ContextError> {
        semacquire_interruptible(addr, Order::Fifo, WaitReason::Semacquire, self)
            .map_err(|_| self.interrupted())
    }

    /// Why a wait that this context has interrupted ended.
    pub(crate) fn interrupted(&self) -> ContextError {
        self.err().expect("only a context that is done interrupts")
    }
}

impl OnDone {
    /// Takes the call off; true if it has not been made and will not be.
    pub fn stop(mut self) -> bool {
        match self.registered.take() {
            Some((node, id)) => node.remove(id).is_some(),
            None => true,
        }
    }
}

impl Drop for OnDone {
    fn drop(&mut self) {
        if let Some((node, id)) = self.registered.take() {
            drop(node.remove(id));
        }
    }
}
