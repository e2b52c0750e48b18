//! A socket: a descriptor with its network and its two addresses. Go: net/fd_posix.go, fd_unix.go.
//!
//! I1 Family, network and addresses are set before the socket is shared and do not change.
//! I2 Errors leave here with the name of the call that failed ("accept4", "connect"), the system's only; what they become for the user
//!    says [`NetFd::op_error`].

mod ends;
mod messages;

use std::net::Shutdown;
use std::os::fd::RawFd;
use std::time::Instant;

use gopark_runtime::context::Context;

use crate::addr::Addr;
use crate::addr::network::{Network, Transport};
use crate::error::{Cause, Errno, OpError};
use crate::poll::{DeadlineMode, Direction, Error, Fd, Kind, WriteError, context_error};
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

/// A write that failed in its middle.
#[derive(Debug)]
pub(crate) struct Partial {
    pub(crate) transferred: usize,
    pub(crate) cause: Cause,
}

impl Partial {
    fn of(e: WriteError, call: &'static str) -> Partial {
        Partial { transferred: e.transferred, cause: e.error.in_call(call) }
    }
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

    /// Has the poller watch it.
    pub(crate) fn init(&mut self) -> Result<(), Cause> {
        Ok(self.pfd.init()?)
    }

    #[doc(alias = "setAddr")]
    pub(crate) fn set_ends(&mut self, local: Option<Addr>, remote: Option<Addr>) {
        self.ends = Ends::new(local, remote);
    }

    /// The kernel's local address; none if it does not tell.
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

    /// Connects, giving up when the context is done. Returns the peer's address if it had to be asked for on the way.
    /// The socket is not shared yet, so no lock is needed.
    pub(crate) fn connect(&mut self, to: &RawAddr, ctx: &Context) -> Result<Option<RawAddr>, Cause> {
        match sys::connect(self.pfd.raw(), to) {
            Err(Errno(libc::EINPROGRESS | libc::EALREADY | libc::EINTR)) => {}
            Ok(()) | Err(Errno(libc::EISCONN)) => {
                if let Some(done) = ctx.err() {
                    return Err(context_error(done).into());
                }
                self.init()?;
                self.connected = true;
                return Ok(None);
            }
            Err(e) => return Err(Cause::syscall("connect", e)),
        }
        self.init()?;
        let peer = self.wait_connected(ctx)?;
        self.connected = true;
        Ok(peer)
    }

    /// Waits until the kernel has decided. There is no reset before the wait: an event that came right after the poller was
    /// told of the socket counts. Go cancels by a write deadline in the past, set by a goroutine that watches the context;
    /// here the wait itself is interrupted, which leaves nothing behind on a socket that connected just then.
    fn wait_connected(&self, ctx: &Context) -> Result<Option<RawAddr>, Cause> {
        let fd = self.pfd.raw();
        loop {
            self.pfd.wait_context(Direction::Write, ctx)?;
            // A second connect would not tell of an earlier error; SO_ERROR does (golang.org/issue/7474).
            let error = sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_ERROR)
                .map_err(|e| Cause::syscall("getsockopt", e))?;
            match error {
                libc::EINPROGRESS | libc::EALREADY | libc::EINTR => {}
                libc::EISCONN => return Ok(None),
                0 => {
                    // Woken for nothing? Then there is no peer yet (golang.org/issue/14548).
                    if let Ok(peer) = sys::getpeername(fd) {
                        return Ok(Some(peer));
                    }
                }
                error => return Err(Cause::syscall("connect", Errno(error))),
            }
        }
    }

    /// The next connection of a listener, watched by the poller.
    pub(crate) fn accept(&self) -> Result<NetFd, Cause> {
        self.accepted(self.pfd.accept())
    }

    /// The same, ended early when the context is done.
    pub(crate) fn accept_context(&self, ctx: &Context) -> Result<NetFd, Cause> {
        self.accepted(self.pfd.accept_context(ctx))
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

    pub(crate) fn read(&self, buf: &mut [u8]) -> Result<usize, Cause> {
        self.pfd.read(buf).map_err(|e| e.in_call("read"))
    }

    pub(crate) fn read_vectored(&self, bufs: &mut [std::io::IoSliceMut<'_>]) -> Result<usize, Cause> {
        self.pfd.read_vectored(bufs).map_err(|e| e.in_call("readv"))
    }

    pub(crate) fn read_context(&self, ctx: &Context, buf: &mut [u8]) -> Result<usize, Cause> {
        self.pfd.read_context(ctx, buf).map_err(|e| e.in_call("read"))
    }

    pub(crate) fn write_context(&self, ctx: &Context, buf: &[u8]) -> Result<usize, Partial> {
        self.pfd.write_context(ctx, buf).map_err(|e| Partial::of(e, "write"))
    }

    pub(crate) fn write(&self, buf: &[u8]) -> Result<usize, Partial> {
        self.pfd.write(buf).map_err(|e| Partial::of(e, "write"))
    }

    pub(crate) fn write_buffers(&self, bufs: &mut [std::io::IoSlice<'_>]) -> Result<usize, Partial> {
        self.pfd.writev(bufs).map_err(|e| Partial::of(e, "writev"))
    }

    pub(crate) fn set_deadline(&self, at: Option<Instant>, mode: DeadlineMode) -> Result<(), Cause> {
        Ok(self.pfd.set_deadline(at, mode)?)
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
