//! Ports of Go's net/dial_test.go and dial_unix_test.go, under their names.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::common::{in_runtime, socket_option};
use gopark_net::{Addr, Conn, Dialer, ListenConfig, Listener, UnixAddr, dial, listen, listen_packet};
use gopark_runtime::context::Context;
use gopark_runtime::go;
use gopark_runtime::time::sleep;

const MS: Duration = Duration::from_millis(1);

/// A listener whose queue is full: the kernel drops further connections' first packets, so dials hang.
fn black_hole() -> (Listener, Vec<Conn>) {
    let config = ListenConfig { backlog: Some(0), ..Default::default() };
    let ln = config.listen("tcp", "127.0.0.1:0").unwrap();
    let dialer = Dialer { timeout: Some(50 * MS), ..Dialer::default() };
    let addr = ln.addr().to_string();
    let mut queued = Vec::new();
    while let Ok(c) = dialer.dial("tcp", &addr) {
        queued.push(c);
        assert!(queued.len() < 100, "the queue does not fill");
    }
    (ln, queued)
}

#[test]
fn test_prohibitionary_dial_arg() {
    in_runtime(|| {
        for (network, address, why) in [
            ("tcp6", "127.0.0.1:80", "address 127.0.0.1: no suitable address found"),
            ("tcp6", "[::ffff:127.0.0.1]:80", "address ::ffff:127.0.0.1: no suitable address found"),
            ("tcp4", "[::1]:80", "address ::1: no suitable address found"),
        ] {
            let e = dial(network, address).unwrap_err();
            assert_eq!(e.to_string(), format!("dial {network}: {why}"));
            assert!(e.addr().is_none() && e.source().is_none());
        }
    });
}

#[test]
fn test_dial_local() {
    in_runtime(|| {
        let ln = listen("tcp", "127.0.0.1:0").unwrap();
        // Without a host: this machine.
        let c = dial("tcp", &format!(":{}", ln.addr().port().unwrap())).unwrap();
        assert_eq!(c.remote_addr(), ln.addr());
    });
}

/// `{}` of Go's is the wildcard of the other end's family here: a `SocketAddr` always has a family.
#[test]
fn test_dialer_local_addr() {
    const MISMATCHED: &str = "mismatched local address type";
    const UNSUITABLE: &str = "no suitable address found";
    in_runtime(|| {
        let tcp = |ip: &str| Some(Addr::Tcp((ip.parse::<IpAddr>().unwrap(), 0).into()));
        let other =
            [Addr::Udp("127.0.0.1:0".parse().unwrap()), Addr::Unix(UnixAddr::new("unix", "@x").unwrap())];
        let (v4, v6) = (listen("tcp4", "127.0.0.1:0").unwrap(), listen("tcp6", "[::1]:0").unwrap());
        let mut cases = vec![
            ("tcp4", &v4, None, None),
            ("tcp4", &v4, tcp("0.0.0.0"), None),
            ("tcp4", &v4, tcp("::"), Some("non-IPv4 address")),
            ("tcp4", &v4, tcp("127.0.0.1"), None),
            ("tcp4", &v4, tcp("::ffff:127.0.0.1"), None),
            ("tcp4", &v4, tcp("::1"), Some(UNSUITABLE)),
            ("tcp6", &v6, None, None),
            ("tcp6", &v6, tcp("0.0.0.0"), None),
            ("tcp6", &v6, tcp("::"), None),
            ("tcp6", &v6, tcp("127.0.0.1"), Some(UNSUITABLE)),
            ("tcp6", &v6, tcp("::ffff:127.0.0.1"), Some(UNSUITABLE)),
            ("tcp6", &v6, tcp("::1"), None),
            ("tcp", &v4, None, None),
            ("tcp", &v4, tcp("0.0.0.0"), None),
            ("tcp", &v4, tcp("127.0.0.1"), None),
            ("tcp", &v4, tcp("::ffff:127.0.0.1"), None),
            ("tcp", &v4, tcp("::1"), Some(UNSUITABLE)),
            ("tcp", &v4, tcp("::"), None),
            ("tcp", &v6, None, None),
            ("tcp", &v6, tcp("0.0.0.0"), None),
            ("tcp", &v6, tcp("::"), None),
            ("tcp", &v6, tcp("127.0.0.1"), Some(UNSUITABLE)),
            ("tcp", &v6, tcp("::1"), None),
        ];
        for addr in other {
            for (network, ln) in [("tcp4", &v4), ("tcp6", &v6), ("tcp", &v4), ("tcp", &v6)] {
                cases.push((network, ln, Some(addr.clone()), Some(MISMATCHED)));
            }
        }
        for (network, ln, local_addr, error) in cases {
            let dialer = Dialer { local_addr: local_addr.clone(), ..Dialer::default() };
            match (dialer.dial(network, &ln.addr().to_string()), error) {
                (Ok(c), None) => assert_eq!(c.remote_addr().to_string(), ln.addr().to_string()),
                (Err(e), Some(text)) => {
                    assert!(e.to_string().ends_with(text), "{network} {local_addr:?}: {e}")
                }
                (got, want) => panic!("{network} to {ln:?} from {local_addr:?}: {got:?}, not {want:?}"),
            }
        }
        // A local port that is taken: the error names both ends.
        let local = v4.addr();
        let dialer = Dialer { local_addr: Some(local.clone()), ..Dialer::default() };
        let e = dialer.dial("tcp", "127.0.0.1:9").unwrap_err();
        assert_eq!(e.to_string(), format!("dial tcp {local}->127.0.0.1:9: bind: address already in use"));
        assert_eq!(e.source(), Some(&local));
    });
}

#[test]
fn test_dialer_keep_alive() {
    in_runtime(|| {
        let ln = listen("tcp", "127.0.0.1:0").unwrap();
        let idle = |keep_alive| {
            let dialer = Dialer { keep_alive, ..Dialer::default() };
            let c = dialer.dial("tcp", &ln.addr().to_string()).unwrap();
            let on = socket_option(&c, libc::SOL_SOCKET, libc::SO_KEEPALIVE) != 0;
            on.then(|| socket_option(&c, libc::IPPROTO_TCP, libc::TCP_KEEPIDLE))
        };
        assert_eq!(idle(None), None);
        assert_eq!(idle(Dialer::default().keep_alive), Some(15));
        assert_eq!(idle(Some(Duration::from_secs(5))), Some(5));
        assert_eq!(idle(Some(Duration::from_secs(30))), Some(30));
    });
}

#[test]
fn test_dial_cancel() {
    in_runtime(|| {
        let (ln, _queued) = black_hole();
        let addr = ln.addr().to_string();
        let (ctx, cancel) = Context::background().with_cancel();
        go(move || {
            sleep(20 * MS);
            cancel();
        });
        let start = Instant::now();
        let e = Dialer::default().dial_context(&ctx, "tcp", &addr).unwrap_err();
        assert!(start.elapsed() >= 20 * MS && start.elapsed() < Duration::from_secs(5));
        assert_eq!(e.to_string(), format!("dial tcp {addr}: operation was canceled"));
        assert!(!e.timeout());
        // A context that is done: no socket is made.
        let e = Dialer::default().dial_context(&ctx, "tcp", &addr).unwrap_err();
        assert_eq!(e.to_string(), format!("dial tcp {addr}: operation was canceled"));
    });
}

#[test]
fn dial_timeout_while_connecting() {
    in_runtime(|| {
        let (ln, _queued) = black_hole();
        let addr = ln.addr().to_string();
        let start = Instant::now();
        let e = gopark_net::dial_timeout("tcp", &addr, 30 * MS).unwrap_err();
        assert!(start.elapsed() >= 30 * MS && start.elapsed() < Duration::from_secs(5));
        assert_eq!(e.to_string(), format!("dial tcp {addr}: i/o timeout"));
        assert!(e.timeout());
        assert_eq!(e.kind(), std::io::ErrorKind::TimedOut);
    });
}

#[test]
fn test_cancel_after_dial() {
    in_runtime(|| {
        let ln = Arc::new(listen("tcp", "127.0.0.1:0").unwrap());
        let echo = ln.clone();
        let server = go(move || {
            while let Ok(c) = echo.accept() {
                let mut buf = [0; 16];
                let n = c.read(&mut buf).unwrap();
                c.write(&buf[..n]).unwrap();
            }
        });
        for _ in 0..20 {
            let (ctx, cancel) = Context::background().with_cancel();
            let c = Dialer::default().dial_context(&ctx, "tcp", &ln.addr().to_string()).unwrap();
            cancel();
            // The connection knows nothing of it.
            c.write(b"some bytes").unwrap();
            assert_eq!(c.read(&mut [0; 16]).unwrap(), 10);
        }
        ln.close().unwrap();
        server.join().unwrap();
    });
}

#[test]
fn test_dial_closed_port_fail_fast() {
    in_runtime(|| {
        let addr = listen("tcp", "127.0.0.1:0").unwrap().addr().to_string();
        let start = Instant::now();
        let e = dial("tcp", &addr).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(1));
        assert_eq!(e.to_string(), format!("dial tcp {addr}: connect: connection refused"));
    });
}

#[test]
fn test_dialer_control() {
    in_runtime(|| {
        let path = || crate::common::socket_name();
        for (network, address, told) in [
            ("tcp", "127.0.0.1:0".into(), "tcp4"),
            ("tcp4", "127.0.0.1:0".into(), "tcp4"),
            ("tcp6", "[::1]:0".into(), "tcp6"),
            ("unix", path(), "unix"),
            ("unixpacket", path(), "unixpacket"),
            ("udp", "127.0.0.1:0".into(), "udp4"),
            ("udp4", "127.0.0.1:0".into(), "udp4"),
            ("udp6", "[::1]:0".into(), "udp6"),
            ("unixgram", path(), "unixgram"),
        ] {
            let packets = network.starts_with("udp") || network == "unixgram";
            let stream = (!packets).then(|| listen(network, &address).unwrap());
            let packet = packets.then(|| listen_packet(network, &address).unwrap());
            let addr = stream.as_ref().map_or_else(|| packet.as_ref().unwrap().local_addr(), |ln| ln.addr());
            let calls = Arc::new(AtomicUsize::new(0));
            let (counted, expected) = (calls.clone(), addr.to_string());
            let dialer = Dialer {
                control: Some(Arc::new(move |network, address, _| {
                    assert_eq!((network, address), (told, expected.as_str()));
                    counted.fetch_add(1, Relaxed);
                    Ok(())
                })),
                ..Dialer::default()
            };
            dialer.dial(network, &addr.to_string()).unwrap();
            assert_eq!(calls.load(Relaxed), 1, "{network}");
            let dialer = Dialer {
                control: Some(Arc::new(|_, _, _| Err(std::io::Error::other("not today")))),
                ..Dialer::default()
            };
            let e = dialer.dial(network, &addr.to_string()).unwrap_err();
            assert_eq!(e.to_string(), format!("dial {network} {addr}: not today"));
            if network == "unixgram" {
                std::fs::remove_file(&address).unwrap();
            }
        }
    });
}

#[test]
fn test_dial_with_non_zero_deadline() {
    in_runtime(|| {
        let ln = listen("tcp", "127.0.0.1:0").unwrap();
        let deadline = Some(Instant::now() + Duration::from_secs(10));
        let dialer = Dialer { deadline, ..Dialer::default() };
        let c = dialer.dial("tcp", &ln.addr().to_string()).unwrap();
        // The dial's deadline is not the connection's.
        let s = ln.accept().unwrap();
        s.write(b"x").unwrap();
        assert_eq!(c.read(&mut [0; 4]).unwrap(), 1);
    });
}

/// Cancelling at any moment leaves either a working connection or an error that says so, and no descriptor.
#[test]
fn test_dial_context_cancel_race() {
    in_runtime(|| {
        let ln = Arc::new(listen("tcp", "127.0.0.1:0").unwrap());
        let acceptor = ln.clone();
        let server = go(move || while acceptor.accept().is_ok() {});
        let (mut connected, mut canceled) = (0, 0);
        for i in 0..200 {
            let (ctx, cancel) = Context::background().with_cancel();
            let canceller = go(move || {
                if i % 2 == 0 {
                    sleep(Duration::from_micros(i / 2));
                }
                cancel();
            });
            match Dialer::default().dial_context(&ctx, "tcp", &ln.addr().to_string()) {
                Ok(c) => {
                    c.write(b"x").expect("a connection that was returned works");
                    connected += 1;
                }
                Err(e) => {
                    assert!(e.to_string().ends_with(": operation was canceled"), "{e}");
                    canceled += 1;
                }
            }
            canceller.join().unwrap();
        }
        assert_eq!(connected + canceled, 200);
        ln.close().unwrap();
        server.join().unwrap();
    });
}
