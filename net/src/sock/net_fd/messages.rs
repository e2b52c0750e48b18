//! A socket's messages: the sender's address, control data, the destination in the kernel's form.
//! Go: net/udpsock_posix.go, unixsock_posix.go, iprawsock_posix.go.
//!
//! I1 Of a raw IPv4 socket the header is taken off what is read, as Go does.

use super::NetFd;
use crate::addr::network::Transport;
use crate::addr::{Addr, NetAddr};
use crate::error::{Cause, Errno, Sentinel};
use crate::poll::{Error, Wait};
use crate::sys::{Family, RawAddr};

impl NetFd {
    /// One message and its sender; `None`: an unnamed unix peer.
    pub(crate) fn read_from(&self, wait: Wait<'_>, buf: &mut [u8]) -> Result<(usize, Option<Addr>), Error> {
        let (n, from) = self.pfd.read_from(wait, buf)?;
        Ok(self.payload(buf, n, &from))
    }

    /// What the user sees of a message of `n` bytes: a raw IPv4 socket receives the header too.
    fn payload(&self, buf: &mut [u8], n: usize, from: &RawAddr) -> (usize, Option<Addr>) {
        let raw_ipv4 = self.network.transport == Transport::Ip && from.family() == libc::AF_INET;
        let n = if raw_ipv4 { strip_ipv4_header(buf, n) } else { n };
        (n, self.network.addr(from))
    }

    /// One message with its control data: their lengths, the flags, the sender.
    pub(crate) fn read_msg(
        &self,
        buf: &mut [u8],
        oob: &mut [u8],
    ) -> Result<(usize, usize, i32, Option<Addr>), Error> {
        // Descriptors that come along must not leak into children.
        let flags = if self.family == Family::Unix { libc::MSG_CMSG_CLOEXEC } else { 0 };
        let (got, from) = self.pfd.read_msg(buf, oob, flags)?;
        Ok((got.n, got.oobn, got.flags, self.network.addr(&from)))
    }

    /// One message with control data; how much of each went out. Without `to` it goes to the peer.
    pub(crate) fn write_msg(
        &self,
        buf: &[u8],
        oob: &[u8],
        to: Option<&Addr>,
    ) -> Result<(usize, usize), Cause> {
        let to = match self.network.transport {
            Transport::Unix(_) if to.is_none() => None,
            Transport::Udp if self.connected() && to.is_none() => None,
            _ => self.peer(to, "sendmsg")?,
        };
        self.pfd.write_msg(buf, oob, to.as_ref()).map_err(|e| e.in_call("sendmsg"))
    }

    /// The kernel's form of a message's destination. A unix name that has none fails in the words
    /// of the call it is for.
    pub(crate) fn peer(&self, to: Option<&Addr>, call: &'static str) -> Result<Option<RawAddr>, Cause> {
        let stream =
            matches!(self.network.transport, Transport::Unix(net) if net.sotype() != libc::SOCK_DGRAM);
        if self.connected() && !stream {
            return Err(Sentinel::WriteToConnected.into());
        }
        let to = to.ok_or(Sentinel::MissingAddress)?;
        match (NetAddr::from(to), self.network.transport) {
            (NetAddr::Unix(addr), Transport::Unix(net)) if addr.kind() != net => {
                Err(Errno(libc::EAFNOSUPPORT).into())
            }
            (NetAddr::Unix(addr), Transport::Unix(_)) => {
                Ok(Some(RawAddr::from_unix(&addr).map_err(|e| Cause::syscall(call, e))?))
            }
            (NetAddr::Inet(addr), Transport::Udp) if matches!(to, Addr::Udp(_)) => {
                Ok(Some(RawAddr::from_inet(self.family, &addr)?))
            }
            (NetAddr::Inet(addr), Transport::Ip) if matches!(to, Addr::Ip(_)) => {
                Ok(Some(RawAddr::from_inet(self.family, &addr)?))
            }
            _ => Err(Errno(libc::EINVAL).into()),
        }
    }
}

/// Moves what follows the header to the front; the new length.
#[doc(alias = "stripIPv4Header")]
fn strip_ipv4_header(buf: &mut [u8], n: usize) -> usize {
    const MIN_HEADER: usize = 20;
    if buf.len() < MIN_HEADER || buf[0] >> 4 != 4 {
        return n;
    }
    let header = usize::from(buf[0] & 0xf) << 2;
    if header < MIN_HEADER || header > n {
        return n;
    }
    buf.copy_within(header..n, 0);
    n - header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_strip_ipv4_header() {
        let mut packet = [0u8; 28];
        packet[0] = 0x45;
        packet[20..].copy_from_slice(b"payload!");
        assert_eq!(strip_ipv4_header(&mut packet, 28), 8);
        assert_eq!(&packet[..8], b"payload!");
        let mut six = [0x60u8; 28];
        assert_eq!(strip_ipv4_header(&mut six, 28), 28);
        assert_eq!(strip_ipv4_header(&mut [0x4f; 24], 24), 24);
    }
}
