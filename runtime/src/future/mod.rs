//! Futures on goroutines, so that async libraries can be used from them.
//!
//! [`block_on`](crate::block_on) runs a future on the calling goroutine. What goroutines wait for is a future, too: a [`JoinHandle`](crate::JoinHandle) can be
//! awaited, a channel's receiver is a stream ([`ReceiverStream`]), and a connection tells when it is readable
//! (`gopark_net::Conn::readable`). None of it needs a reactor: behind a pending future a goroutine is parked, which wakes it.
#![cfg(not(loom))]

mod block_on;
mod stream;

pub use crate::sched::join::JoinFuture;
pub use block_on::block_on;
pub use stream::ReceiverStream;
