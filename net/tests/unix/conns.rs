//! The unix parts of Go's net_test.go, conn_test.go, server_test.go and protoconn_test.go, under their names.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::common::{in_runtime, socket_name};
use gopark_net::{Addr, Conn, Dialer, Listener, UnixAddr, dial, listen, listen_packet};
use gopark_runtime::go;

const STREAMS: [&str; 2] = ["unix", "unixpacket"];

fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(5))
}

/// A listener, and a connection's two ends.
fn pair(network: &str) -> (Listener, Conn, Conn) {
    let ln = listen(network, &socket_name()).unwrap();
    let client = dial(network, &ln.addr().to_string()).unwrap();
    let server = ln.accept().unwrap();
    (ln, client, server)
}

#[test]
fn test_close_read() {
    in_runtime(|| {
        for network in STREAMS {
            let (_ln, c, _server) = pair(network);
            c.close_read().unwrap();
            assert_eq!(c.read(&mut [0]).unwrap(), 0);
        }
    });
}

#[test]
fn test_close_write() {
    in_runtime(|| {
        for network in STREAMS {
            let (_ln, c, server) = pair(network);
            c.close_write().unwrap();
            assert_eq!(server.read(&mut [0]).unwrap(), 0, "{network}");
            let e = c.write(&[0]).unwrap_err();
            assert!(e.to_string().ends_with(": write: broken pipe"), "{e}");
            // The other direction goes on.
            server.write(b"x").unwrap();
            assert_eq!(c.read(&mut [0]).unwrap(), 1);
        }
    });
}

#[test]
fn test_conn_close() {
    in_runtime(|| {
        for network in STREAMS {
            let (ln, c, _server) = pair(network);
            c.close().unwrap();
            let e = c.read(&mut [0]).unwrap_err();
            assert_eq!(
                e.to_string(),
                format!("read {network} @->{}: use of closed network connection", ln.addr())
            );
            assert!(c.write(&[0]).unwrap_err().is_closed() && c.close().unwrap_err().is_closed());
        }
    });
}

#[test]
fn test_listener_close() {
    in_runtime(|| {
        for network in STREAMS {
            let ln = listen(network, &socket_name()).unwrap();
            let path = ln.addr().to_string();
            ln.close().unwrap();
            assert!(ln.accept().unwrap_err().is_closed());
            assert!(!std::path::Path::new(&path).exists());
            let e = dial(network, &path).unwrap_err();
            assert_eq!(e.to_string(), format!("dial {network} {path}: connect: no such file or directory"));
        }
    });
}

#[test]
fn test_zero_byte_read() {
    in_runtime(|| {
        for network in STREAMS {
            let (_ln, c, server) = pair(network);
            assert_eq!((c.read(&mut []).unwrap(), server.read(&mut []).unwrap()), (0, 0));
        }
    });
}

#[test]
fn test_close_unblocks_read() {
    in_runtime(|| {
        for network in STREAMS {
            let (_ln, c, _server) = pair(network);
            let reader = go({
                let c = c.clone();
                move || c.read(&mut [0]).unwrap_err().is_closed()
            });
            gopark_runtime::time::sleep(Duration::from_millis(10));
            c.close().unwrap();
            assert!(reader.join().unwrap());
        }
    });
}

#[test]
fn test_conn_and_listener() {
    in_runtime(|| {
        for network in STREAMS {
            let (ln, c, server) = pair(network);
            assert_eq!(ln.addr().network(), network);
            assert_eq!((c.local_addr().network(), c.remote_addr().network()), (network, network));
            for end in [&c, &server] {
                end.set_deadline(soon()).unwrap();
                end.set_read_deadline(soon()).unwrap();
                end.set_write_deadline(soon()).unwrap();
            }
            c.write(b"CONN AND LISTENER TEST").unwrap();
            let mut buf = [0; 64];
            let n = server.read(&mut buf).unwrap();
            server.write(&buf[..n]).unwrap();
            assert_eq!(c.read(&mut buf).unwrap(), 22);
        }
    });
}

/// Several clients of a server that echoes; named and abstract, with and without an address of their own.
#[test]
fn test_unix_and_unixpacket_server() {
    in_runtime(|| {
        for network in STREAMS {
            for address in [socket_name(), format!("@gopark-server-{network}-{}", std::process::id())] {
                let ln = std::sync::Arc::new(listen(network, &address).unwrap());
                let server = go({
                    let ln = ln.clone();
                    move || {
                        while let Ok(c) = ln.accept() {
                            go(move || {
                                let mut buf = [0; 256];
                                while let Ok(n) = c.read(&mut buf)
                                    && n > 0
                                {
                                    c.write(&buf[..n]).unwrap();
                                }
                            });
                        }
                    }
                });
                for i in 0..4 {
                    let own = if i % 2 == 0 { String::new() } else { socket_name() };
                    let local_addr = Some(Addr::Unix(UnixAddr::new(network, &own).unwrap()));
                    let c = Dialer { local_addr, ..Default::default() }.dial(network, &address).unwrap();
                    for round in 1..4 {
                        assert_eq!(c.write(&vec![i; 50 * round]).unwrap(), 50 * round);
                        assert_eq!(c.read(&mut [0; 256]).unwrap(), 50 * round);
                    }
                    let _ = std::fs::remove_file(own);
                }
                ln.close().unwrap();
                server.join().unwrap();
            }
        }
    });
}

#[test]
fn test_unixgram_server() {
    in_runtime(|| {
        for address in [socket_name(), format!("@gopark-gram-{}", std::process::id())] {
            let server = listen_packet("unixgram", &address).unwrap();
            let own = socket_name();
            let local_addr = Some(Addr::Unix(UnixAddr::new("unixgram", &own).unwrap()));
            let c = Dialer { local_addr, ..Default::default() }.dial("unixgram", &address).unwrap();
            server.set_deadline(soon()).unwrap();
            c.set_deadline(soon()).unwrap();
            c.write(b"UNIXGRAM").unwrap();
            let mut buf = [0; 64];
            let (n, from) = server.read_from(&mut buf).unwrap();
            let from = from.unwrap();
            assert_eq!((n, from.to_string()), (8, own.clone()));
            server.write_to(&buf[..n], &from).unwrap();
            assert_eq!(c.read(&mut buf).unwrap(), 8);
            for path in [own, address] {
                let _ = std::fs::remove_file(path);
            }
        }
    });
}

#[test]
fn test_unix_listener_specific_methods() {
    in_runtime(|| {
        let ln = listen("unix", &socket_name()).unwrap();
        ln.set_deadline(Some(Instant::now() + Duration::from_millis(10))).unwrap();
        let e = ln.accept().unwrap_err();
        assert_eq!(e.to_string(), format!("accept unix {}: i/o timeout", ln.addr()));
        ln.set_deadline(None).unwrap();
        let c = dial("unix", &ln.addr().to_string()).unwrap();
        assert_eq!(ln.accept().unwrap().local_addr(), c.remote_addr());
    });
}

#[test]
fn test_unix_conn_specific_methods() {
    in_runtime(|| {
        let (one, two) = (socket_name(), socket_name());
        let (a, b) = (listen_packet("unixgram", &one).unwrap(), listen_packet("unixgram", &two).unwrap());
        for c in [&a, &b] {
            c.set_deadline(soon()).unwrap();
            c.set_read_buffer(2048).unwrap();
            c.set_write_buffer(2048).unwrap();
        }
        assert_eq!(a.write_msg(b"UNIXCONN TEST", &[], Some(&b.local_addr())).unwrap(), (13, 0));
        let (n, oobn, _, from) = b.read_msg(&mut [0; 64], &mut [0; 64]).unwrap();
        assert_eq!((n, oobn, from), (13, 0, Some(a.local_addr())));
        b.write_to(b"again", &a.local_addr()).unwrap();
        assert_eq!(a.read_from(&mut [0; 64]).unwrap(), (5, Some(b.local_addr())));
        [one, two].iter().for_each(|path| std::fs::remove_file(path).unwrap());
    });
}

/// Who reads what it has just written never waits; others run all the same. (In pinned mode with one P no other thread helps.)
#[test]
fn a_conversation_without_waits_lets_others_run() {
    in_runtime(|| {
        let (a, b) = gopark_net::socket_pair("unix").unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let other = go({
            let over = over.clone();
            move || {
                gopark_runtime::time::sleep(Duration::from_millis(1));
                over.store(true, Relaxed);
            }
        });
        let end = soon();
        while !over.load(Relaxed) {
            assert!(Some(Instant::now()) < end, "nobody else has run");
            a.write(b"x").unwrap();
            assert_eq!(b.read(&mut [0; 8]).unwrap(), 1);
        }
        other.join().unwrap();
    });
}
