//! Sockets that come from files and become files. Go: net/file_unix.go newFileFD, net/fd_unix.go
//! dup.

use std::os::fd::RawFd;

use super::NetFd;
use crate::addr::UnixNet;
use crate::addr::network::{IpVersion, Network, Transport};
use crate::error::{Cause, Errno};
use crate::os::{File, Origin};
use crate::sys::{self, Family};

impl NetFd {
    /// A socket for a duplicate of the file's descriptor, watched by the poller.
    #[doc(alias = "newFileFD")]
    pub(crate) fn from_file(file: &File) -> Result<NetFd, Cause> {
        let raw = sys::dup_cloexec(file.fd()).map_err(|e| Cause::syscall("fcntl", e))?;
        NetFd::of_socket(raw).inspect_err(|_| _ = sys::close(raw))
    }

    /// Asks the kernel what the socket is. Does not close it on an error.
    fn of_socket(raw: RawFd) -> Result<NetFd, Cause> {
        sys::set_nonblock(raw, true).map_err(|e| Cause::syscall("setnonblock", e))?;
        let sotype = sys::socket_type(raw).map_err(|e| Cause::syscall("getsockopt", e))?;
        let local = sys::getsockname(raw).ok();
        let remote = sys::getpeername(raw).ok();
        let kind = local.as_ref().and_then(|local| network(local.family(), sotype));
        let (family, network) = kind.ok_or(Errno(libc::EPROTONOSUPPORT))?;
        let [local, remote] = [local, remote].map(|raw| raw.and_then(|raw| network.addr(&raw)));
        let mut fd = NetFd::new(raw, family, network);
        if let Err(e) = fd.init() {
            // The descriptor is the caller's until there is no error.
            fd.pfd.into_raw();
            return Err(e);
        }
        fd.set_ends(local, remote);
        Ok(fd)
    }

    /// A file for a duplicate of the descriptor.
    pub(crate) fn file(&self) -> Result<File, Cause> {
        let raw = self.pfd.dup().map_err(|e| e.in_call("fcntl"))?;
        Ok(File::of(raw, self.name().into(), Origin::Socket))
    }

    /// "tcp:127.0.0.1:1->127.0.0.1:2".
    fn name(&self) -> String {
        let text = |addr: Option<crate::addr::Addr>| addr.map(|addr| addr.to_string()).unwrap_or_default();
        format!("{}:{}->{}", self.network.name(), text(self.local()), text(self.remote()))
    }
}

/// What a socket of this family and type is.
#[doc(alias = "addrFunc")]
fn network(family: i32, sotype: i32) -> Option<(Family, Network)> {
    let family = match family {
        libc::AF_INET => Family::Inet,
        libc::AF_INET6 => Family::Inet6,
        libc::AF_UNIX => Family::Unix,
        _ => return None,
    };
    let transport = match (family, sotype) {
        (Family::Unix, libc::SOCK_STREAM) => Transport::Unix(UnixNet::Stream),
        (Family::Unix, libc::SOCK_DGRAM) => Transport::Unix(UnixNet::Datagram),
        (Family::Unix, libc::SOCK_SEQPACKET) => Transport::Unix(UnixNet::Packet),
        (Family::Inet | Family::Inet6, libc::SOCK_STREAM) => Transport::Tcp,
        (Family::Inet | Family::Inet6, libc::SOCK_DGRAM) => Transport::Udp,
        (Family::Inet | Family::Inet6, libc::SOCK_RAW) => Transport::Ip,
        _ => return None,
    };
    Some((family, Network { transport, version: IpVersion::Any }))
}
