//! Ports of std's tests of `UdpSocket` (library/std/src/net/udp/tests.rs) and of the unix sockets
//! (library/std/src/os/unix/net/tests.rs), under their names, in goroutines.

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::{Ipv4Addr, Shutdown};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::common::{in_runtime, skipped, socket_path};
use gopark_net::{PacketConn, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use gopark_runtime::go;

fn udp() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

fn abstract_addr(name: &str) -> SocketAddr {
    SocketAddr::from_abstract_name(format!("gopark-{name}-{}", std::process::id())).unwrap()
}

#[test]
fn udp_bind_error() {
    in_runtime(|| {
        assert_eq!(UdpSocket::bind("1.1.1.1:9999").unwrap_err().kind(), ErrorKind::AddrNotAvailable);
    });
}

#[test]
fn socket_smoke_test_ip4() {
    in_runtime(|| {
        let (server, client) = (udp(), udp());
        let to = server.local_addr().unwrap();
        let from = client.local_addr().unwrap();
        let sender = go(move || client.send_to(&[99], to).unwrap());
        let mut buf = [0];
        assert_eq!(server.recv_from(&mut buf).unwrap(), (1, from));
        assert_eq!(buf, [99]);
        assert_eq!(sender.join().unwrap(), 1);
    });
}

#[test]
fn socket_name_and_peer() {
    in_runtime(|| {
        let (a, b) = (udp(), udp());
        assert!(a.peer_addr().is_err());
        a.connect(b.local_addr().unwrap()).unwrap();
        assert_eq!(a.peer_addr().unwrap(), b.local_addr().unwrap());
    });
}

#[test]
fn udp_clone_smoke() {
    in_runtime(|| {
        let (a, b) = (udp(), udp());
        let (a_addr, b_addr) = (a.local_addr().unwrap(), b.local_addr().unwrap());
        let peer = go(move || {
            let mut buf = [0];
            assert_eq!(b.recv_from(&mut buf).unwrap(), (1, a_addr));
            b.send_to(&[buf[0] + 1], a_addr).unwrap();
        });
        let a2 = a.try_clone().unwrap();
        go(move || a2.send_to(&[1], b_addr).unwrap());
        let mut buf = [0];
        assert_eq!(a.recv_from(&mut buf).unwrap(), (1, b_addr));
        assert_eq!(buf, [2]);
        peer.join().unwrap();
    });
}

#[test]
fn socket_smoke_test_ip6() {
    in_runtime(|| {
        let Ok(server) = UdpSocket::bind("[::1]:0") else { return skipped("no IPv6") };
        let client = UdpSocket::bind("[::1]:0").unwrap();
        client.send_to(&[99], server.local_addr().unwrap()).unwrap();
        let mut buf = [0];
        assert_eq!(server.recv_from(&mut buf).unwrap(), (1, client.local_addr().unwrap()));
        assert_eq!(buf, [99]);
    });
}

/// Two duplicates receive at once: each message goes to one of them.
#[test]
fn udp_clone_two_read() {
    in_runtime(|| {
        let (a, b) = (udp(), udp());
        let to = a.local_addr().unwrap();
        let a2 = a.try_clone().unwrap();
        let read = |s: UdpSocket| {
            go(move || {
                let mut buf = [0];
                s.recv_from(&mut buf).unwrap();
                buf[0]
            })
        };
        let readers = [read(a), read(a2)];
        b.send_to(&[1], to).unwrap();
        b.send_to(&[2], to).unwrap();
        let got = readers.map(|r| r.join().unwrap());
        assert_eq!(got[0] + got[1], 3, "{got:?}");
    });
}

#[test]
fn udp_clone_two_write() {
    in_runtime(|| {
        let (a, b) = (udp(), udp());
        let to = b.local_addr().unwrap();
        let a2 = a.try_clone().unwrap();
        let writers = [go(move || a.send_to(&[1], to).unwrap()), go(move || a2.send_to(&[2], to).unwrap())];
        let mut sum = 0;
        for _ in 0..2 {
            let mut buf = [0];
            b.recv_from(&mut buf).unwrap();
            sum += buf[0];
        }
        writers.into_iter().for_each(|w| assert_eq!(w.join().unwrap(), 1));
        assert_eq!(sum, 3);
    });
}

#[test]
fn udp_debug() {
    in_runtime(|| {
        let a = udp();
        let (addr, fd) = (a.local_addr().unwrap(), a.as_raw_fd());
        assert_eq!(format!("{a:?}"), format!("UdpSocket {{ addr: {addr:?}, fd: {fd} }}"));
    });
}

#[test]
fn udp_read_timeout() {
    in_runtime(|| {
        let a = udp();
        a.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let start = Instant::now();
        let e = a.recv_from(&mut [0; 10]).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::WouldBlock);
        assert!(start.elapsed() > Duration::from_millis(40));
        a.send_to(b"hello", a.local_addr().unwrap()).unwrap();
        assert_eq!(a.recv_from(&mut [0; 10]).unwrap().0, 5);
        assert_eq!(a.set_read_timeout(Some(Duration::ZERO)).unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn connect_send_peek_recv() {
    in_runtime(|| {
        let a = udp();
        a.connect(a.local_addr().unwrap()).unwrap();
        a.send(b"hello world").unwrap();
        let mut buf = [0; 11];
        for _ in 0..2 {
            assert_eq!(a.peek(&mut buf).unwrap(), 11);
        }
        assert_eq!(a.recv(&mut buf).unwrap(), 11);
        assert_eq!(&buf, b"hello world");
    });
}

#[test]
fn peek_from() {
    in_runtime(|| {
        let a = udp();
        let addr = a.local_addr().unwrap();
        a.send_to(b"hello world", addr).unwrap();
        let mut buf = [0; 11];
        for _ in 0..2 {
            assert_eq!(a.peek_from(&mut buf).unwrap(), (11, addr));
        }
        assert_eq!(a.recv_from(&mut buf).unwrap(), (11, addr));
    });
}

#[test]
fn udp_options() {
    in_runtime(|| {
        let a = udp();
        a.set_ttl(100).unwrap();
        a.set_broadcast(true).unwrap();
        a.set_multicast_loop_v4(false).unwrap();
        a.set_multicast_ttl_v4(3).unwrap();
        assert_eq!((a.ttl().unwrap(), a.broadcast().unwrap()), (100, true));
        assert_eq!((a.multicast_loop_v4().unwrap(), a.multicast_ttl_v4().unwrap()), (false, 3));
        assert!(a.take_error().unwrap().is_none());
    });
}

#[test]
fn multicast_on_loopback() {
    in_runtime(|| {
        let group = Ipv4Addr::new(224, 0, 0, 251);
        let a = UdpSocket::bind("0.0.0.0:0").unwrap();
        a.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST).unwrap();
        a.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST).unwrap();
        assert!(a.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST).is_err());
    });
}

#[test]
fn udp_set_nonblocking() {
    in_runtime(|| {
        let a = udp();
        a.set_nonblocking(true).unwrap();
        assert_eq!(a.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        a.set_nonblocking(false).unwrap();
        let packets = PacketConn::from(a);
        assert_eq!(packets.write_to(b"x", &packets.local_addr()).unwrap(), 1);
        assert_eq!(packets.read_from(&mut [0]).unwrap().0, 1);
    });
}

#[test]
fn basic() {
    in_runtime(|| {
        let path = socket_path();
        let listener = UnixListener::bind(&path).unwrap();
        let server = go(move || {
            let (mut stream, from) = listener.accept().unwrap();
            assert!(from.is_unnamed());
            let mut buf = [0; 5];
            stream.read_exact(&mut buf).unwrap();
            assert_eq!(&buf, b"hello");
            stream.write_all(b"world!").unwrap();
        });
        let mut stream = UnixStream::connect(&path).unwrap();
        assert_eq!(stream.peer_addr().unwrap().as_pathname(), Some(path.as_path()));
        stream.write_all(b"hello").unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"world!");
        server.join().unwrap();
        // std leaves the path.
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn vectored() {
    in_runtime(|| {
        let (mut a, mut b) = UnixStream::pair().unwrap();
        assert_eq!(a.write_vectored(&[IoSlice::new(b"hello "), IoSlice::new(b"world")]).unwrap(), 11);
        let (mut x, mut y) = ([0; 5], [0; 9]);
        let n = b.read_vectored(&mut [IoSliceMut::new(&mut x), IoSliceMut::new(&mut y)]).unwrap();
        assert_eq!((n, &x, &y[..6]), (11, b"hello", &b" world"[..]));
    });
}

#[test]
fn try_clone_and_iter() {
    in_runtime(|| {
        let path = socket_path();
        let listener = UnixListener::bind(&path).unwrap();
        let client = go({
            let path = path.clone();
            move || {
                for _ in 0..2 {
                    UnixStream::connect(&path).unwrap().write_all(&[0]).unwrap();
                }
            }
        });
        for stream in listener.incoming().take(2) {
            let mut clone = stream.unwrap().try_clone().unwrap();
            clone.read_exact(&mut [0]).unwrap();
        }
        client.join().unwrap();
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn long_path() {
    in_runtime(|| {
        let long = std::env::temp_dir().join("x".repeat(108));
        let kinds = [
            UnixStream::connect(&long).unwrap_err().kind(),
            UnixListener::bind(&long).unwrap_err().kind(),
            UnixDatagram::bind(&long).unwrap_err().kind(),
        ];
        assert_eq!(kinds, [ErrorKind::InvalidInput; 3]);
    });
}

#[test]
fn unix_timeouts() {
    in_runtime(|| {
        let (mut a, _b) = UnixStream::pair().unwrap();
        let d = Some(Duration::from_millis(50));
        a.set_read_timeout(d).unwrap();
        assert_eq!((a.read_timeout().unwrap(), a.write_timeout().unwrap()), (d, None));
        assert_eq!(a.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        a.set_write_timeout(d).unwrap();
        let e = a.write_all(&vec![0; 4 << 20]).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn connect_waits_for_room_in_the_queue() {
    in_runtime(|| {
        let addr = abstract_addr("queue");
        let listener = UnixListener::bind_addr(&addr).unwrap();
        let clients: Vec<_> = (0..300)
            .map(|_| {
                let addr = addr.clone();
                go(move || UnixStream::connect_addr(&addr).map(drop).unwrap())
            })
            .collect();
        for _ in 0..300 {
            listener.accept().unwrap();
        }
        clients.into_iter().for_each(|c| c.join().unwrap());
    });
}

#[test]
fn test_unix_datagram() {
    in_runtime(|| {
        let (p1, p2) = (socket_path(), socket_path());
        let (a, b) = (UnixDatagram::bind(&p1).unwrap(), UnixDatagram::bind(&p2).unwrap());
        a.send_to(b"hello world", &p2).unwrap();
        let mut buf = [0; 11];
        let (n, from) = b.recv_from(&mut buf).unwrap();
        assert_eq!((n, from.as_pathname()), (11, Some(p1.as_path())));
        assert_eq!(&buf, b"hello world");
        std::fs::remove_file(&p1).unwrap();
        std::fs::remove_file(&p2).unwrap();
    });
}

#[test]
fn test_unnamed_unix_datagram() {
    in_runtime(|| {
        let path = socket_path();
        let a = UnixDatagram::bind(&path).unwrap();
        UnixDatagram::unbound().unwrap().send_to(b"hello world", &path).unwrap();
        let (n, from) = a.recv_from(&mut [0; 11]).unwrap();
        assert!(n == 11 && from.is_unnamed());
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn test_connect_unix_datagram() {
    in_runtime(|| {
        let (p1, p2) = (socket_path(), socket_path());
        let (a, b) = (UnixDatagram::bind(&p1).unwrap(), UnixDatagram::bind(&p2).unwrap());
        let sender = UnixDatagram::unbound().unwrap();
        sender.connect(&p1).unwrap();
        sender.send(b"hello there").unwrap();
        assert_eq!(a.recv(&mut [0; 11]).unwrap(), 11);
        // Changing the default socket works too.
        sender.connect(&p2).unwrap();
        sender.send(b"hello there").unwrap();
        assert_eq!(b.recv(&mut [0; 11]).unwrap(), 11);
        let unconnected = UnixDatagram::unbound().unwrap();
        assert_eq!(unconnected.send(b"x").unwrap_err().kind(), ErrorKind::NotConnected);
        std::fs::remove_file(&p1).unwrap();
        std::fs::remove_file(&p2).unwrap();
    });
}

#[test]
fn datagram_pair_shutdown_and_peek() {
    in_runtime(|| {
        let (a, b) = UnixDatagram::pair().unwrap();
        a.send(b"hello").unwrap();
        let mut buf = [0; 8];
        assert_eq!((b.peek(&mut buf).unwrap(), b.peek_from(&mut buf).unwrap().0), (5, 5));
        assert_eq!(b.recv(&mut buf).unwrap(), 5);
        a.shutdown(Shutdown::Read).unwrap();
        assert_eq!(a.recv(&mut buf).unwrap(), 0);
    });
}

#[test]
fn abstract_namespace() {
    in_runtime(|| {
        let addr = SocketAddr::from_abstract_name(
            [b"gopark\0".as_slice(), &std::process::id().to_ne_bytes()].concat(),
        );
        let addr = addr.unwrap();
        let a = UnixDatagram::bind_addr(&addr).unwrap();
        assert_eq!(a.local_addr().unwrap().as_abstract_name(), addr.as_abstract_name());
        UnixDatagram::unbound().unwrap().send_to_addr(b"hi", &addr).unwrap();
        assert_eq!(a.recv(&mut [0; 4]).unwrap(), 2);
        let e = UnixDatagram::bind_addr(&addr).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::AddrInUse);
    });
}

#[test]
fn test_unix_datagram_timeout_recv() {
    in_runtime(|| {
        let path = socket_path();
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
        let start = Instant::now();
        let e = socket.recv(&mut [0; 5]).unwrap_err();
        assert!(matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{e}");
        assert!(start.elapsed() >= Duration::from_millis(30));
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn pair() {
    in_runtime(|| {
        let (mut s1, mut s2) = UnixStream::pair().unwrap();
        let peer = go(move || {
            let mut buf = [0; 6];
            s2.read_exact(&mut buf).unwrap();
            assert_eq!(&buf, b"hello ");
            s2.write_all(b"world!").unwrap();
        });
        s1.write_all(b"hello ").unwrap();
        let mut text = String::new();
        s1.read_to_string(&mut text).unwrap();
        assert_eq!(text, "world!");
        peer.join().unwrap();
    });
}

#[test]
fn iter() {
    in_runtime(|| {
        let path = socket_path();
        let listener = UnixListener::bind(&path).unwrap();
        let server = go(move || {
            for stream in listener.incoming().take(2) {
                let mut buf = [0];
                stream.unwrap().read_exact(&mut buf).unwrap();
            }
        });
        for _ in 0..2 {
            UnixStream::connect(&path).unwrap().write_all(&[0]).unwrap();
        }
        server.join().unwrap();
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn datagram_zero_duration_timeouts_are_refused() {
    in_runtime(|| {
        let socket = UnixDatagram::unbound().unwrap();
        for refused in
            [socket.set_read_timeout(Some(Duration::ZERO)), socket.set_write_timeout(Some(Duration::ZERO))]
        {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        let udp = udp();
        assert_eq!(udp.set_read_timeout(Some(Duration::ZERO)).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(udp.read_timeout().unwrap(), None);
    });
}
