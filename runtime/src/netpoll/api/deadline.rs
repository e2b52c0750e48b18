//! Deadlines of descriptors. Go: runtime/netpoll.go pollSetDeadline, netpolldeadlineimpl.
//!
//! A direction's deadline is 0 (none), in the future (its timer is set) or -1 (passed; it stays so
//! until set again). If both directions have the same deadline one timer, the reader's, serves
//! both. Changing a deadline bumps the direction's `seq`; a timer's call that carries an older one
//! does nothing. The call takes the descriptor's lock, so whoever holds it decides which came
//! first.

use crate::netpoll::Direction;
use crate::netpoll::api::Evicted;
use crate::netpoll::desc::{DeadlineTimer, Deadlines, PollDesc};
use crate::throw::throw;

/// Which directions a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directions {
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// Both.
    Both,
}

impl Directions {
    pub(super) fn read(self) -> bool {
        self != Directions::Write
    }
    pub(super) fn write(self) -> bool {
        self != Directions::Read
    }
}

impl PollDesc {
    /// Sets the deadline to a time, to none (0), or to passed (-1).
    pub(super) fn set_deadline(&self, at: i64, directions: Directions) {
        let mut evicted = Evicted::default();
        {
            let mut slot = self.deadlines.lock();
            if self.info.load().closing() {
                return;
            }
            let d = slot.get_or_insert_with(|| Box::new(Deadlines::new()));
            let (read0, write0, combined0) = (d.read.at, d.write.at, d.combined());
            if directions.read() {
                d.read.at = at;
            }
            if directions.write() {
                d.write.at = at;
            }
            self.publish_deadlines(d);
            let combined = d.combined();
            let regrouped = combined != combined0;
            let read_call = if combined { netpoll_deadline } else { netpoll_read_deadline };
            let write_at = if combined { 0 } else { d.write.at };
            let (read_at, write_changed) = (d.read.at, d.write.at != write0);
            self.retime(&mut d.read, read_at, regrouped || read_at != read0, read_call);
            self.retime(&mut d.write, write_at, regrouped || write_changed, netpoll_write_deadline);
            if d.read.at < 0 {
                evicted.evict(self, Direction::Read);
            }
            if d.write.at < 0 {
                evicted.evict(self, Direction::Write);
            }
        }
        evicted.ready();
    }

    /// Which deadlines have passed, for those who do not take the lock. Before any unblocking
    /// (netpoll/mod.rs I3).
    fn publish_deadlines(&self, d: &Deadlines) {
        let (read, write) = (d.read.at < 0, d.write.at < 0);
        self.info
            .publish(|info| info.with_expired(Direction::Read, read).with_expired(Direction::Write, write));
    }

    /// Brings a direction's timer in line: set for `timer_at` if that is in the future, else
    /// stopped.
    fn retime(
        &self,
        d: &mut DeadlineTimer,
        timer_at: i64,
        changed: bool,
        call: unsafe fn(*mut (), usize, i64),
    ) {
        if d.running && !changed {
            return;
        }
        if d.running {
            // Invalidate the call that may be on its way.
            d.seq = d.seq.wrapping_add(1);
        }
        if timer_at > 0 {
            let arg = std::ptr::from_ref(self).cast_mut().cast();
            // SAFETY: the timer is never freed, and PollDescs are not either (netpoll/mod.rs I2),
            // which is all the call needs.
            unsafe { d.timer.modify(timer_at, 0, call, arg, d.seq) };
            d.running = true;
        } else if d.running {
            d.timer.stop();
            d.running = false;
        }
    }

    /// A deadline's timer went off, set when the direction's seq was `seq`.
    /// Go: netpolldeadlineimpl.
    #[doc(alias = "netpolldeadlineimpl")]
    pub(super) fn deadline_passed(&self, seq: usize, directions: Directions) {
        let mut evicted = Evicted::default();
        {
            let mut slot = self.deadlines.lock();
            let Some(d) = slot.as_mut() else { throw!("a deadline passed that was never set") };
            let current = if directions.read() { d.read.seq } else { d.write.seq };
            if seq != current {
                // The descriptor was reused, or the deadline was set anew.
                return;
            }
            if directions.read() {
                if d.read.at <= 0 || !d.read.running {
                    throw!("inconsistent read deadline {}", d.read.at);
                }
                d.read.at = -1;
            }
            if directions.write() {
                if d.write.at <= 0 || !(d.write.running || directions.read()) {
                    throw!("inconsistent write deadline {}", d.write.at);
                }
                d.write.at = -1;
            }
            self.publish_deadlines(d);
            if directions.read() {
                evicted.evict(self, Direction::Read);
            }
            if directions.write() {
                evicted.evict(self, Direction::Write);
            }
        }
        evicted.ready();
    }
}

/// The descriptor of a timer's call.
///
/// # Safety
/// `arg` is what `retime` passed.
unsafe fn desc<'a>(arg: *mut ()) -> &'a PollDesc {
    // SAFETY: the caller's duty; PollDescs are never unmapped (netpoll/mod.rs I2).
    unsafe { &*arg.cast::<PollDesc>() }
}

#[doc(alias = "netpollDeadline")]
unsafe fn netpoll_deadline(arg: *mut (), seq: usize, _delay_ns: i64) {
    // SAFETY: the timer passes what `retime` set.
    unsafe { desc(arg) }.deadline_passed(seq, Directions::Both);
}

#[doc(alias = "netpollReadDeadline")]
unsafe fn netpoll_read_deadline(arg: *mut (), seq: usize, _delay_ns: i64) {
    // SAFETY: the timer passes what `retime` set.
    unsafe { desc(arg) }.deadline_passed(seq, Directions::Read);
}

#[doc(alias = "netpollWriteDeadline")]
unsafe fn netpoll_write_deadline(arg: *mut (), seq: usize, _delay_ns: i64) {
    // SAFETY: the timer passes what `retime` set.
    unsafe { desc(arg) }.deadline_passed(seq, Directions::Write);
}
