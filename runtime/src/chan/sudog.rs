//! A goroutine in a queue of a channel. Go: runtime/runtime2.go sudog, runtime/chan.go waitq.
//!
//! I1 A `Sudog` lies in the frame of a parked goroutine (or of a thread that sleeps) and is touched
//!    by others only between the unlock in that park's commit and the `goready` that ends it.
//!    Whoever calls `goready` reads what it needs before.
//! I2 The links, `elem` of a queued one and the queues themselves belong to the holder of the
//!    channel's lock.
//! I3 A goroutine that waits in several queues, or with a deadline, is woken by whoever wins the
//!    exchange on its `select_done` word ([`Sudog::claim`]), and by nobody else. Each wait has a
//!    number of its own ([`Ticket`]), so that a late timer cannot claim a later wait.
//! I4 The winner sets `outcome` (and `peer`) before `goready`; the woken reads them after its park.
//!    Only one `Sudog` of a wait ever gets an outcome.

use std::cell::Cell;
use std::ptr;

use crate::sched::g::GRef;
use crate::sched::goready;
use crate::words::shim::atomic::{AtomicPtr, Ordering::Relaxed};

/// What the waker did for the woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing yet; after a park: it was the timer.
    Pending,
    /// The message went over: into the receiver's slot, or out of the sender's.
    Done,
    /// The channel was closed, or the other side is gone.
    Closed,
    /// For a select's send: one place of the buffer is kept for its message.
    Reserved,
    /// For a select's send: the receiver `peer` waits for the message.
    Peer,
    /// For a receiver: the sender it was paired with left without a message; try again.
    Retry,
    /// For a watcher: the operation may go on without blocking.
    Ready,
}

/// The number of one wait of one goroutine; what its `select_done` holds until somebody claims it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(u32);

impl Ticket {
    /// Begins a wait of the calling goroutine `gp` that has to be claimed.
    pub(super) fn arm(gp: GRef) -> Ticket {
        // Relaxed, both: only the goroutine itself arms, and the locks under which it queues
        // publish the word.
        let next = gp.select_done.load(Relaxed).wrapping_add(1);
        gp.select_done.store(next, Relaxed);
        Ticket(next)
    }

    /// True for the one that may wake `gp`. Go: `g.selectDone.CompareAndSwap(0, 1)`.
    pub(super) fn claim(self, gp: GRef) -> bool {
        // Relaxed: the exchange alone decides; what the winner writes is published by `goready`.
        gp.select_done.compare_exchange(self.0, self.0.wrapping_add(1), Relaxed, Relaxed).is_ok()
    }

    fn is_open(self, gp: GRef) -> bool {
        gp.select_done.load(Relaxed) == self.0
    }

    /// As a timer's argument.
    pub(super) fn as_seq(self) -> usize {
        self.0 as usize
    }

    /// Back from a timer's argument.
    pub(super) fn from_seq(seq: usize) -> Ticket {
        Ticket(seq as u32)
    }
}

/// Wakes `gp` out of the wait `ticket`, unless somebody else did. Its sudogs stay `Pending`.
pub(super) fn time_out(gp: GRef, ticket: Ticket) {
    if ticket.claim(gp) {
        goready(gp);
    }
}

/// See the file's head.
#[derive(Debug)]
pub(super) struct Sudog {
    /// Who waits. Set before it is queued.
    g: Cell<Option<GRef>>,
    /// A receiver's slot or a sender's message; null for a sender that makes its message after it
    /// was chosen, and for a watcher.
    pub(super) elem: Cell<*mut u8>,
    next: Cell<*const Sudog>,
    prev: Cell<*const Sudog>,
    /// With `Outcome::Peer`: the receiver that waits.
    pub(super) peer: Cell<*const Sudog>,
    /// Set if the wait has to be claimed.
    ticket: Cell<Option<Ticket>>,
    pub(super) outcome: Cell<Outcome>,
    /// For a watcher: which readiness it waits for.
    pub(super) dir: Cell<Dir>,
    /// In a queue. Owned by the lock.
    queued: Cell<bool>,
}

/// Which side of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dir {
    /// A receive.
    Recv,
    /// A send.
    Send,
}

impl Sudog {
    /// One that is in no queue.
    #[inline(always)]
    pub(super) const fn empty() -> Sudog {
        Sudog {
            g: Cell::new(None),
            elem: Cell::new(ptr::null_mut()),
            next: Cell::new(ptr::null()),
            prev: Cell::new(ptr::null()),
            peer: Cell::new(ptr::null()),
            ticket: Cell::new(None),
            outcome: Cell::new(Outcome::Pending),
            dir: Cell::new(Dir::Recv),
            queued: Cell::new(false),
        }
    }

    /// For a wait in one queue without a deadline.
    #[inline(always)]
    pub(super) fn plain(gp: GRef, elem: *mut u8) -> Sudog {
        Sudog { g: Cell::new(Some(gp)), elem: Cell::new(elem), ..Sudog::empty() }
    }

    /// Makes it one of a select's.
    pub(super) fn set_select(&self, gp: GRef, ticket: Ticket, elem: *mut u8, dir: Dir) {
        self.g.set(Some(gp));
        self.ticket.set(Some(ticket));
        self.elem.set(elem);
        self.dir.set(dir);
    }

    #[inline(always)]
    fn gp(&self) -> GRef {
        self.g.get().expect("a queued sudog has its goroutine")
    }

    /// True for the one waker (I3). A plain wait is claimed by taking it off its queue.
    #[inline(always)]
    fn claim(&self) -> bool {
        self.ticket.get().is_none_or(|ticket| ticket.claim(self.gp()))
    }

    fn is_open(&self) -> bool {
        self.ticket.get().is_none_or(|ticket| ticket.is_open(self.gp()))
    }

    /// Ends the wait of a claimed one. Without the channel's lock. The sudog is gone afterwards
    /// (I1).
    #[inline(always)]
    pub(super) fn wake(&self, outcome: Outcome) {
        let gp = self.gp();
        self.outcome.set(outcome);
        goready(gp);
    }
}

/// A FIFO queue of sudogs; a ring of links, so that one pointer is enough. Go: waitq.
#[derive(Debug)]
pub(super) struct WaitQ {
    /// The oldest, or null. Written under the channel's lock, read without it as a hint.
    first: AtomicPtr<Sudog>,
}

impl WaitQ {
    pub(super) fn new() -> WaitQ {
        WaitQ { first: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Exact under the lock, a hint without it.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        // Relaxed: see the field.
        self.first.load(Relaxed).is_null()
    }

    #[inline(always)]
    fn set_first(&self, first: *const Sudog) {
        // Relaxed: serialised by the lock.
        self.first.store(first.cast_mut(), Relaxed);
    }

    /// Appends.
    ///
    /// # Safety
    /// The lock is held; `sg` is in no queue and lives until it is taken off.
    pub(super) unsafe fn enqueue(&self, sg: &Sudog) {
        let first = self.first.load(Relaxed);
        sg.queued.set(true);
        if first.is_null() {
            sg.next.set(sg);
            sg.prev.set(sg);
            self.set_first(sg);
            return;
        }
        // SAFETY: I1, I2: queued ones live, and the lock is held.
        let (first, last) = unsafe { (&*first, &*(*first).prev.get()) };
        sg.next.set(first);
        sg.prev.set(last);
        last.next.set(sg);
        first.prev.set(sg);
    }

    /// Takes `sg` off if it is still queued.
    ///
    /// # Safety
    /// The lock is held; `sg` is in this queue or in none.
    pub(super) unsafe fn remove(&self, sg: &Sudog) {
        if !sg.queued.replace(false) {
            return;
        }
        let next = sg.next.get();
        if ptr::eq(next, sg) {
            self.set_first(ptr::null());
            return;
        }
        // SAFETY: I1, I2: queued ones live, and the lock is held.
        let (next, prev) = unsafe { (&*next, &*sg.prev.get()) };
        prev.next.set(next);
        next.prev.set(prev);
        if ptr::eq(self.first.load(Relaxed), sg) {
            self.set_first(next);
        }
    }

    /// Takes off the oldest that can still be claimed, and claims it.
    ///
    /// # Safety
    /// The lock is held. The result lives until it is woken (I1).
    #[inline]
    pub(super) unsafe fn dequeue<'a>(&self) -> Option<&'a Sudog> {
        loop {
            // SAFETY: I1: a queued one lives; the lock is held.
            let sg = unsafe { self.first.load(Relaxed).as_ref() }?;
            // SAFETY: it is the head of this queue.
            unsafe { self.remove(sg) };
            // One whose goroutine another channel has woken meanwhile is passed over.
            if sg.claim() {
                return Some(sg);
            }
        }
    }

    /// True if somebody here can be claimed; takes those off its head that cannot.
    ///
    /// # Safety
    /// The lock is held.
    pub(super) unsafe fn has_open(&self) -> bool {
        loop {
            // SAFETY: I1: a queued one lives; the lock is held.
            let Some(sg) = (unsafe { self.first.load(Relaxed).as_ref() }) else {
                return false;
            };
            if sg.is_open() {
                return true;
            }
            // SAFETY: it is the head of this queue.
            unsafe { self.remove(sg) };
        }
    }

    /// Takes off and claims all for which `wanted` holds, each with `outcome`, onto `list`.
    ///
    /// # Safety
    /// The lock is held.
    pub(super) unsafe fn drain_into(
        &self,
        list: &mut WakeList,
        outcome: Outcome,
        wanted: impl Fn(&Sudog) -> bool,
    ) {
        let first = self.first.load(Relaxed).cast_const();
        if first.is_null() {
            return;
        }
        // SAFETY: I1, I2: queued ones live, and the lock is held.
        let last = unsafe { (*first).prev.get() };
        let mut at = first;
        loop {
            // SAFETY: as above; the next is read before this one is taken off.
            let sg = unsafe { &*at };
            let next = sg.next.get();
            if wanted(sg) {
                // SAFETY: it is in this queue.
                unsafe { self.remove(sg) };
                if sg.claim() {
                    list.push(sg, outcome);
                }
            }
            if ptr::eq(at, last) {
                return;
            }
            at = next;
        }
    }
}

/// Claimed sudogs to be woken once the lock is released, in the order of their coming.
#[derive(Debug)]
#[must_use]
pub(super) struct WakeList {
    head: *const Sudog,
    tail: *const Sudog,
}

impl WakeList {
    pub(super) const fn new() -> WakeList {
        WakeList { head: ptr::null(), tail: ptr::null() }
    }

    /// Adds a claimed one.
    #[inline]
    pub(super) fn push(&mut self, sg: &Sudog, outcome: Outcome) {
        sg.outcome.set(outcome);
        sg.next.set(ptr::null());
        // SAFETY: I1: a claimed one lives until it is woken.
        match unsafe { self.tail.as_ref() } {
            None => self.head = sg,
            Some(tail) => tail.next.set(sg),
        }
        self.tail = sg;
    }

    /// Wakes them, the last one first: Go's closechan collects them on a stack (gList). Without the
    /// channel's lock.
    pub(super) fn wake_all_newest_first(mut self) {
        let mut newer = ptr::null();
        // SAFETY: I1: a claimed one lives until it is woken.
        while let Some(sg) = unsafe { self.head.as_ref() } {
            self.head = sg.next.replace(newer);
            newer = sg;
        }
        self.head = newer;
        self.wake_all();
    }

    /// Wakes them. Without the channel's lock.
    #[inline]
    pub(super) fn wake_all(self) {
        let mut at = self.head;
        // SAFETY: I1: a claimed one lives until the `goready` below; the link is read before.
        while let Some(sg) = unsafe { at.as_ref() } {
            at = sg.next.get();
            goready(sg.gp());
        }
    }
}
