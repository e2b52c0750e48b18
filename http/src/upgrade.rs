//! Connections that change their protocol: RFC 9110, section 7.8. What WebSockets begin with.

use std::error::Error;
use std::fmt;
use std::io::{self, Read, Write};
use std::time::Instant;

use bytes::{Buf, Bytes};
use gopark_net::{Addr, Conn};
use gopark_runtime::block_on;
use http::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use http::{Request, Response, StatusCode, Version};
use hyper::upgrade::{OnUpgrade, Parts};

use crate::body::Body;
use crate::server::Io;

/// A client's wish to go on with another protocol. Made by [`RequestExt::upgrade`](crate::RequestExt::upgrade).
///
/// ```
/// use gopark::http::{Body, HeaderMap, IntoResponse, Request, RequestExt, Response, StatusCode};
/// use std::io::{Read, Write};
///
/// fn echo(mut request: Request<Body>) -> Response<Body> {
///     let Ok(upgrade) = request.upgrade() else { return StatusCode::UPGRADE_REQUIRED.into_response() };
///     let (response, finish) = upgrade.accept(HeaderMap::new());
///     gopark::go(move || {
///         let mut conn = finish();
///         let mut buf = [0; 1024];
///         while let Ok(n) = conn.read(&mut buf) && n > 0 && conn.write_all(&buf[..n]).is_ok() {}
///     });
///     response
/// }
/// # let none = Request::get("/").body(Body::empty()).unwrap();
/// # assert_eq!(echo(none).status(), 426);
/// ```
pub struct Upgrade {
    protocol: HeaderValue,
    on_upgrade: OnUpgrade,
}

impl Upgrade {
    pub(crate) fn of<B>(request: &mut Request<B>) -> Result<Upgrade, UpgradeError> {
        let wanted =
            request.headers().get(UPGRADE).filter(|_| request.version() == Version::HTTP_11).cloned();
        let protocol = wanted.ok_or(UpgradeError(()))?;
        let on_upgrade = request.extensions_mut().remove::<OnUpgrade>().ok_or(UpgradeError(()))?;
        Ok(Upgrade { protocol, on_upgrade })
    }

    /// What the client asks for: the value of its `Upgrade` field.
    pub fn protocol(&self) -> &HeaderValue {
        &self.protocol
    }

    /// Accepts: the response to return from the handler (`101 Switching Protocols` with these fields), and a function that returns the
    /// connection once the response is sent. The function parks until then, so another goroutine calls it.
    ///
    /// `Connection` and `Upgrade` are added where they are not among the fields.
    pub fn accept(self, headers: HeaderMap) -> (Response<Body>, impl FnOnce() -> Upgraded + Send + 'static) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = headers;
        let fields = response.headers_mut();
        fields.entry(CONNECTION).or_insert(HeaderValue::from_static("upgrade"));
        fields.entry(UPGRADE).or_insert(self.protocol);
        let on_upgrade = self.on_upgrade;
        (response, move || Upgraded::new(block_on(on_upgrade)))
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

/// The request asks for no other protocol, or was not received by a server.
///
/// ```
/// use gopark::http::{Body, Request, RequestExt, UpgradeError};
///
/// let mut request = Request::get("/").body(Body::empty()).unwrap();
/// let error: UpgradeError = request.upgrade().unwrap_err();
/// assert_eq!(error.to_string(), "the request asks for no upgrade");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpgradeError(());

impl fmt::Display for UpgradeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request asks for no upgrade")
    }
}

impl Error for UpgradeError {}

/// A connection after its upgrade: bytes in the new protocol. Reads and writes park; dropping it closes the connection.
///
/// If the upgrade did not come about (the client has gone), reads and writes fail.
///
/// ```
/// use gopark::http::Upgraded;
/// use std::io::{Read, Write};
///
/// fn echo(mut conn: Upgraded) -> std::io::Result<()> {
///     let mut buf = [0; 1024];
///     loop {
///         match conn.read(&mut buf)? {
///             0 => return Ok(()),
///             n => conn.write_all(&buf[..n])?,
///         }
///     }
/// }
/// # let _ = echo;
/// ```
pub struct Upgraded(Result<Open, io::ErrorKind>);

struct Open {
    conn: Conn,
    /// What came together with the request.
    first: Bytes,
}

impl Upgraded {
    fn new(upgraded: hyper::Result<hyper::upgrade::Upgraded>) -> Upgraded {
        let open = upgraded.ok().and_then(|upgraded| {
            let Parts { io, read_buf, .. } = upgraded.downcast::<Io>().ok()?;
            let (conn, first) = io.into_parts();
            let first = if first.is_empty() { read_buf } else { [&read_buf[..], &first].concat().into() };
            Some(Open { conn: conn.into_inner(), first })
        });
        Upgraded(open.ok_or(io::ErrorKind::ConnectionAborted))
    }

    fn open(&mut self) -> io::Result<&mut Open> {
        self.0.as_mut().map_err(|kind| (*kind).into())
    }

    /// Reads and writes fail with a timeout from `t` on; `None`: no limit.
    ///
    /// # Errors
    /// A closed connection.
    pub fn set_deadline(&self, t: Option<Instant>) -> io::Result<()> {
        Ok(self.conn()?.set_deadline(t)?)
    }

    /// As [`set_deadline`](Self::set_deadline), of reads.
    ///
    /// # Errors
    /// A closed connection.
    pub fn set_read_deadline(&self, t: Option<Instant>) -> io::Result<()> {
        Ok(self.conn()?.set_read_deadline(t)?)
    }

    /// As [`set_deadline`](Self::set_deadline), of writes.
    ///
    /// # Errors
    /// A closed connection.
    pub fn set_write_deadline(&self, t: Option<Instant>) -> io::Result<()> {
        Ok(self.conn()?.set_write_deadline(t)?)
    }

    /// The client's address; `None` if the upgrade did not come about.
    pub fn peer_addr(&self) -> Option<Addr> {
        self.conn().ok().map(Conn::remote_addr)
    }

    fn conn(&self) -> io::Result<&Conn> {
        self.0.as_ref().map(|open| &open.conn).map_err(|kind| (*kind).into())
    }
}

impl Read for Upgraded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let open = self.open()?;
        if open.first.is_empty() {
            return Ok(open.conn.read(buf)?);
        }
        let n = open.first.len().min(buf.len());
        open.first.split_to(n).copy_to_slice(&mut buf[..n]);
        Ok(n)
    }
}

impl Write for Upgraded {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(self.open()?.conn.write(buf)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").field("peer", &self.peer_addr()).finish_non_exhaustive()
    }
}
