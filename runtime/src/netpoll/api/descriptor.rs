//! The handle by which the network crate uses the poller. Go: runtime/netpoll.go
//! poll_runtime_pollOpen and its family.

use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::task::Waker;

use super::{Direction, Directions, Left, PollDesc, PollError, PollTask, Waited};
use crate::netpoll::epoll::{netpollclose, netpollclose_of, netpollopen, netpollopen_for};
use crate::netpoll::{self, cache, desc::Watched};
use crate::sched;
use crate::sys::clock::nanotime;
use crate::sys::errno::Errno;

/// A descriptor that the poller watches. The handle stays usable memory after `close`, but must not
/// be used (mod.rs I1).
#[derive(Clone, Copy)]
pub struct PollDescriptor(&'static PollDesc);

impl std::fmt::Debug for PollDescriptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PollDescriptor").field(&self.0.fd()).finish()
    }
}

// No user code runs while a record is being changed, so a panic leaves none half changed: sockets
// are as safe as std's.
impl UnwindSafe for PollDescriptor {}
impl RefUnwindSafe for PollDescriptor {}

impl PollDescriptor {
    /// Makes the poller watch `fd`, which stays open until [`close`](Self::close).
    ///
    /// # Errors
    /// Those of epoll_ctl(2): EPERM for what cannot be polled, such as regular files.
    #[doc(alias = "runtime_pollOpen")]
    pub fn open(fd: i32) -> io::Result<Self> {
        Self::open_as(fd, Watched::Other)
    }

    /// The same for a socket, whose next call names an error that the poller reports.
    ///
    /// # Errors
    /// As [`open`](Self::open).
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

    /// As [`open`](Self::open) for a socket, but the kernel is told of it only before the first
    /// wait: one that never has to wait makes no call for the poller at all. The wait then fails
    /// with [`PollError::Refused`] if the kernel refuses.
    pub fn open_unwatched(socket: i32) -> Self {
        netpoll::netpoll_generic_init();
        let pd = cache::alloc();
        pd.start(socket, Watched::Socket);
        pd.info.set_unwatched();
        PollDescriptor(pd)
    }

    /// Tells the kernel, if it has not been told. The socket's readiness up to then is reported at
    /// once (epoll(7), EPOLL_CTL_ADD), so none is lost. A reader and a writer may both come here:
    /// the second finds it told (EEXIST).
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

    /// Has the poller forget the descriptor; before close(2), after [`unblock`](Self::unblock), and
    /// when nobody uses the handle any more.
    #[doc(alias = "runtime_pollClose")]
    pub fn close(self) {
        self.0.assert_closable();
        if !self.0.info.load().unwatched() {
            netpollclose(self.0);
        }
        cache::free(self.0);
    }

    /// Announces the close: waiters wake with [`PollError::Closing`], and nobody waits again. Once.
    #[doc(alias = "runtime_pollUnblock")]
    #[doc(alias = "evict")]
    pub fn unblock(self) {
        self.0.unblock();
    }

    /// Begins an operation: forgets earlier readiness. In pinned mode it lets others run if the
    /// caller's time slice is over.
    ///
    /// # Errors
    /// The descriptor is closing, or the deadline has passed.
    #[doc(alias = "runtime_pollReset")]
    #[inline]
    pub fn reset(self, direction: Direction) -> Result<(), PollError> {
        sched::end_slice();
        self.0.check(direction)?;
        let displaced = self.0.sema(direction).reset();
        if displaced.is_some() {
            self.0.wake(displaced);
        }
        Ok(())
    }

    /// Leaves a future's task to be woken when the descriptor may be ready, is closing, or the deadline has passed. For an operation
    /// that holds its side; the task waits on without it.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    /// Before the runtime runs: nobody would ask the poller.
    pub fn leave_task(
        self,
        direction: Direction,
        task: &Arc<PollTask>,
        waker: &Waker,
    ) -> Result<Left, PollError> {
        crate::sched::schedt::sched();
        self.watch()?;
        self.0.leave_task(direction, task, waker)
    }

    /// Takes a future's task back, if it still waits. Also after the close: a record's memory stays, and the task is known by its
    /// address.
    pub fn remove_task(self, direction: Direction, task: &Arc<PollTask>) {
        self.0.remove_task(direction, task);
    }

    /// Parks until the descriptor may be ready (try the operation again), is closing, or the
    /// deadline has passed.
    ///
    /// `owner` is what the caller will look at first; only its address is used, to fetch it into
    /// the cache in time.
    ///
    /// # Errors
    /// The descriptor is closing; the deadline has passed; the poller cannot watch it.
    ///
    /// # Panics
    /// Before the runtime runs: nobody would ask the poller.
    #[doc(alias = "runtime_pollWait")]
    pub fn wait<T>(self, direction: Direction, owner: &T) -> Result<(), PollError> {
        crate::sched::schedt::sched();
        self.watch()?;
        self.0.wait(direction, &raw const *owner as usize)
    }

    /// Whether the poller has reported the peer's end or an error. No further event may come then:
    /// only a system call shows what there is to read.
    #[inline]
    pub fn hung_up(self) -> bool {
        self.0.info.load().hung_up()
    }

    /// Has the poller reported that the socket's reading side is shut? It stays so.
    #[inline]
    pub fn read_shut(self) -> bool {
        self.0.info.load().read_shut()
    }

    /// Wakes a goroutine that waits here to write also when `other` becomes writable, until
    /// [`stop_watching`](Self::stop_watching).
    ///
    /// # Errors
    /// Those of epoll_ctl(2).
    pub fn also_watch(self, other: i32) -> io::Result<()> {
        netpollopen_for(self.0, other).map_err(io::Error::from)
    }

    /// Ends [`also_watch`](Self::also_watch), before `other` is closed.
    pub fn stop_watching(self, other: i32) {
        netpollclose_of(other);
    }

    /// As [`wait`](Self::wait), and ended early by [`interrupt`](Self::interrupt) once
    /// `interrupted` returns true.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn wait_interruptible(
        self,
        direction: Direction,
        interrupted: impl Fn() -> bool,
    ) -> Result<Waited, PollError> {
        crate::sched::schedt::sched();
        self.watch()?;
        self.0.wait_unless(direction, 0, interrupted)
    }

    /// Has who waits in this direction look at its `interrupted` again; it was made to return true
    /// before this call.
    pub fn interrupt(self, direction: Direction) {
        self.0.interrupt(direction);
    }

    /// Sets the deadline: `None` for none, `Some(ns)` from now on (0 and less: it has passed).
    /// Wakes who waits if it has.
    #[doc(alias = "runtime_pollSetDeadline")]
    pub fn set_deadline(self, in_ns: Option<i64>, directions: Directions) {
        sched::end_slice();
        let at = match in_ns {
            None => 0,
            Some(ns) if ns > 0 => {
                // It has the clock; a panic is better here than with the lock held.
                crate::sched::schedt::sched();
                nanotime().saturating_add(ns)
            }
            Some(_) => -1,
        };
        self.0.set_deadline(at, directions);
    }
}

/// Whether the setting [`Builder::fewest_syscalls`](crate::Builder::fewest_syscalls) is on.
pub fn fewest_syscalls() -> bool {
    crate::sched::schedt::try_sched().is_some_and(|s| s.config.fewest_syscalls)
}

/// Whether the poller itself uses this descriptor. For tests that count open descriptors.
pub fn is_poll_descriptor(fd: i32) -> bool {
    netpoll::netpoll_is_poll_descriptor(fd)
}
