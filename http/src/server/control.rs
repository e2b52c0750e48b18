//! The server's orders to its connections, and the count of those that are there.
//!
//! I1 A connection stores its waker and then looks at the order; who gives an order stores it and then takes the wakers. Both under
//!    the list's lock, or the connection's.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Waker};

use gopark_runtime::chan::{self, Receiver, Sender};
use parking_lot::Mutex;

/// What a connection is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    None,
    /// End when what has begun is done.
    Shutdown,
    /// End now.
    Close,
}

/// Every connection of a server.
pub(super) struct Connections(Mutex<State>);

struct State {
    order: Order,
    next: u64,
    open: HashMap<u64, Arc<Slot>>,
    /// Closed when the last connection has ended after an order.
    none: Option<Sender<()>>,
    none_left: Receiver<()>,
}

/// One connection's place in the list.
struct Slot(Mutex<(Order, Option<Waker>)>);

impl Connections {
    pub(super) fn new() -> Connections {
        let (none, none_left) = chan::bounded(0);
        Connections(Mutex::new(State {
            order: Order::None,
            next: 0,
            open: HashMap::new(),
            none: Some(none),
            none_left,
        }))
    }

    /// A new connection; `None` once the server ends.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Control> {
        let mut state = self.0.lock();
        if state.order != Order::None {
            return None;
        }
        let id = state.next;
        state.next += 1;
        let slot = Arc::new(Slot(Mutex::new((Order::None, None))));
        state.open.insert(id, slot.clone());
        Some(Control { id, slot, connections: self.clone() })
    }

    /// Gives an order to all connections that are there.
    pub(super) fn give(&self, order: Order) {
        let mut state = self.0.lock();
        state.order = state.order.max(order);
        let slots: Vec<_> = state.open.values().cloned().collect();
        state.end_if_none();
        drop(state);
        for slot in slots {
            let mut own = slot.0.lock();
            own.0 = own.0.max(order);
            let waker = own.1.take();
            drop(own);
            waker.inspect(Waker::wake_by_ref);
        }
    }

    /// Disconnected once the server ends and no connection is left.
    pub(super) fn none_left(&self) -> Receiver<()> {
        self.0.lock().none_left.clone()
    }

    /// Whether the server ends.
    pub(super) fn ending(&self) -> bool {
        self.0.lock().order != Order::None
    }
}

impl State {
    fn end_if_none(&mut self) {
        if self.order != Order::None && self.open.is_empty() {
            self.none = None;
        }
    }
}

/// A connection's side. Dropping it takes the connection off the list.
pub(super) struct Control {
    id: u64,
    slot: Arc<Slot>,
    connections: Arc<Connections>,
}

impl Control {
    /// The order so far; a later one wakes the task.
    pub(super) fn poll_order(&self, cx: &mut Context<'_>) -> Order {
        let mut own = self.slot.0.lock();
        if !own.1.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            own.1 = Some(cx.waker().clone());
        }
        own.0
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let mut state = self.connections.0.lock();
        state.open.remove(&self.id);
        state.end_if_none();
    }
}
