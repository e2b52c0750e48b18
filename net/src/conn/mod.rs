//! A connection, whatever its network: Go's face. Go: net/net.go conn, net/tcpsock.go TCPConn.

pub(crate) mod dial;
#[cfg(feature = "hyper")]
mod hyper_io;
mod readiness;
#[cfg(feature = "tokio")]
mod tokio_io;
pub(crate) mod turn;
mod unix;

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark_runtime::context::Context;

use crate::addr::Addr;
use crate::addr::network::Transport;
use crate::error::{Cause, OpError, Partial, Sentinel};
use crate::poll::endpoint::{Class, Endpoint};
use crate::poll::read_all::read_all;
use crate::poll::{Directions, Error, Fd, Wait};
use crate::sock::keep_alive::KeepAliveConfig;
use crate::sock::multipath_tcp;
use crate::sock::net_fd::NetFd;
use crate::sock::sockopt;
pub use readiness::{AsyncConn, Ready};
pub use unix::{PeerCred, socket_pair};

/// A connection. Clones are the same connection; when the last one goes, it closes.
///
/// Reads park while there is nothing to read, writes while the peer does not take more. One
/// goroutine may read while another writes; several readers, or writers, take turns.
///
/// [`read`](Conn::read) and [`write`](Conn::write) fail with an [`OpError`]. With [`std::io::Read`]
/// in scope a call on a `&mut Conn` (`stream.read(..)` where `stream: &mut Conn`) is the trait's,
/// which fails with [`io::Error`]: the method of the trait takes `&mut self` and is found first.
/// `Conn::read(stream, ..)` names the method of the type; on a `Conn` or a `&Conn` that is what
/// `.read(..)` means.
///
/// ```
/// use gopark::net::{dial, listen};
/// # fn main() { unsafe { gopark::run(|| {
/// let ln = listen("tcp", "127.0.0.1:0").unwrap();
/// let addr = ln.addr().to_string();
/// gopark::go(move || {
///     let c = dial("tcp", &addr).unwrap();
///     c.write(b"hello").unwrap();
/// });
/// let c = ln.accept().unwrap();
/// let mut buf = [0; 32];
/// assert_eq!(c.read(&mut buf).unwrap(), 5);
/// assert_eq!(c.read(&mut buf).unwrap(), 0);
/// # }) } }
/// ```
#[derive(Clone)]
pub struct Conn(Arc<NetFd>);

impl Conn {
    pub(crate) fn new(fd: NetFd) -> Conn {
        Conn(Arc::new(fd))
    }

    pub(crate) fn net_fd(&self) -> &NetFd {
        &self.0
    }

    /// An error of this connection: it names both ends.
    pub(crate) fn error(&self, op: &'static str, cause: impl Into<Cause>) -> OpError {
        self.0.op_error(op, cause)
    }

    /// An error of a write that names this end only: of messages without their own destination.
    pub(crate) fn local_write_error(&self, cause: impl Into<Cause>) -> OpError {
        OpError::new("write", self.0.network.name(), cause).with_source(self.0.local())
    }

    fn partial(&self, op: &'static str, stopped: Partial<impl Into<Cause>>) -> OpError {
        self.error(op, stopped.error).with_transferred(stopped.bytes)
    }

    /// Reads what is available, at least one byte; `Ok(0)` is the end (Go's `io.EOF`), or `buf` is
    /// empty.
    ///
    /// # Errors
    /// Those of read(2) ("connection reset by peer"); a passed deadline; a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// a.write(b"hello").unwrap();
    /// let mut buf = [0; 32];
    /// assert_eq!(b.read(&mut buf).unwrap(), 5);
    /// a.close().unwrap();
    /// assert_eq!(b.read(&mut buf).unwrap(), 0); // the end
    /// # }) }
    /// ```
    pub fn read(&self, buf: &mut [u8]) -> Result<usize, OpError> {
        self.0.read(Wait::NO_CONTEXT, buf).map_err(|cause| self.error("read", cause))
    }

    /// Writes all of `buf`.
    ///
    /// # Errors
    /// Those of write(2) ("broken pipe"); a passed deadline; a closed connection.
    /// [`OpError::transferred`] has the bytes that went out before.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// assert_eq!(a.write(b"hello").unwrap(), 5);
    /// b.close().unwrap();
    /// let e = a.write(b"more").unwrap_err();
    /// assert!(e.to_string().ends_with("write: broken pipe"));
    /// # }) }
    /// ```
    pub fn write(&self, buf: &[u8]) -> Result<usize, OpError> {
        self.0.write(Wait::NO_CONTEXT, buf).map_err(|e| self.partial("write", e))
    }

    /// Reads into several buffers with one readv(2), one after the other. `Ok(0)` is the end, or
    /// the buffers are empty.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// ```
    /// use std::io::IoSliceMut;
    /// # fn main() { unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// a.write(b"headbody").unwrap();
    /// let (mut head, mut body) = ([0; 4], [0; 8]);
    /// let n = b.read_vectored(&mut [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)]).unwrap();
    /// assert_eq!((n, &head, &body[..4]), (8, b"head", &b"body"[..]));
    /// # }) } }
    /// ```
    pub fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize, OpError> {
        self.0.read_vectored(bufs).map_err(|cause| self.error("read", cause))
    }

    /// As [`read`](Self::read), ended early when the context is done; the connection stays as it
    /// is. Beyond Go.
    ///
    /// # Errors
    /// As [`read`](Self::read); "operation was canceled" or "i/o timeout" when the context ends it.
    ///
    /// ```
    /// use gopark::net::{dial, listen};
    /// use gopark::context::Context;
    /// # fn main() { unsafe { gopark::run(|| {
    /// let ln = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &ln.addr().to_string()).unwrap();
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// gopark::go(move || cancel());
    /// let e = c.read_context(&ctx, &mut [0; 8]).unwrap_err();
    /// assert!(e.to_string().ends_with(": operation was canceled"));
    /// # }) } }
    /// ```
    pub fn read_context(&self, ctx: &Context, buf: &mut [u8]) -> Result<usize, OpError> {
        self.0.read(Wait::under(ctx), buf).map_err(|cause| self.error("read", cause))
    }

    /// As [`write`](Self::write), ended early when the context is done.
    ///
    /// # Errors
    /// As [`write`](Self::write); "operation was canceled" or "i/o timeout" when the context ends
    /// it.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::context::Context;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// assert_eq!(a.write_context(&Context::background(), b"hello").unwrap(), 5);
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn write_context(&self, ctx: &Context, buf: &[u8]) -> Result<usize, OpError> {
        self.0.write(Wait::under(ctx), buf).map_err(|e| self.partial("write", e))
    }

    /// Writes all the buffers, with as few calls as the system allows. Buffers that went out are
    /// left empty, one that went out in part is advanced; empty ones are skipped.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::io::IoSlice;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// let mut parts = [IoSlice::new(b"head"), IoSlice::new(b"body")];
    /// assert_eq!(a.write_buffers(&mut parts).unwrap(), 8);
    /// assert!(parts.iter().all(|part| part.is_empty()));
    /// # drop(b);
    /// # }) }
    /// ```
    #[doc(alias = "Buffers")]
    pub fn write_buffers(&self, bufs: &mut [IoSlice<'_>]) -> Result<usize, OpError> {
        self.0.write_buffers(bufs).map_err(|e| self.partial("writev", e))
    }

    /// Writes all the buffers, as [`write_buffers`](Self::write_buffers) does, and leaves the
    /// slices as they are.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    ///
    /// ```
    /// use std::io::IoSlice;
    /// # fn main() { unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// assert_eq!(a.write_vectored(&[IoSlice::new(b"head"), IoSlice::new(b"body")]).unwrap(), 8);
    /// assert_eq!(b.read(&mut [0; 16]).unwrap(), 8);
    /// # }) } }
    /// ```
    pub fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> Result<usize, OpError> {
        self.write_buffers(&mut bufs.to_vec())
    }

    /// A connection has its peer, so this only fails.
    ///
    /// # Errors
    /// Go's "use of WriteTo with pre-connected connection".
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// let e = c.write_to(b"hello", &listener.addr()).unwrap_err();
    /// assert!(e.to_string().contains("write"));
    /// # }) }
    /// ```
    pub fn write_to(&self, buf: &[u8], to: &Addr) -> Result<usize, OpError> {
        let _ = buf;
        Err(OpError::new("write", self.0.network.name(), Sentinel::WriteToConnected)
            .with_source(self.0.local())
            .with_addr(Some(to)))
    }

    /// Closes the connection for all its clones. Goroutines parked in it wake with an error.
    /// Returns when the descriptor is free.
    ///
    /// # Errors
    /// It is closed already; those of close(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// a.close().unwrap();
    /// assert!(a.read(&mut [0; 8]).unwrap_err().is_closed());
    /// assert!(a.close().is_err());
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn close(&self) -> Result<(), OpError> {
        self.0.close().map_err(|cause| self.error("close", cause))
    }

    /// Shuts down the reading side.
    ///
    /// # Errors
    /// Those of shutdown(2); a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// b.close_read().unwrap();
    /// assert_eq!(b.read(&mut [0; 8]).unwrap(), 0);
    /// # drop(a);
    /// # }) }
    /// ```
    pub fn close_read(&self) -> Result<(), OpError> {
        self.0.shutdown(Shutdown::Read).map_err(|cause| self.error("close", cause))
    }

    /// Shuts down the writing side: the peer reads the end.
    ///
    /// # Errors
    /// As [`close_read`](Self::close_read).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// a.write(b"bye").unwrap();
    /// a.close_write().unwrap();
    /// let mut buf = [0; 8];
    /// assert_eq!(b.read(&mut buf).unwrap(), 3);
    /// assert_eq!(b.read(&mut buf).unwrap(), 0);
    /// # }) }
    /// ```
    pub fn close_write(&self) -> Result<(), OpError> {
        self.0.shutdown(Shutdown::Write).map_err(|cause| self.error("close", cause))
    }

    /// The address of this end.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// let server = listener.accept().unwrap();
    /// assert_eq!(c.local_addr(), server.remote_addr());
    /// # }) }
    /// ```
    pub fn local_addr(&self) -> Addr {
        self.0.local().unwrap_or_else(|| self.0.unknown_addr())
    }

    /// The address of the other end.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// assert_eq!(c.remote_addr(), listener.addr());
    /// # }) }
    /// ```
    pub fn remote_addr(&self) -> Addr {
        self.0.remote().unwrap_or_else(|| self.0.unknown_addr())
    }

    /// Reads and writes fail with a timeout from `t` on, those parked too, until it is set again.
    /// `None`: no limit.
    ///
    /// # Errors
    /// A closed connection.
    ///
    /// ```
    /// use gopark::net::{dial, listen};
    /// use std::time::{Duration, Instant};
    /// # fn main() { unsafe { gopark::run(|| {
    /// let ln = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &ln.addr().to_string()).unwrap();
    /// c.set_deadline(Some(Instant::now() + Duration::from_millis(5))).unwrap();
    /// let e = c.read(&mut [0; 8]).unwrap_err();
    /// assert!(e.timeout() && e.to_string().ends_with(": i/o timeout"));
    /// # }) } }
    /// ```
    pub fn set_deadline(&self, t: Option<Instant>) -> Result<(), OpError> {
        self.set_deadline_of(t, Directions::Both)
    }

    /// As [`set_deadline`](Self::set_deadline), of reads.
    ///
    /// # Errors
    /// A closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// b.set_read_deadline(Some(Instant::now())).unwrap();
    /// assert!(b.read(&mut [0; 8]).unwrap_err().timeout());
    /// b.set_read_deadline(None).unwrap();
    /// # drop(a);
    /// # }) }
    /// ```
    pub fn set_read_deadline(&self, t: Option<Instant>) -> Result<(), OpError> {
        self.set_deadline_of(t, Directions::Read)
    }

    /// As [`set_deadline`](Self::set_deadline), of writes. A write that fails so may have written a
    /// part.
    ///
    /// # Errors
    /// A closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// a.set_write_deadline(Some(Instant::now())).unwrap();
    /// assert!(a.write(b"late").unwrap_err().timeout());
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn set_write_deadline(&self, t: Option<Instant>) -> Result<(), OpError> {
        self.set_deadline_of(t, Directions::Write)
    }

    fn set_deadline_of(&self, t: Option<Instant>, directions: Directions) -> Result<(), OpError> {
        self.0.set_deadline(t, directions).map_err(|cause| self.0.set_error(cause))
    }

    /// An option's error, named for the call.
    fn set(&self, result: Result<(), Error>) -> Result<(), OpError> {
        result.map_err(|e| self.error("set", e.in_call("setsockopt")))
    }

    /// TCP: whether to send at once (`true`, the default) or gather small writes.
    ///
    /// # Errors
    /// Those of setsockopt(2); a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// c.set_no_delay(false).unwrap(); // gather small writes
    /// # }) }
    /// ```
    pub fn set_no_delay(&self, on: bool) -> Result<(), OpError> {
        self.set(sockopt::set_no_delay(&self.0.pfd, on))
    }

    /// What close does with unsent data: `None` sends it in the background, `Some(d)` waits for at
    /// most `d`, zero discards it.
    ///
    /// # Errors
    /// Those of setsockopt(2); a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// c.set_linger(Some(Duration::ZERO)).unwrap(); // close discards and resets
    /// # }) }
    /// ```
    pub fn set_linger(&self, d: Option<Duration>) -> Result<(), OpError> {
        self.set(sockopt::set_linger(&self.0.pfd, d))
    }

    /// Sets the size of the system's receive buffer, in bytes.
    ///
    /// # Errors
    /// Those of setsockopt(2); a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// c.set_read_buffer(64 << 10).unwrap();
    /// # }) }
    /// ```
    pub fn set_read_buffer(&self, bytes: usize) -> Result<(), OpError> {
        let result = sockopt::set_read_buffer(&self.0.pfd, bytes);
        result.map_err(|e| self.0.set_error(e.in_call("setsockopt")))
    }

    /// Sets the size of the system's send buffer, in bytes.
    ///
    /// # Errors
    /// Those of setsockopt(2); a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// c.set_write_buffer(64 << 10).unwrap();
    /// # }) }
    /// ```
    pub fn set_write_buffer(&self, bytes: usize) -> Result<(), OpError> {
        let result = sockopt::set_write_buffer(&self.0.pfd, bytes);
        result.map_err(|e| self.0.set_error(e.in_call("setsockopt")))
    }

    /// Turns keep-alive probes on or off.
    ///
    /// # Errors
    /// Those of setsockopt(2); a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// c.set_keep_alive(false).unwrap();
    /// # }) }
    /// ```
    pub fn set_keep_alive(&self, on: bool) -> Result<(), OpError> {
        self.set(sockopt::set_keep_alive(&self.0.pfd, on))
    }

    /// Sets how long the connection is idle before the first probe; part seconds round up.
    ///
    /// # Errors
    /// Those of setsockopt(2); a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Duration;
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// c.set_keep_alive_period(Duration::from_secs(30)).unwrap();
    /// # }) }
    /// ```
    pub fn set_keep_alive_period(&self, d: Duration) -> Result<(), OpError> {
        self.set(sockopt::set_keep_alive_idle(&self.0.pfd, Some(d)))
    }

    /// Sets whether and how keep-alive probes are sent.
    ///
    /// # Errors
    /// Those of setsockopt(2); a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::KeepAliveConfig;
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// c.set_keep_alive_config(KeepAliveConfig { enable: true, ..Default::default() }).unwrap();
    /// # }) }
    /// ```
    pub fn set_keep_alive_config(&self, c: KeepAliveConfig) -> Result<(), OpError> {
        self.set(c.apply(&self.0.pfd))
    }

    /// Whether the connection uses Multipath TCP now: asked for, agreed to by the peer, and not
    /// fallen back to TCP.
    ///
    /// # Errors
    /// Those of getsockopt(2); a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// println!("multipath: {:?}", c.multipath_tcp());
    /// # }) }
    /// ```
    #[doc(alias = "MultipathTCP")]
    pub fn multipath_tcp(&self) -> Result<bool, OpError> {
        multipath_tcp::in_use(&self.0.pfd).map_err(|e| self.error("get", e.in_call("getsockopt")))
    }

    /// Parks until a read would not park: for connections that wait long, without holding a buffer.
    /// Beyond Go.
    ///
    /// # Errors
    /// A passed deadline; a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// gopark::go(move || a.write(b"hello"));
    /// b.wait_readable().unwrap(); // without holding a buffer
    /// assert_eq!(b.read(&mut [0; 8]).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn wait_readable(&self) -> Result<(), OpError> {
        self.0.pfd.wait_readable().map_err(|e| self.error("read", e.in_call("poll")))
    }

    /// Parks until a write would not park.
    ///
    /// # Errors
    /// A passed deadline; a closed connection.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// a.wait_writable().unwrap();
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn wait_writable(&self) -> Result<(), OpError> {
        self.0.pfd.wait_writable().map_err(|e| self.error("write", e.in_call("poll")))
    }
}

impl Endpoint for Conn {
    fn descriptor(&self) -> Option<(&Fd, Class)> {
        let class = match self.0.network.transport {
            Transport::Tcp => Class::Tcp,
            Transport::Unix(net) if net.sotype() == libc::SOCK_STREAM => Class::Unix,
            _ => return None,
        };
        Some((&self.0.pfd, class))
    }

    fn copy_error(&self, op: &'static str, call: &'static str, stopped: Partial<Error>) -> io::Error {
        self.partial(op, stopped.map(|e| e.in_call(call))).into()
    }

    fn write_whole(&self, buf: &[u8]) -> Option<Result<u64, Partial<io::Error>>> {
        let written = self.0.write(Wait::NO_CONTEXT, buf);
        Some(written.map(|n| n as u64).map_err(|stopped| Partial {
            bytes: stopped.bytes,
            error: self.partial("write", stopped).into(),
        }))
    }

    fn stopped(&self, op: &'static str, stopped: Partial<io::Error>) -> io::Error {
        self.partial(op, stopped).into()
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn")
            .field("network", &self.0.network.name())
            .field("local", &self.0.local())
            .field("remote", &self.0.remote())
            .finish()
    }
}

impl AsRawFd for Conn {
    /// The descriptor, non-blocking and watched; -1 once closed.
    fn as_raw_fd(&self) -> RawFd {
        self.0.pfd.raw()
    }
}

impl Read for &Conn {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(Conn::read(self, buf)?)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        Ok(Conn::read_vectored(self, bufs)?)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        read_all(buf, |room| Ok(Conn::read(self, room)?))
    }
}

/// As the methods of the same names, but a write that fails after a part went out returns that
/// part's length, as std's contract demands: an error means that nothing was written. The next
/// write fails.
impl Write for &Conn {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let written = self.0.write(Wait::NO_CONTEXT, buf);
        Ok(written.or_else(Partial::or_part).map_err(|cause| self.error("write", cause))?)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let written = self.0.write_buffers(&mut bufs.to_vec());
        Ok(written.or_else(Partial::or_part).map_err(|cause| self.error("writev", cause))?)
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        match buf {
            [] => Ok(()),
            buf => Ok(Conn::write(self, buf).map(|_| ())?),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Conn {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Read::read(&mut &*self, buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        Read::read_vectored(&mut &*self, bufs)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        Read::read_to_end(&mut &*self, buf)
    }
}

/// As that of `&Conn`.
impl Write for Conn {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Write::write(&mut &*self, buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Write::write_vectored(&mut &*self, bufs)
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        Write::write_all(&mut &*self, buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
