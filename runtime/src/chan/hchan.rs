//! The channel itself, without its element type. Go: runtime/chan.go hchan, chansend, chanrecv,
//! closechan.
//!
//! As in Go, a message is so many bytes that are moved from place to place: into the buffer, out of
//! it, or straight from the sender's frame into the slot in the frame of a parked receiver. The
//! typed ends (`sender.rs`, `receiver.rs`) see to it that each message is owned by exactly one of
//! these places, and drop what is left over.
//!
//! What is not Go's: a select's send makes its message only after it was chosen (the model's
//! `select!` evaluates the expression then, `SelectedOperation::send` is given it then). Such a
//! sender is queued with a null `elem`. Whoever meets it gives it either a place of the buffer,
//! kept for it ([`Outcome::Reserved`]), or a receiver that stays parked until the message comes
//! ([`Outcome::Peer`]); see `complete.rs`.
//!
//! I1 All but the fields marked otherwise belong to the holder of `lock`.
//! I2 Places kept for messages to come: `limit == cap - reserved`. There is room iff `qcount <
//!    limit`.
//! I3 `qcount > 0` implies that `recvq` has nobody who can be claimed; `qcount < limit` the same of
//!    `sendq`.
//! I4 After `CLOSED` is set nobody is queued any more and nothing enters the buffer.
//! I5 The lock is never held over a park: the park's commit releases it. Wakes happen without it.

use std::alloc::Layout;
use std::cell::Cell;
use std::ptr;

use super::buffer::Chunk;
use super::lock::RawLock;
use super::sudog::{Dir, Outcome, Sudog, WaitQ, WakeList};
use crate::sched::g::{WaitReason, getg};
use crate::sched::gopark;
use crate::words::shim::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::Relaxed};

/// What is unusual about a channel; a usual one is `OPEN`, which one comparison tells.
///
/// | bit | meaning |
/// |---|---|
/// | `CLOSED` | closed, or one side has no handle any more |
/// | `WATCHED` | `watchers` is not empty |
/// | `TIMED` | its messages come from the clock (`after`, `tick`); never changes |
/// | `CLOSE_CALLED` | `Sender::close` was called |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChanFlags(u8);

impl ChanFlags {
    pub(super) const OPEN: ChanFlags = ChanFlags(0);
    pub(super) const CLOSED: ChanFlags = ChanFlags(1);
    pub(super) const WATCHED: ChanFlags = ChanFlags(2);
    pub(super) const TIMED: ChanFlags = ChanFlags(4);
    pub(super) const CLOSE_CALLED: ChanFlags = ChanFlags(8);

    #[inline(always)]
    pub(super) fn has(self, bits: ChanFlags) -> bool {
        self.0 & bits.0 != 0
    }
}

/// How a send went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Sent {
    /// The message is the channel's or the receiver's now.
    Yes,
    /// No room, and it may not wait.
    Full,
    /// The message stays the caller's.
    Closed,
}

/// How a receive went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Received {
    /// The message is in the slot.
    Yes,
    /// Nothing there, and it may not wait.
    Empty,
    /// Nothing there, and nothing will come.
    Closed,
    /// A timed channel: the caller asks the clock.
    Timed,
}

/// May an operation park?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// No: `try_send`, `try_recv`.
    No,
    /// Yes, as long as it takes.
    Yes,
}

/// See the file's head. The first line of the cache holds all that an uncontended operation
/// touches.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Hchan {
    pub(super) lock: RawLock,
    /// A `ChanFlags`. Written under the lock, read without it as a hint.
    state: AtomicU8,
    /// Slots in the ring, or in a chunk.
    pub(super) wrap: u32,
    /// Messages in the buffer. Written under the lock, read without it as a hint.
    pub(super) qcount: AtomicUsize,
    /// See I2. Written under the lock, read without it as a hint.
    limit: AtomicUsize,
    pub(super) sendx: Cell<u32>,
    pub(super) recvx: Cell<u32>,
    /// Slots that are written to, and read from; the same for a ring. See `buffer.rs`.
    pub(super) wbuf: Cell<*mut u8>,
    pub(super) rbuf: Cell<*mut u8>,
    pub(super) recvq: WaitQ,
    pub(super) sendq: WaitQ,

    /// Who waits for readiness only. See `watch.rs`.
    pub(super) watchers: WaitQ,
    /// Size and alignment of a message. Never changes.
    pub(super) elem: Layout,
    /// What `bounded` was given; `usize::MAX` if unbounded. Never changes.
    pub(super) cap: usize,
    /// The chunk that follows an empty start, and one to use again. See `buffer.rs`.
    pub(super) first_chunk: Cell<*mut Chunk>,
    pub(super) spare_chunk: Cell<*mut Chunk>,
    /// For a timed channel: nanotime of its next message (`i64::MAX`: none), and the period or 0.
    pub(super) when_ns: Cell<i64>,
    pub(super) period_ns: Cell<i64>,
    /// Handles of either side, outside the lock. See `counter.rs`.
    pub(super) senders: AtomicUsize,
    pub(super) receivers: AtomicUsize,
    pub(super) one_side_gone: AtomicBool,
    /// Stands for the address, which differs from run to run of a model.
    #[cfg(loom)]
    id: usize,
}

// SAFETY: I1: what is not atomic is touched under the lock only, and so are the frames that the
// queues point to; the messages themselves are the typed handles' affair, which ask for `T: Send`.
unsafe impl Sync for Hchan {}
// SAFETY: as above.
unsafe impl Send for Hchan {}

/// Moves a message of `size` bytes.
///
/// # Safety
/// `src` has `size` bytes to read, `dst` room for them, and they do not overlap. The message is
/// `dst`'s afterwards.
#[inline(always)]
pub(super) unsafe fn move_elem(dst: *mut u8, src: *const u8, size: usize) {
    // SAFETY: the caller's duty. The usual sizes are told apart because a call of memcpy costs more
    // than they do.
    unsafe {
        match size {
            0 => {}
            8 => ptr::copy_nonoverlapping(src, dst, 8),
            16 => ptr::copy_nonoverlapping(src, dst, 16),
            _ => ptr::copy_nonoverlapping(src, dst, size),
        }
    }
}

impl Hchan {
    /// An open channel with one sender and one receiver, for `cap` messages (`None`: as many as
    /// come).
    #[doc(alias = "makechan")]
    pub(super) fn new(elem: Layout, cap: Option<usize>) -> Box<Hchan> {
        let cap = cap.unwrap_or(usize::MAX);
        let c = Box::new(Hchan {
            lock: RawLock::new(),
            state: AtomicU8::new(ChanFlags::OPEN.0),
            wrap: Hchan::wrap_of(elem, cap),
            qcount: AtomicUsize::new(0),
            limit: AtomicUsize::new(cap),
            sendx: Cell::new(0),
            recvx: Cell::new(0),
            wbuf: Cell::new(ptr::null_mut()),
            rbuf: Cell::new(ptr::null_mut()),
            recvq: WaitQ::new(),
            sendq: WaitQ::new(),
            watchers: WaitQ::new(),
            elem,
            cap,
            first_chunk: Cell::new(ptr::null_mut()),
            spare_chunk: Cell::new(ptr::null_mut()),
            when_ns: Cell::new(i64::MAX),
            period_ns: Cell::new(0),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
            one_side_gone: AtomicBool::new(false),
            #[cfg(loom)]
            id: {
                static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
                NEXT.fetch_add(1, Relaxed)
            },
        });
        c.init_buffer();
        c
    }

    /// Exact under the lock, a hint without it (but `TIMED`, which never changes).
    #[inline(always)]
    pub(super) fn state(&self) -> ChanFlags {
        // Relaxed: see the field.
        ChanFlags(self.state.load(Relaxed))
    }

    /// Under the lock.
    pub(super) fn set_state(&self, bits: ChanFlags) {
        self.state.store(self.state.load(Relaxed) | bits.0, Relaxed);
    }

    /// By which selects order their locks. Go: sortkey.
    #[doc(alias = "sortkey")]
    #[inline(always)]
    pub(super) fn sort_key(&self) -> usize {
        #[cfg(not(loom))]
        return ptr::from_ref(self).addr();
        #[cfg(loom)]
        return self.id;
    }

    /// Under the lock.
    pub(super) fn clear_state(&self, bits: ChanFlags) {
        self.state.store(self.state.load(Relaxed) & !bits.0, Relaxed);
    }

    /// What it was made with.
    pub(super) fn capacity(&self) -> Option<usize> {
        (self.cap != usize::MAX).then_some(self.cap)
    }

    /// Messages in the buffer; exact under the lock.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.qcount.load(Relaxed)
    }

    /// Room for a message (I2); exact under the lock.
    #[inline(always)]
    pub(super) fn has_room(&self) -> bool {
        self.len() < self.limit.load(Relaxed)
    }

    /// Under the lock, with room: keeps a place for a message to come.
    pub(super) fn reserve(&self) {
        self.limit.store(self.limit.load(Relaxed) - 1, Relaxed);
    }

    /// Under the lock: gives a kept place back. Whoever calls it fills the place or calls
    /// `room_freed`.
    pub(super) fn unreserve(&self) {
        self.limit.store(self.limit.load(Relaxed) + 1, Relaxed);
    }

    /// Sends the message at `src`. Go: chansend.
    ///
    /// # Safety
    /// `src` holds a message of the channel's type; after `Sent::Yes` it is no longer the caller's.
    /// `size` is its size, given so that it is a constant here.
    #[doc(alias = "chansend")]
    #[inline(always)]
    pub(super) unsafe fn send(&self, src: *const u8, size: usize, block: Block) -> Sent {
        self.lock.lock();
        if self.state() == ChanFlags::OPEN && self.has_room() && self.recvq.is_empty() {
            // SAFETY: there is room; the caller's message.
            unsafe { self.push(src, size) };
            self.lock.unlock();
            return Sent::Yes;
        }
        // SAFETY: the caller's duty.
        unsafe { self.send_slow(src, block) }
    }

    /// The rest of `send`; called with the lock held, returns without it.
    #[inline(never)]
    unsafe fn send_slow(&self, src: *const u8, block: Block) -> Sent {
        if self.state().has(ChanFlags::CLOSED) {
            self.lock.unlock();
            return Sent::Closed;
        }
        // SAFETY: the lock is held.
        if let Some(receiver) = unsafe { self.recvq.dequeue() } {
            self.lock.unlock();
            // SAFETY: a claimed receiver's slot is ours until it is woken; the message becomes the
            // receiver's.
            unsafe { move_elem(receiver.elem.get(), src, self.elem.size()) };
            receiver.wake(Outcome::Done);
            return Sent::Yes;
        }
        let mut wakes = WakeList::new();
        if self.has_room() {
            // SAFETY: there is room; the caller's message.
            unsafe { self.push(src, self.elem.size()) };
            self.notify(Dir::Recv, &mut wakes);
            self.lock.unlock();
            wakes.wake_all();
            return Sent::Yes;
        }
        if block == Block::No {
            self.lock.unlock();
            return Sent::Full;
        }
        let me = Sudog::plain(getg(), src.cast_mut());
        self.notify(Dir::Recv, &mut wakes);
        // SAFETY: the lock is held; `me` lives until it is woken, which takes it off first.
        unsafe { self.sendq.enqueue(&me) };
        self.park(WaitReason::ChanSend, wakes);
        match me.outcome.get() {
            Outcome::Done => Sent::Yes,
            Outcome::Closed => Sent::Closed,
            other => crate::throw!("chansend: bad wakeup {other:?}"),
        }
    }

    /// Receives into `dst`. Go: chanrecv.
    ///
    /// # Safety
    /// `dst` has room for a message of the channel's type, whose size is `size`; after
    /// `Received::Yes` it holds one, which is the caller's.
    #[doc(alias = "chanrecv")]
    #[inline(always)]
    pub(super) unsafe fn recv(&self, dst: *mut u8, size: usize, block: Block) -> Received {
        self.lock.lock();
        if self.state() == ChanFlags::OPEN && self.len() > 0 && self.sendq.is_empty() {
            // SAFETY: the buffer is not empty; the caller's slot.
            unsafe { self.pop(dst, size) };
            self.lock.unlock();
            return Received::Yes;
        }
        // SAFETY: the caller's duty.
        unsafe { self.recv_slow(dst, block) }
    }

    /// The rest of `recv`; called with the lock held, returns without it.
    #[inline(never)]
    unsafe fn recv_slow(&self, dst: *mut u8, block: Block) -> Received {
        if self.state().has(ChanFlags::TIMED) {
            self.lock.unlock();
            return Received::Timed;
        }
        loop {
            if self.len() > 0 {
                let mut wakes = WakeList::new();
                // SAFETY: the buffer is not empty; the caller's slot.
                unsafe { self.pop(dst, self.elem.size()) };
                self.room_freed(&mut wakes);
                self.lock.unlock();
                wakes.wake_all();
                return Received::Yes;
            }
            // SAFETY: the lock is held.
            if let Some(sender) = unsafe { self.sendq.dequeue() } {
                // SAFETY: the lock is held, the sender is claimed, and the slot is the caller's.
                match unsafe { self.take_from(sender, dst) } {
                    Outcome::Done => return Received::Yes,
                    _ => {
                        self.lock.lock();
                        continue;
                    }
                }
            }
            if self.state().has(ChanFlags::CLOSED) {
                self.lock.unlock();
                return Received::Closed;
            }
            if block == Block::No {
                self.lock.unlock();
                return Received::Empty;
            }
            let me = Sudog::plain(getg(), dst);
            let mut wakes = WakeList::new();
            self.notify(Dir::Send, &mut wakes);
            // SAFETY: the lock is held; `me` lives until it is woken, which takes it off first.
            unsafe { self.recvq.enqueue(&me) };
            self.park(WaitReason::ChanReceive, wakes);
            match me.outcome.get() {
                Outcome::Done => return Received::Yes,
                Outcome::Closed => return Received::Closed,
                Outcome::Retry => self.lock.lock(),
                other => crate::throw!("chanrecv: bad wakeup {other:?}"),
            }
        }
    }

    /// Takes the message of a claimed sender, the buffer being empty: at once, or when it has made
    /// it, parking so long. Called with the lock held, returns without it; `Done`, or `Retry` if
    /// the sender left without a message.
    ///
    /// # Safety
    /// `sender` came from this channel's `sendq` just now; `dst` as for `recv`.
    pub(super) unsafe fn take_from(&self, sender: &Sudog, dst: *mut u8) -> Outcome {
        let src = sender.elem.get();
        if !src.is_null() {
            self.lock.unlock();
            // SAFETY: a claimed sender's message is ours.
            unsafe { move_elem(dst, src, self.elem.size()) };
            sender.wake(Outcome::Done);
            return Outcome::Done;
        }
        let me = Sudog::plain(getg(), dst);
        sender.peer.set(&me);
        let mut wakes = WakeList::new();
        wakes.push(sender, Outcome::Peer);
        // The sender finds us parked: it is woken by our commit. It alone can wake us: we are in no
        // queue.
        self.park(WaitReason::ChanReceive, wakes);
        me.outcome.get()
    }

    /// Parks the caller, releasing the lock, and then wakes others (I5). Inline: a frame less
    /// between the user and the switch (bench/JOURNAL.md).
    #[inline(always)]
    fn park(&self, reason: WaitReason, wakes: WakeList) {
        gopark(reason, move |_| {
            // From the unlock on the frame that holds this closure may be gone; the list moves
            // before.
            let wakes = wakes;
            self.lock.unlock();
            wakes.wake_all();
            true
        });
    }

    /// Under the lock, when a place of the buffer has become free: gives it to the oldest sender,
    /// if one waits.
    pub(super) fn room_freed(&self, wakes: &mut WakeList) {
        if self.state().has(ChanFlags::CLOSED) {
            return;
        }
        // SAFETY: the lock is held.
        match unsafe { self.sendq.dequeue() } {
            None => self.notify(Dir::Send, wakes),
            Some(sender) if sender.elem.get().is_null() => {
                self.reserve();
                wakes.push(sender, Outcome::Reserved);
            }
            Some(sender) => {
                // SAFETY: a place is free; a claimed sender's message is ours.
                unsafe { self.push(sender.elem.get(), self.elem.size()) };
                wakes.push(sender, Outcome::Done);
            }
        }
    }

    /// Closes it: receivers drain it, then fail; senders fail. Returns the state before. Go:
    /// closechan.
    #[doc(alias = "closechan")]
    pub(super) fn close(&self, bits: ChanFlags) -> ChanFlags {
        let mut wakes = WakeList::new();
        self.lock.lock();
        let before = self.state();
        self.set_state(ChanFlags(ChanFlags::CLOSED.0 | bits.0));
        if !before.has(ChanFlags::CLOSED) {
            // SAFETY: the lock is held. Receivers first, as Go does.
            unsafe {
                self.recvq.drain_into(&mut wakes, Outcome::Closed, |_| true);
                self.sendq.drain_into(&mut wakes, Outcome::Closed, |_| true);
            }
            self.notify_watchers(&mut wakes, |_| true);
        }
        self.lock.unlock();
        wakes.wake_all_newest_first();
        before
    }
}
