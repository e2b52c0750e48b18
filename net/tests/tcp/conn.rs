//! Ports of Go's net_test.go, conn_test.go, tcpsock_test.go and writev_test.go for TCP, under their names. (Their Unix halves are
//! in `unix/sockets.rs`.)

use std::io::{IoSlice, Read};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::common::{connect, in_runtime, local, pair};
use gopark_net::{Addr, Conn, Dialer, listen};
use gopark_runtime::go;
use gopark_runtime::time::sleep;

const MS: Duration = Duration::from_millis(1);

#[test]
fn test_close_read() {
    in_runtime(|| {
        let (c, _peer) = pair();
        c.close_read().unwrap();
        // Go's "(0, error)": the end.
        assert_eq!(c.read(&mut [0]).unwrap(), 0);
    });
}

#[test]
fn test_close_write() {
    in_runtime(|| {
        let (c, server) = pair();
        let handler = go(move || {
            assert_eq!(server.read(&mut [0]).unwrap(), 0);
            server.close_write().unwrap();
            let e = server.write(&[0]).unwrap_err();
            assert!(e.to_string().ends_with("write: broken pipe"), "{e}");
            server
        });
        c.close_write().unwrap();
        assert_eq!(c.read(&mut [0]).unwrap(), 0);
        assert!(c.write(&[0]).is_err());
        handler.join().unwrap();
    });
}

#[test]
fn test_conn_close() {
    in_runtime(|| {
        let (c, _peer) = pair();
        let ends = format!("tcp {}->{}", c.local_addr(), c.remote_addr());
        c.close().unwrap();
        let closed = "use of closed network connection";
        assert_eq!(c.read(&mut [0]).unwrap_err().to_string(), format!("read {ends}: {closed}"));
        assert_eq!(c.write(&[0]).unwrap_err().to_string(), format!("write {ends}: {closed}"));
        assert_eq!(c.close().unwrap_err().to_string(), format!("close {ends}: {closed}"));
        assert_eq!(c.close_write().unwrap_err().to_string(), format!("close {ends}: {closed}"));
        assert_eq!(c.set_no_delay(true).unwrap_err().to_string(), format!("set {ends}: {closed}"));
        // Of deadlines and buffers Go names the local end only.
        let local = format!("set tcp {}: {closed}", c.local_addr());
        assert_eq!(c.set_deadline(None).unwrap_err().to_string(), local);
        assert_eq!(c.set_read_buffer(1).unwrap_err().to_string(), local);
        assert_eq!(c.as_raw_fd(), -1);
    });
}

#[test]
fn test_listener_close() {
    in_runtime(|| {
        let ln = local();
        ln.close().unwrap();
        let e = ln.accept().unwrap_err();
        assert_eq!(e.to_string(), format!("accept tcp {}: use of closed network connection", ln.addr()));
        let e = ln.close().unwrap_err();
        assert_eq!(e.to_string(), format!("close tcp {}: use of closed network connection", ln.addr()));
        // Go's listener gives the reason as it is.
        assert_eq!(ln.set_deadline(None).unwrap_err().to_string(), "use of closed network connection");
    });
}

#[test]
fn test_zero_byte_read() {
    in_runtime(|| {
        let (client, server) = pair();
        assert_eq!(client.read(&mut []).unwrap(), 0);
        assert_eq!(server.read(&mut []).unwrap(), 0);
    });
}

#[test]
fn test_read_timeout_unblocks_read() {
    in_runtime(|| {
        let (_client, server) = pair();
        let interrupter = server.clone();
        go(move || {
            sleep(50 * MS);
            interrupter.set_read_deadline(Some(Instant::now())).unwrap();
        });
        assert!(server.read(&mut [0]).unwrap_err().timeout());
    });
}

#[test]
fn test_close_unblocks_read() {
    in_runtime(|| {
        let (client, server) = pair();
        go(move || {
            sleep(20 * MS);
            server.close().unwrap();
        });
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    });
}

#[test]
fn test_not_temporary_read() {
    in_runtime(|| {
        let (client, server) = pair();
        server.set_linger(Some(Duration::ZERO)).unwrap();
        server.close().unwrap();
        let e = client.read(&mut [0]).unwrap_err();
        assert!(!e.temporary() && !e.timeout() && !e.is_closed(), "{e}");
        assert_eq!(e.raw_os_error(), Some(libc::ECONNRESET));
        assert!(e.to_string().ends_with(": read: connection reset by peer"), "{e}");
    });
}

#[test]
fn test_conn_and_listener() {
    in_runtime(|| {
        let ln = local();
        assert_eq!(ln.addr().network(), "tcp");
        let (client, server) = (connect(&ln), ln.accept().unwrap());
        for c in [&client, &server] {
            assert_eq!((c.local_addr().network(), c.remote_addr().network()), ("tcp", "tcp"));
        }
        let hour = Some(Instant::now() + Duration::from_secs(3600));
        client.set_deadline(hour).unwrap();
        client.set_read_deadline(hour).unwrap();
        client.set_write_deadline(hour).unwrap();
        client.write(b"CONN AND LISTENER TEST").unwrap();
        let mut buf = [0; 128];
        let n = server.read(&mut buf).unwrap();
        server.write(&buf[..n]).unwrap();
        let n = client.read(&mut buf).unwrap();
        assert_eq!(&buf[..n], b"CONN AND LISTENER TEST");
    });
}

#[test]
fn test_tcp_listener_name() {
    in_runtime(|| {
        for address in ["127.0.0.1:0", "0.0.0.0:0", ":0"] {
            let ln = listen("tcp4", address).unwrap();
            assert!(matches!(ln.addr(), Addr::Tcp(a) if a.port() != 0));
        }
    });
}

#[test]
fn test_tcp_concurrent_accept() {
    in_runtime(|| {
        const N: usize = 10;
        let ln = local();
        let acceptors: Vec<_> = (0..N)
            .map(|_| {
                let ln = ln.clone();
                go(move || while ln.accept().is_ok() {})
            })
            .collect();
        let dialer = Dialer { timeout: Some(200 * MS), ..Dialer::default() };
        let addr = ln.addr().to_string();
        let fails = (0..10 * N).filter(|_| dialer.dial("tcp", &addr).is_err()).count();
        ln.close().unwrap();
        for acceptor in acceptors {
            acceptor.join().unwrap();
        }
        assert!(fails <= 10 * N / 9, "too many dials failed: {fails}");
    });
}

#[test]
fn test_tcp_stress() {
    in_runtime(|| {
        const CONNS: usize = 2;
        const MESSAGES: usize = 512;
        let ln = local();
        let send = |c: &Conn, buf: &[u8]| {
            for _ in 0..MESSAGES {
                c.write(buf).unwrap();
            }
        };
        let recv = |mut c: &Conn, buf: &mut [u8]| {
            for _ in 0..MESSAGES {
                c.read_exact(buf).unwrap();
            }
        };
        let acceptor = ln.clone();
        let server = go(move || {
            for _ in 0..CONNS {
                let c = acceptor.accept().unwrap();
                let mut buf = [0; 1024];
                recv(&c, &mut buf);
                send(&c, &buf);
            }
        });
        for _ in 0..CONNS {
            let c = connect(&ln);
            let mut buf = [7; 1024];
            send(&c, &buf);
            recv(&c, &mut buf);
            assert!(buf.iter().all(|b| *b == 7));
        }
        server.join().unwrap();
    });
}

/// A write of any size is whole and is not interleaved with another's.
#[test]
fn test_tcp_big() {
    in_runtime(|| {
        const SIZE: usize = 8 << 20;
        let (client, server) = pair();
        let writers: Vec<_> = [1u8, 2, 3]
            .map(|byte| {
                let c = client.clone();
                go(move || assert_eq!(c.write(&vec![byte; SIZE]).unwrap(), SIZE))
            })
            .into();
        let mut all = vec![0; 3 * SIZE];
        (&server).read_exact(&mut all).unwrap();
        for part in all.chunks(SIZE) {
            assert!(part.iter().all(|b| *b == part[0]), "two writes are mixed");
        }
        for writer in writers {
            writer.join().unwrap();
        }
    });
}

#[test]
fn test_tcp_listen_after_close() {
    in_runtime(|| {
        // Several rounds: the close must be complete when it returns, or the port is still taken.
        for _ in 0..20 {
            let ln = local();
            let addr = ln.addr().to_string();
            let acceptor = ln.clone();
            let parked = go(move || acceptor.accept().unwrap_err().is_closed());
            sleep(MS);
            ln.close().unwrap();
            listen("tcp", &addr).expect("the address is free again").close().unwrap();
            assert!(parked.join().unwrap());
        }
    });
}

/// More buffers than one call takes, of all sizes, empty ones among them.
#[test]
fn test_buffers_write_to() {
    in_runtime(|| {
        for n in [0, 1, 7, 1024, 1025, 3000] {
            let (client, server) = pair();
            let chunks: Vec<Vec<u8>> = (0..n).map(|i| vec![i as u8; i % 40]).collect();
            let want = chunks.concat();
            let total = want.len();
            let reader = go(move || {
                let mut all = vec![0; total];
                (&server).read_exact(&mut all).unwrap();
                all
            });
            let mut bufs: Vec<IoSlice> = chunks.iter().map(|c| IoSlice::new(c)).collect();
            assert_eq!(client.write_buffers(&mut bufs).unwrap(), total);
            assert!(bufs.iter().all(|b| b.is_empty()), "written buffers are left empty");
            assert_eq!(reader.join().unwrap(), want);
        }
    });
}

#[test]
fn test_writev_error() {
    in_runtime(|| {
        let (client, server) = pair();
        let big = vec![0u8; 8 << 20];
        let (client2, done) = (client.clone(), Arc::new(AtomicUsize::new(0)));
        let read = done.clone();
        go(move || {
            read.store(server.read(&mut [0; 4096]).unwrap(), Relaxed);
            server.set_linger(Some(Duration::ZERO)).unwrap();
            server.close().unwrap();
            let _ = client2;
        });
        let mut bufs = [IoSlice::new(&big), IoSlice::new(&big)];
        let e = client.write_buffers(&mut bufs).unwrap_err();
        assert!(e.raw_os_error().is_some() && e.op() == "writev", "{e}");
        let left: usize = bufs.iter().map(|b| b.len()).sum();
        assert_eq!(left + e.transferred(), 2 * big.len(), "what went out is taken off the buffers");
        assert!(e.transferred() >= done.load(Relaxed));
        client.close().unwrap();
        let e = client.write_buffers(&mut [IoSlice::new(b"x")]).unwrap_err().to_string();
        assert!(e.starts_with("writev tcp ") && e.ends_with(": use of closed network connection"), "{e}");
    });
}
