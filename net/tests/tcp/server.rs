//! Ports of Go's net/server_test.go, write_unix_test.go and what is left of protoconn_test.go, under their names.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::{in_runtime, pair};
use gopark_net::{Addr, Conn, Dialer, dial, listen, listen_packet};
use gopark_runtime::go;

fn echo(c: &Conn) {
    let mut buf = [0; 256];
    while let Ok(n) = c.read(&mut buf)
        && n > 0
        && c.write(&buf[..n]).is_ok()
    {}
}

/// Each form of a server's address, and the addresses of clients that reach it, with and without a local address.
#[test]
fn test_tcp_server() {
    let cases = [
        (("tcp", ":0"), ("tcp", "127.0.0.1")),
        (("tcp", "0.0.0.0:0"), ("tcp", "127.0.0.1")),
        (("tcp", "[::]:0"), ("tcp", "127.0.0.1")),
        (("tcp", ":0"), ("tcp", "[::1]")),
        (("tcp", ":0"), ("tcp4", "127.0.0.1")),
        (("tcp", ":0"), ("tcp6", "[::1]")),
        (("tcp4", ":0"), ("tcp", "127.0.0.1")),
        (("tcp6", ":0"), ("tcp", "[::1]")),
        (("tcp6", "[::1]:0"), ("tcp6", "[::1]")),
        (("tcp", "127.0.0.1:0"), ("tcp", "[::ffff:127.0.0.1]")),
    ];
    in_runtime(|| {
        for ((network, address), (client_network, host)) in cases {
            let ln = Arc::new(listen(network, address).unwrap());
            let server = go({
                let ln = ln.clone();
                move || {
                    while let Ok(c) = ln.accept() {
                        go(move || echo(&c));
                    }
                }
            });
            let port = ln.addr().port().unwrap();
            for local in [false, true] {
                let ip = host.trim_matches(['[', ']']).parse().unwrap();
                let local_addr = local.then(|| Addr::Tcp(std::net::SocketAddr::new(ip, 0)));
                let dialer = Dialer { local_addr, ..Default::default() };
                let c = dialer.dial(client_network, &format!("{host}:{port}")).unwrap();
                for round in 1..3 {
                    c.write(&[7; 20][..10 * round]).unwrap();
                    assert_eq!(c.read(&mut [0; 256]).unwrap(), 10 * round);
                }
            }
            ln.close().unwrap();
            server.join().unwrap();
        }
    });
}

#[test]
fn test_udp_server() {
    let cases = [
        (("udp", ":0"), ("udp", "127.0.0.1")),
        (("udp", "0.0.0.0:0"), ("udp", "127.0.0.1")),
        (("udp", "[::ffff:0.0.0.0]:0"), ("udp", "127.0.0.1")),
        (("udp", "[::]:0"), ("udp", "[::1]")),
        (("udp", ":0"), ("udp4", "127.0.0.1")),
        (("udp", ":0"), ("udp6", "[::1]")),
        (("udp4", ":0"), ("udp", "127.0.0.1")),
        (("udp6", ":0"), ("udp", "[::1]")),
        (("udp", "127.0.0.1:0"), ("udp", "[::ffff:127.0.0.1]")),
    ];
    in_runtime(|| {
        for ((network, address), (client_network, host)) in cases {
            let server = listen_packet(network, address).unwrap();
            server.set_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
            let to = format!("{host}:{}", server.local_addr().port().unwrap());
            let c = dial(client_network, &to).unwrap();
            c.set_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
            c.write(b"UDP SERVER TEST").unwrap();
            let mut buf = [0; 64];
            let (n, from) = server.read_from(&mut buf).unwrap();
            server.write_to(&buf[..n], &from.unwrap()).unwrap();
            assert_eq!(c.read(&mut buf).unwrap(), 15);
        }
    });
}

/// A peer that reads nothing and has shut its side: writes fill the buffers, wait, and end with their deadline.
#[test]
fn test_endless_write() {
    in_runtime(|| {
        let (c, server) = pair();
        server.close_write().unwrap();
        let mut written = 0;
        loop {
            c.set_write_deadline(Some(Instant::now() + Duration::from_millis(50))).unwrap();
            match c.write(&[b'a'; 8192]) {
                Ok(n) => written += n,
                Err(e) => break assert!(e.timeout(), "{e}"),
            }
            assert!(written < 1 << 30);
        }
        assert!(written > 8192);
    });
}

#[test]
fn test_tcp_listener_specific_methods() {
    in_runtime(|| {
        let ln = listen("tcp", "127.0.0.1:0").unwrap();
        assert_eq!(ln.addr().network(), "tcp");
        ln.set_deadline(Some(Instant::now() + Duration::from_millis(10))).unwrap();
        assert!(ln.accept().unwrap_err().timeout());
    });
}

#[test]
fn test_tcp_conn_specific_methods() {
    in_runtime(|| {
        let (c, server) = pair();
        c.set_keep_alive(false).unwrap();
        c.set_keep_alive_period(Duration::from_secs(3)).unwrap();
        c.set_linger(Some(Duration::ZERO)).unwrap();
        c.set_linger(None).unwrap();
        c.set_no_delay(false).unwrap();
        c.set_read_buffer(65535).unwrap();
        c.set_write_buffer(65535).unwrap();
        c.write(b"TCPCONN TEST").unwrap();
        assert_eq!(server.read(&mut [0; 64]).unwrap(), 12);
    });
}
