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
//! (`gopark_net::Conn::readable`). None of it needs a reactor: behind a pending future a goroutine
//! is parked, which wakes it.
#![cfg(not(loom))]

mod block_on;
mod sleep;
mod stream;
mod timeout;

pub use crate::sched::join::JoinFuture;
pub use block_on::block_on;
pub use sleep::{Sleep, sleep, sleep_until};
pub use stream::ReceiverStream;
pub use timeout::{Elapsed, Interval, Timeout, interval, timeout};
