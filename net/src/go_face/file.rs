//! Sockets handed in and out as files: to a child, to a successor, from a supervisor. Go:
//! net/file.go.

use super::listen::Listener;
use super::packet::PacketConn;
use crate::addr::Shown;
use crate::addr::network::Transport;
use crate::conn::Conn;
use crate::error::{Cause, Errno, OpError};
use crate::os::File;
use crate::sock::keep_alive::KeepAlive;
use crate::sock::net_fd::NetFd;

/// A connection for a duplicate of a file's socket: a stream, or a datagram socket with a peer.
/// Close the file too: neither closes the other.
///
/// A TCP connection gets what [`dial`](crate::dial) gives it: no delay, and keep-alive probes.
///
/// # Errors
/// The file is closed, or no socket of these networks.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// let (a, b) = gopark_net::socket_pair("unix").unwrap();
/// let file = a.file().unwrap();
/// let again = gopark_net::file_conn(&file).unwrap();
/// again.write(b"hello").unwrap();
/// assert_eq!(b.read(&mut [0; 8]).unwrap(), 5);
/// # }) } }
/// ```
#[doc(alias = "FileConn")]
pub fn file_conn(file: &File) -> Result<Conn, OpError> {
    let fd = from_file(file, |_| true)?;
    if fd.network.transport == Transport::Tcp {
        KeepAlive::default().new_tcp_conn(&fd);
    }
    Ok(Conn::new(fd))
}

/// A listener for a duplicate of a file's socket, which listens already. The path of a unix socket
/// stays when the listener closes.
///
/// # Errors
/// The file is closed, or no TCP or unix socket.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// use gopark_net::{dial, file_listener, listen};
/// let first = listen("tcp", "127.0.0.1:0").unwrap();
/// let second = file_listener(&first.file().unwrap()).unwrap();
/// first.close().unwrap();
/// let client = dial("tcp", &second.addr().to_string()).unwrap();
/// assert_eq!(second.accept().unwrap().remote_addr(), client.local_addr());
/// # }) } }
/// ```
#[doc(alias = "FileListener")]
pub fn file_listener(file: &File) -> Result<Listener, OpError> {
    let fd = from_file(file, |transport| matches!(transport, Transport::Tcp | Transport::Unix(_)))?;
    Ok(Listener::of(fd))
}

/// A packet connection for a duplicate of a file's socket.
///
/// # Errors
/// The file is closed, or no UDP, IP or unix socket.
///
/// ```
/// # fn main() { unsafe { gopark_runtime::run(|| {
/// let first = gopark_net::listen_packet("udp", "127.0.0.1:0").unwrap();
/// let second = gopark_net::file_packet_conn(&first.file().unwrap()).unwrap();
/// second.write_to(b"to myself", &first.local_addr()).unwrap();
/// assert_eq!(first.read_from(&mut [0; 16]).unwrap().0, 9);
/// # }) } }
/// ```
#[doc(alias = "FilePacketConn")]
pub fn file_packet_conn(file: &File) -> Result<PacketConn, OpError> {
    from_file(file, |transport| transport != Transport::Tcp).map(PacketConn::new)
}

fn from_file(file: &File, suits: impl Fn(Transport) -> bool) -> Result<NetFd, OpError> {
    let failed = |cause: Cause| {
        let name = file.name().to_string_lossy().into_owned();
        OpError::new("file", "file+net", cause).with_addr(Some(Shown::name(name)))
    };
    let fd = NetFd::from_file(file).map_err(failed)?;
    if suits(fd.network.transport) { Ok(fd) } else { Err(failed(Errno(libc::EINVAL).into())) }
}

impl Conn {
    /// A duplicate of the connection's descriptor as a file: for a child, or for [`file_conn`].
    /// Neither closes the other.
    ///
    /// # Errors
    /// Out of descriptors; a closed connection.
    ///
    /// ```
    /// # fn main() { unsafe { gopark_runtime::run(|| {
    /// let (a, b) = gopark_net::socket_pair("unix").unwrap();
    /// let file = a.file().unwrap();
    /// a.close().unwrap();
    /// file.write(b"still open").unwrap();
    /// assert_eq!(b.read(&mut [0; 16]).unwrap(), 10);
    /// # }) } }
    /// ```
    #[doc(alias = "File")]
    pub fn file(&self) -> Result<File, OpError> {
        self.net_fd().file().map_err(|cause| self.error("file", cause))
    }
}

impl Listener {
    /// A duplicate of the listener's descriptor as a file: for a child, or for [`file_listener`].
    /// Neither closes the other.
    ///
    /// # Errors
    /// Out of descriptors; a closed listener.
    #[doc(alias = "File")]
    pub fn file(&self) -> Result<File, OpError> {
        self.net_fd().file().map_err(|cause| self.error("file", cause))
    }
}

impl PacketConn {
    /// A duplicate of the socket's descriptor as a file: for a child, or for [`file_packet_conn`].
    /// Neither closes the other.
    ///
    /// # Errors
    /// Out of descriptors; a closed socket.
    #[doc(alias = "File")]
    pub fn file(&self) -> Result<File, OpError> {
        self.net_fd().file().map_err(|cause| self.net_fd().op_error("file", cause))
    }
}
