//! A socket: a descriptor with its network and its two addresses. Go: net/fd_posix.go, fd_unix.go.
//!
//! I1 Family, network and addresses are set before the socket is shared and do not change.
//! I2 Errors leave here with the name of the call that failed ("accept4", "connect"), the system's
//!    only; what they become for the user says [`NetFd::op_error`].

mod ends;
mod file;
mod messages;

use std::io::{IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::RawFd;
use std::task::{Context as TaskContext, Poll};
use std::time::Instant;

use gopark_runtime::context::Context;

use crate::addr::Addr;
use crate::addr::network::{Network, Transport};
use crate::error::{Cause, OpError, Partial};
use crate::poll::connect::Connecting;
use crate::poll::{Busy, Directions, Error, Fd, Interest, Kind, Wait, context_error};
use crate::sys::{self, Family, RawAddr};
use ends::Ends;

/// A socket. Go: netFD.
#[derive(Debug)]
pub(crate) struct NetFd {
    pub(crate) pfd: Fd,
    ends: Ends,
    pub(crate) network: Network,
    pub(crate) family: Family,
    /// It has a peer for good: dialled, or accepted.
    connected: bool,
}

impl NetFd {
    /// Owns a socket that the poller does not watch yet.
    #[doc(alias = "newFD")]
    pub(crate) fn new(sysfd: RawFd, family: Family, network: Network) -> NetFd {
        let kind = match network.sotype() {
            libc::SOCK_STREAM => Kind::Stream,
            _ => Kind::Datagram,
        };
        let mut pfd = Fd::new(sysfd, kind);
        if kind == Kind::Stream && family != Family::Unix {
            pfd.set_tcp();
        }
        NetFd { pfd, ends: Ends::Unknown, network, family, connected: false }
    }

    /// Registers it with the poller.
    pub(crate) fn init(&mut self) -> Result<(), Cause> {
        Ok(self.pfd.init()?)
    }

    #[doc(alias = "setAddr")]
    pub(crate) fn set_ends(&mut self, local: Option<Addr>, remote: Option<Addr>) {
        self.ends = Ends::new(local, remote);
    }

    /// The local address as the kernel reports it, if it does.
    pub(crate) fn getsockname(&self) -> Option<Addr> {
        sys::getsockname(self.pfd.raw()).ok().and_then(|raw| self.network.addr(&raw))
    }

    pub(crate) fn local(&self) -> Option<Addr> {
        self.ends.local(self.network)
    }

    pub(crate) fn remote(&self) -> Option<Addr> {
        self.ends.remote(self.network)
    }

    pub(crate) fn connected(&self) -> bool {
        self.connected
    }

    /// It came connected: one of a pair, or taken over.
    pub(crate) fn set_connected(&mut self) {
        self.connected = true;
    }

    /// Connects, giving up when the context is done. Returns the peer's address if it had to be
    /// asked for on the way.
    pub(crate) fn connect(&mut self, to: &RawAddr, ctx: &Context) -> Result<Option<RawAddr>, Cause> {
        let connecting = self.pfd.connect(to)?;
        if connecting == Connecting::Done
            && let Some(done) = ctx.err()
        {
            return Err(context_error(done).into());
        }
        self.init()?;
        let peer = match connecting {
            Connecting::Done => None,
            Connecting::UnderWay => self.pfd.wait_connected(Wait::under(ctx))?,
        };
        self.connected = true;
        Ok(peer)
    }

    /// The next connection of a listener, watched by the poller.
    pub(crate) fn accept(&self, wait: Wait<'_>) -> Result<NetFd, Cause> {
        self.accepted(self.pfd.accept(wait))
    }

    /// Polls for the next connection.
    pub(crate) fn poll_accept(
        &self,
        cx: &mut TaskContext<'_>,
        interest: &mut Interest,
    ) -> Result<Poll<Result<NetFd, Cause>>, Busy> {
        Ok(self.pfd.poll_accept(cx, interest)?.map(|accepted| self.accepted(accepted)))
    }

    fn accepted(&self, accepted: Result<(RawFd, RawAddr), Error>) -> Result<NetFd, Cause> {
        let (fd, peer) = accepted.map_err(|e| e.in_call("accept4"))?;
        let mut conn = NetFd::new(fd, self.family, self.network);
        conn.pfd.init_accepted()?;
        let local = conn.getsockname();
        conn.set_ends(local, self.network.addr(&peer));
        conn.connected = true;
        Ok(conn)
    }

    pub(crate) fn close(&self) -> Result<(), Cause> {
        Ok(self.pfd.close()?)
    }

    pub(crate) fn shutdown(&self, how: Shutdown) -> Result<(), Cause> {
        self.pfd.shutdown(how).map_err(|e| e.in_call("shutdown"))
    }

    pub(crate) fn read(&self, wait: Wait<'_>, buf: &mut [u8]) -> Result<usize, Cause> {
        self.pfd.read(wait, buf).map_err(|e| e.in_call("read"))
    }

    pub(crate) fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize, Cause> {
        self.pfd.read_vectored(bufs).map_err(|e| e.in_call("readv"))
    }

    pub(crate) fn write(&self, wait: Wait<'_>, buf: &[u8]) -> Result<usize, Partial<Cause>> {
        self.pfd.write(wait, buf).map_err(|stopped| stopped.map(|e| e.in_call("write")))
    }

    pub(crate) fn write_buffers(&self, bufs: &mut [IoSlice<'_>]) -> Result<usize, Partial<Cause>> {
        self.pfd.writev(bufs).map_err(|stopped| stopped.map(|e| e.in_call("writev")))
    }

    pub(crate) fn set_deadline(&self, at: Option<Instant>, directions: Directions) -> Result<(), Cause> {
        Ok(self.pfd.set_deadline(at, directions)?)
    }

    /// The error of an operation, which names both ends.
    pub(crate) fn op_error(&self, op: &'static str, cause: impl Into<Cause>) -> OpError {
        OpError::new(op, self.network.name(), cause).with_source(self.local()).with_addr(self.remote())
    }

    /// The error of a deadline or a buffer size, which names the local end only, as Go's.
    pub(crate) fn set_error(&self, cause: impl Into<Cause>) -> OpError {
        OpError::new("set", self.network.name(), cause).with_addr(self.local())
    }

    /// An address to show where the kernel gave none.
    pub(crate) fn unknown_addr(&self) -> Addr {
        let any = std::net::SocketAddr::from((std::net::Ipv4Addr::UNSPECIFIED, 0));
        match self.network.transport {
            Transport::Tcp => Addr::Tcp(any),
            Transport::Udp => Addr::Udp(any),
            Transport::Ip => Addr::Ip(any.ip()),
            Transport::Unix(net) => Addr::Unix(crate::addr::UnixAddr::of(net, "".as_ref())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_small() {
        assert!(size_of::<NetFd>() <= 64, "{}", size_of::<NetFd>());
    }
}
