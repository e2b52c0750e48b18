//! std's tests of `TcpListener` and `TcpStream` (library/std/src/net/tcp/tests.rs), under their names, on goroutines.

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use gopark_net::{TcpListener, TcpStream};
use gopark_runtime::{chan, go, run};

/// Runs a test as a goroutine.
fn inside(test: impl FnOnce() + Send) {
    // SAFETY: nothing is bound to a thread.
    unsafe { run(test) }
}

/// A listener of IPv4 and one of IPv6, as std's `each_ip`.
fn each_ip(f: impl Fn(TcpListener, SocketAddr)) {
    for host in ["127.0.0.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(host).unwrap();
        let addr = listener.local_addr().unwrap();
        f(listener, addr);
    }
}

#[test]
fn bind_error() {
    inside(|| assert_eq!(TcpListener::bind("1.1.1.1:9999").unwrap_err().kind(), ErrorKind::AddrNotAvailable));
}

#[test]
fn connect_error() {
    inside(|| {
        let kind = TcpStream::connect("127.0.0.1:1").unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::AddrNotAvailable), "{kind:?}");
    });
}

#[test]
fn connect_timeout_error() {
    inside(|| {
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(
            TcpStream::connect_timeout(&addr, Duration::ZERO).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert_eq!(
            TcpStream::connect_timeout(&addr, Duration::from_secs(5)).unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
    });
}

#[test]
fn connect_timeout_valid() {
    inside(|| {
        each_ip(|_listener, addr| {
            TcpStream::connect_timeout(&addr, Duration::from_secs(2)).unwrap();
        });
    });
}

#[test]
fn smoke_test() {
    inside(|| {
        each_ip(|listener, addr| {
            let client = go(move || TcpStream::connect(addr).unwrap().write_all(&[144]).unwrap());
            let (mut stream, peer) = listener.accept().unwrap();
            assert_eq!(peer, stream.peer_addr().unwrap());
            let mut buf = [0];
            stream.read_exact(&mut buf).unwrap();
            assert_eq!(buf, [144]);
            client.join().unwrap();
        });
    });
}

#[test]
fn read_eof() {
    inside(|| {
        each_ip(|listener, addr| {
            let client = go(move || drop(TcpStream::connect(addr).unwrap()));
            let mut stream = listener.accept().unwrap().0;
            let mut buf = [0];
            assert_eq!(stream.read(&mut buf).unwrap(), 0);
            assert_eq!(stream.read(&mut buf).unwrap(), 0);
            client.join().unwrap();
        });
    });
}

#[test]
fn write_close() {
    inside(|| {
        each_ip(|listener, addr| {
            go(move || drop(TcpStream::connect(addr).unwrap())).join().unwrap();
            let mut stream = listener.accept().unwrap().0;
            let end = Instant::now() + Duration::from_secs(5);
            loop {
                match stream.write(&[0; 10]) {
                    Ok(n) => assert!(n > 0 && Instant::now() < end, "the peer is gone and nothing says so"),
                    Err(e) => {
                        let kind = e.kind();
                        assert!(
                            matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
                            "{kind:?}"
                        );
                        break;
                    }
                }
            }
        });
    });
}

#[test]
fn partial_read() {
    inside(|| {
        each_ip(|listener, addr| {
            let (tx, rx) = chan::bounded(1);
            go(move || {
                let mut stream = listener.accept().unwrap().0;
                stream.write_all(&[10]).unwrap();
                let mut buf = [0];
                stream.read_exact(&mut buf).unwrap();
                tx.send(()).unwrap();
            });
            let mut client = TcpStream::connect(addr).unwrap();
            let mut buf = [0; 10];
            assert_eq!(client.read(&mut buf).unwrap(), 1);
            client.write_all(&[1]).unwrap();
            rx.recv().unwrap();
        });
    });
}

#[test]
fn read_vectored_and_write_vectored() {
    inside(|| {
        each_ip(|listener, addr| {
            let mut a = TcpStream::connect(addr).unwrap();
            let mut b = listener.accept().unwrap().0;
            assert_eq!(a.write_vectored(&[IoSlice::new(&[10]), IoSlice::new(&[11, 12])]).unwrap(), 3);
            let (mut one, mut two) = ([0; 2], [0; 4]);
            let n = b.read_vectored(&mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)]).unwrap();
            assert_eq!((n, one, two), (3, [10, 11], [12, 0, 0, 0]));
        });
    });
}

#[test]
fn multiple_connect_interleaved() {
    inside(|| {
        each_ip(|listener, addr| {
            let clients: Vec<_> = (0..50_u8)
                .map(|i| go(move || TcpStream::connect(addr).unwrap().write_all(&[i]).unwrap()))
                .collect();
            let mut seen: Vec<u8> = listener
                .incoming()
                .take(50)
                .map(|stream| {
                    let mut buf = [0];
                    stream.unwrap().read_exact(&mut buf).unwrap();
                    buf[0]
                })
                .collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..50).collect::<Vec<_>>());
            for c in clients {
                c.join().unwrap();
            }
        });
    });
}

#[test]
fn socket_and_peer_name() {
    inside(|| {
        each_ip(|listener, addr| {
            assert_eq!(listener.local_addr().unwrap(), addr);
            let stream = TcpStream::connect(addr).unwrap();
            assert_eq!(stream.peer_addr().unwrap(), addr);
        });
    });
}

#[test]
fn double_bind() {
    inside(|| {
        each_ip(|_listener, addr| {
            assert_eq!(TcpListener::bind(addr).unwrap_err().kind(), ErrorKind::AddrInUse);
        });
    });
}

#[test]
fn tcp_clone_smoke() {
    inside(|| {
        each_ip(|listener, addr| {
            let peer = go(move || {
                let mut s = TcpStream::connect(addr).unwrap();
                let mut buf = [0];
                assert_eq!(s.read(&mut buf).unwrap(), 1);
                assert_eq!(buf[0], 1);
                s.write_all(&[2]).unwrap();
            });
            let mut s1 = listener.accept().unwrap().0;
            let mut s2 = s1.try_clone().unwrap();
            let writer = go(move || s2.write_all(&[1]).unwrap());
            let mut buf = [0];
            s1.read_exact(&mut buf).unwrap();
            assert_eq!(buf, [2]);
            writer.join().unwrap();
            peer.join().unwrap();
        });
    });
}

#[test]
fn clone_accept_smoke() {
    inside(|| {
        each_ip(|listener, addr| {
            let second = listener.try_clone().unwrap();
            let clients: Vec<_> = (0..2).map(|_| go(move || drop(TcpStream::connect(addr)))).collect();
            listener.accept().unwrap();
            second.accept().unwrap();
            for c in clients {
                c.join().unwrap();
            }
        });
    });
}

#[test]
fn shutdown_smoke() {
    inside(|| {
        each_ip(|listener, addr| {
            let server = go(move || {
                let mut c = listener.accept().unwrap().0;
                let mut buf = [0];
                assert_eq!(c.read(&mut buf).unwrap(), 0);
                c.write_all(&[1]).unwrap();
            });
            let mut s = TcpStream::connect(addr).unwrap();
            s.shutdown(Shutdown::Write).unwrap();
            assert!(s.write(&[0]).is_err());
            let mut buf = [0, 0];
            assert_eq!(s.read(&mut buf).unwrap(), 1);
            assert_eq!(buf[0], 1);
            server.join().unwrap();
        });
    });
}

#[test]
fn close_readwrite_smoke() {
    inside(|| {
        each_ip(|listener, addr| {
            let (_hold, rx) = chan::bounded::<()>(0);
            go(move || {
                let _s = listener.accept();
                let _ = rx.recv();
            });
            let mut buf = [0];
            let mut s = TcpStream::connect(addr).unwrap();
            let mut s2 = s.try_clone().unwrap();
            s.shutdown(Shutdown::Write).unwrap();
            assert!(s.write(&[0]).is_err() && s2.write(&[0]).is_err());
            s.shutdown(Shutdown::Read).unwrap();
            assert_eq!((s.read(&mut buf).unwrap(), s2.read(&mut buf).unwrap()), (0, 0));
            let mut s3 = s.try_clone().unwrap();
            assert!(s3.write(&[0]).is_err());
            assert_eq!(s3.read(&mut buf).unwrap(), 0);
        });
    });
}

#[test]
fn close_read_wakes_up() {
    inside(|| {
        each_ip(|listener, addr| {
            let (_hold, rx) = chan::bounded::<()>(0);
            go(move || {
                let _s = listener.accept();
                let _ = rx.recv();
            });
            let s = TcpStream::connect(addr).unwrap();
            let mut s2 = s.try_clone().unwrap();
            let reader = go(move || assert_eq!(s2.read(&mut [0]).unwrap(), 0));
            gopark_runtime::time::sleep(Duration::from_millis(10));
            s.shutdown(Shutdown::Read).unwrap();
            reader.join().unwrap();
        });
    });
}

#[test]
fn timeouts() {
    inside(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let dur = Duration::new(15410, 0);
        assert_eq!(stream.read_timeout().unwrap(), None);
        stream.set_read_timeout(Some(dur)).unwrap();
        assert_eq!(stream.read_timeout().unwrap(), Some(dur));
        assert_eq!(stream.write_timeout().unwrap(), None);
        stream.set_write_timeout(Some(dur)).unwrap();
        assert_eq!(stream.write_timeout().unwrap(), Some(dur));
        stream.set_read_timeout(None).unwrap();
        assert_eq!(stream.read_timeout().unwrap(), None);
        stream.set_write_timeout(None).unwrap();
        assert_eq!(stream.write_timeout().unwrap(), None);
    });
}

#[test]
fn test_read_timeout() {
    inside(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let start = Instant::now();
        assert_eq!(stream.read(&mut [0; 10]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(start.elapsed() >= Duration::from_millis(49), "{:?}", start.elapsed());
    });
}

#[test]
fn test_read_with_timeout() {
    inside(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut other = listener.accept().unwrap().0;
        other.write_all(b"hello world").unwrap();
        let mut buf = [0; 11];
        stream.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"hello world");
        assert_eq!(stream.read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        // A timeout that has passed does not stay: the next read has its own.
        other.write_all(b"again").unwrap();
        assert_eq!(stream.read(&mut buf).unwrap(), 5);
    });
}

#[test]
fn test_timeout_zero_duration() {
    inside(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        for result in
            [stream.set_read_timeout(Some(Duration::ZERO)), stream.set_write_timeout(Some(Duration::ZERO))]
        {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    });
}

#[test]
fn nodelay_and_ttl() {
    inside(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_ttl(100).unwrap();
        assert_eq!(listener.ttl().unwrap(), 100);
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!stream.nodelay().unwrap());
        stream.set_nodelay(true).unwrap();
        assert!(stream.nodelay().unwrap());
        stream.set_nodelay(false).unwrap();
        assert!(!stream.nodelay().unwrap());
        stream.set_ttl(42).unwrap();
        assert_eq!(stream.ttl().unwrap(), 42);
        assert!(stream.take_error().unwrap().is_none() && listener.take_error().unwrap().is_none());
    });
}

#[test]
fn set_nonblocking() {
    inside(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        listener.set_nonblocking(false).unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.set_nonblocking(true).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn peek() {
    inside(|| {
        each_ip(|listener, addr| {
            let (tx, rx) = chan::bounded::<()>(0);
            go(move || {
                let mut t = TcpStream::connect(addr).unwrap();
                t.write_all(&[1, 3, 3, 7]).unwrap();
                let _ = rx.recv();
            });
            let mut c = listener.accept().unwrap().0;
            let mut b = [0; 10];
            for _ in 0..3 {
                assert_eq!(c.peek(&mut b).unwrap(), 4);
            }
            assert_eq!(c.read(&mut b).unwrap(), 4);
            c.set_nonblocking(true).unwrap();
            assert_eq!(c.peek(&mut b).unwrap_err().kind(), ErrorKind::WouldBlock);
            drop(tx);
        });
    });
}

#[test]
fn conversions_change_nothing_and_close_wakes() {
    inside(|| {
        let std_listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listener = TcpListener::from(std_listener);
        let addr = listener.local_addr().unwrap();
        let stream = TcpStream::from(std::net::TcpStream::connect(addr).unwrap());
        assert!(!stream.nodelay().unwrap());
        let conn = gopark_net::Conn::from(stream);
        let served = listener.accept().unwrap().0;
        conn.write(b"x").unwrap();
        assert_eq!((&served).read(&mut [0; 4]).unwrap(), 1);
        assert_eq!(conn.remote_addr().to_string(), addr.to_string());
        let listener = std::sync::Arc::new(listener);
        let waits = listener.clone();
        let accepting = go(move || waits.accept().is_err());
        gopark_runtime::time::sleep(Duration::from_millis(10));
        listener.close().unwrap();
        assert!(accepting.join().unwrap());
        assert!(listener.close().is_err());
    });
}
