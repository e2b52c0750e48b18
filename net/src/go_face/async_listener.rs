//! A listener for async code.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::listen::Listener;
use crate::conn::AsyncConn;
use crate::conn::turn::{Socket, Turn};
use crate::error::{Cause, OpError};
use crate::poll::{Direction, Fd};

/// A listener for async code, with any executor. A clone is the same listener.
///
/// ```
/// use gopark::block_on;
/// use gopark::net::{AsyncListener, dial, listen};
/// # fn main() { unsafe { gopark::run(|| {
/// let listener = AsyncListener::from(listen("tcp", "127.0.0.1:0").unwrap());
/// let client = dial("tcp", &listener.get_ref().addr().to_string()).unwrap();
/// let server = block_on(listener.accept()).unwrap();
/// assert_eq!(server.get_ref().remote_addr(), client.local_addr());
/// # }) } }
/// ```
#[derive(Debug, Clone)]
pub struct AsyncListener(Arc<Listener>);

impl From<Listener> for AsyncListener {
    fn from(listener: Listener) -> AsyncListener {
        AsyncListener(Arc::new(listener))
    }
}

impl AsyncListener {
    /// The next connection.
    ///
    /// Cancel safe: dropping the future loses no connection and leaves nothing behind.
    ///
    /// # Errors
    /// As [`Listener::accept`].
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{AsyncListener, listen};
    ///
    /// let listener = AsyncListener::from(listen("tcp", "127.0.0.1:0").unwrap());
    /// let closer = listener.clone();
    /// gopark::go(move || closer.get_ref().close());
    /// assert!(gopark::block_on(listener.accept()).unwrap_err().is_closed());
    /// # }) }
    /// ```
    pub fn accept(&self) -> impl Future<Output = Result<AsyncConn, OpError>> + Send + '_ {
        Accept { listener: &self.0, side: Turn::new(Direction::Read) }
    }

    /// The listener, for everything else.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{AsyncListener, listen};
    ///
    /// let listener = AsyncListener::from(listen("tcp", "127.0.0.1:0").unwrap());
    /// assert_ne!(listener.get_ref().addr().port(), Some(0));
    /// # }) }
    /// ```
    pub fn get_ref(&self) -> &Listener {
        &self.0
    }
}

/// Waits for a connection.
struct Accept<'a> {
    listener: &'a Arc<Listener>,
    side: Turn,
}

impl Future for Accept<'_> {
    type Output = Result<AsyncConn, OpError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Accept { listener, side } = &mut *self;
        side.poll(*listener, cx, |cx, interest| listener.net_fd().poll_accept(cx, interest))
            .map(|accepted| Ok(listener.accepted(accepted?)?.into()))
    }
}

impl Drop for Accept<'_> {
    fn drop(&mut self) {
        self.side.forget(self.listener);
    }
}

impl fmt::Debug for Accept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accept").finish_non_exhaustive()
    }
}

impl Socket for Arc<Listener> {
    fn fd(&self) -> &Fd {
        &self.net_fd().pfd
    }
    fn error(&self, _op: &'static str, cause: Cause) -> OpError {
        Listener::error(self, "accept", cause)
    }
}
