//! Addresses in std's types, and options by number.

use std::ffi::OsStr;
use std::io;
use std::mem::ManuallyDrop;
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr as UnixSocketAddr;

use super::socket::{Socket, SocketFamily};
use crate::error::Errno;
use crate::poll::Kind;
use crate::sys::{self, FAMILY_SIZE, RawAddr, SUN_PATH_SIZE};

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
        self.with_std(std::os::unix::net::UnixDatagram::local_addr)
    }

    pub(super) fn unix_peer_addr(&self) -> io::Result<UnixSocketAddr> {
        self.with_std(std::os::unix::net::UnixDatagram::peer_addr)
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

/// std's address: a path, an abstract name of any bytes, or none. An error for a path of 108 bytes,
/// which the kernel has, without a NUL, and std makes of no bytes: only std's own calls to the
/// kernel return it ([`Socket::unix_peer_addr`]).
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
        // A path that fills its room is without a NUL.
        return with_len(bytes, (FAMILY + bytes.len() + 1).min(FAMILY + SUN_PATH_SIZE));
    }
    match addr.as_abstract_name() {
        Some(name) => {
            let bytes = [&[0], name].concat();
            with_len(&bytes, FAMILY + bytes.len())
        }
        None => with_len(&[], FAMILY),
    }
}

/// recvfrom(2) as std makes it: each name that the kernel has becomes an address, so no message is
/// lost for its sender's name. The inner error is std's own, after the message was taken.
#[inline(never)]
pub(super) fn recv_by_std(raw: RawFd, buf: &mut [u8]) -> Result<io::Result<(usize, UnixSocketAddr)>, Errno> {
    // SAFETY: the descriptor is open as long as the caller's reference, and is never closed through
    // this value.
    let socket = ManuallyDrop::new(unsafe { std::os::unix::net::UnixDatagram::from_raw_fd(raw) });
    match socket.recv_from(buf) {
        Err(e) => e.raw_os_error().map_or(Ok(Err(e)), |errno| Err(Errno(errno))),
        received => Ok(received),
    }
}

/// A name as the kernel returns it: that of the peer of a new socket.
pub(super) fn ask_kernel(name: &RawAddr) -> io::Result<UnixSocketAddr> {
    let asking = Socket::open(libc::AF_UNIX, libc::SOCK_DGRAM)?;
    // The length that the kernel reports counts a NUL for which there is no room, and which it does
    // not take back.
    let path = name.unix_bytes();
    let name = RawAddr::from_unix_bytes(path, (FAMILY_SIZE + path.len()) as libc::socklen_t);
    asking.control(|fd| sys::connect(fd, &name))?;
    asking.unix_peer_addr()
}
