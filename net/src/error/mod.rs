//! What goes wrong in the network, shown exactly as Go shows it.
//!
//! Go: net/net.go `OpError`.
//!
//! An [`OpError`] says which operation failed on which network between which addresses; its `err`
//! is the reason, a [`Cause`] inside, handed out as the type it really is ([`SyscallError`],
//! [`AddrError`], [`Sentinel`] ...).
//!
//! I1 `OpError` is one word, so a `Result<usize, OpError>` stays small; the rest is boxed.
//! I2 `Display` is Go's `Error()`, byte for byte.
//! I3 No kind an `OpError` turns into is `Interrupted`: std's loops would retry for ever.

mod cause;
mod dns_error;
mod partial;
mod sentinel;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

pub use crate::addr::name_error::{AddrError, ParseError, UnknownNetworkError};
use crate::addr::{Addr, Shown};
pub use crate::sys::{Errno, SyscallError};
pub(crate) use cause::Cause;
pub use dns_error::DnsError;
pub(crate) use partial::Partial;
pub use sentinel::Sentinel;

/// An operation on the network failed.
///
/// ```
/// let e = gopark::net::split_host_port("127.0.0.1").unwrap_err();
/// assert_eq!(e.to_string(), "address 127.0.0.1: missing port in address");
/// ```
pub struct OpError(Box<Inner>);

struct Inner {
    op: &'static str,
    net: Cow<'static, str>,
    source: Option<Shown>,
    addr: Option<Shown>,
    cause: Cause,
    transferred: usize,
}

impl OpError {
    pub(crate) fn new(
        op: &'static str,
        net: impl Into<Cow<'static, str>>,
        cause: impl Into<Cause>,
    ) -> OpError {
        OpError(Box::new(Inner {
            op,
            net: net.into(),
            source: None,
            addr: None,
            cause: cause.into(),
            transferred: 0,
        }))
    }

    /// The reason alone, where Go returns it as it is: it displays without operation and addresses.
    pub(crate) fn bare(cause: impl Into<Cause>) -> OpError {
        OpError::new("", "", cause)
    }

    pub(crate) fn with_source(mut self, source: Option<impl Into<Shown>>) -> OpError {
        self.0.source = source.map(Into::into);
        self
    }

    pub(crate) fn with_addr(mut self, addr: Option<impl Into<Shown>>) -> OpError {
        self.0.addr = addr.map(Into::into);
        self
    }

    pub(crate) fn with_transferred(mut self, bytes: u64) -> OpError {
        self.0.transferred = bytes as usize;
        self
    }

    /// The operation: "dial", "listen", "accept", "read", "write", "close", "set" ...
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// b.close().unwrap();
    /// let e = b.read(&mut [0; 8]).unwrap_err();
    /// assert_eq!(e.op(), "read");
    /// # drop(a);
    /// # }) }
    /// ```
    pub fn op(&self) -> &str {
        self.0.op
    }

    /// The network as the caller named it: "tcp", "unix" ...
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// b.close().unwrap();
    /// let e = b.read(&mut [0; 8]).unwrap_err();
    /// assert_eq!(e.net(), "unix");
    /// # drop(a);
    /// # }) }
    /// ```
    pub fn net(&self) -> &str {
        &self.0.net
    }

    /// The local address of an operation that involves a remote one.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::{dial, listen};
    /// let listener = listen("tcp", "127.0.0.1:0").unwrap();
    /// let c = dial("tcp", &listener.addr().to_string()).unwrap();
    /// c.close().unwrap();
    /// let e = c.read(&mut [0; 8]).unwrap_err();
    /// assert_eq!(e.source(), Some(&c.local_addr()));
    /// # }) }
    /// ```
    pub fn source(&self) -> Option<&Addr> {
        self.0.source.as_ref().and_then(Shown::addr)
    }

    /// The remote address, or the local one of a local operation.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// let address = listener.addr().to_string();
    /// listener.close().unwrap();
    /// let e = gopark::net::dial("tcp", &address).unwrap_err();
    /// assert_eq!(e.addr().unwrap().to_string(), address);
    /// # }) }
    /// ```
    pub fn addr(&self) -> Option<&Addr> {
        self.0.addr.as_ref().and_then(Shown::addr)
    }

    /// The reason: a [`SyscallError`], [`Errno`], [`AddrError`], [`ParseError`], [`DnsError`],
    /// [`UnknownNetworkError`], [`Sentinel`], or what a control function returned.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// b.close().unwrap();
    /// let e = b.read(&mut [0; 8]).unwrap_err();
    /// assert_eq!(e.err().to_string(), "use of closed network connection");
    /// # drop(a);
    /// # }) }
    /// ```
    pub fn err(&self) -> &(dyn Error + Send + Sync + 'static) {
        self.0.cause.as_error()
    }

    /// Whether a deadline passed.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// b.set_read_deadline(Some(Instant::now())).unwrap();
    /// let e = b.read(&mut [0; 8]).unwrap_err();
    /// assert!(e.timeout());
    /// # drop(a);
    /// # }) }
    /// ```
    pub fn timeout(&self) -> bool {
        self.0.cause.timeout()
    }

    /// Go's deprecated `Temporary`: worth a retry.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    ///
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// b.set_read_deadline(Some(Instant::now())).unwrap();
    /// let e = b.read(&mut [0; 8]).unwrap_err();
    /// assert!(e.temporary());
    /// # drop(a);
    /// # }) }
    /// ```
    pub fn temporary(&self) -> bool {
        self.0.cause.temporary()
            || (self.0.op == "accept"
                && matches!(self.raw_os_error(), Some(libc::ECONNRESET | libc::ECONNABORTED)))
    }

    /// Whether the descriptor was closed, before the operation or in its middle.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// b.close().unwrap();
    /// let e = b.read(&mut [0; 8]).unwrap_err();
    /// assert!(e.is_closed());
    /// # drop(a);
    /// # }) }
    /// ```
    pub fn is_closed(&self) -> bool {
        self.0.cause.is_closed()
    }

    /// The system's number, if the system failed.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// let address = listener.addr().to_string();
    /// listener.close().unwrap();
    /// let e = gopark::net::dial("tcp", &address).unwrap_err();
    /// assert_eq!(e.raw_os_error(), Some(libc::ECONNREFUSED));
    /// # }) }
    /// ```
    pub fn raw_os_error(&self) -> Option<i32> {
        self.0.cause.raw_os_error()
    }

    /// Bytes that went through before the error.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// b.close().unwrap();
    /// let e = b.read(&mut [0; 8]).unwrap_err();
    /// assert_eq!(e.transferred(), 0);
    /// # drop(a);
    /// # }) }
    /// ```
    pub fn transferred(&self) -> usize {
        self.0.transferred
    }

    /// The kind the error has as an [`io::Error`].
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// let address = listener.addr().to_string();
    /// listener.close().unwrap();
    /// let e = gopark::net::dial("tcp", &address).unwrap_err();
    /// assert_eq!(e.kind(), std::io::ErrorKind::ConnectionRefused);
    /// # }) }
    /// ```
    pub fn kind(&self) -> io::ErrorKind {
        self.0.cause.kind()
    }
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &*self.0;
        if e.op.is_empty() {
            return write!(f, "{}", e.cause);
        }
        f.write_str(e.op)?;
        if !e.net.is_empty() {
            write!(f, " {}", e.net)?;
        }
        match (&e.source, &e.addr) {
            (Some(source), Some(addr)) => write!(f, " {source}->{addr}")?,
            (Some(one), None) | (None, Some(one)) => write!(f, " {one}")?,
            (None, None) => {}
        }
        write!(f, ": {}", e.cause)
    }
}

/// Go's text, as `Display`: what `fn main() -> Result<(), OpError>` prints. `{:#?}` shows the
/// fields.
impl fmt::Debug for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        f.debug_struct("OpError")
            .field("op", &self.0.op)
            .field("net", &self.0.net)
            .field("source", &self.source())
            .field("addr", &self.addr())
            .field("err", &self.0.cause)
            .field("transferred", &self.0.transferred)
            .finish()
    }
}

impl Error for OpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.cause.as_error())
    }
}

impl From<OpError> for io::Error {
    fn from(e: OpError) -> Self {
        io::Error::new(e.kind(), e)
    }
}

/// The reason alone, for functions of a user's that dial: [`OpError::err`] gives it as it was.
impl From<io::Error> for OpError {
    fn from(e: io::Error) -> Self {
        OpError::bare(e)
    }
}

#[cfg(test)]
mod tests;
