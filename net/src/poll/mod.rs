//! Descriptors that park the goroutine instead of blocking the thread. Go: internal/poll.
//!
//! [`Fd`] wraps one descriptor: it counts who uses it ([`fd_mutex`]), serialises readers and
//! writers, waits in the poller when the kernel says EAGAIN, and closes when the last user has
//! left.
//!
//! What the types around an [`Fd`] share is here too: how the kernel copies from one to another
//! ([`endpoint`]), and how one is read to its end ([`read_all`]).

pub(crate) mod connect;
pub(crate) mod endpoint;
mod error;
mod fd;
mod fd_io;
mod fd_msg;
mod fd_mutex;
mod fd_poll;
mod full_queue;
pub(crate) mod read_all;
mod wait;
mod writev;

pub(crate) use error::Error;
pub(crate) use fd::{Fd, Kind};
pub(crate) use fd_poll::{Busy, Interest};
pub(crate) use gopark_runtime::poll_api::{Direction, Directions};
pub(crate) use wait::{Wait, context_error};
pub(crate) use writev::MAX_VEC;
