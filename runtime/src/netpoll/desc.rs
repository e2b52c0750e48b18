//! One descriptor's record in the poller. Go: runtime/netpoll.go pollDesc, pollOpen, pollClose,
//! netpollready.
//!
//! 40 bytes, because an idle connection should cost little more than its stack. What deadlines need
//! ([`Deadlines`]) is made with the first one and stays with the record.

use crate::netpoll::info::{AtomicPollInfo, PollInfo};
use crate::netpoll::sema::{Cause, PollSema, Waiter};
use crate::netpoll::{Direction, PollError};
use crate::throw::throw;
use crate::words::shim::Mutex;
use crate::words::shim::atomic::{AtomicI32, Ordering::Relaxed};

#[cfg(not(loom))]
pub(crate) use crate::timer::HeapTimer;
#[cfg(loom)]
pub(crate) use model_timer::HeapTimer;

/// What the poller must know about a kind of descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watched {
    /// A socket: its next call names an error that the poller reports.
    Socket,
    /// Anything else, which may be reported as faulty and still say EAGAIN for ever.
    Other,
}

/// A descriptor's record. Type-stable memory: see netpoll/mod.rs I2.
#[derive(Debug)]
pub(crate) struct PollDesc {
    /// The reader that waits. Go: rg.
    pub(crate) rg: PollSema,
    /// The writer that waits. Go: wg.
    pub(crate) wg: PollSema,
    /// Closing, expired deadlines, event error, life number; readable without the lock.
    pub(crate) info: AtomicPollInfo,
    /// The descriptor; written by its opener, constant until it is closed.
    fd: AtomicI32,
    /// The lock, and what deadlines need once one was set.
    pub(crate) deadlines: Mutex<Option<Box<Deadlines>>>,
}

/// Deadlines of one descriptor, under its lock. All times in nanoseconds of the monotonic clock.
pub(crate) struct Deadlines {
    pub(crate) read: DeadlineTimer,
    pub(crate) write: DeadlineTimer,
}

/// One direction's deadline.
pub(crate) struct DeadlineTimer {
    /// When; 0 none, -1 expired. Go: rd, wd.
    pub(crate) at: i64,
    /// Guards against calls of an older setting. Go: rseq, wseq.
    pub(crate) seq: usize,
    /// Whether the timer is set. Go: rrun, wrun.
    pub(crate) running: bool,
    /// Never freed: a heap may hold it long after it was stopped. Go: rt, wt.
    pub(crate) timer: &'static HeapTimer,
}

impl Deadlines {
    pub(crate) fn new() -> Self {
        Deadlines { read: DeadlineTimer::new(), write: DeadlineTimer::new() }
    }

    /// Both set, and to the same time: one timer serves both. Go: combo.
    #[doc(alias = "combo")]
    pub(crate) fn combined(&self) -> bool {
        self.read.at > 0 && self.read.at == self.write.at
    }
}

impl DeadlineTimer {
    fn new() -> Self {
        DeadlineTimer { at: 0, seq: 0, running: false, timer: Box::leak(Box::new(HeapTimer::new())) }
    }

    /// For the descriptor's next user.
    fn clear(&mut self) {
        self.at = 0;
        self.seq = self.seq.wrapping_add(1);
    }

    /// Stops the timer, if it is set; a call under way finds another seq.
    pub(crate) fn stop(&mut self) {
        self.seq = self.seq.wrapping_add(1);
        if self.running {
            self.timer.stop();
            self.running = false;
        }
    }
}

impl std::fmt::Debug for Deadlines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deadlines").field("read", &self.read.at).field("write", &self.write.at).finish()
    }
}

impl PollDesc {
    pub(crate) fn new() -> Self {
        PollDesc {
            rg: PollSema::new(),
            wg: PollSema::new(),
            info: AtomicPollInfo::new(),
            fd: AtomicI32::new(-1),
            deadlines: Mutex::new(None),
        }
    }

    pub(crate) fn fd(&self) -> i32 {
        // Relaxed: only users of the open descriptor ask.
        self.fd.load(Relaxed)
    }

    pub(crate) fn sema(&self, direction: Direction) -> &PollSema {
        match direction {
            Direction::Read => &self.rg,
            Direction::Write => &self.wg,
        }
    }

    /// Whether an operation in this direction may proceed.
    #[inline]
    pub(crate) fn check(&self, direction: Direction) -> Result<(), PollError> {
        self.info.load().check(direction)
    }

    /// Makes a free record ready for this descriptor. Go: the first half of pollOpen.
    pub(crate) fn start(&self, fd: i32, what: Watched) {
        let mut deadlines = self.deadlines.lock();
        if self.rg.has_waiter() || self.wg.has_waiter() {
            throw!("blocked read or write on free polldesc");
        }
        // Relaxed: see `fd`.
        self.fd.store(fd, Relaxed);
        // A notification of an earlier life at most: nobody waits.
        let (None, None) = (self.rg.reset(), self.wg.reset()) else {
            throw!("a task waits on a free polldesc")
        };
        if let Some(d) = deadlines.as_mut() {
            d.read.clear();
            d.write.clear();
        }
        if what == Watched::Socket {
            self.info.publish(PollInfo::with_socket);
        }
    }

    /// Ends the record's use: events of this life that are still under way will not be taken for
    /// the next user's.
    pub(crate) fn end(&self) {
        let _guard = self.deadlines.lock();
        self.info.rebirth();
    }

    /// Throws if anyone waits or the close was not announced. Go: the checks of pollClose.
    pub(crate) fn assert_closable(&self) {
        if !self.info.load().closing() {
            throw!("close polldesc w/o unblock");
        }
        if self.rg.has_waiter() || self.wg.has_waiter() {
            throw!("blocked read or write on closing polldesc");
        }
    }

    /// The kernel says the descriptor is ready: notifies, hands the waiters to `push` (reader
    /// first), returns what is to be added to the number of waiters once they are queued.
    pub(crate) fn netpollready(&self, ready: Ready, mut push: impl FnMut(Waiter)) -> i32 {
        let mut delta = 0;
        for (wanted, sema) in [(ready.read, &self.rg), (ready.write, &self.wg)] {
            if wanted && let Some(waiter) = sema.unblock(Cause::IoReady) {
                delta -= 1;
                push(waiter);
            }
        }
        delta
    }
}

/// Which directions an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

#[cfg(loom)]
mod model_timer {
    /// A model's timer goes off when the model says so.
    pub(crate) struct HeapTimer;

    impl HeapTimer {
        pub(crate) fn new() -> Self {
            HeapTimer
        }
        pub(crate) fn stop(&self) -> bool {
            true
        }
        /// # Safety
        /// None: nothing is called.
        pub(crate) unsafe fn modify(
            &self,
            _when: i64,
            _period: i64,
            _f: unsafe fn(*mut (), usize, i64),
            _arg: *mut (),
            _seq: usize,
        ) -> bool {
            false
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_idle_descriptor_costs_forty_bytes() {
        assert!(size_of::<PollDesc>() <= 40, "{}", size_of::<PollDesc>());
        assert!(align_of::<PollDesc>() >= 8, "the tag uses the pointer's low three bits");
    }
}
