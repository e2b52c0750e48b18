//! Addresses in std's types, and options by number.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr as UnixSocketAddr;

use super::socket::{Socket, SocketFamily};
use crate::poll::Kind;
use crate::sys::{self, RawAddr};

impl Socket {
    /// A new socket of another kind than TCP, which the poller does not watch yet.
    pub(super) fn open(family: i32, sotype: i32) -> io::Result<Socket> {
        let raw = sys::socket(family, sotype, 0)?;
        let kind = if sotype == libc::SOCK_STREAM { Kind::Stream } else { Kind::Datagram };
        Ok(Socket::unwatched(SocketFamily::Other, raw, kind))
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        inet(&self.control(sys::getsockname)?)
    }

    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        inet(&self.control(sys::getpeername)?)
    }

    pub(super) fn unix_local_addr(&self) -> io::Result<UnixSocketAddr> {
        unix_addr(&self.control(sys::getsockname)?)
    }

    pub(super) fn unix_peer_addr(&self) -> io::Result<UnixSocketAddr> {
        unix_addr(&self.control(sys::getpeername)?)
    }

    pub(super) fn set_option(&self, level: i32, name: i32, value: i32) -> io::Result<()> {
        self.control(|fd| sys::setsockopt_int(fd, level, name, value))
    }

    pub(super) fn option(&self, level: i32, name: i32) -> io::Result<i32> {
        self.control(|fd| sys::getsockopt_int(fd, level, name))
    }

    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        let error = self.option(libc::SOL_SOCKET, libc::SO_ERROR)?;
        Ok((error != 0).then(|| io::Error::from_raw_os_error(error)))
    }
}

pub(super) fn inet(raw: &RawAddr) -> io::Result<SocketAddr> {
    raw.to_socket_addr().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "invalid argument"))
}

/// std's address: a path, an abstract name of any bytes, or none.
pub(super) fn unix_addr(raw: &RawAddr) -> io::Result<UnixSocketAddr> {
    match raw.unix_bytes() {
        [] => UnixSocketAddr::from_pathname(""),
        [0, name @ ..] => UnixSocketAddr::from_abstract_name(name),
        path => {
            let end = path.iter().position(|&b| b == 0).unwrap_or(path.len());
            UnixSocketAddr::from_pathname(OsStr::from_bytes(&path[..end]))
        }
    }
}

pub(super) fn raw_unix(addr: &UnixSocketAddr) -> RawAddr {
    const FAMILY: usize = 2;
    let with_len = |bytes: &[u8], len: usize| RawAddr::from_unix_bytes(bytes, len as libc::socklen_t);
    if let Some(path) = addr.as_pathname() {
        let bytes = path.as_os_str().as_bytes();
        return with_len(bytes, FAMILY + bytes.len() + 1);
    }
    match addr.as_abstract_name() {
        Some(name) => {
            let bytes = [&[0], name].concat();
            with_len(&bytes, FAMILY + bytes.len())
        }
        None => with_len(&[], FAMILY),
    }
}
