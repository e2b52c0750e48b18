//! What unix connections have in addition: the peer's credentials, messages with control data,
//! pairs.
//!
//! Go: net/unixsock.go `UnixConn`.

use std::io;

use super::Conn;
use crate::addr::network::Network;
use crate::addr::{Addr, UnixNet};
use crate::error::{Errno, OpError};
use crate::poll::Wait;
use crate::sock::net_fd::NetFd;
use crate::sys::{self, Family};

/// The process at the other end of a Unix domain socket, as it was when it connected.
///
/// ```
/// let me = gopark::net::PeerCred { pid: 1, uid: 0, gid: 0 };
/// assert_eq!(me.uid, 0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PeerCred {
    /// The process; 0 if it is in a namespace that does not show here.
    pub pid: i32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}

impl Conn {
    /// The credentials of the process at the other end of a unix connection.
    ///
    /// ```
    /// # fn main() { unsafe { gopark::run(|| {
    /// let ln = gopark::net::listen("unix", &format!("@gopark-cred-{}", std::process::id())).unwrap();
    /// let client = gopark::net::dial("unix", &ln.addr().to_string()).unwrap();
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

    /// Receives data, on "unixpacket" and "unixgram" a message, with its control data: their
    /// lengths, the flags, the sender.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// a.write(b"hello").unwrap();
    /// let (n, oobn, ..) = b.read_msg(&mut [0; 8], &mut []).unwrap();
    /// assert_eq!((n, oobn), (5, 0));
    /// # }) }
    /// ```
    #[doc(alias = "ReadMsgUnix")]
    pub fn read_msg(
        &self,
        buf: &mut [u8],
        oob: &mut [u8],
    ) -> Result<(usize, usize, i32, Option<Addr>), OpError> {
        self.net_fd().read_msg(buf, oob).map_err(|e| self.error("read", e.in_call("recvmsg")))
    }

    /// Sends data, on "unixpacket" and "unixgram" a message, with control data: how much of each
    /// went out.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unix").unwrap();
    /// assert_eq!(a.write_msg(b"hello", &[]).unwrap(), (5, 0));
    /// # drop(b);
    /// # }) }
    /// ```
    #[doc(alias = "WriteMsgUnix")]
    pub fn write_msg(&self, buf: &[u8], oob: &[u8]) -> Result<(usize, usize), OpError> {
        let sent = self.net_fd().pfd.write_msg(buf, oob, None);
        // Go names the destination it was given, which is none.
        sent.map_err(|e| self.local_write_error(e.in_call("sendmsg")))
    }

    /// Receives a message and its sender: on a dialled "udp" or "unixgram" socket.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// ```
    /// # unsafe { gopark::run(|| {
    /// let (a, b) = gopark::net::socket_pair("unixgram").unwrap();
    /// a.write(b"hello").unwrap();
    /// assert_eq!(b.read_from(&mut [0; 8]).unwrap().0, 5);
    /// # }) }
    /// ```
    #[doc(alias = "ReadFrom")]
    pub fn read_from(&self, buf: &mut [u8]) -> Result<(usize, Option<Addr>), OpError> {
        self.net_fd().read_from(Wait::NO_CONTEXT, buf).map_err(|e| self.error("read", e.in_call("recvfrom")))
    }
}

/// Two connected unix sockets, of "unix" (stream), "unixgram" or "unixpacket".
///
/// ```
/// # fn main() { unsafe { gopark::run(|| {
/// let (a, b) = gopark::net::socket_pair("unixpacket").unwrap();
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
    let net = UnixNet::parse(network).ok_or(Errno(libc::EINVAL))?;
    let (a, b) = sys::socketpair(net.sotype())?;
    let network = Network::parse(network).expect("a unix network's name");
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
