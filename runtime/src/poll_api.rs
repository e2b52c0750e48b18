//! Descriptors that goroutines wait on: the door through which the network crate uses the poller.
//! Go: runtime/netpoll.go poll_runtime_*, netpollblock.
//!
//! The protocol and its proof are in netpoll.rs. Here are the steps that park and ready, which the poller itself must not.
//!
//! I1 Operations on a [`PollDescriptor`] happen between `open` and `close`; the owner (fdMutex) sees to it.
//! I2 One goroutine per direction waits at a time; the owner sees to it.

mod deadline;
#[cfg(all(test, loom))]
mod loom_tests;

use crate::g::{GRef, WaitReason};
use crate::netpoll::sema::{Cause, Prepared, Woken};
pub use crate::netpoll::{Mode, PollError};
use crate::netpoll::{desc::PollDesc, netpoll_adjust_waiters};
use crate::proc::{gopark, goready};
use crate::throw::throw;

pub use deadline::DeadlineMode;

/// How a wait that may be interrupted ended, the descriptor being in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Waited {
    /// The descriptor may be ready.
    Ready,
    /// The interruption came first.
    Interrupted,
}

impl PollDesc {
    /// Waits for readiness, unless `may_park` says no; `owner` is where who waits goes on. Go: netpollblock.
    fn netpollblock(&self, mode: Mode, owner: usize, may_park: impl Fn() -> bool) -> Woken {
        let sema = self.sema(mode);
        match sema.prepare() {
            Prepared::Ready => return Woken::Ready,
            Prepared::Waiting => {}
        }
        // Look again after having announced ourselves: a closer publishes, then looks for us (netpoll.rs, "No lost close").
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
    fn wait(&self, mode: Mode, owner: usize) -> Result<(), PollError> {
        self.wait_unless(mode, owner, || false).map(|_| ())
    }

    /// The same, ended early by [`interrupt`](Self::interrupt) when `interrupted` says that this wait is meant.
    fn wait_unless(
        &self,
        mode: Mode,
        owner: usize,
        interrupted: impl Fn() -> bool,
    ) -> Result<Waited, PollError> {
        self.check(mode)?;
        while self.netpollblock(mode, owner, || self.check(mode).is_ok() && !interrupted()) == Woken::NotReady
        {
            self.check(mode)?;
            if interrupted() {
                return Ok(Waited::Interrupted);
            }
            // A deadline fired and unblocked us, but was set anew before we ran: it has not happened. Or an interruption
            // was meant for somebody who waited here before.
        }
        Ok(Waited::Ready)
    }

    /// Wakes who waits, to look again whether it is interrupted. Whatever makes it think so was published before.
    fn interrupt(&self, mode: Mode) {
        let mut evicted = Evicted::default();
        evicted.evict(self, mode);
        evicted.ready();
    }

    /// Announces the close and wakes who waits. Go: runtime_pollUnblock.
    fn unblock(&self) {
        let mut evicted = Evicted::default();
        {
            let mut deadlines = self.deadlines.lock();
            if self.info.load().closing() {
                throw!("unblock on closing polldesc");
            }
            self.info.publish(|info| info.with_closing());
            evicted.evict(self, Mode::Read);
            evicted.evict(self, Mode::Write);
            if let Some(d) = deadlines.as_mut() {
                d.read.stop();
                d.write.stop();
            }
        }
        evicted.ready();
    }
}

/// Whom a closer or a deadline took out of the semaphores; woken when the lock is free again.
#[derive(Default)]
#[must_use]
struct Evicted {
    reader: Option<GRef>,
    writer: Option<GRef>,
}

impl Evicted {
    /// Takes the waiter of one direction out. The reason is published, and so that deadlines keep their order the lock is held while
    /// it is one (an interruption needs none: who is woken by it for nothing waits again).
    fn evict(&mut self, pd: &PollDesc, mode: Mode) {
        let gp = pd.sema(mode).unblock(Cause::Evicted);
        match mode {
            Mode::Read => self.reader = gp,
            Mode::Write => self.writer = gp,
        }
    }

    /// Wakes them; counts them off afterwards.
    fn ready(self) {
        let mut delta = 0;
        for gp in [self.reader, self.writer].into_iter().flatten() {
            goready(gp);
            delta -= 1;
        }
        netpoll_adjust_waiters(delta);
    }
}

/// A goroutine's M goes on to look for work and so comes to poll. A plain thread just sleeps: if nobody polls, somebody
/// must be sent to look for work, who will find none and poll.
#[cfg(not(loom))]
fn see_that_somebody_polls(gp: GRef) {
    use std::sync::atomic::Ordering::SeqCst;
    // ORDERING: SeqCst: after the add to the waiters; pairs with the swap of `lastpoll` by who is about to poll or to sleep.
    if gp.kind() == crate::g::Kind::Thread && crate::sched::sched().lastpoll.load(SeqCst) != 0 {
        crate::proc::wake::wakep();
    }
}

#[cfg(loom)]
fn see_that_somebody_polls(_gp: GRef) {}

/// For the poller that will wake the goroutine: what to fetch then.
#[cfg(not(loom))]
#[inline(always)]
fn note_ahead(gp: GRef, left_at: usize, touched: [usize; 2]) {
    gp.ahead.parks(left_at, touched);
}

#[cfg(not(loom))]
use crate::g::stack_pointer;

#[cfg(loom)]
fn note_ahead(_gp: GRef, _left_at: usize, _touched: [usize; 2]) {}

#[cfg(loom)]
fn stack_pointer() -> usize {
    0
}

#[cfg(not(loom))]
pub use door::PollDescriptor;

#[cfg(not(loom))]
mod door {
    use std::io;
    use std::panic::{RefUnwindSafe, UnwindSafe};

    use super::{DeadlineMode, Mode, PollDesc, PollError, Waited};
    use crate::netpoll::{self, cache, desc::Watched};
    use crate::netpoll_epoll::{netpollclose, netpollopen};
    use crate::sys::clock::nanotime;
    use crate::sys::epoll::Errno;

    /// A descriptor that the poller watches. The handle stays usable memory after `close`, but must not be used (I1).
    #[derive(Clone, Copy)]
    pub struct PollDescriptor(&'static PollDesc);

    impl std::fmt::Debug for PollDescriptor {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_tuple("PollDescriptor").field(&self.0.fd()).finish()
        }
    }

    // No user code runs while a record is being changed, so a panic leaves none half changed: sockets are as safe as std's.
    impl UnwindSafe for PollDescriptor {}
    impl RefUnwindSafe for PollDescriptor {}

    impl PollDescriptor {
        /// Has the poller watch `fd`, which stays open until [`close`](Self::close). Fails with EPERM for descriptors that
        /// cannot be polled, such as regular files.
        #[doc(alias = "runtime_pollOpen")]
        pub fn open(fd: i32) -> io::Result<Self> {
            Self::open_as(fd, Watched::Other)
        }

        /// The same for a socket, whose next call names an error that the poller reports.
        pub fn open_socket(fd: i32) -> io::Result<Self> {
            Self::open_as(fd, Watched::Socket)
        }

        fn open_as(fd: i32, what: Watched) -> io::Result<Self> {
            netpoll::netpoll_generic_init();
            let pd = cache::alloc();
            pd.start(fd, what);
            match netpollopen(pd) {
                Ok(()) => Ok(PollDescriptor(pd)),
                Err(errno) => {
                    cache::free(pd);
                    Err(errno.into())
                }
            }
        }

        /// As [`open`](Self::open) for a socket, but the kernel is told of it only before the first wait: one that never has to wait
        /// makes no call for the poller at all. The wait then fails with [`PollError::Refused`] if the kernel refuses.
        pub fn open_unwatched(socket: i32) -> Self {
            netpoll::netpoll_generic_init();
            let pd = cache::alloc();
            pd.start(socket, Watched::Socket);
            pd.info.set_unwatched();
            PollDescriptor(pd)
        }

        /// Tells the kernel, if it has not been told. The socket's readiness up to then is reported at once (epoll(7), EPOLL_CTL_ADD), so
        /// none is lost. A reader and a writer may both come here: the second finds it told (EEXIST).
        #[inline]
        fn watch(self) -> Result<(), PollError> {
            if self.0.info.load().unwatched() { self.watch_now() } else { Ok(()) }
        }

        #[cold]
        fn watch_now(self) -> Result<(), PollError> {
            match netpollopen(self.0) {
                Ok(()) | Err(Errno(libc::EEXIST)) => {
                    self.0.info.set_watched();
                    Ok(())
                }
                Err(Errno(errno)) => Err(PollError::Refused(errno)),
            }
        }

        /// Has the poller forget the descriptor; before close(2), after [`unblock`](Self::unblock), and when nobody uses
        /// the handle any more.
        #[doc(alias = "runtime_pollClose")]
        pub fn close(self) {
            self.0.assert_closable();
            if !self.0.info.load().unwatched() {
                netpollclose(self.0);
            }
            cache::free(self.0);
        }

        /// Announces the close: those who wait wake with [`PollError::Closing`], and nobody will wait again. Once.
        #[doc(alias = "runtime_pollUnblock")]
        #[doc(alias = "evict")]
        pub fn unblock(self) {
            self.0.unblock();
        }

        /// Begins an operation: fails if the descriptor is closing or the deadline has passed; forgets earlier readiness.
        #[doc(alias = "runtime_pollReset")]
        #[inline]
        pub fn reset(self, mode: Mode) -> Result<(), PollError> {
            self.0.check(mode)?;
            self.0.sema(mode).reset();
            Ok(())
        }

        /// Parks until the descriptor may be ready (try the operation again), is closing, or the deadline has passed.
        ///
        /// `owner` is what the caller will look at first; only its address is used, to fetch it into the cache in time.
        ///
        /// # Panics
        /// Before the runtime runs: nobody would ask the poller.
        #[doc(alias = "runtime_pollWait")]
        pub fn wait<T>(self, mode: Mode, owner: &T) -> Result<(), PollError> {
            crate::sched::sched();
            self.watch()?;
            self.0.wait(mode, &raw const *owner as usize)
        }

        /// Has the poller told of the peer's end, or of an error? Then no further event may come, and only a system call tells
        /// what there is to read.
        #[inline]
        pub fn hung_up(self) -> bool {
            self.0.info.load().hung_up()
        }

        /// As [`wait`](Self::wait), and ended early by [`interrupt`](Self::interrupt) once `interrupted` returns true.
        pub fn wait_interruptible(
            self,
            mode: Mode,
            interrupted: impl Fn() -> bool,
        ) -> Result<Waited, PollError> {
            crate::sched::sched();
            self.watch()?;
            self.0.wait_unless(mode, 0, interrupted)
        }

        /// Has who waits in this direction look at its `interrupted` again; it was made to return true before this call.
        pub fn interrupt(self, mode: Mode) {
            self.0.interrupt(mode);
        }

        /// Sets the deadline: `None` for none, `Some(ns)` from now on (0 and less: it has passed). Wakes who waits if it has.
        #[doc(alias = "runtime_pollSetDeadline")]
        pub fn set_deadline(self, in_ns: Option<i64>, mode: DeadlineMode) {
            let at = match in_ns {
                None => 0,
                Some(ns) if ns > 0 => {
                    // It has the clock; a panic is better here than with the lock held.
                    crate::sched::sched();
                    nanotime().saturating_add(ns)
                }
                Some(_) => -1,
            };
            self.0.set_deadline(at, mode);
        }
    }

    /// Is the knob [`Builder::fewest_syscalls`](crate::Builder::fewest_syscalls) set?
    pub fn fewest_syscalls() -> bool {
        crate::sched::try_sched().is_some_and(|s| s.config.fewest_syscalls)
    }

    /// Is this a descriptor of the poller itself? For tests that count open descriptors.
    pub fn is_poll_descriptor(fd: i32) -> bool {
        netpoll::netpoll_is_poll_descriptor(fd)
    }
}

#[cfg(not(loom))]
pub use door::{fewest_syscalls, is_poll_descriptor};
