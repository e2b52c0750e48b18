//! What a waiter must know about its descriptor without taking the lock, in one word.
//! Go: runtime/netpoll.go pollInfo.
//!
//! ```text
//!   bit 26     bit 25     bit 24  bit 23   bits 4..23
//!   READ_SHUT  UNWATCHED  SOCKET  HUNG_UP  fdseq
//!
//!   bit 3          bit 2         bit 1      bit 0
//!   EXPIRED_WRITE  EXPIRED_READ  EVENT_ERR  CLOSING
//! ```
//!
//! EVENT_ERR is for descriptors whose reads return EAGAIN for ever although the poller reports an
//! error. A socket is not one of them: its next read names the error. And a socket may well report
//! the bare error: the kernel's tcp_reset sets it, drops what was to be sent, and only then marks
//! the socket as closed, so a poll in between finds it neither hung up nor readable. Go's readers
//! then fail with "not pollable", ours with ECONNRESET.
//!
//! Go keeps `closing` and `fdseq` a second time besides the word; here the word is the only place
//! (a waiting connection costs 12 bytes less, and nothing can get out of step).
//!
//! I1 All bits but EVENT_ERR, HUNG_UP, READ_SHUT and UNWATCHED change only under the PollDesc's
//!    lock. The first three are the poller's, which takes no lock; UNWATCHED goes once in a life,
//!    by a waiter.
//! I2 fdseq is never 0 while the descriptor is open.

use crate::netpoll::{Direction, PollError};
use crate::words::shim::atomic::{AtomicU32, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};

const CLOSING: u32 = 1 << 0;
const EVENT_ERR: u32 = 1 << 1;
const EXPIRED_READ: u32 = 1 << 2;
const EXPIRED_WRITE: u32 = 1 << 3;
const FDSEQ_SHIFT: u32 = 4;

/// Bits of a tag in a tagged pointer: 64 - 48 of the address + 3 of its alignment.
/// Go: taggedPointerBits.
pub(crate) const TAG_BITS: u32 = 19;
const FDSEQ_MASK: u32 = (1 << TAG_BITS) - 1;
/// An event of this life has reported the peer's end or an error. Stays set: no further edge will
/// report it again.
const HUNG_UP: u32 = 1 << (FDSEQ_SHIFT + TAG_BITS);
/// Of a socket: never EVENT_ERR. For this life.
const SOCKET: u32 = HUNG_UP << 1;
/// The kernel does not know the descriptor yet. The first waiter registers it and then clears this.
const UNWATCHED: u32 = SOCKET << 1;
/// An event of this life has reported EPOLLRDHUP: the socket's reading side is shut, for good. A
/// receiver of datagrams and a unix listener that do not block in the kernel learn it in no other
/// way: their calls go on saying EAGAIN.
const READ_SHUT: u32 = UNWATCHED << 1;

/// Which life of a PollDesc: goes up by one each time it is freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FdSeq(u32);

impl FdSeq {
    /// The number in a tag.
    pub(crate) fn from_tag(tag: u32) -> FdSeq {
        FdSeq(tag & FDSEQ_MASK)
    }

    /// As a tag.
    pub(crate) fn tag(self) -> u32 {
        self.0
    }

    /// The next life's; skips 0, so that a zeroed event matches nothing.
    fn next(self) -> FdSeq {
        match (self.0 + 1) & FDSEQ_MASK {
            0 => FdSeq(1),
            seq => FdSeq(seq),
        }
    }
}

/// Whether an event was the bare EPOLLERR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventErr {
    /// It was.
    Set,
    /// It was something else.
    Clear,
}

/// What an event reports beyond readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HangUp {
    /// The reading side is shut: EPOLLRDHUP.
    Reads,
    /// Both sides are, or there is an error: EPOLLHUP, EPOLLERR.
    Other,
}

/// One reading of the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PollInfo(u32);

impl PollInfo {
    pub(crate) fn closing(self) -> bool {
        self.0 & CLOSING != 0
    }

    pub(crate) fn event_err(self) -> bool {
        self.0 & EVENT_ERR != 0
    }

    pub(crate) fn hung_up(self) -> bool {
        self.0 & HUNG_UP != 0
    }

    pub(crate) fn read_shut(self) -> bool {
        self.0 & READ_SHUT != 0
    }

    pub(crate) fn expired(self, direction: Direction) -> bool {
        self.0 & expired_bit(direction) != 0
    }

    pub(crate) fn fdseq(self) -> FdSeq {
        FdSeq(self.0 >> FDSEQ_SHIFT & FDSEQ_MASK)
    }

    pub(crate) fn with_closing(self) -> PollInfo {
        PollInfo(self.0 | CLOSING)
    }

    pub(crate) fn with_socket(self) -> PollInfo {
        PollInfo(self.0 | SOCKET)
    }

    pub(crate) fn unwatched(self) -> bool {
        self.0 & UNWATCHED != 0
    }

    pub(crate) fn with_expired(self, direction: Direction, expired: bool) -> PollInfo {
        let bit = expired_bit(direction);
        PollInfo(if expired { self.0 | bit } else { self.0 & !bit })
    }

    /// The next life: another number and nothing else set.
    fn reborn(self) -> PollInfo {
        PollInfo(self.fdseq().next().0 << FDSEQ_SHIFT)
    }

    /// May an operation in this direction go on? An event error is reported to readers only: a
    /// writer learns more from its next write. Go: netpollcheckerr.
    #[doc(alias = "netpollcheckerr")]
    #[inline]
    pub(crate) fn check(self, direction: Direction) -> Result<(), PollError> {
        if self.closing() {
            return Err(PollError::Closing);
        }
        if self.expired(direction) {
            return Err(PollError::Timeout);
        }
        if direction == Direction::Read && self.event_err() {
            return Err(PollError::NotPollable);
        }
        Ok(())
    }
}

fn expired_bit(direction: Direction) -> u32 {
    match direction {
        Direction::Read => EXPIRED_READ,
        Direction::Write => EXPIRED_WRITE,
    }
}

/// The word. Go: pollDesc.atomicInfo.
#[derive(Debug)]
pub(crate) struct AtomicPollInfo(AtomicU32);

impl AtomicPollInfo {
    /// Of a PollDesc that was never used: its first life is number 1.
    pub(crate) fn new() -> Self {
        AtomicPollInfo(AtomicU32::new(1 << FDSEQ_SHIFT))
    }

    #[inline]
    pub(crate) fn load(&self) -> PollInfo {
        // ORDERING: Acquire pairs with the AcqRel in `publish`: a reader that sees a deadline
        // lifted sees what led to it.
        PollInfo(self.0.load(Acquire))
    }

    /// Changes the locked bits; what the poller does to EVENT_ERR meanwhile stays. The PollDesc's
    /// lock is held (I1).
    ///
    /// Before a following unblock there must be a SeqCst fence: `PollSema::unblock` has it.
    #[doc(alias = "publishInfo")]
    pub(crate) fn publish(&self, change: impl Fn(PollInfo) -> PollInfo) {
        self.update(|info| Some(change(info)));
    }

    /// Says whether the last event of this life was the bare error. Nothing of a socket, and
    /// nothing if the life is over: a stale event must not poison the next user
    /// (golang.org/issue/59545).
    #[doc(alias = "setEventErr")]
    pub(crate) fn set_event_err(&self, err: EventErr, life: FdSeq) {
        self.update(|info| {
            let to = match err {
                EventErr::Set => info.0 | EVENT_ERR,
                EventErr::Clear => info.0 & !EVENT_ERR,
            };
            (info.fdseq() == life && to != info.0 && info.0 & SOCKET == 0).then_some(PollInfo(to))
        });
    }

    /// The peer's end, or an error, has been reported. Nothing if the life is over. Before the
    /// waiter is unblocked, so that who is woken by that event knows.
    pub(crate) fn set_hung_up(&self, what: HangUp, life: FdSeq) {
        let bits = if what == HangUp::Reads { HUNG_UP | READ_SHUT } else { HUNG_UP };
        self.update(|info| {
            (info.fdseq() == life && info.0 & bits != bits).then_some(PollInfo(info.0 | bits))
        });
    }

    /// The kernel will be told later. By the opener.
    pub(crate) fn set_unwatched(&self) {
        self.update(|info| Some(PollInfo(info.0 | UNWATCHED)));
    }

    /// The kernel has been told.
    pub(crate) fn set_watched(&self) {
        self.update(|info| info.unwatched().then_some(PollInfo(info.0 & !UNWATCHED)));
    }

    /// Ends this life. The lock is held (I1).
    pub(crate) fn rebirth(&self) {
        self.update(|info| Some(info.reborn()));
    }

    fn update(&self, change: impl Fn(PollInfo) -> Option<PollInfo>) {
        // Relaxed: the compare-and-swap decides.
        let mut old = self.0.load(Relaxed);
        while let Some(new) = change(PollInfo(old)) {
            // ORDERING: AcqRel: Release pairs with the Acquire in `load`; Acquire keeps the chain
            // of publishers.
            match self.0.compare_exchange_weak(old, new.0, AcqRel, Relaxed) {
                Ok(_) => return,
                Err(now) => old = now,
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn stale_event_error_is_ignored() {
        let info = AtomicPollInfo::new();
        let first = info.load().fdseq();
        info.set_event_err(EventErr::Set, first);
        assert_eq!(info.load().check(Direction::Read), Err(PollError::NotPollable));
        assert_eq!(info.load().check(Direction::Write), Ok(()));
        info.rebirth();
        assert_eq!(info.load().check(Direction::Read), Ok(()));
        info.set_event_err(EventErr::Set, first);
        assert_eq!(info.load().check(Direction::Read), Ok(()));
    }

    #[test]
    fn a_sockets_error_is_told_by_its_next_read() {
        let info = AtomicPollInfo::new();
        info.publish(PollInfo::with_socket);
        info.set_event_err(EventErr::Set, info.load().fdseq());
        assert_eq!(info.load().check(Direction::Read), Ok(()));
        info.rebirth();
        info.set_event_err(EventErr::Set, info.load().fdseq());
        assert_eq!(
            info.load().check(Direction::Read),
            Err(PollError::NotPollable),
            "the next life may be of something else"
        );
    }

    #[test]
    fn hanging_up_lasts_for_its_life_only() {
        let info = AtomicPollInfo::new();
        let first = info.load().fdseq();
        info.set_hung_up(HangUp::Other, first);
        assert!(!info.load().read_shut());
        info.set_hung_up(HangUp::Reads, first);
        info.publish(|i| i.with_expired(Direction::Read, true));
        assert!(info.load().hung_up() && info.load().read_shut());
        assert_eq!(info.load().fdseq(), first);
        info.rebirth();
        info.set_hung_up(HangUp::Reads, first);
        assert!(!info.load().hung_up() && !info.load().read_shut());
    }

    #[test]
    fn publish_keeps_event_err_and_fdseq() {
        let info = AtomicPollInfo::new();
        info.set_event_err(EventErr::Set, info.load().fdseq());
        info.publish(|i| i.with_expired(Direction::Write, true));
        assert!(info.load().event_err());
        assert_eq!(info.load().check(Direction::Write), Err(PollError::Timeout));
        info.publish(|i| i.with_expired(Direction::Write, false).with_closing());
        assert_eq!(info.load().check(Direction::Write), Err(PollError::Closing));
        assert_eq!(info.load().fdseq(), FdSeq(1));
    }

    #[test]
    fn fdseq_wraps_and_skips_zero() {
        let mut seq = FdSeq(FDSEQ_MASK - 1);
        seq = seq.next();
        assert_eq!(seq.tag(), FDSEQ_MASK);
        assert_eq!(seq.next().tag(), 1);
    }
}
