//! Channels: goroutines and plain threads send each other messages.
//!
//! ```
//! use gopark::{chan, go, select};
//! use std::time::Duration;
//!
//! # fn main() { unsafe { gopark::run(|| {
//! let (sender, receiver) = chan::bounded(0); // a rendezvous, as Go's `make(chan T)`
//! go(move || {
//!     for i in 1..=3 {
//!         sender.send(i).unwrap(); // parks until the message is received
//!     }
//! }); // the only sender is dropped: the channel is closed
//! select! {
//!     recv(receiver) -> message => assert_eq!(message, Ok(1)),
//!     default(Duration::from_secs(5)) => panic!("timed out"),
//! }
//! assert_eq!(receiver.iter().collect::<Vec<_>>(), [2, 3]);
//! # }) } }
//! ```
//!
//! Names, methods and errors are those of crossbeam-channel 0.5; the behaviour is Go's. A message
//! goes directly to a waiting receiver, which runs next.
//!
//! | you want | use |
//! |---|---|
//! | a rendezvous, a buffer, no limit | [`bounded(0)`](bounded), [`bounded(n)`](bounded), [`unbounded`] |
//! | to wait for the first of several operations | [`select!`](crate::select), or [`Select`] for a set that is built at run time |
//! | a wait with a limit | `send_timeout`, `recv_timeout`, `.._deadline`, `.._context` |
//! | a message at a certain time | [`after`], [`at`], [`tick`] |
//! | Go's nil channel | [`never()`] |
//! | to close without dropping | [`Sender::close`] |

// Go: runtime/chan.go, select.go.
//
// | file | holds | Go |
// |---|---|---|
// | `hchan.rs` | the channel: send, receive, close | `hchan chansend chanrecv closechan` |
// | `buffer.rs` | its ring or chunks | `chanbuf` |
// | `sudog.rs` | who waits, and who may wake it | `sudog waitq` |
// | `lock.rs` | its lock | `lock2` |
// | `sender.rs receiver.rs counter.rs errors.rs` | the typed ends, their counts and errors | - |
// | `select/` | choosing among several operations; a set that grows, and the macros | `selectgo` |
// | `timed.rs timeout.rs deadline.rs` | channels fed by the clock, waits with a deadline | `time.After`, `timeTimer` |
// | `never.rs` | the channel on which nothing comes | the nil channel |
// | `iter.rs` | receivers as iterators | `range` |

mod buffer;
mod counter;
mod deadline;
mod errors;
mod hchan;
mod iter;
mod lock;
#[cfg(all(test, loom))]
mod loom_tests;
mod never;
mod receiver;
mod select;
mod sender;
mod sudog;
#[cfg(not(loom))]
pub(crate) mod timed;
#[cfg(not(loom))]
mod timeout;

use std::alloc::Layout;
use std::ptr::NonNull;

pub use errors::{
    ReadyTimeoutError, RecvError, RecvTimeoutError, SelectTimeoutError, SendError, SendTimeoutError,
    TryReadyError, TryRecvError, TrySelectError, TrySendError,
};
pub use iter::{IntoIter, Iter, TryIter};
pub use never::never;
pub use receiver::Receiver;
#[cfg(not(loom))]
pub use select::Select;
pub use select::SelectedOperation;
pub use sender::Sender;
#[cfg(not(loom))]
pub use timed::{after, at, tick};

pub use crate::{select, select_biased};

/// What the macros expand to.
#[cfg(not(loom))]
#[doc(hidden)]
pub mod internal {
    pub use super::select::case::{
        BIASED, Case, FAIR, RecvCase, SendBegun, SendCase, select, select_timeout, try_select,
    };
}

use hchan::Hchan;

/// Makes a channel with room for `cap` messages. With 0 it is a rendezvous: a send waits until its
/// message is received.
///
/// # Panics
/// If the address space cannot hold `cap` messages.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::{chan, go};
/// let (s, r) = chan::bounded(1);
/// s.send(1).unwrap();
/// go(move || s.send(2).unwrap()); // waits for room
/// assert_eq!(r.recv(), Ok(1));
/// assert_eq!(r.recv(), Ok(2));
/// # }) } }
/// ```
#[doc(alias = "makechan")]
pub fn bounded<T>(cap: usize) -> (Sender<T>, Receiver<T>) {
    make(Some(cap))
}

/// Makes a channel without a limit: a send never waits.
///
/// ```
/// let (s, r) = gopark::chan::unbounded();
/// for i in 0..100 {
///     s.send(i).unwrap();
/// }
/// assert_eq!(r.len(), 100);
/// ```
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    make(None)
}

fn make<T>(cap: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let chan = NonNull::from(Box::leak(Hchan::new(Layout::new::<T>(), cap)));
    // SAFETY: a new channel of T counts one handle on each side.
    unsafe { (Sender::new(chan), Receiver::new(chan)) }
}
