//! The second half of a select: a chosen operation is completed, or given up.
//!
//! A receive is over when it is chosen: the message lies in the select's slot. A send is not,
//! because its message is made afterwards; until then the select holds a [`Token`], which is one of
//! two promises:
//!
//! - `Reserved`: a place of the buffer is kept (`hchan.rs` I2); nobody else can fill it, and only
//!   `close` can take it back;
//! - `Peer`: a claimed receiver stays parked until it gets the message.
//!
//! Rejected: to choose first and send later without a promise (the send could block, or fail, after
//! `select` said that it would not); to make the message before the select, as Go does (the model
//! does not, and programs see the difference).
//!
//! I1 Each token of a send is used up by exactly one of `send` and `abandon`.

use std::ptr::NonNull;

use crate::chan::hchan::{ChanFlags, Hchan, Sent, move_elem};
use crate::chan::sudog::{Dir, Outcome, Sudog, WakeList};

/// What a select has won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chan) enum Token {
    /// A receive; the message is in the slot.
    Received,
    /// A send whose message was there from the start; it is gone.
    Sent,
    /// Either, on a channel that is closed or has lost its other side.
    Disconnected,
    /// A send with a kept place.
    Reserved,
    /// A send with a receiver that waits for it.
    Peer(NonNull<Sudog>),
    /// Not an operation: one may be tried now.
    Ready,
}

impl Token {
    /// Sends the message at `src` with the token of a send on `c`.
    ///
    /// # Safety
    /// The token was won on `c` and is used up here; `src` holds a message of the channel's type,
    /// which is no longer the caller's after `Sent::Yes`.
    pub(in crate::chan) unsafe fn send(self, c: &Hchan, src: *const u8) -> Sent {
        match self {
            Token::Peer(receiver) => {
                // SAFETY: the receiver is parked until we wake it, its slot is ours until then.
                unsafe {
                    let receiver = receiver.as_ref();
                    move_elem(receiver.elem.get(), src, c.elem.size());
                    receiver.wake(Outcome::Done);
                }
                Sent::Yes
            }
            // SAFETY: the caller's duty.
            Token::Reserved => unsafe { c.send_reserved(src) },
            _ => Sent::Closed,
        }
    }

    /// Gives the token of a send up: the place goes to the next sender, the receiver back to its
    /// queue.
    ///
    /// # Safety
    /// As for `send`.
    pub(in crate::chan) unsafe fn abandon(self, c: &Hchan) {
        match self {
            // SAFETY: as in `send`; it tries again.
            Token::Peer(receiver) => unsafe { receiver.as_ref() }.wake(Outcome::Retry),
            Token::Reserved => {
                let mut wakes = WakeList::new();
                c.lock.lock();
                c.unreserve();
                c.room_freed(&mut wakes);
                c.lock.unlock();
                wakes.wake_all();
            }
            _ => {}
        }
    }
}

impl Hchan {
    /// Sends into a kept place, or to a receiver that came meanwhile, which frees the place.
    ///
    /// # Safety
    /// The caller has such a place; `src` as for `Token::send`.
    unsafe fn send_reserved(&self, src: *const u8) -> Sent {
        let mut wakes = WakeList::new();
        self.lock.lock();
        self.unreserve();
        if self.state().has(ChanFlags::CLOSED) {
            self.lock.unlock();
            return Sent::Closed;
        }
        // SAFETY: the lock is held.
        if let Some(receiver) = unsafe { self.recvq.dequeue() } {
            self.room_freed(&mut wakes);
            self.lock.unlock();
            // SAFETY: a claimed receiver's slot is ours until it is woken.
            unsafe { move_elem(receiver.elem.get(), src, self.elem.size()) };
            receiver.wake(Outcome::Done);
        } else {
            // SAFETY: the place just given back is free.
            unsafe { self.push(src, self.elem.size()) };
            self.notify(Dir::Recv, &mut wakes);
            self.lock.unlock();
        }
        wakes.wake_all();
        Sent::Yes
    }
}
