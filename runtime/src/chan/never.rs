//! The channel on which nothing ever comes. Go: the nil channel of chanrecv. Model:
//! crossbeam-channel's `never`.

use super::hchan::{Block, Received};
use super::receiver::Receiver;
use crate::sched::g::WaitReason;
use crate::sched::gopark;

/// Makes a receiver that never gets a message and is never disconnected: Go's nil channel.
///
/// ```
/// use gopark::chan::{TryRecvError, never};
/// let r = never::<i32>();
/// assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
/// ```
pub const fn never<T>() -> Receiver<T> {
    Receiver::nil()
}

/// Waits for ever; the deadlock report counts it when nothing else can happen.
#[cold]
pub(super) fn recv(block: Block) -> Received {
    if block == Block::No {
        return Received::Empty;
    }
    loop {
        gopark(WaitReason::ChanReceiveNilChan, |_| true);
    }
}
