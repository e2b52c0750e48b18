//! What the kernel does that std's constructors, or callers that do not block in the kernel, know
//! nothing of: std itself says what is right.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net as std_unix;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::common::{in_runtime, socket_path};
use gopark_net::{UdpSocket, UnixDatagram, UnixListener, UnixStream, dial, listen, listen_packet};
use gopark_runtime::{go, time};

/// As long as a path can be: no room is left for the NUL.
struct LongPath(PathBuf);

impl LongPath {
    fn new() -> LongPath {
        let mut path = socket_path().into_os_string().into_string().unwrap();
        path.extend(std::iter::repeat_n('x', 108 - path.len()));
        LongPath(path.into())
    }

    fn as_c(&self) -> libc::sockaddr_un {
        let mut path = [0; 108];
        for (to, &from) in path.iter_mut().zip(self.0.as_os_str().as_encoded_bytes()) {
            *to = from as libc::c_char;
        }
        libc::sockaddr_un { sun_family: libc::AF_UNIX as libc::sa_family_t, sun_path: path }
    }

    fn bind(&self, socket: &impl AsRawFd) {
        let addr = self.as_c();
        let len = size_of_val(&addr) as libc::socklen_t;
        // SAFETY: an address of this length.
        assert_eq!(unsafe { libc::bind(socket.as_raw_fd(), (&raw const addr).cast(), len) }, 0);
    }

    fn connect(&self, socket: &impl AsRawFd) {
        let addr = self.as_c();
        let len = size_of_val(&addr) as libc::socklen_t;
        // SAFETY: an address of this length.
        assert_eq!(unsafe { libc::connect(socket.as_raw_fd(), (&raw const addr).cast(), len) }, 0);
    }
}

impl Drop for LongPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn unix_socket(sotype: i32) -> OwnedFd {
    // SAFETY: takes no pointers; a new descriptor is nobody else's.
    unsafe { OwnedFd::from_raw_fd(libc::socket(libc::AF_UNIX, sotype | libc::SOCK_CLOEXEC, 0)) }
}

fn shut(fd: RawFd, how: i32) {
    // SAFETY: takes no pointers. UDP without a peer is shut, too, though the call fails.
    unsafe { libc::shutdown(fd, how) };
}

#[test]
fn a_listener_accepts_a_peer_whose_path_fills_its_room() {
    in_runtime(|| {
        let (path, at) = (LongPath::new(), socket_path());
        let ln = UnixListener::bind(&at).unwrap();
        let client = unix_socket(libc::SOCK_STREAM);
        path.bind(&client);
        let client = std_unix::UnixStream::from(client);
        let addr = std_unix::SocketAddr::from_pathname(&at).unwrap();
        let to = addr.as_pathname().unwrap().to_owned();
        connect_raw(&client, &to);
        let (stream, from) = ln.accept().unwrap();
        assert_eq!(from.as_pathname(), Some(path.0.as_path()));
        assert_eq!(stream.peer_addr().unwrap().as_pathname(), Some(path.0.as_path()));
        let client = UnixStream::from(client);
        assert_eq!(client.local_addr().unwrap().as_pathname(), Some(path.0.as_path()));
        std::fs::remove_file(at).unwrap();
    });
}

fn connect_raw(socket: &impl AsRawFd, to: &Path) {
    let mut addr = libc::sockaddr_un { sun_family: libc::AF_UNIX as libc::sa_family_t, sun_path: [0; 108] };
    for (to, &from) in addr.sun_path.iter_mut().zip(to.as_os_str().as_encoded_bytes()) {
        *to = from as libc::c_char;
    }
    let len = size_of_val(&addr) as libc::socklen_t;
    // SAFETY: an address of this length.
    assert_eq!(unsafe { libc::connect(socket.as_raw_fd(), (&raw const addr).cast(), len) }, 0);
}

/// The listener itself may have such a path: who connects finds it as the peer's.
#[test]
fn a_listener_at_a_path_that_fills_its_room_names_it() {
    in_runtime(|| {
        let path = LongPath::new();
        let ln = unix_socket(libc::SOCK_STREAM);
        path.bind(&ln);
        // SAFETY: takes no pointers.
        assert_eq!(unsafe { libc::listen(ln.as_raw_fd(), 1) }, 0);
        let ln = UnixListener::from(ln);
        assert_eq!(ln.local_addr().unwrap().as_pathname(), Some(path.0.as_path()));
        let client = unix_socket(libc::SOCK_STREAM);
        path.connect(&client);
        let client = UnixStream::from(client);
        assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(path.0.as_path()));
        let (server, from) = ln.accept().unwrap();
        assert!(from.is_unnamed());
        assert_eq!(server.local_addr().unwrap().as_pathname(), Some(path.0.as_path()));
        let shown = format!("{ln:?}");
        assert!(shown.contains(path.0.to_str().unwrap()), "{shown}");
    });
}

#[test]
fn a_message_from_a_path_that_fills_its_room_arrives() {
    in_runtime(|| {
        let (path, at) = (LongPath::new(), socket_path());
        let receiver = UnixDatagram::bind(&at).unwrap();
        let sender = unix_socket(libc::SOCK_DGRAM);
        path.bind(&sender);
        let sender = UnixDatagram::from(sender);
        assert_eq!(sender.local_addr().unwrap().as_pathname(), Some(path.0.as_path()));
        sender.send_to(b"hello", &at).unwrap();
        let mut buf = [0; 8];
        let (n, from) = receiver.peek_from(&mut buf).unwrap();
        assert_eq!((&buf[..n], from.as_pathname()), (&b"hello"[..], Some(path.0.as_path())));
        let (n, from) = receiver.recv_from(&mut buf).unwrap();
        assert_eq!((&buf[..n], from.as_pathname()), (&b"hello"[..], Some(path.0.as_path())));
        // An answer goes to what was given.
        receiver.send_to_addr(b"back", &from).unwrap();
        assert_eq!(sender.recv(&mut buf).unwrap(), 4);
        // With the sender gone its name can only be lost where nothing is taken.
        sender.send_to(b"again", &at).unwrap();
        drop((sender, path));
        let _ = receiver.peek_from(&mut buf);
        assert_eq!(receiver.recv_from(&mut buf).unwrap().0, 5);
        std::fs::remove_file(at).unwrap();
    });
}

/// A result as far as both faces can say it alike.
fn shown<T: std::fmt::Debug>(result: io::Result<T>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(e) => format!("{:?} {:?}", e.kind(), e.raw_os_error()),
    }
}

/// Calls `wait` in a goroutine, lets it park, has `end` end it, and returns what came of it.
fn ended<T: Send + 'static>(wait: impl FnOnce() -> T + Send + 'static, end: impl FnOnce()) -> T {
    let waiting = go(wait);
    time::sleep(Duration::from_millis(30));
    end();
    let limit = Instant::now() + Duration::from_secs(5);
    while !waiting.is_finished() {
        assert!(Instant::now() < limit, "it still waits");
        time::sleep(Duration::from_millis(5));
    }
    waiting.join().unwrap()
}

#[test]
fn a_shutdown_of_udp_by_number_ends_who_receives() {
    let right = {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        shut(socket.as_raw_fd(), libc::SHUT_RD);
        [shown(socket.recv_from(&mut [0; 8])), shown(socket.recv(&mut [0; 8]))]
    };
    in_runtime(|| {
        let receives: [fn(&UdpSocket) -> String; 2] =
            [|socket| shown(socket.recv_from(&mut [0; 8])), |socket| shown(socket.recv(&mut [0; 8]))];
        for (receive, right) in receives.into_iter().zip(&right) {
            let socket = std::sync::Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
            let fd = socket.as_raw_fd();
            let parked = socket.clone();
            assert_eq!(&ended(move || receive(&parked), || shut(fd, libc::SHUT_RD)), right);
            // Later calls do not wait either, and what comes in is still received.
            assert_eq!(&receive(&socket), right);
            let to = socket.local_addr().unwrap();
            UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"late", to).unwrap();
            assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 4);
            assert_eq!(&receive(&socket), right);
        }
    });
}

#[test]
fn a_shutdown_before_the_first_wait_is_seen() {
    in_runtime(|| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        shut(socket.as_raw_fd(), libc::SHUT_RDWR);
        assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 0);
        let given = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        shut(given.as_raw_fd(), libc::SHUT_RD);
        assert_eq!(ended(move || UdpSocket::from(given).peek(&mut [0; 8]).unwrap(), || ()), 0);
    });
}

#[test]
fn a_shutdown_of_unix_datagrams_by_number_ends_who_receives() {
    let right = {
        let (a, _b) = std_unix::UnixDatagram::pair().unwrap();
        a.shutdown(Shutdown::Read).unwrap();
        [shown(a.recv_from(&mut [0; 8])), shown(a.recv(&mut [0; 8]))]
    };
    in_runtime(|| {
        let receives: [fn(&UnixDatagram) -> String; 2] =
            [|socket| shown(socket.recv_from(&mut [0; 8])), |socket| shown(socket.recv(&mut [0; 8]))];
        for (receive, right) in receives.into_iter().zip(&right) {
            let (a, _b) = UnixDatagram::pair().unwrap();
            let duplicate = a.try_clone().unwrap();
            assert_eq!(&ended(move || receive(&a), || shut(duplicate.as_raw_fd(), libc::SHUT_RD)), right);
            assert_eq!(&receive(&duplicate), right);
        }
        // As before, by our own call.
        let (a, _b) = UnixDatagram::pair().unwrap();
        let duplicate = a.try_clone().unwrap();
        let end = || duplicate.shutdown(Shutdown::Read).unwrap();
        assert_eq!(ended(move || shown(a.recv_from(&mut [0; 8])), end), right[0]);
        duplicate.set_nonblocking(true).unwrap();
        assert_eq!(duplicate.recv(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    });
}

#[test]
fn a_shutdown_of_a_unix_listener_ends_who_accepts() {
    let right = {
        let at = socket_path();
        let ln = std_unix::UnixListener::bind(&at).unwrap();
        shut(ln.as_raw_fd(), libc::SHUT_RDWR);
        std::fs::remove_file(at).unwrap();
        ln.accept().unwrap_err().raw_os_error()
    };
    in_runtime(|| {
        let at = socket_path();
        let ln = UnixListener::bind(&at).unwrap();
        let fd = ln.as_raw_fd();
        let accepted = ended(move || ln.accept().map(drop), || shut(fd, libc::SHUT_RDWR));
        assert_eq!(accepted.unwrap_err().raw_os_error(), right);
        std::fs::remove_file(at).unwrap();
        for network in ["unix", "unixpacket"] {
            let at = socket_path();
            let ln = listen(network, at.to_str().unwrap()).unwrap();
            let fd = ln.as_raw_fd();
            let accepted = ended(move || ln.accept().map(drop), || shut(fd, libc::SHUT_RDWR));
            assert_eq!(accepted.unwrap_err().raw_os_error(), right, "{network}");
        }
    });
}

/// Go's face: the end, as of a stream. Go itself waits for ever.
#[test]
fn a_shutdown_ends_the_reads_of_gos_face() {
    in_runtime(|| {
        for network in ["udp", "unixgram"] {
            let at = if network == "udp" {
                "127.0.0.1:0".into()
            } else {
                socket_path().to_str().unwrap().to_owned()
            };
            let socket = listen_packet(network, &at).unwrap();
            let fd = socket.as_raw_fd();
            let parked = socket.clone();
            let (n, from) = ended(move || parked.read_from(&mut [0; 8]), || shut(fd, libc::SHUT_RD)).unwrap();
            assert_eq!((n, from.map(|from| from.to_string())), (0, None), "{network}");
            let (n, oobn, ..) = socket.read_msg(&mut [0; 8], &mut [0; 32]).unwrap();
            assert_eq!((n, oobn), (0, 0), "{network}");
        }
        let peer = listen_packet("udp", "127.0.0.1:0").unwrap();
        let conn = dial("udp", &peer.local_addr().to_string()).unwrap();
        let (parked, fd) = (conn.clone(), conn.as_raw_fd());
        assert_eq!(ended(move || parked.read(&mut [0; 8]).unwrap(), || shut(fd, libc::SHUT_RD)), 0);
        assert_eq!(conn.try_read(&mut [0; 8]).unwrap(), 0);
    });
}
