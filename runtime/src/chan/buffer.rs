//! Where messages wait: a ring for a bounded channel, a chain of chunks for an unbounded one.
//! Go: runtime/chan.go chanbuf; the chunks are ours, as Go has no unbounded channels.
//!
//! ```text
//!   ring     wbuf == rbuf -> [ slot 0 | slot 1 | ... | slot wrap-1 ]     sendx, recvx go round
//!   chunks   rbuf -> [ .. used | recvx .. ] -> [ .......... ] -> [ .. sendx | free ] <- wbuf
//! ```
//!
//! A chunk that was read to its end is kept once, for the next one needed: a steady stream
//! allocates nothing. A bound too large for a ring is a chain with a limit.
//!
//! I1 All of it belongs to the holder of the channel's lock.
//! I2 An index equal to `wrap` means: go to the next chunk (or round) first. An empty chain starts
//!    so.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr;

use super::hchan::{Hchan, move_elem};
use crate::words::shim::atomic::Ordering::Relaxed;

/// Slots in a chunk of small messages.
const CHUNK_SLOTS: usize = 31;
/// Bytes of slots in a chunk of large ones, unless a single one is larger.
const CHUNK_BYTES: usize = 4096;
/// The longest ring.
const MAX_RING: usize = 1 << 30;

/// The head of a chunk; the slots follow.
#[derive(Debug)]
pub(super) struct Chunk {
    next: *mut Chunk,
}

impl Hchan {
    /// Slots in the ring or in a chunk.
    pub(super) fn wrap_of(elem: Layout, cap: usize) -> u32 {
        let slots = match cap {
            0..=MAX_RING => cap,
            _ => (CHUNK_BYTES / elem.size().max(1)).clamp(1, CHUNK_SLOTS),
        };
        u32::try_from(slots).expect("at most MAX_RING")
    }

    fn is_ring(&self) -> bool {
        self.cap <= MAX_RING
    }

    fn ring_layout(&self) -> Layout {
        let bytes = self.elem.size().checked_mul(self.cap).expect("capacity overflow");
        Layout::from_size_align(bytes, self.elem.align()).expect("capacity overflow")
    }

    /// Layout of a chunk and the place of its slots.
    fn chunk_layout(&self) -> (Layout, usize) {
        let slots = Layout::from_size_align(self.elem.size() * self.wrap as usize, self.elem.align());
        let slots = slots.expect("a chunk's slots are few");
        Layout::new::<Chunk>().extend(slots).expect("a chunk's slots are few")
    }

    /// For `new`: allocates a ring, or sets the empty chain up (I2).
    pub(super) fn init_buffer(&self) {
        if !self.is_ring() {
            self.sendx.set(self.wrap);
            self.recvx.set(self.wrap);
            return;
        }
        let layout = self.ring_layout();
        let buf = match layout.size() {
            0 => ptr::without_provenance_mut(layout.align()),
            // SAFETY: the size is not 0.
            _ => unsafe { alloc(layout) },
        };
        if buf.is_null() {
            handle_alloc_error(layout);
        }
        self.wbuf.set(buf);
        self.rbuf.set(buf);
    }

    /// Puts a message at the tail.
    ///
    /// # Safety
    /// The lock is held and there is room; `src` holds a message of `size` bytes, the channel's
    /// size, which becomes the buffer's.
    #[inline(always)]
    pub(super) unsafe fn push(&self, src: *const u8, size: usize) {
        let mut at = self.sendx.get();
        if at == self.wrap {
            self.extend();
            at = 0;
        }
        // SAFETY: `at < wrap`, so the slot is inside; there is room, so it is free.
        unsafe { move_elem(self.wbuf.get().add(at as usize * size), src, size) };
        self.sendx.set(at + 1);
        // Relaxed: serialised by the lock.
        self.qcount.store(self.qcount.load(Relaxed) + 1, Relaxed);
    }

    /// Takes the message at the head.
    ///
    /// # Safety
    /// The lock is held and the buffer is not empty; `dst` has room for `size` bytes, the channel's
    /// size.
    #[inline(always)]
    pub(super) unsafe fn pop(&self, dst: *mut u8, size: usize) {
        let mut at = self.recvx.get();
        if at == self.wrap {
            self.advance();
            at = 0;
        }
        // SAFETY: `at < wrap`, so the slot is inside; the buffer is not empty, so it holds a
        // message.
        unsafe { move_elem(dst, self.rbuf.get().add(at as usize * size), size) };
        self.recvx.set(at + 1);
        self.qcount.store(self.qcount.load(Relaxed) - 1, Relaxed);
    }

    /// The tail has reached the end of its chunk or of the ring.
    #[inline]
    fn extend(&self) {
        if !self.is_ring() {
            self.append_chunk();
        }
    }

    /// The head has reached the end of its chunk or of the ring.
    #[inline]
    fn advance(&self) {
        if !self.is_ring() {
            self.drop_head_chunk();
        }
    }

    #[cold]
    fn append_chunk(&self) {
        let (layout, slots) = self.chunk_layout();
        let mut chunk = self.spare_chunk.replace(ptr::null_mut());
        if chunk.is_null() {
            // SAFETY: a chunk is never empty: it has a head.
            chunk = unsafe { alloc(layout) }.cast();
            if chunk.is_null() {
                self.lock.unlock();
                handle_alloc_error(layout);
            }
        }
        // SAFETY: a chunk of our layout; the tail chunk, if there is one, is ours as well.
        unsafe {
            chunk.write(Chunk { next: ptr::null_mut() });
            match self.wbuf.get() {
                tail if tail.is_null() => self.first_chunk.set(chunk),
                tail => (*tail.sub(slots).cast::<Chunk>()).next = chunk,
            }
            self.wbuf.set(chunk.cast::<u8>().add(slots));
        }
    }

    #[cold]
    fn drop_head_chunk(&self) {
        let (layout, slots) = self.chunk_layout();
        // SAFETY: the head chunk was read to its end, and the buffer is not empty: there is a next
        // one. The tail is never the chunk freed here.
        unsafe {
            let next = match self.rbuf.get() {
                head if head.is_null() => self.first_chunk.get(),
                head => {
                    let chunk = head.sub(slots).cast::<Chunk>();
                    let next = (*chunk).next;
                    let second_spare = self.spare_chunk.replace(chunk);
                    if !second_spare.is_null() {
                        dealloc(second_spare.cast(), layout);
                    }
                    next
                }
            };
            self.rbuf.set(next.cast::<u8>().add(slots));
        }
    }

    /// Frees the slots; the messages in them are gone.
    ///
    /// # Safety
    /// Nobody uses the channel any more, and the messages were taken out.
    pub(super) unsafe fn free_buffer(&self) {
        if self.is_ring() {
            let layout = self.ring_layout();
            if layout.size() != 0 {
                // SAFETY: allocated so by `init_buffer`.
                unsafe { dealloc(self.wbuf.get(), layout) };
            }
            return;
        }
        let (layout, slots) = self.chunk_layout();
        let head = match self.rbuf.get() {
            head if head.is_null() => self.first_chunk.get(),
            // SAFETY: `rbuf` points `slots` bytes into a chunk.
            head => unsafe { head.sub(slots).cast() },
        };
        let mut at: *mut Chunk = head;
        while !at.is_null() {
            // SAFETY: the chain's chunks are ours, each allocated with `layout`; the link is read
            // before.
            unsafe {
                let next = (*at).next;
                dealloc(at.cast(), layout);
                at = next;
            }
        }
        let spare = self.spare_chunk.get();
        if !spare.is_null() {
            // SAFETY: as above.
            unsafe { dealloc(spare.cast(), layout) };
        }
    }
}
