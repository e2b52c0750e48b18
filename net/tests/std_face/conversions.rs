//! Descriptors that go in and out of all types, and from std's face into Go's. Go's net/file_test.go and file_unix_test.go, under their
//! names, where a conversion stands for `File` and `FileConn`.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::{in_runtime, socket_path, std_pair};
use gopark_net::{
    Conn, Listener, PacketConn, Shutdown, TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener,
    UnixStream,
};
use gopark_runtime::go;

/// Out as a descriptor and in again: the same socket under the same number.
fn round_trip<T: AsRawFd + AsFd + IntoRawFd + FromRawFd + From<OwnedFd> + Into<OwnedFd>>(socket: T) -> T {
    let number = socket.as_raw_fd();
    assert_eq!(socket.as_fd().as_raw_fd(), number);
    let raw = socket.into_raw_fd();
    assert_eq!(raw, number);
    // SAFETY: the descriptor was given up to us.
    let socket = unsafe { T::from_raw_fd(raw) };
    let owned: OwnedFd = socket.into();
    assert_eq!(owned.as_raw_fd(), number);
    T::from(owned)
}

#[test]
fn test_file_conn() {
    in_runtime(|| {
        let (a, b) = std_pair();
        let (a, b) = (round_trip(a), round_trip(b));
        (&a).write_all(b"x").unwrap();
        let (local, peer) = (b.local_addr().unwrap(), b.peer_addr().unwrap());
        let conn = Conn::from(b);
        assert_eq!(
            (conn.local_addr().to_string(), conn.remote_addr().to_string()),
            (local.to_string(), peer.to_string())
        );
        assert_eq!(conn.read(&mut [0; 8]).unwrap(), 1);
        let (a, b) = UnixStream::pair().unwrap();
        let (a, b) = (round_trip(a), Conn::from(round_trip(b)));
        (&a).write_all(b"xy").unwrap();
        assert_eq!(b.read(&mut [0; 8]).unwrap(), 2);
        assert_eq!(b.local_addr().network(), "unix");
        // std's own, blocking until now.
        let (a, b) = std::os::unix::net::UnixStream::pair().unwrap();
        let reader = go(move || {
            let mut text = String::new();
            UnixStream::from(b).read_to_string(&mut text).unwrap();
            text
        });
        let mut a = UnixStream::from(a);
        a.write_all(b"from std").unwrap();
        drop(a);
        assert_eq!(reader.join().unwrap(), "from std");
    });
}

#[test]
fn test_file_listener() {
    in_runtime(|| {
        let listener = round_trip(TcpListener::bind("127.0.0.1:0").unwrap());
        let addr = listener.local_addr().unwrap();
        let listener = Listener::from(listener);
        assert_eq!(listener.addr().to_string(), addr.to_string());
        let _client = TcpStream::connect(addr).unwrap();
        listener.accept().unwrap();
        let path = socket_path();
        let listener = Listener::from(round_trip(UnixListener::bind(&path).unwrap()));
        let _client = UnixStream::connect(&path).unwrap();
        listener.accept().unwrap();
        // The path is whose bound it: std leaves it, so a converted listener does too.
        drop(listener);
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn test_file_packet_conn() {
    in_runtime(|| {
        let udp = round_trip(UdpSocket::bind("127.0.0.1:0").unwrap());
        let packets = PacketConn::from(udp);
        packets.write_to(b"x", &packets.local_addr()).unwrap();
        assert_eq!(packets.read_from(&mut [0; 8]).unwrap(), (1, Some(packets.local_addr())));
        let (a, b) = UnixDatagram::pair().unwrap();
        let (a, b) = (round_trip(a), PacketConn::from(round_trip(b)));
        a.send(b"xyz").unwrap();
        assert_eq!(b.read_from(&mut [0; 8]).unwrap(), (3, None));
    });
}

/// A socket that closes while another goroutine duplicates it: one or the other, and no number is taken for another's.
#[test]
fn test_file_close_race() {
    in_runtime(|| {
        for _ in 0..100 {
            let (a, _b) = std_pair();
            let a = Arc::new(a);
            let closer = go({
                let a = a.clone();
                move || a.close().unwrap()
            });
            match a.try_clone() {
                Ok(copy) => assert!(copy.peer_addr().is_ok()),
                Err(e) => assert_eq!(e.to_string(), "use of closed network connection"),
            }
            closer.join().unwrap();
            assert_eq!(a.as_raw_fd(), -1);
        }
    });
}

/// What leaves is non-blocking still, which its duplicates share; whoever takes it says what he wants.
#[test]
fn test_file_fd_blocks() {
    in_runtime(|| {
        let (a, b) = std_pair();
        let std_stream = std::net::TcpStream::from(OwnedFd::from(a));
        let e = (&std_stream).read(&mut [0; 1]).unwrap_err();
        assert_eq!(e.kind(), std::io::ErrorKind::WouldBlock);
        std_stream.set_nonblocking(false).unwrap();
        let reader = go(move || gopark_runtime::offload(|| (&std_stream).read(&mut [0; 1]).unwrap()));
        gopark_runtime::time::sleep(std::time::Duration::from_millis(10));
        (&b).write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap(), 1);
    });
}

/// Back to std's types: blocking, and with the timeouts; and in again.
#[test]
fn what_goes_back_to_std_blocks() {
    in_runtime(|| {
        let (a, b) = std_pair();
        b.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        b.set_write_timeout(Some(Duration::from_secs(7))).unwrap();
        let (mut a, mut b) = (std::net::TcpStream::from(a), std::net::TcpStream::from(b));
        assert_eq!(a.read_timeout().unwrap(), None);
        assert_eq!(b.read_timeout().unwrap(), Some(Duration::from_millis(20)));
        assert_eq!(b.write_timeout().unwrap(), Some(Duration::from_secs(7)));
        let start = Instant::now();
        assert_eq!(b.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(start.elapsed() >= Duration::from_millis(15), "it did not wait");
        let b = TcpStream::from(b);
        assert_eq!(b.read_timeout().unwrap(), Some(Duration::from_millis(20)));
        assert_eq!((&b).read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        b.set_read_timeout(None).unwrap();
        let reader = go(move || (&b).read(&mut [0]).unwrap());
        a.write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap(), 1);
        let listener: std::net::TcpListener = TcpListener::bind("127.0.0.1:0").unwrap().into();
        let addr = listener.local_addr().unwrap();
        let client = go(move || TcpStream::connect(addr).unwrap());
        gopark_runtime::offload(|| listener.accept().unwrap());
        client.join().unwrap();
        let udp: std::net::UdpSocket = UdpSocket::bind("127.0.0.1:0").unwrap().into();
        udp.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(UdpSocket::from(udp).recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let (a, b) = UnixStream::pair().unwrap();
        a.set_nonblocking(true).unwrap();
        let a = std::os::unix::net::UnixStream::from(a);
        assert_eq!((&a).read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(std::os::unix::net::UnixStream::from(b));
        let (a, _b) = UnixDatagram::pair().unwrap();
        a.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let a = std::os::unix::net::UnixDatagram::from(a);
        assert_eq!(a.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let path = socket_path();
        let listener = std::os::unix::net::UnixListener::from(UnixListener::bind(&path).unwrap());
        let _client = UnixStream::connect(&path).unwrap();
        listener.accept().unwrap();
        std::fs::remove_file(&path).unwrap();
    });
}

/// std: "options set on one stream will be propagated to the other".
#[test]
fn duplicates_have_their_options_in_common() {
    in_runtime(|| {
        let (a, _b) = std_pair();
        let copy = a.try_clone().unwrap();
        a.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        copy.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        assert_eq!(copy.read_timeout().unwrap(), Some(Duration::from_millis(5)));
        assert_eq!(a.write_timeout().unwrap(), Some(Duration::from_secs(5)));
        assert_eq!((&copy).read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        a.set_read_timeout(None).unwrap();
        // The copy's deadline has passed, and is lifted with the timeout.
        let reader = go(move || (&copy).read(&mut [0]));
        gopark_runtime::time::sleep(Duration::from_millis(20));
        assert!(!reader.is_finished());
        a.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), 0);
        let (a, _b) = UnixDatagram::pair().unwrap();
        let copy = a.try_clone().unwrap();
        a.set_nonblocking(true).unwrap();
        assert_eq!(copy.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        copy.set_nonblocking(false).unwrap();
        copy.shutdown(Shutdown::Read).unwrap();
        assert_eq!(a.recv(&mut [0]).unwrap(), 0);
    });
}

/// std's fields, in std's order; the descriptor as a number.
#[test]
fn they_show_as_stds() {
    in_runtime(|| {
        let (a, _b) = std_pair();
        let (addr, peer, fd) = (a.local_addr().unwrap(), a.peer_addr().unwrap(), a.as_raw_fd());
        assert_eq!(format!("{a:?}"), format!("TcpStream {{ addr: {addr}, peer: {peer}, fd: {fd} }}"));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, fd) = (listener.local_addr().unwrap(), listener.as_raw_fd());
        assert_eq!(format!("{listener:?}"), format!("TcpListener {{ addr: {addr}, fd: {fd} }}"));
        let (a, _b) = UnixStream::pair().unwrap();
        let shown = format!("UnixStream {{ fd: {}, local: (unnamed), peer: (unnamed) }}", a.as_raw_fd());
        assert_eq!(format!("{a:?}"), shown);
        let unbound = UnixDatagram::unbound().unwrap();
        assert!(format!("{unbound:?}").starts_with("UnixDatagram { fd: "), "{unbound:?}");
    });
}
