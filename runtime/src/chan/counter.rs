//! How long a channel lives: two counts of handles. Model: crossbeam-channel's counter.rs.
//!
//! I1 The last handle of a side disconnects the channel, then sets `one_side_gone`; whoever finds
//!    it set frees it.
//! I2 Handles are counted outside the lock and never in `send` or `recv`.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::hchan::{ChanFlags, Hchan};
use crate::words::shim::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Relaxed},
};

/// One more handle on this side.
#[inline]
pub(super) fn acquire(side: &AtomicUsize) {
    // Relaxed: the caller has a handle, so the count cannot reach 0 meanwhile.
    if side.fetch_add(1, Relaxed) > isize::MAX as usize {
        // Handles were leaked in a loop; a wrapped count would free the channel under the rest.
        std::process::abort();
    }
}

/// One sender less.
///
/// # Safety
/// The caller gives up a sender of this channel of `T`.
pub(super) unsafe fn release_sender<T>(chan: NonNull<Hchan>) {
    // SAFETY: the caller's handle keeps it alive.
    let c = unsafe { chan.as_ref() };
    // ORDERING: AcqRel pairs with itself in the other senders: the last one comes after all they
    // did.
    if c.senders.fetch_sub(1, AcqRel) == 1 {
        c.close(ChanFlags::CLOSED);
        // SAFETY: this side's last handle.
        unsafe { last_of_side::<T>(chan) };
    }
}

/// One receiver less.
///
/// # Safety
/// The caller gives up a receiver of this channel of `T`.
pub(super) unsafe fn release_receiver<T>(chan: NonNull<Hchan>) {
    // SAFETY: the caller's handle keeps it alive.
    let c = unsafe { chan.as_ref() };
    // ORDERING: AcqRel pairs with itself in the other receivers: the last one comes after all they
    // did.
    if c.receivers.fetch_sub(1, AcqRel) == 1 {
        c.close(ChanFlags::CLOSED);
        // SAFETY: the messages are of type T; nothing enters the buffer any more, nobody else takes
        // from it.
        unsafe { discard_messages::<T>(c) };
        // SAFETY: this side's last handle.
        unsafe { last_of_side::<T>(chan) };
    }
}

/// Drops what is in the buffer, each message outside the lock: its destructor may use this very
/// channel.
///
/// # Safety
/// The messages are of type `T`.
unsafe fn discard_messages<T>(c: &Hchan) {
    loop {
        let mut slot = MaybeUninit::<T>::uninit();
        c.lock.lock();
        let found = c.len() > 0;
        if found {
            // SAFETY: the lock is held and the buffer is not empty.
            unsafe { c.pop(slot.as_mut_ptr().cast(), size_of::<T>()) };
        }
        c.lock.unlock();
        if !found {
            return;
        }
        // SAFETY: `pop` has moved a message into it.
        unsafe { slot.assume_init_drop() };
    }
}

/// See I1.
///
/// # Safety
/// The caller was the last handle of its side.
unsafe fn last_of_side<T>(chan: NonNull<Hchan>) {
    // SAFETY: not yet freed: this side has not set the mark before.
    let gone = unsafe { &chan.as_ref().one_side_gone };
    // ORDERING: AcqRel pairs with itself in the other side: what it did with the channel happened
    // before the free.
    if gone.swap(true, AcqRel) {
        // SAFETY: both sides are gone, nobody else knows the channel; it came from a Box.
        unsafe {
            let c = Box::from_raw(chan.as_ptr());
            discard_messages::<T>(&c);
            c.free_buffer();
        }
    }
}
