//! Waiting for descriptors: the interface through which the network crate uses the poller.
//!
//! The protocol and its proof are in netpoll/mod.rs. Here are the steps that park and ready, which
//! the poller itself must not do. Those of deadlines are in `deadline.rs`; the network's handle,
//! [`PollDescriptor`], is in `descriptor.rs`.
//!
//! I1 Operations on a [`PollDescriptor`] happen between `open` and `close`; the owner (fdMutex)
//!    ensures it.
//! I2 One goroutine per direction waits at a time; the owner ensures it.

mod deadline;
#[cfg(not(loom))]
mod descriptor;
#[cfg(all(test, loom))]
mod loom_tests;

use std::sync::Arc;
use std::task::Waker;

use crate::netpoll::sema::{Cause, Prepared, Waiter, Woken};
pub use crate::netpoll::task::PollTask;
pub use crate::netpoll::{Direction, PollError};
use crate::netpoll::{desc::PollDesc, netpoll_adjust_waiters};
use crate::sched::g::WaitReason;
use crate::sched::{gopark, goready};
use crate::throw::throw;

#[cfg(not(loom))]
pub use crate::sched::offload::aside;
#[cfg(not(loom))]
pub use crate::sys::errno::Errno;
use beside_the_protocol::{note_ahead, see_that_somebody_polls, stack_pointer, wake_task, whoever_waits};
pub use deadline::Directions;
#[cfg(not(loom))]
pub use descriptor::{PollDescriptor, fewest_syscalls, is_poll_descriptor};

/// How a wait that may be interrupted ended, the descriptor being in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Waited {
    /// The descriptor may be ready.
    Ready,
    /// The interruption came first.
    Interrupted,
}

/// What became of a future's task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Left {
    /// It waits: its waker will be called.
    Waiting,
    /// It does not: the descriptor may be ready.
    Ready,
}

impl PollDesc {
    /// Waits for readiness, unless `may_park` says no; `owner` is where who waits goes on.
    /// Go: netpollblock.
    fn netpollblock(&self, direction: Direction, owner: usize, may_park: impl Fn() -> bool) -> Woken {
        let sema = self.sema(direction);
        match sema.prepare() {
            Prepared::Ready => return Woken::Ready,
            Prepared::Waiting(displaced) => self.wake(displaced),
        }
        // Check again after having announced ourselves: a closer publishes, then looks for us
        // (netpoll/mod.rs, "No lost close").
        if may_park() {
            let left_at = stack_pointer();
            gopark(WaitReason::IOWait, |gp| {
                note_ahead(gp, left_at, [&raw const *self as usize, owner]);
                let parked = sema.commit(gp);
                if parked {
                    netpoll_adjust_waiters(1);
                    see_that_somebody_polls(gp);
                }
                parked
            });
        }
        sema.finish()
    }

    /// Waits for readiness. Go: runtime_pollWait.
    fn wait(&self, direction: Direction, owner: usize) -> Result<(), PollError> {
        self.wait_unless(direction, owner, || false).map(|_| ())
    }

    /// The same, ended early by [`interrupt`](Self::interrupt) when `interrupted` says that this
    /// wait is meant.
    fn wait_unless(
        &self,
        direction: Direction,
        owner: usize,
        interrupted: impl Fn() -> bool,
    ) -> Result<Waited, PollError> {
        self.check(direction)?;
        while self.netpollblock(direction, owner, || self.check(direction).is_ok() && !interrupted())
            == Woken::NotReady
        {
            self.check(direction)?;
            if interrupted() {
                return Ok(Waited::Interrupted);
            }
            // A deadline fired and unblocked us but was set again before we ran: it does not count.
            // Or an interruption was meant for an earlier waiter.
        }
        Ok(Waited::Ready)
    }

    /// Leaves a future's task in this direction's semaphore; `Ready` if a notification was there, and it is not left then.
    fn leave_task(
        &self,
        direction: Direction,
        task: &Arc<PollTask>,
        waker: &Waker,
    ) -> Result<Left, PollError> {
        let sema = self.sema(direction);
        loop {
            self.check(direction)?;
            match sema.prepare() {
                Prepared::Ready => return Ok(Left::Ready),
                Prepared::Waiting(displaced) => self.wake(displaced),
            }
            // As in `netpollblock`: announced first, then checked again.
            if self.check(direction).is_ok() {
                task.put(waker);
                if sema.commit_task(task) {
                    netpoll_adjust_waiters(1);
                    see_that_somebody_polls(whoever_waits());
                    return Ok(Left::Waiting);
                }
                // I2 of `task.rs`: it never got into the word.
                drop(task.take());
            }
            if sema.finish() == Woken::Ready {
                return Ok(Left::Ready);
            }
        }
    }

    /// Takes a future's task out, if it still is in there.
    fn remove_task(&self, direction: Direction, task: &Arc<PollTask>) {
        if self.sema(direction).remove_task(task) {
            drop(task.take());
            netpoll_adjust_waiters(-1);
        }
    }

    /// Wakes a task that was taken out of its semaphore for another waiter: it will find out.
    fn wake(&self, displaced: Option<Arc<PollTask>>) {
        if let Some(task) = displaced {
            wake_task(&task);
            netpoll_adjust_waiters(-1);
        }
    }

    /// Wakes the waiter, which checks again whether it is interrupted. The reason was published
    /// before.
    fn interrupt(&self, direction: Direction) {
        let mut evicted = Evicted::default();
        evicted.evict(self, direction);
        evicted.ready();
    }

    /// Announces the close and wakes the waiters. Go: runtime_pollUnblock.
    fn unblock(&self) {
        let mut evicted = Evicted::default();
        {
            let mut deadlines = self.deadlines.lock();
            if self.info.load().closing() {
                throw!("unblock on closing polldesc");
            }
            self.info.publish(|info| info.with_closing());
            evicted.evict(self, Direction::Read);
            evicted.evict(self, Direction::Write);
            if let Some(d) = deadlines.as_mut() {
                d.read.stop();
                d.write.stop();
            }
        }
        evicted.ready();
    }
}

/// The waiters that a closer or a deadline took out of the semaphores; woken once the lock is free.
#[derive(Default)]
#[must_use]
struct Evicted {
    reader: Option<Waiter>,
    writer: Option<Waiter>,
}

impl Evicted {
    /// Takes the waiter of one direction out. The reason is published, and so that deadlines keep
    /// their order the lock is held while it is one (an interruption needs none: who is woken by it
    /// for nothing waits again).
    fn evict(&mut self, pd: &PollDesc, direction: Direction) {
        let waiter = pd.sema(direction).unblock(Cause::Evicted);
        match direction {
            Direction::Read => self.reader = waiter,
            Direction::Write => self.writer = waiter,
        }
    }

    /// Wakes them; counts them off afterwards.
    fn ready(self) {
        let mut delta = 0;
        for waiter in [self.reader, self.writer].into_iter().flatten() {
            match waiter {
                Waiter::Parked(gp) => goready(gp),
                Waiter::Task(task) => wake_task(&task),
            }
            delta -= 1;
        }
        netpoll_adjust_waiters(delta);
    }
}

/// What a wait does for the scheduler and the cache besides the protocol; models leave it out.
#[cfg(not(loom))]
mod beside_the_protocol {
    use std::sync::atomic::Ordering::SeqCst;

    use crate::netpoll::task::PollTask;
    use crate::sched::g::{GRef, Kind};
    use crate::sched::{schedt, task, wake};

    pub(super) use crate::sched::g::{getg as whoever_waits, stack_pointer};

    /// Wakes a task that was taken out of its semaphore; perhaps from a timer, on an M's own stack.
    pub(super) fn wake_task(poll_task: &PollTask) {
        if let Some(waker) = poll_task.take() {
            task::wake_from_m(waker);
        }
    }

    /// A goroutine's M goes on to look for work and thereby polls. A plain thread just sleeps: if
    /// no M polls, one must be started, which finds no work and polls.
    pub(super) fn see_that_somebody_polls(gp: GRef) {
        // ORDERING: SeqCst: after the add to the waiters; pairs with the swap of `lastpoll` by who
        // is about to poll or to sleep.
        if gp.kind() == Kind::Thread && schedt::sched().lastpoll.load(SeqCst) != 0 {
            wake::wakep();
        }
    }

    /// For the poller that will wake the goroutine: what to prefetch.
    #[inline(always)]
    pub(super) fn note_ahead(gp: GRef, left_at: usize, touched: [usize; 2]) {
        gp.ahead.parks(left_at, touched);
    }
}

#[cfg(loom)]
mod beside_the_protocol {
    use crate::netpoll::task::PollTask;
    use crate::sched::g::GRef;

    pub(super) use crate::sched::g::getg as whoever_waits;

    pub(super) fn wake_task(poll_task: &PollTask) {
        if let Some(waker) = poll_task.take() {
            waker.wake();
        }
    }
    pub(super) fn see_that_somebody_polls(_: GRef) {}
    pub(super) fn note_ahead(_: GRef, _: usize, _: [usize; 2]) {}
    pub(super) fn stack_pointer() -> usize {
        0
    }
}
