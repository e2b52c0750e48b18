//! A connection as hyper reads and writes it: what was read to find out the protocol comes first, and arriving bytes are noted.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use gopark_net::AsyncConn;
use hyper::rt::{Read, ReadBufCursor, Write};

use super::progress::Progress;

/// The first line of HTTP/2 by prior knowledge: RFC 9113, section 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// The connection.
pub(crate) struct Io {
    conn: AsyncConn,
    /// Read and not yet given to hyper.
    first: Vec<u8>,
    progress: Arc<Progress>,
}

impl Io {
    pub(super) fn new(conn: AsyncConn, progress: Arc<Progress>) -> Io {
        Io { conn, first: Vec::new(), progress }
    }

    /// Reads until it is clear which protocol the client speaks.
    pub(super) async fn protocol(&mut self) -> io::Result<Protocol> {
        let mut buf = [0; PREFACE.len()];
        loop {
            let got = self.first.len();
            if self.first != PREFACE[..got] {
                return Ok(Protocol::Http1);
            }
            if got == PREFACE.len() {
                return Ok(Protocol::Http2);
            }
            let room = &mut buf[got..];
            let n = std::future::poll_fn(|cx| self.conn.poll_read(cx, room)).await?;
            if n == 0 {
                return Ok(Protocol::Http1);
            }
            self.first.extend_from_slice(&room[..n]);
        }
    }

    /// The connection, and what was read of it and not used.
    pub(crate) fn into_parts(self) -> (AsyncConn, Vec<u8>) {
        (self.conn, self.first)
    }
}

impl Read for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let n = self.first.len().min(buf.remaining());
            buf.put_slice(&self.first[..n]);
            self.first.drain(..n);
            if self.first.is_empty() {
                self.first = Vec::new();
            }
            return Poll::Ready(Ok(()));
        }
        ready!(Pin::new(&mut self.conn).poll_read(cx, buf))?;
        self.progress.bytes_arrive();
        Poll::Ready(Ok(()))
    }
}

impl Write for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.conn.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.conn).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.conn.poll_write_vectored(cx, bufs)
    }
}
