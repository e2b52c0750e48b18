//! The inbox of a P in pinned mode: goroutines that other threads have made ready for it, and how
//! its sleeping thread hears of them.
//!
//! In pinned mode (sched/pinned.rs) a goroutine that has begun runs on one thread only. Another
//! thread that readies it puts it here. The owner empties the inbox in each scheduling round. When
//! it has nothing to do it goes to sleep, on its note or in the poller, and then two handshakes
//! decide whether it may:
//!
//! I1 Deliver: push; full fence; look at `idle` ([`Inbox::deliver`]). Sleep: set `idle`; full
//!    fence; look at the inbox ([`Inbox::must_stay_awake`]). One of the two sees the other: either
//!    the owner stays awake, or the sender claims it.
//! I2 A claim clears `idle`, under `sched.lock`, so that of several senders one claims. The claimer
//!    owes the owner one wake-up of its note, and the owner consumes exactly one for each claim.
//! I3 Poll: set `polling`; full fence; look at `idle` ([`Inbox::begin_poll`]). Claim: clear `idle`;
//!    full fence; look at `polling` ([`Inbox::sits_in_the_poller`]). Either the owner does not wait
//!    in the poller, or the claimer breaks its wait.
//!
//! Rejected: a queue of blocks (crossbeam's injector), which allocates and has no word whose
//! emptiness the handshake could use; a flag in the same word as the list, which saves the second
//! fence but makes each delivery a loop over two conditions.

use std::ptr;

use crate::words::shim::atomic::{
    AtomicBool, AtomicPtr,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use crate::words::shim::full_fence;

/// What can wait in an inbox: it has room for a pointer to the next one.
///
/// # Safety
/// Until `take` has returned the item, only the inbox calls these, and what `set_next` stored
/// `next` returns.
pub(crate) unsafe trait Linked {
    fn next(&self) -> *mut Self;
    fn set_next(&self, next: *mut Self);
}

/// See the head of the file.
#[derive(Debug)]
pub(crate) struct Inbox<T> {
    /// The last item delivered; each points to the one before it. Pushed by anybody, emptied by the
    /// owner.
    head: AtomicPtr<T>,
    /// The owner sleeps or is about to, and nobody has claimed it. Written under `sched.lock`.
    idle: AtomicBool,
    /// The owner waits in the poller or is about to. Written by the owner.
    polling: AtomicBool,
}

impl<T: Linked> Inbox<T> {
    pub(crate) fn new() -> Self {
        Inbox {
            head: AtomicPtr::new(ptr::null_mut()),
            idle: AtomicBool::new(false),
            polling: AtomicBool::new(false),
        }
    }

    /// Adds an item. True if the owner is idle: the caller must try to claim it.
    ///
    /// # Safety
    /// The item stays valid until it was taken, and is on no other list.
    #[must_use]
    pub(crate) unsafe fn deliver(&self, item: *mut T) -> bool {
        let mut head = self.head.load(Relaxed);
        loop {
            // SAFETY: the caller's duty: valid, and ours until the exchange publishes it.
            unsafe { (*item).set_next(head) };
            // ORDERING: Release pairs with the Acquire in `take`: the owner sees the item's state
            // and link.
            match self.head.compare_exchange_weak(head, item, AcqRel, Relaxed) {
                Ok(_) => break,
                Err(now) => head = now,
            }
        }
        // ORDERING: SeqCst, pairs with the fence in `must_stay_awake` (I1).
        full_fence();
        self.is_idle()
    }

    /// Nothing has been delivered; a hint to anybody, at once true for what the owner's own thread
    /// did.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.load(Relaxed).is_null()
    }

    /// Empties the inbox, calling `each` in the order of delivery. For the owner.
    pub(crate) fn take(&self, mut each: impl FnMut(*mut T)) {
        // ORDERING: Acquire pairs with the Release in `deliver`.
        let mut newest = self.head.swap(ptr::null_mut(), Acquire);
        let mut oldest = ptr::null_mut();
        // SAFETY: what is on the list is valid and the owner's alone (`deliver`).
        while let Some(item) = unsafe { newest.as_ref() } {
            let older = item.next();
            item.set_next(oldest);
            oldest = newest;
            newest = older;
        }
        // SAFETY: as above; `each` owns the item, so its link is read before.
        while let Some(item) = unsafe { oldest.as_ref() } {
            let this = oldest;
            oldest = item.next();
            each(this);
        }
    }

    /// Whether the owner is idle and unclaimed. Exact under `sched.lock`.
    #[inline(always)]
    pub(crate) fn is_idle(&self) -> bool {
        // Relaxed: exact under the lock; elsewhere between the fences of I1 and I3.
        self.idle.load(Relaxed)
    }

    /// The owner has run out of work, or is claimed. Under `sched.lock`.
    pub(crate) fn set_idle(&self, idle: bool) {
        // Relaxed: written under the lock; `must_stay_awake` and `sits_in_the_poller` have the
        // fences.
        self.idle.store(idle, Relaxed);
    }

    /// After `set_idle(true)`: something was delivered, so the owner must not sleep. For the owner.
    pub(crate) fn must_stay_awake(&self) -> bool {
        // ORDERING: SeqCst, pairs with the fence in `deliver` (I1).
        full_fence();
        !self.is_empty()
    }

    /// The owner is about to wait in the poller. False if it has been claimed: it must not. For the
    /// owner.
    #[must_use]
    pub(crate) fn begin_poll(&self) -> bool {
        self.polling.store(true, Relaxed);
        // ORDERING: SeqCst, pairs with the fence in `sits_in_the_poller` (I3).
        full_fence();
        if self.is_idle() {
            return true;
        }
        self.end_poll();
        false
    }

    /// It is back.
    pub(crate) fn end_poll(&self) {
        // Relaxed: read too late it costs a break that nobody needed.
        self.polling.store(false, Relaxed);
    }

    /// A hint: the owner waits in the poller.
    pub(crate) fn is_polling(&self) -> bool {
        self.polling.load(Relaxed)
    }

    /// After a claim: the owner may wait in the poller, so that the claimer must break its wait.
    #[must_use]
    pub(crate) fn sits_in_the_poller(&self) -> bool {
        // ORDERING: SeqCst, pairs with the fence in `begin_poll` (I3).
        full_fence();
        self.is_polling()
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::cell::{Cell, UnsafeCell};
    use loom::sync::{Arc, Mutex};

    struct Item {
        next: Cell<*mut Item>,
        value: UnsafeCell<u32>,
    }

    // SAFETY: the inbox gives the cells one owner at a time; loom reports where it does not.
    unsafe impl Linked for Item {
        fn next(&self) -> *mut Item {
            self.next.get()
        }
        fn set_next(&self, next: *mut Item) {
            self.next.set(next);
        }
    }

    struct Shared {
        inbox: Inbox<Item>,
        items: Vec<Item>,
        /// `sched.lock`.
        lock: Mutex<()>,
        /// Wake-ups of the owner's note.
        wakeups: loom::sync::atomic::AtomicU32,
        /// Breaks of its poll.
        breaks: loom::sync::atomic::AtomicU32,
    }

    // SAFETY: loom checks the cells; that is the point of the model.
    unsafe impl Sync for Shared {}
    // SAFETY: as above.
    unsafe impl Send for Shared {}

    fn shared(items: u32) -> Arc<Shared> {
        Arc::new(Shared {
            inbox: Inbox::new(),
            items: (0..items)
                .map(|_| Item { next: Cell::new(ptr::null_mut()), value: UnsafeCell::new(0) })
                .collect(),
            lock: Mutex::new(()),
            wakeups: loom::sync::atomic::AtomicU32::new(0),
            breaks: loom::sync::atomic::AtomicU32::new(0),
        })
    }

    impl Shared {
        /// A sender readies item `i` and claims the owner if it must.
        fn send(&self, i: usize) {
            let item = &self.items[i];
            // SAFETY: not delivered yet; loom's cell reports a concurrent access.
            item.value.with_mut(|v| unsafe { *v = i as u32 + 1 });
            // SAFETY: the items live as long as the model, and each is delivered once.
            if unsafe { self.inbox.deliver(ptr::from_ref(item).cast_mut()) } {
                self.claim();
            }
        }

        fn claim(&self) {
            {
                let _lock = self.lock.lock().unwrap();
                if !self.inbox.is_idle() {
                    return;
                }
                self.inbox.set_idle(false);
            }
            self.wakeups.fetch_add(1, Relaxed);
            if self.inbox.sits_in_the_poller() {
                self.breaks.fetch_add(1, Relaxed);
            }
        }

        fn take(&self) -> Vec<u32> {
            let mut got = Vec::new();
            // SAFETY: taken, so ours; loom's cell reports a concurrent access.
            self.inbox.take(|item| got.push(unsafe { (*item).value.with(|v| *v) }));
            got
        }

        fn go_idle(&self) {
            let _lock = self.lock.lock().unwrap();
            self.inbox.set_idle(true);
        }
    }

    /// I1, I2: with two senders, the owner has seen an item or is claimed once before it sleeps for
    /// good.
    #[test]
    fn loom_inbox_never_sleeps_on_a_delivery() {
        loom::model(|| {
            let s = shared(2);
            let senders: Vec<_> = (0..2)
                .map(|i| {
                    let s = s.clone();
                    loom::thread::spawn(move || s.send(i))
                })
                .collect();
            s.go_idle();
            let awake = s.inbox.must_stay_awake();
            senders.into_iter().for_each(|t| t.join().unwrap());
            let woken = s.wakeups.load(Relaxed);
            assert!(woken <= 1, "one claim");
            assert!(awake || woken == 1, "delivered, and the owner sleeps");
            let mut got = s.take();
            got.sort_unstable();
            assert_eq!(got, [1, 2]);
        });
    }

    /// I3: an owner that waits in the poller when it is claimed has its wait broken.
    #[test]
    fn loom_inbox_claimed_poller_is_broken() {
        loom::model(|| {
            let s = shared(1);
            let sender = s.clone();
            let sender = loom::thread::spawn(move || sender.send(0));
            s.go_idle();
            let awake = s.inbox.must_stay_awake();
            let waits = !awake && s.inbox.begin_poll();
            sender.join().unwrap();
            assert!(!waits || s.breaks.load(Relaxed) == 1, "it waits in the poller, and nobody breaks it");
        });
    }

    /// Nothing is lost or doubled, and what one sender delivers keeps its order.
    #[test]
    fn loom_inbox_keeps_a_senders_order() {
        loom::model(|| {
            let s = shared(3);
            let (a, b) = (s.clone(), s.clone());
            let a = loom::thread::spawn(move || (0..2).for_each(|i| a.send(i)));
            let b = loom::thread::spawn(move || b.send(2));
            let mut got = s.take();
            a.join().unwrap();
            b.join().unwrap();
            got.extend(s.take());
            let place = |v| got.iter().position(|g| *g == v).expect("delivered");
            assert_eq!(got.len(), 3);
            assert!(place(1) < place(2));
            place(3);
        });
    }
}
