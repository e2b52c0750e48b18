//! Futures on goroutines, for using async libraries.
//!
//! ```
//! use gopark::{block_on, chan, go};
//!
//! # fn main() { unsafe { gopark::run(|| {
//! let (sender, receiver) = chan::bounded(0);
//! let answer = go(move || sender.send(1).map(|()| 2));
//! let sum = block_on(async move {
//!     let mut messages = receiver.into_stream();
//!     messages.next().await.unwrap() + answer.await.unwrap().unwrap()
//! });
//! assert_eq!(sum, 3);
//! # }) } }
//! ```
//!
//! [`block_on`](crate::block_on) runs a future on the calling goroutine, which parks while the
//! future is pending. What goroutines wait for is a future, too: a
//! [`JoinHandle`](crate::JoinHandle) can be awaited, a receiver becomes a stream
//! ([`ReceiverStream`]), and a connection reports when it is readable
//! (`gopark_net::Conn::readable`). None of it needs a reactor: a pending readiness future is woken by the scheduler's poller, a
//! pending [`sleep`] by its timers. Behind a pending stream a goroutine is parked, which wakes it.
//!
//! # Cancel safety
//!
//! | future | dropped while it is pending |
//! |---|---|
//! | [`sleep`], [`timeout`], [`interval`]'s `tick` | the timer is stopped; the tick comes with the next call |
//! | `Conn::readable`, `writable` | nothing was read or written, and the poller has forgotten the future |
//! | `AsyncListener::accept` | no connection is lost |
//! | `AsyncConn`'s reads and writes | a pending poll has moved no byte |
//! | a `JoinHandle` | the goroutine is detached |
//! | [`ReceiverStream::next`] | no message is lost |
#![cfg(not(loom))]

mod block_on;
#[cfg(feature = "hyper")]
mod for_hyper;
#[cfg(feature = "tokio")]
mod in_tokio;
mod sleep;
mod stream;
mod timeout;

pub use crate::sched::join::JoinFuture;
pub use block_on::block_on;
#[cfg(feature = "hyper")]
pub use for_hyper::{GoExecutor, GoTimer};
#[cfg(feature = "tokio")]
pub use in_tokio::{InTokio, tokio};
pub use sleep::{Sleep, sleep, sleep_until};
pub use stream::ReceiverStream;
pub use timeout::{Elapsed, Interval, Timeout, interval, timeout};
