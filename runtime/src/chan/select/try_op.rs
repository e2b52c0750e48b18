//! One operation of a select on its own channel: is it ready, and do it if it is. Go: the cases of
//! selectgo's first pass.

use std::ptr::NonNull;

use super::complete::Token;
use super::selectgo::Op;
use crate::chan::hchan::{ChanFlags, Hchan, move_elem};
use crate::chan::sudog::{Dir, Outcome, WakeList};

impl Hchan {
    /// Without the lock: false only if the operation was not ready at some moment of this call.
    pub(in crate::chan) fn may_be_ready(&self, dir: Dir) -> bool {
        let state = self.state();
        match dir {
            _ if state.has(ChanFlags::CLOSED) => true,
            Dir::Recv => self.len() > 0 || !self.sendq.is_empty() || state.has(ChanFlags::TIMED),
            Dir::Send => self.has_room() || !self.recvq.is_empty(),
        }
    }

    /// Under the lock: the operation would not wait.
    pub(in crate::chan) fn is_ready(&self, dir: Dir) -> bool {
        let state = self.state();
        // SAFETY: the lock is held.
        unsafe {
            match dir {
                _ if state.has(ChanFlags::CLOSED) => true,
                Dir::Recv if state.has(ChanFlags::TIMED) => self.is_due(),
                Dir::Recv => self.len() > 0 || self.sendq.has_open(),
                Dir::Send => self.has_room() || self.recvq.has_open(),
            }
        }
    }

    /// Does the operation if it need not wait; without the lock before and after.
    ///
    /// # Safety
    /// As for `selectgo`.
    pub(in crate::chan) unsafe fn try_op(&self, op: &Op) -> Option<Token> {
        self.lock.lock();
        // SAFETY: the lock is held; the rest is the caller's duty.
        unsafe {
            match op.dir {
                Dir::Recv => self.try_recv_op(op.elem),
                Dir::Send => self.try_send_op(op.elem),
            }
        }
    }

    unsafe fn try_recv_op(&self, dst: *mut u8) -> Option<Token> {
        if self.state().has(ChanFlags::TIMED) {
            // SAFETY: the lock is held; `dst` is a slot for this channel's messages, which are
            // `Instant`s.
            let due = unsafe { self.take_due(dst) };
            self.lock.unlock();
            return due.then_some(Token::Received);
        }
        loop {
            let mut wakes = WakeList::new();
            if self.len() > 0 {
                // SAFETY: the buffer is not empty; the caller's slot.
                unsafe { self.pop(dst, self.elem.size()) };
                self.room_freed(&mut wakes);
                self.lock.unlock();
                wakes.wake_all();
                return Some(Token::Received);
            }
            // SAFETY: the lock is held.
            let Some(sender) = (unsafe { self.sendq.dequeue() }) else {
                let closed = self.state().has(ChanFlags::CLOSED);
                self.lock.unlock();
                return closed.then_some(Token::Disconnected);
            };
            // SAFETY: the lock is held, the sender is claimed, and the slot is the caller's.
            if unsafe { self.take_from(sender, dst) } == Outcome::Done {
                return Some(Token::Received);
            }
            self.lock.lock();
        }
    }

    unsafe fn try_send_op(&self, src: *mut u8) -> Option<Token> {
        let token = if self.state().has(ChanFlags::CLOSED) {
            Some(Token::Disconnected)
        // SAFETY: the lock is held.
        } else if let Some(receiver) = unsafe { self.recvq.dequeue() } {
            if !src.is_null() {
                self.lock.unlock();
                // SAFETY: a claimed receiver's slot is ours until it is woken; the message is the
                // caller's.
                unsafe { move_elem(receiver.elem.get(), src, self.elem.size()) };
                receiver.wake(Outcome::Done);
                return Some(Token::Sent);
            }
            Some(Token::Peer(NonNull::from(receiver)))
        } else if !self.has_room() {
            None
        } else if src.is_null() {
            self.reserve();
            Some(Token::Reserved)
        } else {
            let mut wakes = WakeList::new();
            // SAFETY: there is room; the message is the caller's.
            unsafe { self.push(src, self.elem.size()) };
            self.notify(Dir::Recv, &mut wakes);
            self.lock.unlock();
            wakes.wake_all();
            return Some(Token::Sent);
        };
        self.lock.unlock();
        token
    }
}
