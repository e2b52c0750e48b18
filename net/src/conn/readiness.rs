//! A connection's readiness as futures, so that async libraries run on goroutines.
//!
//! A pending future has left its task with the poller, which wakes it: no goroutine waits. Only where somebody else has the side of the
//! connection, a goroutine waits for the future's turn.

use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::turn::{Socket, Turn};
use crate::conn::Conn;
use crate::error::{Cause, OpError};
use crate::poll::{Direction, Fd};

impl Socket for Conn {
    fn fd(&self) -> &Fd {
        &self.net_fd().pfd
    }
    fn error(&self, op: &'static str, cause: Cause) -> OpError {
        Conn::error(self, op, cause)
    }
}

/// Becomes ready when a connection is: made by [`Conn::readable`] and [`Conn::writable`].
///
/// Cancel safe: it takes nothing from the connection, and dropping it leaves nothing behind. While it is pending others may use the
/// connection; each operation wakes it, and it looks again.
///
/// ```
/// use gopark::net::{dial, listen};
/// use gopark::{block_on, go};
/// # fn main() { unsafe { gopark::run(|| {
/// let ln = listen("tcp", "127.0.0.1:0").unwrap();
/// let c = dial("tcp", &ln.addr().to_string()).unwrap();
/// go(move || ln.accept().unwrap().write(b"x").unwrap());
/// block_on(async {
///     c.readable().await.unwrap();
///     assert_eq!(c.try_read(&mut [0; 8]).unwrap(), 1);
/// });
/// # }) } }
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Ready {
    conn: Conn,
    side: Turn,
}

impl Ready {
    fn new(conn: &Conn, direction: Direction) -> Ready {
        Ready { conn: conn.clone(), side: Turn::new(direction) }
    }
}

impl Future for Ready {
    type Output = Result<(), OpError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Ready { conn, side } = &mut *self;
        let (op, direction) = (side.op(), side.direction());
        side.poll(conn, cx, |cx, interest| conn.fd().poll_ready(direction, cx, interest))
            .map(|ready| ready?.map_err(|e| conn.error(op, e.in_call("poll"))))
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        self.side.forget(&self.conn);
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready")
            .field("conn", &self.conn)
            .field("direction", &self.side.direction())
            .finish_non_exhaustive()
    }
}

impl Conn {
    /// A future that is ready when a read would not wait.
    ///
    /// ```
    /// use gopark::net::{dial, listen};
    /// # fn main() { unsafe { gopark::run(|| {
    /// let ln = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &ln.addr().to_string()).unwrap();
    /// drop(ln.accept()); // the end is something to read
    /// gopark::block_on(c.readable()).unwrap();
    /// # }) } }
    /// ```
    pub fn readable(&self) -> Ready {
        Ready::new(self, Direction::Read)
    }

    /// A future that is ready when a write would not wait.
    ///
    /// ```
    /// use gopark::net::{dial, listen};
    /// # fn main() { unsafe { gopark::run(|| {
    /// let ln = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &ln.addr().to_string()).unwrap();
    /// gopark::block_on(c.writable()).unwrap();
    /// # }) } }
    /// ```
    pub fn writable(&self) -> Ready {
        Ready::new(self, Direction::Write)
    }

    /// Reads what is available now.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when there is nothing yet.
    ///
    /// ```
    /// use gopark::net::{dial, listen};
    /// # fn main() { unsafe { gopark::run(|| {
    /// let ln = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &ln.addr().to_string()).unwrap();
    /// let e = c.try_read(&mut [0; 8]).unwrap_err();
    /// assert_eq!(e.kind(), std::io::ErrorKind::WouldBlock);
    /// # }) } }
    /// ```
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.net_fd().pfd.try_read(buf).map_err(|e| self.error("read", e.in_call("read")))?;
        n.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    /// Writes what fits now.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing does.
    ///
    /// ```
    /// use gopark::net::{dial, listen};
    /// # fn main() { unsafe { gopark::run(|| {
    /// let ln = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &ln.addr().to_string()).unwrap();
    /// assert_eq!(c.try_write(b"hello").unwrap(), 5);
    /// # }) } }
    /// ```
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        let n = self.net_fd().pfd.try_write(buf).map_err(|e| self.error("write", e.in_call("write")))?;
        n.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }
}

/// A connection for async code, with any executor. With the features `futures-io`, `tokio` and `hyper` it has the traits of
/// these crates; for others [`poll_read`](Self::poll_read) and [`poll_write`](Self::poll_write) do the work.
///
/// Cancel safe: a poll that is pending has taken nothing and sent nothing, and dropping the connection leaves nothing with the poller.
/// Each side wakes the task that polled it last.
///
/// ```
/// use gopark::net::{AsyncConn, dial, listen};
/// use gopark::{block_on, go};
/// use std::future::poll_fn;
/// # fn main() { unsafe { gopark::run(|| {
/// let ln = listen("tcp", "127.0.0.1:0").unwrap();
/// let mut c = AsyncConn::from(dial("tcp", &ln.addr().to_string()).unwrap());
/// go(move || ln.accept().unwrap().write(b"hello").unwrap());
/// let mut buf = [0; 8];
/// let n = block_on(poll_fn(|cx| c.poll_read(cx, &mut buf))).unwrap();
/// assert_eq!(&buf[..n], b"hello");
/// # }) } }
/// ```
#[derive(Debug)]
pub struct AsyncConn {
    conn: Conn,
    /// What a poll has left behind, one for each side.
    reading: Turn,
    writing: Turn,
}

impl Drop for AsyncConn {
    fn drop(&mut self) {
        self.reading.forget(&self.conn);
        self.writing.forget(&self.conn);
    }
}

impl From<Conn> for AsyncConn {
    fn from(conn: Conn) -> AsyncConn {
        AsyncConn { conn, reading: Turn::new(Direction::Read), writing: Turn::new(Direction::Write) }
    }
}

impl AsyncConn {
    /// The connection, for everything else.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::AsyncConn;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// let a = AsyncConn::from(a);
    /// a.get_ref().write(b"hello").unwrap();
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn get_ref(&self) -> &Conn {
        &self.conn
    }

    /// The connection back.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::AsyncConn;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// AsyncConn::from(a).into_inner().write(b"hello").unwrap();
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn into_inner(self) -> Conn {
        self.conn.clone()
    }

    /// Reads what is available, at least one byte; 0 is the end.
    ///
    /// # Errors
    /// As [`Conn::read`]; never `WouldBlock`.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::AsyncConn;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// a.write(b"hello").unwrap();
    /// let mut b = AsyncConn::from(b);
    /// let read = std::future::poll_fn(|cx| b.poll_read(cx, &mut [0; 8]));
    /// assert_eq!(gopark::block_on(read).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let conn = &self.conn;
        let fd = conn.fd();
        self.reading
            .poll(conn, cx, |cx, interest| fd.poll_read(cx, interest, buf))
            .map(|n| Ok(n?.map_err(|e| conn.error("read", e.in_call("read")))?))
    }

    /// The same into memory that need not be initialised; the first bytes of it are then.
    ///
    /// # Errors
    /// As [`poll_read`](Self::poll_read).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::AsyncConn;
    /// use std::mem::MaybeUninit;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// a.write(b"hello").unwrap();
    /// let mut b = AsyncConn::from(b);
    /// let mut room = [MaybeUninit::uninit(); 8];
    /// let read = std::future::poll_fn(|cx| b.poll_read_uninit(cx, &mut room));
    /// assert_eq!(gopark::block_on(read).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn poll_read_uninit(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        // SAFETY: the same memory. It goes to read(2) alone, which reads none of it.
        let buf = unsafe { &mut *(std::ptr::from_mut(buf) as *mut [u8]) };
        self.poll_read(cx, buf)
    }

    /// As [`poll_write`](Self::poll_write) from several buffers, with one writev(2).
    ///
    /// # Errors
    /// As [`Conn::write`]; never `WouldBlock`.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::AsyncConn;
    /// use std::io::IoSlice;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// let mut a = AsyncConn::from(a);
    /// let parts = [IoSlice::new(b"head"), IoSlice::new(b"body")];
    /// let write = std::future::poll_fn(|cx| a.poll_write_vectored(cx, &parts));
    /// assert_eq!(gopark::block_on(write).unwrap(), 8);
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let conn = &self.conn;
        let fd = conn.fd();
        self.writing
            .poll(conn, cx, |cx, interest| fd.poll_write_vectored(cx, interest, bufs))
            .map(|n| Ok(n?.map_err(|e| conn.error("write", e.in_call("writev")))?))
    }

    /// Writes what fits, at least one byte.
    ///
    /// # Errors
    /// As [`Conn::write`]; never `WouldBlock`.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::AsyncConn;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// let mut a = AsyncConn::from(a);
    /// let write = std::future::poll_fn(|cx| a.poll_write(cx, b"hello"));
    /// assert_eq!(gopark::block_on(write).unwrap(), 5);
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let conn = &self.conn;
        let fd = conn.fd();
        self.writing
            .poll(conn, cx, |cx, interest| fd.poll_write(cx, interest, buf))
            .map(|n| Ok(n?.map_err(|e| conn.error("write", e.in_call("write")))?))
    }

    /// Ends the writing side: the peer reads the end.
    ///
    /// # Errors
    /// As [`Conn::close_write`].
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::AsyncConn;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// AsyncConn::from(a).close_write().unwrap();
    /// assert_eq!(b.read(&mut [0; 8]).unwrap(), 0);
    /// # }) }
    /// ```
    pub fn close_write(&mut self) -> io::Result<()> {
        self.conn.close_write().map_err(io::Error::from)
    }
}

#[cfg(feature = "futures-io")]
impl futures_io::AsyncRead for AsyncConn {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        AsyncConn::poll_read(self.get_mut(), cx, buf)
    }
}

#[cfg(feature = "futures-io")]
impl futures_io::AsyncWrite for AsyncConn {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        AsyncConn::poll_write(self.get_mut(), cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.get_mut().close_write())
    }
}
