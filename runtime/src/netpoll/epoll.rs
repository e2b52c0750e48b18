//! The network poller on epoll(7). Go: runtime/netpoll_epoll.go.
//!
//! One epoll instance for the process, made with the first descriptor or the first timer. A
//! descriptor is added once, for both directions, edge-triggered, with a tagged pointer as its
//! data. An eventfd, level-triggered, breaks a poll.
//!
//! I1 Only a poll that may block takes the eventfd's value; a poll that does not leaves it to the
//!    one that does.
//! I2 `wake_sig` is cleared after the eventfd was read. If it were cleared before, a break in
//!    between would be lost.
//! I3 The list that `netpoll` returns is a stack: the last event's goroutine comes first, as in Go,
//!    so the one that has waited longest runs last. The setting `fewest_syscalls`, which gives up
//!    Go's trace, keeps the order of the events.

use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::AcqRel, Ordering::Relaxed, Ordering::Release};
use std::task::Waker;

use crate::netpoll::desc::{PollDesc, Ready};
use crate::netpoll::info::{EventErr, FdSeq, HangUp, TAG_BITS};
use crate::netpoll::netpoll_adjust_waiters;
use crate::netpoll::sema::Waiter;
use crate::sched::ahead;
use crate::sched::g::{GRef, Kind};
use crate::sched::glist::GList;
use crate::sched::schedt::sched;
use crate::sys::epoll::{self, Event};
use crate::sys::errno::Errno;
use crate::sys::{fork, prefetch};
use crate::throw::throw;

/// The most events that one call returns.
const MAX_EVENTS: usize = 128;

/// An arbitrary cap on how long to wait for a timer: about 11.5 days.
const MAX_WAIT_MS: i64 = 1_000_000_000;

/// The poller's descriptors.
struct Poller {
    epfd: i32,
    /// Go: netpollEventFd.
    event_fd: i32,
    /// 1 while a break is on its way. Go: netpollWakeSig.
    wake_sig: AtomicU32,
}

static POLLER: OnceLock<Poller> = OnceLock::new();

/// The data of the eventfd's registration: no descriptor's address equals it.
static EVENT_FD_DATA: u64 = 0;

fn event_fd_data() -> u64 {
    &raw const EVENT_FD_DATA as u64
}

/// Makes the poller if there is none.
#[doc(alias = "netpollGenericInit")]
#[inline]
pub(crate) fn netpoll_generic_init() {
    POLLER.get_or_init(netpollinit);
}

/// Whether the poller exists.
#[doc(alias = "netpollinited")]
#[inline]
pub(crate) fn netpoll_inited() -> bool {
    POLLER.get().is_some()
}

#[cold]
fn netpollinit() -> Poller {
    let must = |what, result: Result<i32, Errno>| match result {
        Ok(fd) => fd,
        Err(e) => throw!("netpollinit: {what} failed with {}", e.0),
    };
    let epfd = must("epoll_create1", epoll::epoll_create1());
    let event_fd = must("eventfd", epoll::eventfd());
    if let Err(e) = epoll::epoll_ctl_add(epfd, event_fd, epoll::IN, event_fd_data()) {
        throw!("netpollinit: epoll_ctl failed with {}", e.0);
    }
    Poller { epfd, event_fd, wake_sig: AtomicU32::new(0) }
}

/// Whether this is one of the poller's own descriptors.
#[doc(alias = "netpollIsPollDescriptor")]
pub(crate) fn netpoll_is_poll_descriptor(fd: i32) -> bool {
    POLLER.get().is_some_and(|p| fd == p.epfd || fd == p.event_fd)
}

/// A PollDesc's address and its life number in one word: 48 bits of address less three of
/// alignment, and 19 of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TaggedPointer(u64);

impl TaggedPointer {
    fn pack(pd: &'static PollDesc, life: FdSeq) -> TaggedPointer {
        let tagged = TaggedPointer((&raw const *pd as u64) << 16 | u64::from(life.tag()));
        if !std::ptr::eq(tagged.pd(), pd) {
            throw!("a poll descriptor at {pd:p} does not fit into a tagged pointer");
        }
        tagged
    }

    fn pd(self) -> &'static PollDesc {
        let addr = ((self.0 as i64) >> TAG_BITS << 3) as usize;
        // SAFETY: netpoll/mod.rs I2: PollDescs are never unmapped; whether this one still belongs
        // to the event's descriptor is decided by comparing life numbers, by the caller.
        unsafe { &*(addr as *const PollDesc) }
    }

    fn life(self) -> FdSeq {
        FdSeq::from_tag(self.0 as u32)
    }
}

/// Starts edge-triggered notifications for the descriptor of `pd`.
pub(crate) fn netpollopen(pd: &'static PollDesc) -> Result<(), Errno> {
    let poller = POLLER.get().expect("opened after netpoll_generic_init");
    let data = TaggedPointer::pack(pd, pd.info.load().fdseq()).0;
    let events = epoll::IN | epoll::OUT | epoll::RDHUP | epoll::ET;
    epoll::epoll_ctl_add(poller.epfd, pd.fd(), events, data)
}

/// Starts notifications for the writing side of another descriptor, which count as those of `pd`'s
/// own, until [`netpollclose_of`].
pub(crate) fn netpollopen_for(pd: &'static PollDesc, fd: i32) -> Result<(), Errno> {
    let poller = POLLER.get().expect("opened after netpoll_generic_init");
    let data = TaggedPointer::pack(pd, pd.info.load().fdseq()).0;
    epoll::epoll_ctl_add(poller.epfd, fd, epoll::OUT | epoll::ET, data)
}

/// Ends those of the descriptor of `pd`.
pub(crate) fn netpollclose(pd: &'static PollDesc) {
    netpollclose_of(pd.fd());
}

/// Ends those of a descriptor.
pub(crate) fn netpollclose_of(fd: i32) {
    let poller = POLLER.get().expect("closed after it was opened");
    // A failure leaves nothing to do: the descriptor is closed next, which removes it too.
    let _ = epoll::epoll_ctl_del(poller.epfd, fd);
}

/// Interrupts the poll that blocks, or the next one that would.
#[doc(alias = "netpollBreak")]
pub(crate) fn netpoll_break() {
    let Some(poller) = POLLER.get() else { return };
    // ORDERING: AcqRel: Acquire pairs with the Release in `take_break`; what the caller published
    // before (a timer, a run queue) is seen by the poll that this break ends, or by the one already
    // on its way.
    if poller.wake_sig.compare_exchange(0, 1, AcqRel, Relaxed).is_err() {
        return;
    }
    loop {
        match epoll::eventfd_write(poller.event_fd) {
            Ok(()) | Err(Errno(libc::EAGAIN)) => return,
            Err(Errno(libc::EINTR)) => {}
            Err(Errno(libc::EBADF)) => throw!(
                "netpollBreak failed with EBADF: the program has closed the poller's descriptor {}, which it \
                 does not own",
                poller.event_fd
            ),
            Err(e) => throw!("netpollBreak write failed with {}", e.0),
        }
    }
}

/// Go's rounding: down to milliseconds, but at least one.
fn wait_ms(delay_ns: i64) -> i32 {
    match delay_ns {
        ..0 => -1,
        0 => 0,
        1..1_000_000 => 1,
        _ => (delay_ns / 1_000_000).min(MAX_WAIT_MS) as i32,
    }
}

/// Polls: waits without limit (`delay_ns < 0`), not at all (0), or about so long. Returns the
/// goroutines that became ready, and what to add to the number of waiters after they have been
/// queued. Wakers of futures go to `woken`, which returns the goroutine if that is all to be readied.
pub(crate) fn netpoll(delay_ns: i64, woken: &mut impl FnMut(Waker) -> Option<GRef>) -> (GList, i32) {
    let mut ready = GList::new();
    let Some(poller) = POLLER.get() else { return (ready, 0) };
    fork::check();
    let ms = wait_ms(delay_ns);
    // Uninitialised: clearing it would cost as much as polling a socket that is not ready.
    let mut buf = [const { MaybeUninit::uninit() }; MAX_EVENTS];
    let events = loop {
        match epoll::epoll_pwait(poller.epfd, &mut buf, ms) {
            Ok(events) => break events,
            // The caller computes again how long to wait.
            Err(Errno(libc::EINTR)) if ms > 0 => return (ready, 0),
            Err(Errno(libc::EINTR)) => {}
            Err(Errno(libc::EBADF)) => throw!(
                "epoll_pwait failed with EBADF: the program has closed the poller's descriptor {}, which it \
                 does not own",
                poller.epfd
            ),
            Err(e) => throw!("epoll_pwait on {} failed with {}", poller.epfd, e.0),
        }
    };
    if sched().config.fewest_syscalls {
        events.reverse();
    }
    let mut delta = 0;
    fetch_records(events, 0..2 * FETCHED_AHEAD);
    for (i, event) in events.iter().enumerate() {
        fetch_ahead(events, i);
        let (mask, data) = (event.events, event.u64);
        if mask == 0 {
            continue;
        }
        if data == event_fd_data() {
            poller.take_break(mask, ms);
        } else {
            delta += dispatch(mask, TaggedPointer(data), &mut ready, woken);
        }
    }
    (ready, delta)
}

impl Poller {
    /// The eventfd is readable: takes its value if this poll may block (I1).
    fn take_break(&self, mask: u32, ms: i32) {
        if mask != epoll::IN {
            throw!("netpoll: eventfd ready for {mask:#x}");
        }
        if ms != 0 {
            let _ = epoll::eventfd_read(self.event_fd);
            // ORDERING: Release pairs with the compare-and-swap in `netpoll_break`; after the read:
            // I2.
            self.wake_sig.store(0, Release);
        }
    }
}

/// How far ahead records are prefetched, in events: a goroutine's this many, a descriptor's, which
/// leads to it, twice as many.
const FETCHED_AHEAD: usize = 4;

/// Prefetches the records of later events, last used long ago, while event `i` is dispatched.
#[inline(always)]
fn fetch_ahead(events: &[Event], i: usize) {
    fetch_records(events, i + 2 * FETCHED_AHEAD..i + 2 * FETCHED_AHEAD + 1);
    if let Some(pd) = events.get(i + FETCHED_AHEAD).and_then(descriptor)
        && let Some(reader) = pd.rg.waiter_hint()
    {
        ahead::fetch_record(reader);
    }
}

/// Fetches the descriptors' records of these events.
#[inline(always)]
fn fetch_records(events: &[Event], which: std::ops::Range<usize>) {
    let end = which.end.min(events.len());
    for pd in events[which.start.min(end)..end].iter().filter_map(descriptor) {
        let addr = &raw const *pd as usize;
        prefetch::line(addr);
        // A record may begin at the end of a line.
        prefetch::line(addr + size_of::<PollDesc>() / 2);
    }
}

/// The descriptor that an event is about, perhaps in another life by now.
#[inline(always)]
fn descriptor(event: &Event) -> Option<&'static PollDesc> {
    let data = event.u64;
    (data != event_fd_data()).then(|| TaggedPointer(data).pd())
}

/// One event of a descriptor.
#[inline(always)]
fn dispatch(
    mask: u32,
    tagged: TaggedPointer,
    ready: &mut GList,
    woken: &mut impl FnMut(Waker) -> Option<GRef>,
) -> i32 {
    let directions = Ready {
        read: mask & (epoll::IN | epoll::RDHUP | epoll::HUP | epoll::ERR) != 0,
        write: mask & (epoll::OUT | epoll::HUP | epoll::ERR) != 0,
    };
    if !directions.read && !directions.write {
        return 0;
    }
    let (pd, life) = (tagged.pd(), tagged.life());
    if pd.info.load().fdseq() != life {
        // The descriptor was closed after the kernel had made this event.
        return 0;
    }
    pd.info.set_event_err(if mask == epoll::ERR { EventErr::Set } else { EventErr::Clear }, life);
    if mask & (epoll::RDHUP | epoll::HUP | epoll::ERR) != 0 {
        let what = if mask & epoll::RDHUP != 0 { HangUp::Reads } else { HangUp::Other };
        pd.info.set_hung_up(what, life);
    }
    let mut off = 0;
    let delta = pd.netpollready(directions, |waiter| {
        let (gp, counted) = match waiter {
            Waiter::Parked(gp) => (gp, true),
            // A task's goroutine waits for its waker, not in the poller's count: the task was there.
            Waiter::Task(task) => match task.take().and_then(&mut *woken) {
                Some(gp) => (gp, false),
                None => return,
            },
        };
        match gp.kind() {
            Kind::Goroutine => {
                gp.ahead.is_before(ready.first());
                ready.push(gp);
            }
            Kind::Thread => {
                gp.ready_thread();
                off += i32::from(counted);
            }
        }
    });
    netpoll_adjust_waiters(-off);
    delta + off
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_down_to_milliseconds_but_at_least_one() {
        let cases = [
            (-1, -1),
            (i64::MIN, -1),
            (0, 0),
            (1, 1),
            (999_999, 1),
            (1_000_000, 1),
            (1_999_999, 1),
            (119_999_999, 119),
            (i64::MAX, 1_000_000_000),
        ];
        for (ns, ms) in cases {
            assert_eq!(wait_ms(ns), ms, "{ns} ns");
        }
    }

    #[test]
    fn tagged_pointer_gives_back_both_parts() {
        let pd = crate::netpoll::cache::alloc();
        for tag in [1, 2, 0x5_5555, (1 << TAG_BITS) - 1] {
            let tagged = TaggedPointer::pack(pd, FdSeq::from_tag(tag));
            assert!(std::ptr::eq(tagged.pd(), pd));
            assert_eq!(tagged.life().tag(), tag);
        }
        crate::netpoll::cache::free(pd);
    }
}
