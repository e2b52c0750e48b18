//! Addresses: what users see ([`Addr`]) and what a name became on its way to a socket
//! ([`NetAddr`]).
//!
//! Go: net/tcpsock.go `TCPAddr`, net/udpsock.go `UDPAddr`, net/iprawsock.go `IPAddr`,
//! net/unixsock.go `UnixAddr`.
//!
//! I1 `Display` is Go's `String()`: a v4-mapped address shows as IPv4, a zone by its interface's
//!    name.
//! I2 Go's addresses may lack an IP (":80"). [`NetAddr`] keeps that; [`Addr`] shows `::` to
//!    programs, and [`Shown`] keeps the text for errors.

pub(crate) mod host_port;
pub(crate) mod name_error;
pub(crate) mod network;
mod raw;
pub(crate) mod zone;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use name_error::UnknownNetworkError;

/// The address of one end of a socket.
///
/// ```
/// use gopark::net::Addr;
/// let a = Addr::Tcp("[::ffff:127.0.0.1]:80".parse().unwrap());
/// assert_eq!(a.to_string(), "127.0.0.1:80");
/// assert_eq!(a.ip(), Some("127.0.0.1".parse().unwrap()));
/// assert_eq!((a.network(), a.port()), ("tcp", Some(80)));
/// ```
#[doc(alias = "TCPAddr")]
#[doc(alias = "UDPAddr")]
#[doc(alias = "IPAddr")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Addr {
    /// A TCP end.
    Tcp(SocketAddr),
    /// A UDP end.
    Udp(SocketAddr),
    /// A raw IP end.
    Ip(IpAddr),
    /// A Unix domain end.
    Unix(UnixAddr),
}

impl Addr {
    /// Go's name of the address's network: "tcp", "udp", "ip", "unix", "unixgram" or "unixpacket".
    ///
    /// ```
    /// use gopark::net::Addr;
    ///
    /// let addr = Addr::Tcp("127.0.0.1:80".parse().unwrap());
    /// assert_eq!(addr.network(), "tcp");
    /// ```
    pub fn network(&self) -> &'static str {
        match self {
            Addr::Tcp(_) => "tcp",
            Addr::Udp(_) => "udp",
            Addr::Ip(_) => "ip",
            Addr::Unix(a) => a.net(),
        }
    }

    /// The IP; a v4-mapped one comes as IPv4.
    ///
    /// ```
    /// use gopark::net::Addr;
    ///
    /// let addr = Addr::Udp("[::ffff:127.0.0.1]:53".parse().unwrap());
    /// assert_eq!(addr.ip().unwrap().to_string(), "127.0.0.1");
    /// ```
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Addr::Tcp(a) | Addr::Udp(a) => Some(a.ip().to_canonical()),
            Addr::Ip(ip) => Some(ip.to_canonical()),
            Addr::Unix(_) => None,
        }
    }

    /// The port of a TCP or UDP address.
    ///
    /// ```
    /// use gopark::net::Addr;
    ///
    /// assert_eq!(Addr::Tcp("127.0.0.1:80".parse().unwrap()).port(), Some(80));
    /// ```
    pub fn port(&self) -> Option<u16> {
        match self {
            Addr::Tcp(a) | Addr::Udp(a) => Some(a.port()),
            Addr::Ip(_) | Addr::Unix(_) => None,
        }
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Addr::Tcp(a) | Addr::Udp(a) => fmt_socket_addr(*a, f),
            Addr::Ip(ip) => write!(f, "{}", ip.to_canonical()),
            Addr::Unix(a) => a.fmt(f),
        }
    }
}

fn fmt_socket_addr(a: SocketAddr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match a {
        SocketAddr::V4(_) => write!(f, "{a}"),
        SocketAddr::V6(v6) => match v6.ip().to_canonical() {
            IpAddr::V4(ip) => write!(f, "{ip}:{}", v6.port()),
            IpAddr::V6(ip) if v6.scope_id() == 0 => write!(f, "[{ip}]:{}", v6.port()),
            IpAddr::V6(ip) => write!(f, "[{ip}%{}]:{}", zone::name(v6.scope_id()), v6.port()),
        },
    }
}

/// The address of a Unix domain socket; an abstract name begins with '@'.
///
/// ```
/// use gopark::net::UnixAddr;
/// let a = UnixAddr::new("unixgram", "@log").unwrap();
/// assert_eq!((a.net(), a.to_string().as_str()), ("unixgram", "@log"));
/// assert!(UnixAddr::new("tcp", "x").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnixAddr {
    net: UnixNet,
    name: OsString,
}

/// The kinds of Unix domain sockets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum UnixNet {
    Stream,
    Datagram,
    Packet,
}

impl UnixNet {
    pub(crate) fn parse(network: &str) -> Option<UnixNet> {
        match network {
            "unix" => Some(UnixNet::Stream),
            "unixgram" => Some(UnixNet::Datagram),
            "unixpacket" => Some(UnixNet::Packet),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            UnixNet::Stream => "unix",
            UnixNet::Datagram => "unixgram",
            UnixNet::Packet => "unixpacket",
        }
    }

    /// The socket type of the system.
    pub(crate) fn sotype(self) -> libc::c_int {
        match self {
            UnixNet::Stream => libc::SOCK_STREAM,
            UnixNet::Datagram => libc::SOCK_DGRAM,
            UnixNet::Packet => libc::SOCK_SEQPACKET,
        }
    }
}

impl UnixAddr {
    /// An address on "unix", "unixgram" or "unixpacket".
    ///
    /// # Errors
    /// Another network.
    ///
    /// ```
    /// use gopark::net::UnixAddr;
    ///
    /// let addr = UnixAddr::new("unix", "/run/app.sock").unwrap();
    /// assert_eq!(addr.to_string(), "/run/app.sock");
    /// ```
    #[doc(alias = "ResolveUnixAddr")]
    pub fn new(network: &str, name: impl AsRef<OsStr>) -> Result<UnixAddr, UnknownNetworkError> {
        match UnixNet::parse(network) {
            Some(net) => Ok(UnixAddr::of(net, name.as_ref())),
            None => Err(UnknownNetworkError(network.to_owned())),
        }
    }

    pub(crate) fn of(net: UnixNet, name: &OsStr) -> UnixAddr {
        UnixAddr { net, name: name.to_owned() }
    }

    /// "unix", "unixgram" or "unixpacket".
    ///
    /// ```
    /// use gopark::net::UnixAddr;
    ///
    /// let addr = UnixAddr::new("unix", "/run/app.sock").unwrap();
    /// assert_eq!(addr.net(), "unix");
    /// ```
    pub fn net(&self) -> &'static str {
        self.net.name()
    }

    /// The name: a path, or '@' and an abstract name, or empty.
    ///
    /// ```
    /// use gopark::net::UnixAddr;
    ///
    /// let addr = UnixAddr::new("unix", "/run/app.sock").unwrap();
    /// assert_eq!(addr.name(), "/run/app.sock");
    /// ```
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// The path, if the name is one.
    ///
    /// ```
    /// use gopark::net::UnixAddr;
    ///
    /// let addr = UnixAddr::new("unix", "/run/app.sock").unwrap();
    /// assert!(addr.path().is_some());
    /// ```
    pub fn path(&self) -> Option<&Path> {
        let named = !self.name.is_empty() && self.name.as_bytes()[0] != b'@';
        named.then(|| Path::new(&self.name))
    }

    pub(crate) fn kind(&self) -> UnixNet {
        self.net
    }
}

impl fmt::Display for UnixAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.name.to_string_lossy(), f)
    }
}

/// Which of Go's inet address types it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Inet {
    Tcp,
    Udp,
    Ip,
}

/// A resolved address: Go's `TCPAddr`, `UDPAddr` or `IPAddr`, whose IP may be missing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct InetAddr {
    pub(crate) inet: Inet,
    pub(crate) ip: Option<IpAddr>,
    /// 0 for `Inet::Ip`.
    pub(crate) port: u16,
    /// Interface name or number, or empty.
    pub(crate) zone: String,
}

impl InetAddr {
    /// No IP, or the unspecified one.
    pub(crate) fn is_wildcard(&self) -> bool {
        self.ip.is_none_or(|ip| ip.to_canonical().is_unspecified())
    }

    /// Go's `IP.To4`: an IPv4 address, mapped or not.
    pub(crate) fn to4(&self) -> Option<Ipv4Addr> {
        match self.ip?.to_canonical() {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(_) => None,
        }
    }

    /// The interface number the zone names; 0 if it names none.
    pub(crate) fn scope_id(&self) -> u32 {
        zone::index(&self.zone)
    }

    pub(crate) fn addr(&self) -> Addr {
        let ip = self.ip.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let socket_addr = || match ip {
            IpAddr::V4(_) => SocketAddr::new(ip, self.port),
            // For errors, too: the kernel is asked when a socket needs the number, not here.
            IpAddr::V6(ip) => SocketAddrV6::new(ip, self.port, 0, zone::known_index(&self.zone)).into(),
        };
        match self.inet {
            Inet::Tcp => Addr::Tcp(socket_addr()),
            Inet::Udp => Addr::Udp(socket_addr()),
            Inet::Ip => Addr::Ip(ip),
        }
    }

    fn network(&self) -> &'static str {
        match self.inet {
            Inet::Tcp => "tcp",
            Inet::Udp => "udp",
            Inet::Ip => "ip",
        }
    }

    fn from_socket_addr(inet: Inet, a: SocketAddr) -> InetAddr {
        let zone = match a {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => zone::name(v6.scope_id()),
            _ => String::new(),
        };
        InetAddr { inet, ip: Some(a.ip()), port: a.port(), zone }
    }
}

impl fmt::Display for InetAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut host = self.ip.map(|ip| ip.to_canonical().to_string()).unwrap_or_default();
        if !self.zone.is_empty() {
            host = format!("{host}%{}", self.zone);
        }
        match self.inet {
            Inet::Ip => f.write_str(&host),
            Inet::Tcp | Inet::Udp => f.write_str(&crate::join_host_port(&host, self.port)),
        }
    }
}

/// An address on its way to a socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NetAddr {
    Inet(InetAddr),
    Unix(UnixAddr),
}

impl NetAddr {
    pub(crate) fn addr(&self) -> Addr {
        match self {
            NetAddr::Inet(a) => a.addr(),
            NetAddr::Unix(a) => Addr::Unix(a.clone()),
        }
    }

    /// The internet address, if it is one.
    pub(crate) fn inet(&self) -> Option<&InetAddr> {
        match self {
            NetAddr::Inet(a) => Some(a),
            NetAddr::Unix(_) => None,
        }
    }

    pub(crate) fn network(&self) -> &'static str {
        match self {
            NetAddr::Inet(a) => a.network(),
            NetAddr::Unix(a) => a.net(),
        }
    }

    /// Go's `isIPv4`.
    pub(crate) fn is_ipv4(&self) -> bool {
        matches!(self, NetAddr::Inet(a) if a.to4().is_some())
    }
}

impl fmt::Display for NetAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NetAddr::Inet(a) => a.fmt(f),
            NetAddr::Unix(a) => a.fmt(f),
        }
    }
}

impl From<&Addr> for NetAddr {
    fn from(a: &Addr) -> Self {
        match a {
            Addr::Tcp(a) => NetAddr::Inet(InetAddr::from_socket_addr(Inet::Tcp, *a)),
            Addr::Udp(a) => NetAddr::Inet(InetAddr::from_socket_addr(Inet::Udp, *a)),
            Addr::Ip(ip) => {
                NetAddr::Inet(InetAddr { inet: Inet::Ip, ip: Some(*ip), port: 0, zone: String::new() })
            }
            Addr::Unix(a) => NetAddr::Unix(a.clone()),
        }
    }
}

/// An address inside an error, with its text where that says more than the address (I2).
#[derive(Clone)]
pub(crate) struct Shown {
    addr: Option<Addr>,
    text: Option<Box<str>>,
}

impl Shown {
    /// The text alone: the name of a file in the place of an address. Go: fileAddr.
    #[doc(alias = "fileAddr")]
    pub(crate) fn name(text: impl Into<Box<str>>) -> Shown {
        Shown { addr: None, text: Some(text.into()) }
    }

    pub(crate) fn addr(&self) -> Option<&Addr> {
        self.addr.as_ref()
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.text, &self.addr) {
            (Some(text), _) => f.write_str(text),
            (None, Some(addr)) => addr.fmt(f),
            (None, None) => Ok(()),
        }
    }
}

impl From<Addr> for Shown {
    fn from(addr: Addr) -> Self {
        Shown { addr: Some(addr), text: None }
    }
}

impl From<&Addr> for Shown {
    fn from(addr: &Addr) -> Self {
        addr.clone().into()
    }
}

impl From<&NetAddr> for Shown {
    fn from(a: &NetAddr) -> Self {
        let text = match a {
            NetAddr::Inet(i) if i.ip.is_none() || !i.zone.is_empty() => Some(a.to_string().into()),
            _ => None,
        };
        Shown { addr: Some(a.addr()), text }
    }
}

impl From<NetAddr> for Shown {
    fn from(a: NetAddr) -> Self {
        Shown::from(&a)
    }
}

#[cfg(test)]
mod tests;
