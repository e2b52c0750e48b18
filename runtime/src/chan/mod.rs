//! Channels: goroutines, and plain threads, hand each other messages. Go: runtime/chan.go, select.go.
//!
//! Spelled as crossbeam-channel 0.5, working as Go's: a message goes straight into the frame of a receiver that
//! waits, and that one runs next.
//!
//! | file | holds | Go |
//! |---|---|---|
//! | `hchan.rs` | the channel: send, receive, close | `hchan chansend chanrecv closechan` |
//! | `buffer.rs` | its ring or chunks | `chanbuf` |
//! | `sudog.rs` | who waits, and who may wake it | `sudog waitq` |
//! | `lock.rs` | its lock | `lock2` |
//! | `sender.rs receiver.rs counter.rs errors.rs` | the typed ends, their counts and errors | - |
//! | `select/` | choosing among several operations; a set that grows, and the macros | `selectgo` |
//! | `timed.rs timeout.rs deadline.rs` | channels fed by the clock, waits with a deadline | `time.After`, `timeTimer` |
//! | `never.rs` | the channel on which nothing comes | the nil channel |
//! | `iter.rs` | receivers as iterators | `range` |

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

/// A channel with room for `cap` messages. With 0 it is a rendezvous: a send waits until its message is received.
///
/// # Panics
/// If so many messages could not be in memory.
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

/// A channel with room for as many messages as come: a send never waits.
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
