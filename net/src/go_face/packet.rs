//! Packets: UDP, Unix datagrams, raw IP. Go: net/net.go PacketConn, net/udpsock.go, unixsock.go,
//! iprawsock.go.
//!
//! I1 A message is received or sent by one call, whole; a read into a smaller buffer loses the
//!    rest.

use std::fmt;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Instant;

use gopark_runtime::context::Context;

use crate::addr::Addr;
use crate::addr::network::Transport;
use crate::error::{AddrError, Cause, OpError};
use crate::go_face::listen::ListenConfig;
use crate::poll::{Directions, Error, Wait};
use crate::resolve::Resolver;
use crate::resolve::addr_list::{Op, first_ipv4, resolve_addr_list};
use crate::sock::ipsock::Purpose;
use crate::sock::net_fd::NetFd;
use crate::sock::sockopt;

/// Listens for packets on "udp", "udp4", "udp6", "unixgram", or a raw "ip:icmp", "ip4:1", "ip6:58".
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// let a = gopark::net::listen_packet("udp", "127.0.0.1:0").unwrap();
/// let b = gopark::net::listen_packet("udp", "127.0.0.1:0").unwrap();
/// b.write_to(b"hello", &a.local_addr()).unwrap();
/// let mut buf = [0; 32];
/// let (n, from) = a.read_from(&mut buf).unwrap();
/// assert_eq!((&buf[..n], from), (&b"hello"[..], Some(b.local_addr())));
/// # }) } }
/// ```
///
/// # Errors
/// An unknown network or address; what socket(2) and bind(2) say.
#[doc(alias = "ListenPacket")]
pub fn listen_packet(network: &str, address: &str) -> Result<PacketConn, OpError> {
    ListenConfig::default().listen_packet(network, address)
}

impl ListenConfig {
    /// As [`listen_packet`].
    ///
    /// # Errors
    /// As [`listen_packet`]; those of `control`.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::ListenConfig;
    ///
    /// let socket = ListenConfig::default().listen_packet("udp", "127.0.0.1:0").unwrap();
    /// assert_eq!(socket.local_addr().network(), "udp");
    /// # }) }
    /// ```
    pub fn listen_packet(&self, network: &str, address: &str) -> Result<PacketConn, OpError> {
        let failed = |cause: Cause| OpError::new("listen", network.to_owned(), cause);
        let resolved = resolve_addr_list(
            &Resolver::default(),
            &Context::background(),
            Op::Listen,
            network,
            address,
            None,
        )
        .map_err(failed)?;
        let local = first_ipv4(&resolved.addrs);
        let spec = self.spec(resolved.network, local, resolved.proto);
        let fd = match resolved.network.transport {
            Transport::Udp | Transport::Ip => spec.internet_socket(Purpose::Listen),
            Transport::Unix(_) => crate::sock::unix::socket(spec, Purpose::Listen),
            Transport::Tcp => Err(AddrError::new("unexpected address type", address).into()),
        };
        fd.map(PacketConn::new).map_err(|cause| failed(cause).with_addr(Some(local)))
    }
}

/// A socket for packets. Clones are the same socket; when the last one goes, it closes.
///
/// ```
/// # unsafe { gopark::run(|| {
/// use gopark::net::listen_packet;
/// let (a, b) = (listen_packet("udp", "127.0.0.1:0").unwrap(), listen_packet("udp", "127.0.0.1:0").unwrap());
/// a.write_to(b"hello", &b.local_addr()).unwrap();
/// let mut buf = [0; 32];
/// assert_eq!(b.read_from(&mut buf).unwrap(), (5, Some(a.local_addr())));
/// # }) }
/// ```
#[derive(Clone)]
pub struct PacketConn(Arc<NetFd>);

impl PacketConn {
    pub(crate) fn new(fd: NetFd) -> PacketConn {
        PacketConn(Arc::new(fd))
    }

    pub(super) fn net_fd(&self) -> &NetFd {
        &self.0
    }

    fn read_error(&self, e: Error, call: &'static str) -> OpError {
        self.0.op_error("read", e.in_call(call))
    }

    fn write_error(&self, to: Option<&Addr>, cause: impl Into<Cause>) -> OpError {
        OpError::new("write", self.0.network.name(), cause).with_source(self.0.local()).with_addr(to)
    }

    /// Receives a message: its length, and its sender; `None` is an unnamed unix peer.
    ///
    /// # Errors
    /// The system's, a passed deadline, a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::listen_packet;
    /// let (a, b) = (listen_packet("udp", "127.0.0.1:0").unwrap(), listen_packet("udp", "127.0.0.1:0").unwrap());
    /// a.write_to(b"hello", &b.local_addr()).unwrap();
    /// let (n, from) = b.read_from(&mut [0; 32]).unwrap();
    /// assert_eq!((n, from), (5, Some(a.local_addr())));
    /// # }) }
    /// ```
    #[doc(alias = "ReadFrom")]
    pub fn read_from(&self, buf: &mut [u8]) -> Result<(usize, Option<Addr>), OpError> {
        self.0.read_from(Wait::NO_CONTEXT, buf).map_err(|e| self.read_error(e, "recvfrom"))
    }

    /// As [`read_from`](Self::read_from), ended early when the context is done.
    ///
    /// # Errors
    /// As there, and "operation was canceled" or "i/o timeout" when the context ends it.
    ///
    /// ```
    /// # use gopark::context::Context;
    /// # fn main() { unsafe { gopark::run(|| {
    /// let socket = gopark::net::listen_packet("udp", "127.0.0.1:0").unwrap();
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// gopark::go(move || cancel());
    /// let e = socket.read_from_context(&ctx, &mut [0; 8]).unwrap_err();
    /// assert!(e.to_string().ends_with(": operation was canceled"));
    /// # }) } }
    /// ```
    pub fn read_from_context(&self, ctx: &Context, buf: &mut [u8]) -> Result<(usize, Option<Addr>), OpError> {
        self.0.read_from(Wait::under(ctx), buf).map_err(|e| self.read_error(e, "recvfrom"))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The system's (EMSGSIZE, ECONNREFUSED of an earlier one ...); an address of another kind; a
    /// passed deadline; a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::listen_packet;
    /// let (a, b) = (listen_packet("udp", "127.0.0.1:0").unwrap(), listen_packet("udp", "127.0.0.1:0").unwrap());
    /// assert_eq!(a.write_to(b"hello", &b.local_addr()).unwrap(), 5);
    /// # }) }
    /// ```
    #[doc(alias = "WriteTo")]
    pub fn write_to(&self, buf: &[u8], to: &Addr) -> Result<usize, OpError> {
        let failed = |cause| self.write_error(Some(to), cause);
        let raw = self.0.peer(Some(to), "sendto").map_err(failed)?.expect("an address was given");
        self.0.pfd.write_to(buf, &raw).map_err(|e| failed(e.in_call("sendto")))
    }

    /// Receives a message with its control data: their lengths, the flags (MSG_TRUNC ...), and the
    /// sender.
    ///
    /// # Errors
    /// As [`read_from`](Self::read_from).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::listen_packet;
    /// let (a, b) = (listen_packet("udp", "127.0.0.1:0").unwrap(), listen_packet("udp", "127.0.0.1:0").unwrap());
    /// a.write_to(b"hello", &b.local_addr()).unwrap();
    /// let (n, oobn, _flags, from) = b.read_msg(&mut [0; 32], &mut []).unwrap();
    /// assert_eq!((n, oobn, from), (5, 0, Some(a.local_addr())));
    /// # }) }
    /// ```
    #[doc(alias = "ReadMsgUDP")]
    pub fn read_msg(
        &self,
        buf: &mut [u8],
        oob: &mut [u8],
    ) -> Result<(usize, usize, i32, Option<Addr>), OpError> {
        self.0.read_msg(buf, oob).map_err(|e| self.read_error(e, "recvmsg"))
    }

    /// Sends a message with control data: how much of each went out.
    ///
    /// # Errors
    /// As [`write_to`](Self::write_to); no address for a socket without a peer.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::listen_packet;
    /// let (a, b) = (listen_packet("udp", "127.0.0.1:0").unwrap(), listen_packet("udp", "127.0.0.1:0").unwrap());
    /// assert_eq!(a.write_msg(b"hello", &[], Some(&b.local_addr())).unwrap(), (5, 0));
    /// # }) }
    /// ```
    #[doc(alias = "WriteMsgUDP")]
    pub fn write_msg(&self, buf: &[u8], oob: &[u8], to: Option<&Addr>) -> Result<(usize, usize), OpError> {
        self.0.write_msg(buf, oob, to).map_err(|cause| self.write_error(to, cause))
    }

    /// Where it listens.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::listen_packet;
    /// let socket = listen_packet("udp", "127.0.0.1:0").unwrap();
    /// assert_ne!(socket.local_addr().port(), Some(0));
    /// # }) }
    /// ```
    pub fn local_addr(&self) -> Addr {
        self.0.local().unwrap_or_else(|| self.0.unknown_addr())
    }

    /// Closes the socket for all its clones; goroutines parked in it wake with an error. Closing
    /// twice is an error.
    ///
    /// # Errors
    /// It is closed already; those of close(2).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::listen_packet;
    /// let (a, b) = (listen_packet("udp", "127.0.0.1:0").unwrap(), listen_packet("udp", "127.0.0.1:0").unwrap());
    /// a.close().unwrap();
    /// assert!(a.read_from(&mut [0; 8]).unwrap_err().is_closed());
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn close(&self) -> Result<(), OpError> {
        self.0.close().map_err(|cause| self.0.op_error("close", cause))
    }

    /// Reads and writes fail with a timeout from `t` on, those parked too, until it is set again;
    /// `None`: no limit.
    ///
    /// # Errors
    /// A closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    /// use gopark::net::listen_packet;
    /// let (a, b) = (listen_packet("udp", "127.0.0.1:0").unwrap(), listen_packet("udp", "127.0.0.1:0").unwrap());
    /// a.set_deadline(Some(Instant::now())).unwrap();
    /// assert!(a.read_from(&mut [0; 8]).unwrap_err().timeout());
    /// # drop(b);
    /// # }) }
    /// ```
    pub fn set_deadline(&self, t: Option<Instant>) -> Result<(), OpError> {
        self.set_deadline_of(t, Directions::Both)
    }

    /// As [`set_deadline`](Self::set_deadline), of reads.
    ///
    /// # Errors
    /// A closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    /// use gopark::net::listen_packet;
    /// let (a, b) = (listen_packet("udp", "127.0.0.1:0").unwrap(), listen_packet("udp", "127.0.0.1:0").unwrap());
    /// a.set_read_deadline(Some(Instant::now())).unwrap();
    /// assert!(a.read_from(&mut [0; 8]).unwrap_err().timeout());
    /// assert!(a.write_to(b"hello", &b.local_addr()).is_ok());
    /// # }) }
    /// ```
    pub fn set_read_deadline(&self, t: Option<Instant>) -> Result<(), OpError> {
        self.set_deadline_of(t, Directions::Read)
    }

    /// As [`set_deadline`](Self::set_deadline), of writes.
    ///
    /// # Errors
    /// A closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    /// use gopark::net::listen_packet;
    /// let (a, b) = (listen_packet("udp", "127.0.0.1:0").unwrap(), listen_packet("udp", "127.0.0.1:0").unwrap());
    /// a.set_write_deadline(Some(Instant::now())).unwrap();
    /// assert!(a.write_to(b"hello", &b.local_addr()).unwrap_err().timeout());
    /// # }) }
    /// ```
    pub fn set_write_deadline(&self, t: Option<Instant>) -> Result<(), OpError> {
        self.set_deadline_of(t, Directions::Write)
    }

    fn set_deadline_of(&self, t: Option<Instant>, directions: Directions) -> Result<(), OpError> {
        self.0.set_deadline(t, directions).map_err(|cause| self.0.set_error(cause))
    }

    /// Sets the size of the system's receive buffer.
    ///
    /// # Errors
    /// Those of setsockopt(2); a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::listen_packet;
    /// let socket = listen_packet("udp", "127.0.0.1:0").unwrap();
    /// socket.set_read_buffer(64 << 10).unwrap();
    /// # }) }
    /// ```
    pub fn set_read_buffer(&self, bytes: usize) -> Result<(), OpError> {
        let set = sockopt::set_read_buffer(&self.0.pfd, bytes);
        set.map_err(|e| self.0.set_error(e.in_call("setsockopt")))
    }

    /// Sets the size of the system's send buffer.
    ///
    /// # Errors
    /// Those of setsockopt(2); a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::listen_packet;
    /// let socket = listen_packet("udp", "127.0.0.1:0").unwrap();
    /// socket.set_write_buffer(64 << 10).unwrap();
    /// # }) }
    /// ```
    pub fn set_write_buffer(&self, bytes: usize) -> Result<(), OpError> {
        let set = sockopt::set_write_buffer(&self.0.pfd, bytes);
        set.map_err(|e| self.0.set_error(e.in_call("setsockopt")))
    }

    /// Parks until a read would not park.
    ///
    /// # Errors
    /// A passed deadline, a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::listen_packet;
    /// let (a, b) = (listen_packet("udp", "127.0.0.1:0").unwrap(), listen_packet("udp", "127.0.0.1:0").unwrap());
    /// a.write_to(b"hello", &b.local_addr()).unwrap();
    /// b.wait_readable().unwrap();
    /// assert_eq!(b.read_from(&mut [0; 8]).unwrap().0, 5);
    /// # }) }
    /// ```
    pub fn wait_readable(&self) -> Result<(), OpError> {
        self.0.pfd.wait_readable().map_err(|e| self.read_error(e, "poll"))
    }

    /// Parks until a write would not park.
    ///
    /// # Errors
    /// A passed deadline, a closed socket.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::listen_packet;
    /// let socket = listen_packet("udp", "127.0.0.1:0").unwrap();
    /// socket.wait_writable().unwrap();
    /// # }) }
    /// ```
    pub fn wait_writable(&self) -> Result<(), OpError> {
        self.0.pfd.wait_writable().map_err(|e| self.write_error(None, e.in_call("poll")))
    }
}

impl fmt::Debug for PacketConn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketConn")
            .field("network", &self.0.network.name())
            .field("local", &self.0.local())
            .finish()
    }
}

impl AsRawFd for PacketConn {
    /// The descriptor, non-blocking and watched; -1 once closed.
    fn as_raw_fd(&self) -> RawFd {
        self.0.pfd.raw()
    }
}
