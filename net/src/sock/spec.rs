//! Making sockets: the calls and their order are Go's. Go: net/sock_posix.go, ipsock_posix.go
//! internetSocket.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::BorrowedFd;

use gopark_runtime::context::Context;

use super::sockopt;
use crate::addr::NetAddr;
use crate::addr::network::Network;
use crate::error::{Cause, Errno};
use crate::sock::ipsock::{Purpose, V6Only, favorite_addr_family};
use crate::sock::net_fd::NetFd;
use crate::sock::somaxconn::listener_backlog;
use crate::sys::{self, Family, RawAddr};

/// Called with each new socket before it is bound or connected: network ("tcp4"), address, socket.
/// Its error becomes the reason of the [`OpError`](crate::OpError) as it is; one of the system's is
/// shown in Go's words, without "(os error 1)".
///
/// ```
/// use gopark::net::{ControlFn, ListenConfig};
/// use std::sync::Arc;
///
/// # unsafe { gopark::run(|| {
/// let control: Arc<ControlFn> = Arc::new(|network, _address, _socket| {
///     assert_eq!(network, "tcp4");
///     Ok(())
/// });
/// let config = ListenConfig { control: Some(control), ..Default::default() };
/// assert!(config.listen("tcp", "127.0.0.1:0").is_ok());
/// # }) }
/// ```
pub type ControlFn = dyn Fn(&str, &str, BorrowedFd<'_>) -> io::Result<()> + Send + Sync;

/// For sockets that wait for nothing.
pub(crate) static BACKGROUND: Context = Context::background();

/// What socket to make, and what for.
pub(crate) struct Spec<'a> {
    pub(crate) network: Network,
    pub(crate) sotype: i32,
    pub(crate) proto: i32,
    /// With a local and no remote address it listens; else it dials.
    pub(crate) local: Option<&'a NetAddr>,
    pub(crate) remote: Option<&'a NetAddr>,
    pub(crate) control: Option<&'a ControlFn>,
    /// For a dial: gives up when it is done.
    pub(crate) ctx: &'a Context,
    /// Of a listener; `None`: what the system allows.
    pub(crate) backlog: Option<u32>,
    /// Whether the library makes it for itself: by a number above the standard ones.
    pub(crate) own: bool,
}

impl Spec<'_> {
    /// A socket of the family that suits the addresses.
    #[doc(alias = "internetSocket")]
    pub(crate) fn internet_socket(&self, purpose: Purpose) -> Result<NetFd, Cause> {
        let (local, remote) = (self.local.and_then(NetAddr::inet), self.remote.and_then(NetAddr::inet));
        let (family, v6only) = favorite_addr_family(self.network, local, remote, purpose);
        self.socket(family, v6only)
    }

    /// A socket, listening, bound or connected.
    pub(crate) fn socket(&self, family: Family, v6only: V6Only) -> Result<NetFd, Cause> {
        let socket = if self.own { sys::own_socket } else { sys::socket };
        let raw = socket(family.raw(), self.sotype, self.proto).map_err(|e| Cause::syscall("socket", e))?;
        // From here on dropping it closes it.
        let mut fd = NetFd::new(raw, family, self.network);
        sockopt::set_default_sockopts(raw, family, self.sotype, v6only)
            .map_err(|e| Cause::syscall("setsockopt", e))?;
        match (self.local, self.remote) {
            (Some(local), None) if self.sotype == libc::SOCK_DGRAM => self.listen_datagram(&mut fd, local)?,
            (Some(local), None) if self.sotype != libc::SOCK_RAW => self.listen_stream(&mut fd, local)?,
            _ => self.dial(&mut fd)?,
        }
        Ok(fd)
    }

    #[doc(alias = "listenStream")]
    fn listen_stream(&self, fd: &mut NetFd, local: &NetAddr) -> Result<(), Cause> {
        // Go evaluates the backlog as an argument: before any option is set.
        let backlog = match self.backlog {
            Some(n) => i32::try_from(n).unwrap_or(i32::MAX),
            None => listener_backlog(),
        };
        let raw = fd.pfd.raw();
        sockopt::set_reuse_addr(raw).map_err(|e| Cause::syscall("setsockopt", e))?;
        let addr = raw_addr(local, fd.family, "bind")?;
        self.call_control(fd, Some(local))?;
        sys::bind(raw, &addr).map_err(|e| Cause::syscall("bind", e))?;
        sys::listen(raw, backlog).map_err(|e| Cause::syscall("listen", e))?;
        fd.init()?;
        let local = fd.getsockname();
        fd.set_ends(local, None);
        Ok(())
    }

    #[doc(alias = "listenDatagram")]
    fn listen_datagram(&self, fd: &mut NetFd, local: &NetAddr) -> Result<(), Cause> {
        let raw = fd.pfd.raw();
        let group = multicast_wildcard(local, fd.family);
        if group.is_some() {
            // Several listeners may share the group's port.
            sockopt::set_reuse_addr(raw).map_err(|e| Cause::syscall("setsockopt", e))?;
        }
        let local = group.as_ref().unwrap_or(local);
        let addr = raw_addr(local, fd.family, "bind")?;
        self.call_control(fd, Some(local))?;
        sys::bind(raw, &addr).map_err(|e| Cause::syscall("bind", e))?;
        fd.init()?;
        let local = fd.getsockname();
        fd.set_ends(local, None);
        Ok(())
    }

    fn dial(&self, fd: &mut NetFd) -> Result<(), Cause> {
        self.call_control(fd, self.remote.or(self.local))?;
        if let Some(local) = self.local {
            let addr = raw_addr(local, fd.family, "bind")?;
            sys::bind(fd.pfd.raw(), &addr).map_err(|e| Cause::syscall("bind", e))?;
        }
        let peer = match self.remote {
            Some(remote) => fd.connect(&raw_addr(remote, fd.family, "connect")?, self.ctx)?,
            None => {
                fd.init()?;
                None
            }
        };
        let local = fd.getsockname();
        let peer = peer.or_else(|| sys::getpeername(fd.pfd.raw()).ok());
        let remote = match peer {
            Some(raw) => fd.network.addr(&raw),
            None => self.remote.map(NetAddr::addr),
        };
        fd.set_ends(local, remote);
        Ok(())
    }

    fn call_control(&self, fd: &NetFd, addr: Option<&NetAddr>) -> Result<(), Cause> {
        let Some(control) = self.control else { return Ok(()) };
        let addr = addr.map(NetAddr::to_string).unwrap_or_default();
        // SAFETY: the socket is open and ours until after the call.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd.pfd.raw()) };
        Ok(control(self.network.control_name(fd.family), &addr, borrowed)?)
    }
}

/// A UDP socket connected to an address: nothing is sent. Go: DialUDP.
#[doc(alias = "DialUDP")]
pub(crate) fn dial_udp(remote: &NetAddr) -> Result<NetFd, Cause> {
    let network = Network::parse("udp").expect("a network's name");
    let spec = Spec {
        network,
        sotype: network.sotype(),
        proto: 0,
        local: None,
        remote: Some(remote),
        control: None,
        ctx: &BACKGROUND,
        backlog: None,
        own: true,
    };
    spec.internet_socket(Purpose::Dial)
}

/// The kernel's form of an address; one that has none fails in the words of the call it is for.
fn raw_addr(addr: &NetAddr, family: Family, call: &'static str) -> Result<RawAddr, Cause> {
    match addr {
        NetAddr::Inet(inet) => Ok(RawAddr::from_inet(family, inet)?),
        NetAddr::Unix(unix) => RawAddr::from_unix(unix).map_err(|e: Errno| Cause::syscall(call, e)),
    }
}

/// For a multicast group: the wildcard of its family, which is what the socket binds to.
fn multicast_wildcard(addr: &NetAddr, family: Family) -> Option<NetAddr> {
    let inet = addr.inet()?;
    let multicast = inet.ip.is_some_and(|ip| ip.to_canonical().is_multicast());
    let ip = match family {
        Family::Inet => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::Inet6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        Family::Unix => return None,
    };
    multicast.then(|| NetAddr::Inet(crate::addr::InetAddr { ip: Some(ip), ..inet.clone() }))
}
