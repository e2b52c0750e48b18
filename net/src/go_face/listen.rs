//! Listening: Go's face. Go: net/dial.go Listen, ListenConfig; net/tcpsock.go TCPListener,
//! tcpsock_posix.go listenTCP.

use std::fmt;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark_runtime::context::Context;

use crate::addr::network::{Network, Transport};
use crate::addr::{Addr, Inet, NetAddr};
use crate::conn::Conn;
use crate::error::{AddrError, Cause, OpError};
use crate::poll::{Directions, Wait};
use crate::resolve::Resolver;
use crate::resolve::addr_list::{Op, first_ipv4, resolve_addr_list};
use crate::sock::ipsock::Purpose;
use crate::sock::keep_alive::{KeepAlive, KeepAliveConfig};
use crate::sock::multipath_tcp;
use crate::sock::net_fd::NetFd;
use crate::sock::sockopt::DEFAULT_KEEP_ALIVE;
use crate::sock::unix::Unlink;
use crate::sock::{BACKGROUND, ControlFn, Spec};

/// Listens on "tcp", "tcp4" or "tcp6" at "host:port", or on "unix" or "unixpacket" at a path
/// ("@name" is abstract). Without a host: on all addresses; port 0: on a free port.
///
/// # Errors
/// An unknown network, a malformed address; those of socket(2), bind(2) and listen(2).
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// let ln = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
/// assert_ne!(ln.addr().port(), Some(0));
/// let e = gopark::net::listen("tcp", "127.0.0.1").unwrap_err();
/// assert_eq!(e.to_string(), "listen tcp: address 127.0.0.1: missing port in address");
/// # }) } }
/// ```
#[doc(alias = "Listen")]
pub fn listen(network: &str, address: &str) -> Result<Listener, OpError> {
    ListenConfig::default().listen(network, address)
}

/// How to listen. Go: net.ListenConfig.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::net::ListenConfig;
/// let config = ListenConfig { keep_alive: None, backlog: Some(16), ..Default::default() };
/// let ln = config.listen("tcp", "127.0.0.1:0").unwrap();
/// assert_ne!(ln.addr().port(), Some(0));
/// # }) } }
/// ```
#[derive(Clone)]
pub struct ListenConfig {
    /// Called with the socket before it is bound.
    pub control: Option<Arc<ControlFn>>,
    /// Accepted TCP connections send probes after being idle for this time; `None`: never.
    pub keep_alive: Option<Duration>,
    /// The same in detail; it wins if it is enabled.
    pub keep_alive_config: KeepAliveConfig,
    /// How many connections may wait to be accepted; `None`: what the system allows. Beyond Go.
    pub backlog: Option<u32>,
    /// Whether a TCP listener accepts Multipath TCP, if the system can. `None`: if
    /// `GODEBUG=multipathtcp=1` says so.
    pub multipath_tcp: Option<bool>,
}

impl Default for ListenConfig {
    fn default() -> Self {
        ListenConfig {
            control: None,
            keep_alive: Some(DEFAULT_KEEP_ALIVE),
            keep_alive_config: KeepAliveConfig::default(),
            backlog: None,
            multipath_tcp: None,
        }
    }
}

impl fmt::Debug for ListenConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenConfig")
            .field("control", &self.control.is_some())
            .field("keep_alive", &self.keep_alive)
            .field("keep_alive_config", &self.keep_alive_config)
            .field("backlog", &self.backlog)
            .field("multipath_tcp", &self.multipath_tcp)
            .finish()
    }
}

impl ListenConfig {
    /// As [`listen`].
    ///
    /// # Errors
    /// As [`listen`], and what `control` returns.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::net::ListenConfig;
    ///
    /// let config = ListenConfig { backlog: Some(16), ..Default::default() };
    /// let listener = config.listen("tcp", "127.0.0.1:0").unwrap();
    /// assert_eq!(listener.addr().network(), "tcp");
    /// # }) }
    /// ```
    pub fn listen(&self, network: &str, address: &str) -> Result<Listener, OpError> {
        self.listen_context(&BACKGROUND, network, address)
    }

    /// As [`listen`]; a lookup of a name ends when the context is done.
    ///
    /// # Errors
    /// As [`listen`](Self::listen); "operation was canceled" or "i/o timeout" when the context ends
    /// it.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::{context::Context, net::ListenConfig};
    ///
    /// let ctx = Context::background();
    /// let listener = ListenConfig::default().listen_context(&ctx, "tcp", "127.0.0.1:0").unwrap();
    /// assert_eq!(listener.addr().network(), "tcp");
    /// # }) }
    /// ```
    pub fn listen_context(&self, ctx: &Context, network: &str, address: &str) -> Result<Listener, OpError> {
        let failed = |cause: Cause| OpError::new("listen", network.to_owned(), cause);
        let resolved = resolve_addr_list(&Resolver::default(), ctx, Op::Listen, network, address, None)
            .map_err(failed)?;
        let local = first_ipv4(&resolved.addrs);
        let fd = self
            .listen_addr(resolved.network, local, address)
            .map_err(|cause| failed(cause).with_addr(Some(local)))?;
        let unlink = Unlink::of(fd.local().as_ref());
        let keep_alive = self.probes();
        let options_inherited = keep_alive.inherited_from(&fd);
        Ok(Listener { fd, keep_alive, options_inherited, unlink })
    }

    /// What accepted TCP connections get.
    fn probes(&self) -> KeepAlive {
        KeepAlive { idle: self.keep_alive, config: self.keep_alive_config }
    }

    fn listen_addr(&self, network: Network, local: &NetAddr, address: &str) -> Result<NetFd, Cause> {
        match local {
            NetAddr::Inet(inet) if inet.inet == Inet::Tcp => {
                multipath_tcp::socket(multipath_tcp::Use::listener(self.multipath_tcp), |proto| {
                    self.spec(network, local, proto).internet_socket(Purpose::Listen)
                })
            }
            NetAddr::Unix(_) => crate::sock::unix::socket(self.spec(network, local, 0), Purpose::Listen),
            NetAddr::Inet(_) => Err(AddrError::new("unexpected address type", address).into()),
        }
    }

    pub(crate) fn spec<'a>(&'a self, network: Network, local: &'a NetAddr, proto: i32) -> Spec<'a> {
        Spec {
            network,
            sotype: network.sotype(),
            proto,
            local: Some(local),
            remote: None,
            control: self.control.as_deref(),
            ctx: &BACKGROUND,
            backlog: self.backlog,
            own: false,
        }
    }
}

/// A socket that accepts connections. Closes when dropped.
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// use gopark::net::{dial, listen};
/// let ln = listen("tcp", "127.0.0.1:0").unwrap();
/// let client = dial("tcp", &ln.addr().to_string()).unwrap();
/// let c = ln.accept().unwrap();
/// assert_eq!(c.remote_addr(), client.local_addr());
/// ln.close().unwrap();
/// assert!(ln.accept().unwrap_err().is_closed());
/// # }) } }
/// ```
pub struct Listener {
    fd: NetFd,
    keep_alive: KeepAlive,
    /// What `keep_alive` asks for is set on the listener already, and its connections have it from
    /// there.
    options_inherited: bool,
    /// The path of a unix listener.
    unlink: Option<Unlink>,
}

impl Listener {
    /// A socket that listens already; what it accepts is set up as by [`listen`]. Its path, if it
    /// has one, stays when it closes.
    pub(crate) fn of(fd: NetFd) -> Listener {
        let keep_alive = ListenConfig::default().probes();
        Listener { fd, keep_alive, options_inherited: false, unlink: None }
    }

    pub(super) fn net_fd(&self) -> &NetFd {
        &self.fd
    }

    pub(super) fn error(&self, op: &'static str, cause: impl Into<Cause>) -> OpError {
        OpError::new(op, self.fd.network.name(), cause).with_addr(self.fd.local())
    }

    /// The next connection; parks until there is one. When the process has no descriptors left that
    /// is an error, and the listener goes on working.
    ///
    /// # Errors
    /// Those of accept4(2); a passed deadline; a closed listener.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// let address = listener.addr().to_string();
    /// gopark::go(move || gopark::net::dial("tcp", &address).unwrap().write(b"hello"));
    /// let c = listener.accept().unwrap();
    /// assert_eq!(c.read(&mut [0; 8]).unwrap(), 5);
    /// # }) }
    /// ```
    pub fn accept(&self) -> Result<Conn, OpError> {
        self.accepted(self.fd.accept(Wait::NO_CONTEXT))
    }

    /// As [`accept`](Self::accept), ended early when the context is done; the listener stays as it
    /// is. Beyond Go.
    ///
    /// # Errors
    /// As [`accept`](Self::accept); "operation was canceled" or "i/o timeout" when the context ends
    /// it.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::context::Context;
    ///
    /// let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// gopark::go(move || cancel());
    /// let e = listener.accept_context(&ctx).unwrap_err();
    /// assert!(e.to_string().ends_with("operation was canceled"));
    /// # }) }
    /// ```
    pub fn accept_context(&self, ctx: &Context) -> Result<Conn, OpError> {
        self.accepted(self.fd.accept(Wait::under(ctx)))
    }

    pub(super) fn accepted(&self, accepted: Result<NetFd, Cause>) -> Result<Conn, OpError> {
        let fd = accepted.map_err(|cause| self.error("accept", cause))?;
        if fd.network.transport == Transport::Tcp && !self.options_inherited {
            self.keep_alive.new_tcp_conn(&fd);
        }
        Ok(Conn::new(fd))
    }

    /// Where it listens.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// assert_ne!(listener.addr().port(), Some(0)); // the port that the system chose
    /// # }) }
    /// ```
    pub fn addr(&self) -> Addr {
        self.fd.local().unwrap_or_else(|| self.fd.unknown_addr())
    }

    /// Stops listening; goroutines parked in `accept` wake with an error.
    ///
    /// # Errors
    /// It is closed already.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use gopark::go;
    ///
    /// let listener = std::sync::Arc::new(gopark::net::listen("tcp", "127.0.0.1:0").unwrap());
    /// let accepting = listener.clone();
    /// let accepted = go(move || accepting.accept());
    /// listener.close().unwrap();
    /// assert!(accepted.join().unwrap().unwrap_err().is_closed());
    /// # }) }
    /// ```
    pub fn close(&self) -> Result<(), OpError> {
        if let Some(unlink) = &self.unlink {
            unlink.run();
        }
        self.fd.close().map_err(|cause| self.error("close", cause))
    }

    /// Whether `close` removes the path of a unix listener. It does, unless told otherwise.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let path = std::env::temp_dir().join(format!("gopark-doc-{}", std::process::id()));
    /// let listener = gopark::net::listen("unix", path.to_str().unwrap()).unwrap();
    /// listener.set_unlink_on_close(false);
    /// listener.close().unwrap();
    /// assert!(path.exists());
    /// # std::fs::remove_file(path).unwrap();
    /// # }) }
    /// ```
    pub fn set_unlink_on_close(&self, unlink: bool) {
        if let Some(path) = &self.unlink {
            path.set_wanted(unlink);
        }
    }

    /// `accept` fails with a timeout from `t` on, a parked one too, until it is set again. `None`:
    /// no limit.
    ///
    /// # Errors
    /// A closed listener.
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// use std::time::Instant;
    ///
    /// let listener = gopark::net::listen("tcp", "127.0.0.1:0").unwrap();
    /// listener.set_deadline(Some(Instant::now())).unwrap();
    /// assert!(listener.accept().unwrap_err().timeout());
    /// # }) }
    /// ```
    pub fn set_deadline(&self, t: Option<Instant>) -> Result<(), OpError> {
        self.fd.set_deadline(t, Directions::Both).map_err(OpError::bare)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The path goes as with `close`; the descriptor closes when it is dropped.
        if let Some(unlink) = &self.unlink {
            unlink.run();
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("network", &self.fd.network.name())
            .field("addr", &self.fd.local())
            .finish()
    }
}

impl AsRawFd for Listener {
    /// The descriptor, non-blocking and watched; -1 once closed.
    fn as_raw_fd(&self) -> RawFd {
        self.fd.pfd.raw()
    }
}
