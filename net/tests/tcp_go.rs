//! Ports of Go's net_test.go, conn_test.go, tcpsock_test.go, listen_test.go, writev_test.go and tcpconn_keepalive_test.go for TCP,
//! under their names. (Their Unix halves are in `unix.rs`.)

mod common;

use std::io::{IoSlice, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use common::in_runtime;
use gopark_net::{Addr, Conn, Dialer, KeepAliveConfig, ListenConfig, Listener, OpError, dial, listen};
use gopark_runtime::go;
use gopark_runtime::time::sleep;

const MS: Duration = Duration::from_millis(1);

fn local() -> Arc<Listener> {
    Arc::new(listen("tcp", "127.0.0.1:0").unwrap())
}

fn connect(ln: &Listener) -> Conn {
    dial("tcp", &ln.addr().to_string()).unwrap()
}

/// Both ends of a connection.
fn pair() -> (Conn, Conn) {
    let ln = local();
    let client = connect(&ln);
    (client, ln.accept().unwrap())
}

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

#[test]
fn test_tcp_listener() {
    in_runtime(|| {
        // A second listener on the same address fails, on another it does not.
        for address in ["127.0.0.1:0", ":0", "[::1]:0"] {
            let ln = listen("tcp", address).unwrap();
            let again = ln.addr().to_string();
            let e = listen("tcp", &again).unwrap_err();
            // Of "[::]", which stands for both wildcards, a listener takes the IPv4 one for its name, as Go's.
            let shown = again.replace("[::]", "0.0.0.0");
            assert_eq!(e.to_string(), format!("listen tcp {shown}: bind: address already in use"));
            assert_eq!(e.kind(), std::io::ErrorKind::AddrInUse);
        }
    });
}

#[test]
fn test_dual_stack_tcp_listener() {
    in_runtime(|| {
        let ln = listen("tcp", ":0").unwrap();
        let port = ln.addr().port().unwrap();
        for (address, from) in [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")] {
            let c = dial("tcp", &format!("{address}:{port}")).unwrap();
            let s = ln.accept().unwrap();
            assert_eq!(s.remote_addr().ip(), Some(from.parse().unwrap()));
            assert_eq!(s.remote_addr().to_string(), c.local_addr().to_string());
        }
        // tcp6 is IPv6 only.
        let ln = listen("tcp6", ":0").unwrap();
        let port = ln.addr().port().unwrap();
        assert!(dial("tcp", &format!("127.0.0.1:{port}")).is_err());
        assert!(dial("tcp6", &format!("[::1]:{port}")).is_ok());
    });
}

#[test]
fn test_closing_listener() {
    in_runtime(|| {
        let ln = local();
        let addr = ln.addr().to_string();
        let acceptor = ln.clone();
        go(move || while acceptor.accept().is_ok() {});
        sleep(MS);
        ln.close().unwrap();
        listen("tcp", &addr).unwrap();
    });
}

#[test]
fn test_listen_config_control() {
    in_runtime(|| {
        let seen = Arc::new(AtomicBool::new(false));
        let told = seen.clone();
        let config = ListenConfig {
            control: Some(Arc::new(move |network, address, socket| {
                assert_eq!((network, address), ("tcp4", "127.0.0.1:0"));
                assert!(socket.as_raw_fd() >= 0);
                told.store(true, Relaxed);
                Ok(())
            })),
            ..Default::default()
        };
        config.listen("tcp", "127.0.0.1:0").unwrap();
        assert!(seen.load(Relaxed));
        let config = ListenConfig {
            control: Some(Arc::new(|_, _, _| Err(std::io::Error::other("no, thanks")))),
            ..Default::default()
        };
        let e = config.listen("tcp", "127.0.0.1:0").unwrap_err();
        assert_eq!(e.to_string(), "listen tcp 127.0.0.1:0: no, thanks");
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
        assert!(e.raw_os_error().is_some(), "{e}");
        let left: usize = bufs.iter().map(|b| b.len()).sum();
        assert_eq!(left + e.transferred(), 2 * big.len(), "what went out is taken off the buffers");
        assert!(e.transferred() >= done.load(Relaxed));
    });
}

fn option(c: &Conn, level: i32, name: i32) -> i32 {
    let mut value = 0i32;
    let mut len = 4;
    // SAFETY: the socket is open; value has the four bytes that len says.
    let r = unsafe { libc::getsockopt(c.as_raw_fd(), level, name, (&raw mut value).cast(), &raw mut len) };
    assert_eq!(r, 0);
    value
}

fn keep_alive_of(c: &Conn) -> [i32; 4] {
    let tcp = libc::IPPROTO_TCP;
    [
        option(c, libc::SOL_SOCKET, libc::SO_KEEPALIVE),
        option(c, tcp, libc::TCP_KEEPIDLE),
        option(c, tcp, libc::TCP_KEEPINTVL),
        option(c, tcp, libc::TCP_KEEPCNT),
    ]
}

fn config(idle: u64, interval: u64, count: u32) -> KeepAliveConfig {
    let secs = |s| Some(Duration::from_secs(s));
    KeepAliveConfig { enable: true, idle: secs(idle), interval: secs(interval), count: Some(count) }
}

#[test]
fn test_tcp_conn_keep_alive_config_dialer() {
    in_runtime(|| {
        let ln = local();
        let dialer = Dialer { keep_alive_config: config(5, 3, 10), ..Dialer::default() };
        let c = dialer.dial("tcp", &ln.addr().to_string()).unwrap();
        assert_eq!(keep_alive_of(&c), [1, 5, 3, 10]);
        let dialer = Dialer { keep_alive: None, ..Dialer::default() };
        let c = dialer.dial("tcp", &ln.addr().to_string()).unwrap();
        assert_eq!(option(&c, libc::SOL_SOCKET, libc::SO_KEEPALIVE), 0);
        let dialer = Dialer { keep_alive: Some(Duration::from_millis(7500)), ..Dialer::default() };
        let c = dialer.dial("tcp", &ln.addr().to_string()).unwrap();
        assert_eq!(keep_alive_of(&c), [1, 8, 15, 9]);
    });
}

#[test]
fn test_tcp_conn_keep_alive_config_listener() {
    in_runtime(|| {
        let lc = ListenConfig { keep_alive_config: config(5, 3, 10), ..Default::default() };
        let ln = lc.listen("tcp", "127.0.0.1:0").unwrap();
        let _client = connect(&ln);
        assert_eq!(keep_alive_of(&ln.accept().unwrap()), [1, 5, 3, 10]);
    });
}

#[test]
fn test_tcp_conn_keep_alive_config() {
    in_runtime(|| {
        let (c, _peer) = pair();
        assert_eq!(keep_alive_of(&c), [1, 15, 15, 9]);
        assert_eq!(option(&c, libc::IPPROTO_TCP, libc::TCP_NODELAY), 1);
        c.set_keep_alive_config(config(5, 3, 10)).unwrap();
        assert_eq!(keep_alive_of(&c), [1, 5, 3, 10]);
        c.set_keep_alive_config(KeepAliveConfig { idle: None, count: None, ..config(1, 4, 1) }).unwrap();
        assert_eq!(keep_alive_of(&c), [1, 5, 4, 10]);
        c.set_keep_alive(false).unwrap();
        c.set_keep_alive_period(Duration::from_millis(1)).unwrap();
        assert_eq!(keep_alive_of(&c), [0, 1, 4, 10]);
    });
}

#[test]
fn wait_readable_and_wait_writable() {
    in_runtime(|| {
        let (client, server) = pair();
        server.wait_writable().unwrap();
        let waiter = server.clone();
        let waiting = go(move || waiter.wait_readable());
        sleep(5 * MS);
        assert!(!waiting.is_finished());
        client.write(b"x").unwrap();
        waiting.join().unwrap().unwrap();
        // It is still there, and waiting again returns at once.
        server.wait_readable().unwrap();
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 1);
        server.set_read_deadline(Some(Instant::now())).unwrap();
        assert!(server.wait_readable().unwrap_err().timeout());
        let closer = server.clone();
        server.set_read_deadline(None).unwrap();
        go(move || closer.close().unwrap());
        assert!(server.wait_readable().unwrap_err().is_closed());
    });
}

/// Plain threads use connections too: they sleep instead of parking.
#[test]
fn plain_threads_share_connections_with_goroutines() {
    in_runtime(|| {
        let (client, server) = pair();
        let echo = std::thread::spawn(move || {
            let mut buf = [0; 64];
            loop {
                match server.read(&mut buf) {
                    Ok(0) => return,
                    Ok(n) => drop(server.write(&buf[..n]).unwrap()),
                    Err(e) => panic!("{e}"),
                }
            }
        });
        for _ in 0..100 {
            client.write(b"ping").unwrap();
            let mut buf = [0; 4];
            (&client).read_exact(&mut buf).unwrap();
            assert_eq!(&buf, b"ping");
        }
        let slow: OpError = {
            client.set_read_deadline(Some(Instant::now() + 5 * MS)).unwrap();
            client.read(&mut [0]).unwrap_err()
        };
        assert!(slow.timeout());
        client.close().unwrap();
        gopark_runtime::blocking(|| echo.join().unwrap());
    });
}

#[test]
fn readers_take_turns() {
    in_runtime(|| {
        let (mut client, server) = pair();
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let c = server.clone();
                go(move || {
                    let mut n = 0;
                    while c.read(&mut [0; 16]).unwrap() > 0 {
                        n += 1;
                    }
                    n
                })
            })
            .collect();
        for _ in 0..100 {
            client.write_all(&[0; 16]).unwrap();
            sleep(Duration::from_micros(50));
        }
        client.close().unwrap();
        let total: usize = readers.into_iter().map(|r| r.join().unwrap()).sum();
        assert!(total >= 50, "{total} reads");
    });
}
