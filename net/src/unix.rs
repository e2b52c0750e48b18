//! Unix domain sockets: streams, packets and datagrams by path or abstract name. Go: net/unixsock.go, unixsock_posix.go.
//!
//! I1 A listener's path is removed by the first close, before the socket goes, and only if it is a path.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::addr::{Addr, NetAddr};
use crate::conn::Conn;
use crate::error::{Cause, Errno, OpError, Sentinel};
use crate::ipsock::{Purpose, V6Only};
use crate::net_fd::NetFd;
use crate::sock::Spec;
use crate::sockaddr::Family;
use crate::sys;

/// A Unix domain socket. Go: unixSocket.
#[doc(alias = "unixSocket")]
pub(crate) fn socket(spec: Spec<'_>, purpose: Purpose) -> Result<NetFd, Cause> {
    let named = |addr: &&NetAddr| matches!(addr, NetAddr::Unix(a) if !a.name().is_empty());
    let spec = match purpose {
        Purpose::Listen => spec,
        Purpose::Dial => Spec { local: spec.local.filter(named), remote: spec.remote.filter(named), ..spec },
    };
    let nowhere = spec.remote.is_none() && (spec.sotype != libc::SOCK_DGRAM || spec.local.is_none());
    if purpose == Purpose::Dial && nowhere {
        return Err(Sentinel::MissingAddress.into());
    }
    spec.socket(Family::Unix, V6Only::No)
}

/// The path a listener removes when it closes.
#[derive(Debug)]
pub(crate) struct Unlink {
    path: CString,
    /// Users change it, close reads it. Relaxed: nothing else hangs on it.
    wanted: AtomicBool,
    /// Set by the first close. Relaxed: the swap decides who is first.
    done: AtomicBool,
}

impl Unlink {
    /// For a listener at this address; none if it has no path.
    pub(crate) fn of(local: Option<&Addr>) -> Option<Unlink> {
        let Some(Addr::Unix(addr)) = local else { return None };
        let path = CString::new(addr.path()?.as_os_str().as_bytes()).ok()?;
        Some(Unlink { path, wanted: AtomicBool::new(true), done: AtomicBool::new(false) })
    }

    pub(crate) fn set_wanted(&self, unlink: bool) {
        self.wanted.store(unlink, Relaxed);
    }

    pub(crate) fn run(&self) {
        if !self.done.swap(true, Relaxed) && self.wanted.load(Relaxed) {
            // Somebody else may have removed it.
            let _ = sys::unlink(&self.path);
        }
    }
}

/// Who is at the other end of a Unix domain socket, when it connected.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PeerCred {
    /// The process; 0 if it is in a namespace that does not show here.
    pub pid: i32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}

/// What unix connections have beyond the others.
impl Conn {
    /// Who is at the other end of a unix connection.
    ///
    /// ```
    /// # fn main() { unsafe { gopark_runtime::run(|| {
    /// let ln = gopark_net::listen("unix", &format!("@gopark-cred-{}", std::process::id())).unwrap();
    /// let client = gopark_net::dial("unix", &ln.addr().to_string()).unwrap();
    /// assert_eq!(client.peer_cred().unwrap().pid, std::process::id() as i32);
    /// # }) } }
    /// ```
    ///
    /// # Errors
    /// The connection is of another network; it is closed.
    #[doc(alias = "SO_PEERCRED")]
    pub fn peer_cred(&self) -> Result<PeerCred, OpError> {
        let zero = libc::ucred { pid: 0, uid: 0, gid: 0 };
        let found = self.net_fd().pfd.control(|fd| {
            // SAFETY: a ucred is three integers: any bytes are one.
            unsafe { sys::getsockopt(fd, libc::SOL_SOCKET, libc::SO_PEERCRED, zero) }
        });
        let cred = found.map_err(|e| self.error("get", e.in_call("getsockopt")))?;
        Ok(PeerCred { pid: cred.pid, uid: cred.uid, gid: cred.gid })
    }

    /// Receives data, on "unixpacket" and "unixgram" a message, with its control data: their lengths, the flags, who sent it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[doc(alias = "ReadMsgUnix")]
    pub fn read_msg(
        &self,
        buf: &mut [u8],
        oob: &mut [u8],
    ) -> Result<(usize, usize, i32, Option<Addr>), OpError> {
        self.net_fd().read_msg(buf, oob).map_err(|e| self.error("read", e.in_call("recvmsg")))
    }

    /// Sends data, on "unixpacket" and "unixgram" a message, with control data: how much of each went out.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    #[doc(alias = "WriteMsgUnix")]
    pub fn write_msg(&self, buf: &[u8], oob: &[u8]) -> Result<(usize, usize), OpError> {
        let sent = self.net_fd().pfd.write_msg(buf, oob, None);
        // Go names the destination it was given, which is none.
        sent.map_err(|e| self.local_write_error(e.in_call("sendmsg")))
    }

    /// Receives a message and who sent it: on a dialled "udp" or "unixgram" socket.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[doc(alias = "ReadFrom")]
    pub fn read_from(&self, buf: &mut [u8]) -> Result<(usize, Option<Addr>), OpError> {
        self.net_fd().read_from(buf).map_err(|e| self.error("read", e.in_call("recvfrom")))
    }
}

/// Two connected unix sockets, of "unix" (stream), "unixgram" or "unixpacket".
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// let (a, b) = gopark_net::socket_pair("unixpacket").unwrap();
/// a.write(b"one").unwrap();
/// a.write(b"two").unwrap();
/// let mut buf = [0; 8];
/// assert_eq!((b.read(&mut buf).unwrap(), &buf[..3]), (3, &b"one"[..]));
/// # }) } }
/// ```
///
/// # Errors
/// Another network's name; what socketpair(2) says.
#[doc(alias = "socketpair")]
pub fn socket_pair(network: &str) -> io::Result<(Conn, Conn)> {
    let net = crate::addr::UnixNet::parse(network).ok_or(Errno(libc::EINVAL))?;
    let (a, b) = sys::socketpair(net.sotype())?;
    let network = crate::network::Network::parse(network).expect("a unix network's name");
    let conn = |raw| {
        let mut fd = NetFd::new(raw, Family::Unix, network);
        let ready = fd.init();
        fd.set_connected();
        ready
            .map(|()| Conn::new(fd))
            .map_err(|cause| io::Error::from(OpError::new("dial", network.name(), cause)))
    };
    let (a, b) = (conn(a), conn(b));
    Ok((a?, b?))
}
