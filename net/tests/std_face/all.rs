//! More ports of std's tests (library/std/src/net/tcp/tests.rs, net/udp/tests.rs, os/unix/net/tests.rs), under their names; where two files
//! have the same name the family is put in front.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr as UnixSocketAddr;
use std::time::{Duration, Instant};

use crate::common::{in_runtime, socket_path};
use gopark_net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use gopark_runtime::chan::bounded;
use gopark_runtime::go;

/// With IPv4, and with IPv6 if there is any.
fn each_ip(test: impl Fn(SocketAddr) + Send + Sync) {
    in_runtime(|| {
        test("127.0.0.1:0".parse().unwrap());
        if UdpSocket::bind("[::1]:0").is_ok() {
            test("[::1]:0".parse().unwrap());
        }
    });
}

fn tcp_pair(addr: SocketAddr) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(addr).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

fn read_byte(mut stream: impl Read) -> u8 {
    let mut buf = [0];
    stream.read_exact(&mut buf).unwrap();
    buf[0]
}

#[test]
fn listen_localhost() {
    in_runtime(|| {
        let listener = TcpListener::bind("localhost:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = go(move || TcpStream::connect(("localhost", port)).unwrap().write_all(&[144]).unwrap());
        assert_eq!(read_byte(listener.accept().unwrap().0), 144);
        client.join().unwrap();
    });
}

#[test]
fn connect_loopback() {
    each_ip(|addr| {
        let listener = TcpListener::bind(addr).unwrap();
        let host = if addr.is_ipv4() { "127.0.0.1" } else { "::1" };
        let port = listener.local_addr().unwrap().port();
        let client = go(move || TcpStream::connect((host, port)).unwrap().write_all(&[66]).unwrap());
        assert_eq!(read_byte(listener.accept().unwrap().0), 66);
        client.join().unwrap();
    });
}

#[test]
fn multiple_connect_serial() {
    each_ip(|addr| {
        const MAX: usize = 10;
        let listener = TcpListener::bind(addr).unwrap();
        let addr = listener.local_addr().unwrap();
        let client = go(move || {
            (0..MAX).for_each(|_| TcpStream::connect(addr).unwrap().write_all(&[99]).unwrap());
        });
        for stream in listener.incoming().take(MAX) {
            assert_eq!(read_byte(stream.unwrap()), 99);
        }
        client.join().unwrap();
    });
}

/// Connections that are open at once: each its own goroutine, served as they come or backwards.
fn connect_interleaved(addr: SocketAddr, byte_of: fn(u8) -> u8) {
    const MAX: u8 = 10;
    fn connect(i: u8, addr: SocketAddr, byte_of: fn(u8) -> u8) {
        if i == MAX {
            return;
        }
        let next = go(move || {
            let mut stream = TcpStream::connect(addr).unwrap();
            // The next one connects before this one writes.
            connect(i + 1, addr, byte_of);
            stream.write_all(&[byte_of(i)]).unwrap();
        });
        next.join().unwrap();
    }
    let listener = TcpListener::bind(addr).unwrap();
    let addr = listener.local_addr().unwrap();
    let acceptor = go(move || {
        let served: Vec<_> = (0..MAX)
            .zip(listener.incoming())
            .map(|(i, stream)| go(move || assert_eq!(read_byte(stream.unwrap()), byte_of(i))))
            .collect();
        served.into_iter().for_each(|one| one.join().unwrap());
    });
    connect(0, addr, byte_of);
    acceptor.join().unwrap();
}

#[test]
fn multiple_connect_interleaved_greedy_schedule() {
    each_ip(|addr| connect_interleaved(addr, |i| i));
}

#[test]
fn multiple_connect_interleaved_lazy_schedule() {
    each_ip(|addr| connect_interleaved(addr, |_| 99));
}

#[test]
fn tcp_clone_two_read() {
    each_ip(|addr| {
        let (client, server) = tcp_pair(addr);
        let (tx, rx) = bounded(2);
        let sender = go(move || {
            (&client).write_all(&[1]).unwrap();
            rx.recv().unwrap();
            (&client).write_all(&[2]).unwrap();
            rx.recv().unwrap();
        });
        let copy = server.try_clone().unwrap();
        let other = tx.clone();
        let reader = go(move || {
            let byte = read_byte(copy);
            other.send(()).unwrap();
            byte
        });
        let mine = read_byte(&server);
        tx.send(()).unwrap();
        assert_eq!(mine + reader.join().unwrap(), 3);
        sender.join().unwrap();
    });
}

#[test]
fn tcp_clone_two_write() {
    each_ip(|addr| {
        let (client, server) = tcp_pair(addr);
        let reader = go(move || [read_byte(&client), read_byte(&client)]);
        let copy = server.try_clone().unwrap();
        let writer = go(move || (&copy).write_all(&[1]).unwrap());
        (&server).write_all(&[2]).unwrap();
        writer.join().unwrap();
        let [a, b] = reader.join().unwrap();
        assert_eq!(a + b, 3);
    });
}

#[test]
fn clone_while_reading() {
    each_ip(|addr| {
        let (client, server) = tcp_pair(addr);
        let copy = server.try_clone().unwrap();
        let reader = go(move || read_byte(&server));
        gopark_runtime::gosched();
        // A duplicate made meanwhile writes and reads.
        let second = copy.try_clone().unwrap();
        (&second).write_all(&[9]).unwrap();
        assert_eq!(read_byte(&client), 9);
        (&client).write_all(&[8]).unwrap();
        assert_eq!(reader.join().unwrap(), 8);
    });
}

#[test]
fn clone_accept_concurrent() {
    each_ip(|addr| {
        let listener = TcpListener::bind(addr).unwrap();
        let addr = listener.local_addr().unwrap();
        let copy = listener.try_clone().unwrap();
        let acceptors = [listener, copy].map(|l| go(move || l.accept().unwrap()));
        let clients = [TcpStream::connect(addr).unwrap(), TcpStream::connect(addr).unwrap()];
        acceptors.into_iter().for_each(|one| drop(one.join().unwrap()));
        drop(clients);
    });
}

#[test]
fn tcp_debug() {
    in_runtime(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, fd) = (listener.local_addr().unwrap(), listener.as_raw_fd());
        assert_eq!(format!("{listener:?}"), format!("TcpListener {{ addr: {addr}, fd: {fd} }}"));
        let stream = TcpStream::connect(addr).unwrap();
        let (own, fd) = (stream.local_addr().unwrap(), stream.as_raw_fd());
        assert_eq!(format!("{stream:?}"), format!("TcpStream {{ addr: {own}, peer: {addr}, fd: {fd} }}"));
    });
}

#[test]
fn udp_timeouts() {
    each_ip(|addr| {
        let s = UdpSocket::bind(addr).unwrap();
        assert_eq!((s.read_timeout().unwrap(), s.write_timeout().unwrap()), (None, None));
        let some = Some(Duration::new(15, 0));
        s.set_read_timeout(some).unwrap();
        s.set_write_timeout(some).unwrap();
        assert_eq!((s.read_timeout().unwrap(), s.write_timeout().unwrap()), (some, some));
        s.set_read_timeout(None).unwrap();
        s.set_write_timeout(None).unwrap();
        assert_eq!((s.read_timeout().unwrap(), s.write_timeout().unwrap()), (None, None));
    });
}

#[test]
fn udp_test_read_with_timeout() {
    each_ip(|addr| {
        let s = UdpSocket::bind(addr).unwrap();
        s.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
        s.send_to(b"hello world", s.local_addr().unwrap()).unwrap();
        let mut buf = [0; 11];
        assert_eq!(s.recv_from(&mut buf).unwrap(), (11, s.local_addr().unwrap()));
        assert_eq!(&buf, b"hello world");
        let start = Instant::now();
        assert_eq!(s.recv_from(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(start.elapsed() >= Duration::from_millis(30));
    });
}

#[test]
fn connect_send_recv() {
    each_ip(|addr| {
        let s = UdpSocket::bind(addr).unwrap();
        s.connect(s.local_addr().unwrap()).unwrap();
        assert_eq!(s.peer_addr().unwrap(), s.local_addr().unwrap());
        s.send(b"hello world").unwrap();
        let mut buf = [0; 11];
        assert_eq!(s.recv(&mut buf).unwrap(), 11);
        assert_eq!(&buf, b"hello world");
    });
}

#[test]
fn udp_ttl() {
    in_runtime(|| {
        let s = UdpSocket::bind("127.0.0.1:0").unwrap();
        s.set_ttl(100).unwrap();
        assert_eq!(s.ttl().unwrap(), 100);
    });
}

#[test]
fn unix_test_read_with_timeout() {
    in_runtime(|| {
        let (a, b) = UnixStream::pair().unwrap();
        b.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
        (&a).write_all(b"hello world").unwrap();
        let mut buf = [0; 11];
        (&b).read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"hello world");
        let start = Instant::now();
        assert_eq!((&b).read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(start.elapsed() >= Duration::from_millis(30));
    });
}

#[test]
fn test_unix_stream_peek() {
    in_runtime(|| {
        let (a, b) = UnixStream::pair().unwrap();
        (&a).write_all(&[1, 3, 3, 7]).unwrap();
        let mut buf = [0; 10];
        for _ in 0..2 {
            assert_eq!(b.peek(&mut buf).unwrap(), 4);
        }
        assert_eq!((&b).read(&mut buf).unwrap(), 4);
        b.set_nonblocking(true).unwrap();
        assert_eq!(b.peek(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn test_unix_datagram_peek() {
    in_runtime(|| {
        let path = socket_path();
        let (a, b) = (UnixDatagram::bind(&path).unwrap(), UnixDatagram::unbound().unwrap());
        b.connect(&path).unwrap();
        b.send(b"hello world").unwrap();
        let mut buf = [0; 11];
        assert_eq!((a.peek(&mut buf).unwrap(), a.recv(&mut buf).unwrap()), (11, 11));
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn test_unix_datagram_peek_from() {
    in_runtime(|| {
        let (one, two) = (socket_path(), socket_path());
        let (a, b) = (UnixDatagram::bind(&one).unwrap(), UnixDatagram::bind(&two).unwrap());
        b.send_to(b"hello world", &one).unwrap();
        let mut buf = [0; 11];
        for peek in [true, false] {
            let (n, from) = if peek { a.peek_from(&mut buf) } else { a.recv_from(&mut buf) }.unwrap();
            assert_eq!((n, from.as_pathname()), (11, Some(two.as_path())));
        }
        [one, two].iter().for_each(|path| std::fs::remove_file(path).unwrap());
    });
}

#[test]
fn test_unix_datagram_recv() {
    in_runtime(|| {
        let path = socket_path();
        let (a, b) = (UnixDatagram::bind(&path).unwrap(), UnixDatagram::unbound().unwrap());
        b.connect(&path).unwrap();
        b.send(b"hello world").unwrap();
        let mut buf = [0; 11];
        assert_eq!(a.recv(&mut buf).unwrap(), 11);
        assert_eq!(&buf, b"hello world");
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn datagram_pair() {
    in_runtime(|| {
        let (a, b) = UnixDatagram::pair().unwrap();
        let peer = go(move || {
            let mut buf = [0; 11];
            assert_eq!(b.recv(&mut buf).unwrap(), 11);
            b.send(b"world hello").unwrap();
        });
        a.send(b"hello world").unwrap();
        assert_eq!(a.recv(&mut [0; 11]).unwrap(), 11);
        peer.join().unwrap();
    });
}

#[test]
fn abstract_namespace_not_allowed_connect() {
    in_runtime(|| {
        assert!(UnixStream::connect("\0asdf").is_err());
        assert!(UnixDatagram::unbound().unwrap().connect("\0asdf").is_err());
        assert!(UnixListener::bind("\0asdf").is_err());
    });
}

fn abstract_addr(name: &str) -> UnixSocketAddr {
    UnixSocketAddr::from_abstract_name(format!("gopark-more-{name}-{}", std::process::id())).unwrap()
}

#[test]
fn test_abstract_stream_connect() {
    in_runtime(|| {
        let addr = abstract_addr("connect");
        let listener = UnixListener::bind_addr(&addr).unwrap();
        let server = go(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut buf = [0; 5];
            (&stream).read_exact(&mut buf).unwrap();
            (&stream).write_all(b"world").unwrap();
            (buf, stream.local_addr().unwrap())
        });
        let mut client = UnixStream::connect_addr(&addr).unwrap();
        assert_eq!(client.peer_addr().unwrap().as_abstract_name(), addr.as_abstract_name());
        client.write_all(b"hello").unwrap();
        let mut all = Vec::new();
        client.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"world");
        let (got, local) = server.join().unwrap();
        assert_eq!((&got, local.as_abstract_name()), (b"hello", addr.as_abstract_name()));
    });
}

#[test]
fn test_abstract_stream_iter() {
    in_runtime(|| {
        let addr = abstract_addr("iter");
        let listener = UnixListener::bind_addr(&addr).unwrap();
        let server = go(move || {
            for stream in listener.incoming().take(2) {
                assert_eq!(read_byte(stream.unwrap()), 7);
            }
        });
        for _ in 0..2 {
            UnixStream::connect_addr(&addr).unwrap().write_all(&[7]).unwrap();
        }
        server.join().unwrap();
    });
}

#[test]
fn test_abstract_datagram_bind_send_to_addr() {
    in_runtime(|| {
        let (one, two) = (abstract_addr("one"), abstract_addr("two"));
        let (a, b) = (UnixDatagram::bind_addr(&one).unwrap(), UnixDatagram::bind_addr(&two).unwrap());
        assert_eq!(a.local_addr().unwrap().as_abstract_name(), one.as_abstract_name());
        b.send_to_addr(b"hello world", &one).unwrap();
        let mut buf = [0; 11];
        let (n, from) = a.recv_from(&mut buf).unwrap();
        assert_eq!((n, from.as_abstract_name()), (11, two.as_abstract_name()));
    });
}

#[test]
fn test_abstract_datagram_connect_addr() {
    in_runtime(|| {
        let (one, two) = (abstract_addr("to-one"), abstract_addr("to-two"));
        let (a, b) = (UnixDatagram::bind_addr(&one).unwrap(), UnixDatagram::bind_addr(&two).unwrap());
        let c = UnixDatagram::unbound().unwrap();
        for (peer, addr) in [(&a, &one), (&b, &two)] {
            c.connect_addr(addr).unwrap();
            c.send(b"hello world").unwrap();
            let (n, from) = peer.recv_from(&mut [0; 11]).unwrap();
            assert!(n == 11 && from.is_unnamed());
        }
    });
}

/// The address that a message came from is one to connect to.
#[test]
fn test_unix_datagram_connect_to_recv_addr() {
    in_runtime(|| {
        let paths = [socket_path(), socket_path()];
        let [a, b] = [0, 1].map(|i| UnixDatagram::bind(&paths[i]).unwrap());
        b.send_to_addr(b"hello world", &a.local_addr().unwrap()).unwrap();
        let (_, from) = a.recv_from(&mut [0; 11]).unwrap();
        b.connect_addr(&from).unwrap();
        b.send(b"hello back").unwrap();
        let mut buf = [0; 16];
        let n = b.recv(&mut buf).unwrap();
        assert_eq!(&buf[..n], b"hello back");
        paths.iter().for_each(|path| std::fs::remove_file(path).unwrap());
    });
}

#[test]
fn test_unix_stream_timeout_zero_duration() {
    in_runtime(|| {
        let (a, _b) = UnixStream::pair().unwrap();
        for refused in [a.set_write_timeout(Some(Duration::ZERO)), a.set_read_timeout(Some(Duration::ZERO))] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    });
}

/// Paths as long as the system allows, 107 bytes: to bind, to send to, and as a sender's address.
#[test]
fn test_unix_datagram_max_path() {
    in_runtime(|| {
        let long = |letter: char| {
            let stem = socket_path().to_str().unwrap().to_owned();
            let filler: String = std::iter::repeat_n(letter, 107 - stem.len()).collect();
            std::path::PathBuf::from(stem + &filler)
        };
        let (one, two) = (long('a'), long('b'));
        let (a, b) = (UnixDatagram::bind(&one).unwrap(), UnixDatagram::bind(&two).unwrap());
        a.send_to(b"hello world", &two).unwrap();
        let (n, from) = b.recv_from(&mut [0; 16]).unwrap();
        assert_eq!((n, from.as_pathname()), (11, Some(one.as_path())));
        [one, two].iter().for_each(|path| std::fs::remove_file(path).unwrap());
    });
}

/// A message is sent whole or not at all (rust-lang/rust/issues/115325).
#[test]
fn send_datagram_larger_than_c_int_max() {
    in_runtime(|| {
        const LEN: usize = libc::c_int::MAX as usize + 1;
        // SAFETY: a fresh private mapping of zeroes, read only, that stays until the process ends; no page of it is ever touched.
        let data: &'static [u8] = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
            let at = libc::mmap(std::ptr::null_mut(), LEN, libc::PROT_READ, flags, -1, 0);
            assert_ne!(at, libc::MAP_FAILED);
            std::slice::from_raw_parts(at.cast(), LEN)
        };
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let addr = socket.local_addr().unwrap();
        assert!(socket.send_to(data, addr).is_err());
        socket.connect(addr).unwrap();
        assert!(socket.send(data).is_err());
    });
}
