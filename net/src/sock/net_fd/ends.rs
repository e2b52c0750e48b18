//! The two addresses of a socket, kept small: a connection over IPv4 (mapped or not) keeps 16
//! bytes, others an allocation.

use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::addr::Addr;
use crate::addr::network::{Network, Transport};

/// Whether the kernel speaks of IPv4 in IPv6's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Mapped,
}

/// Local and remote address, as the kernel gave them.
#[derive(Debug)]
pub(super) enum Ends {
    /// Both IPv4, in the same form.
    V4 { local: SocketAddrV4, remote: Option<SocketAddrV4>, form: Form },
    /// Anything else.
    Other(Box<(Option<Addr>, Option<Addr>)>),
    /// Not known yet.
    Unknown,
}

impl Ends {
    pub(super) fn new(local: Option<Addr>, remote: Option<Addr>) -> Ends {
        match (v4(local.as_ref()), v4(remote.as_ref())) {
            (Some((local, form)), None) if remote.is_none() => Ends::V4 { local, remote: None, form },
            (Some((local, form)), Some((remote, other))) if form == other => {
                Ends::V4 { local, remote: Some(remote), form }
            }
            _ => Ends::Other(Box::new((local, remote))),
        }
    }

    pub(super) fn local(&self, network: Network) -> Option<Addr> {
        match self {
            Ends::V4 { local, form, .. } => Some(addr(network, *local, *form)),
            Ends::Other(ends) => ends.0.clone(),
            Ends::Unknown => None,
        }
    }

    pub(super) fn remote(&self, network: Network) -> Option<Addr> {
        match self {
            Ends::V4 { remote, form, .. } => remote.map(|r| addr(network, r, *form)),
            Ends::Other(ends) => ends.1.clone(),
            Ends::Unknown => None,
        }
    }
}

/// The address if it is an IPv4 one of TCP or UDP, and in which form.
fn v4(addr: Option<&Addr>) -> Option<(SocketAddrV4, Form)> {
    match addr? {
        Addr::Tcp(SocketAddr::V4(a)) | Addr::Udp(SocketAddr::V4(a)) => Some((*a, Form::Plain)),
        Addr::Tcp(SocketAddr::V6(a)) | Addr::Udp(SocketAddr::V6(a)) => match a.ip().to_canonical() {
            IpAddr::V4(ip) if a.flowinfo() == 0 && a.scope_id() == 0 => {
                Some((SocketAddrV4::new(ip, a.port()), Form::Mapped))
            }
            _ => None,
        },
        Addr::Ip(_) | Addr::Unix(_) => None,
    }
}

fn addr(network: Network, a: SocketAddrV4, form: Form) -> Addr {
    let a = match form {
        Form::Plain => SocketAddr::V4(a),
        Form::Mapped => SocketAddrV6::new(a.ip().to_ipv6_mapped(), a.port(), 0, 0).into(),
    };
    if network.transport == Transport::Udp { Addr::Udp(a) } else { Addr::Tcp(a) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_come_back_as_they_went_in() {
        assert!(size_of::<Ends>() <= 16, "{}", size_of::<Ends>());
        let all = ["1.2.3.4:5", "[::ffff:1.2.3.4]:5", "[::1]:5", "[fe80::1%3]:5", "0.0.0.0:0"];
        let addrs = || std::iter::once(None).chain(all.into_iter().map(Some));
        for (name, make) in [("tcp", Addr::Tcp as fn(SocketAddr) -> Addr), ("udp", Addr::Udp)] {
            let network = Network::parse(name).unwrap();
            for (l, r) in addrs().flat_map(|l| addrs().map(move |r| (l, r))) {
                let (l, r) = (l.map(|a| make(a.parse().unwrap())), r.map(|a| make(a.parse().unwrap())));
                let ends = Ends::new(l.clone(), r.clone());
                assert_eq!((ends.local(network), ends.remote(network)), (l, r));
            }
        }
    }
}
