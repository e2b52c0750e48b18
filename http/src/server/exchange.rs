//! One request on its way through a handler: what the connection and the request's goroutine share.
//!
//! I1 The handler stores the answer and the connection stores its waker, both under the lock, and each takes what the other left: no
//!    wake-up is lost.
//! I2 The side that makes the context stores it and then reads `over`; the side that ends the exchange stores `over` and then reads the
//!    context. Both have a sequentially consistent fence in between, so one of them cancels it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed, Ordering::SeqCst, fence};
use std::sync::{Arc, OnceLock};
use std::task::{Context as TaskContext, Poll, Waker};

use gopark_net::Addr;
use gopark_runtime::context::{CancelFn, Context};
use http::Response;
use parking_lot::Mutex;

use crate::body::Outgoing;

/// What both sides share. Among the extensions of its request.
pub(crate) struct Exchange {
    slot: Mutex<Slot>,
    context: OnceLock<(Context, CancelFn)>,
    over: AtomicBool,
    peer: Arc<Addr>,
}

#[derive(Default)]
struct Slot {
    answer: Option<Response<Outgoing>>,
    waiting: Option<Waker>,
    /// The request's goroutine has ended without an answer.
    abandoned: bool,
}

impl Exchange {
    pub(super) fn new(peer: Arc<Addr>) -> Arc<Exchange> {
        Arc::new(Exchange {
            slot: Mutex::default(),
            context: OnceLock::new(),
            over: AtomicBool::new(false),
            peer,
        })
    }

    pub(crate) fn peer_addr(&self) -> &Addr {
        &self.peer
    }

    /// The request's context, made when it is asked for.
    pub(crate) fn context(&self) -> &Context {
        let (context, cancel) = self.context.get_or_init(|| Context::background().with_cancel());
        // ORDERING: SeqCst pairs with the fence in `end` (I2).
        fence(SeqCst);
        if self.over.load(Relaxed) {
            cancel.cancel();
        }
        context
    }

    /// The client has gone, or the answer is complete.
    pub(super) fn end(&self) {
        self.over.store(true, Relaxed);
        // ORDERING: SeqCst pairs with the fence in `context` (I2).
        fence(SeqCst);
        if let Some((_, cancel)) = self.context.get() {
            cancel.cancel();
        }
    }

    /// Hands the answer to the connection.
    pub(super) fn answer(&self, response: Response<Outgoing>) {
        let mut slot = self.slot.lock();
        slot.answer = Some(response);
        let waiting = slot.waiting.take();
        drop(slot);
        waiting.inspect(Waker::wake_by_ref);
    }

    /// There will be no answer.
    pub(super) fn abandon(&self) {
        let mut slot = self.slot.lock();
        slot.abandoned = true;
        let waiting = slot.waiting.take();
        drop(slot);
        waiting.inspect(Waker::wake_by_ref);
    }

    /// The answer; `None` if there will be none.
    pub(super) fn poll_answer(&self, cx: &mut TaskContext<'_>) -> Poll<Option<Response<Outgoing>>> {
        let mut slot = self.slot.lock();
        match slot.answer.take() {
            Some(response) => Poll::Ready(Some(response)),
            None if slot.abandoned => Poll::Ready(None),
            None => {
                slot.waiting = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
