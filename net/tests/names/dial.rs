//! Ports of those of Go's net/dial_test.go that dial names: a name server of the test's has both families for each.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::common::fake_dns::{A, AAAA, NXDOMAIN, Server};
use crate::common::in_runtime;
use gopark_net::{Conn, Dialer, DnsError, ListenConfig, Listener, OpError, Resolver, dial, listen};
use gopark_runtime::{go, scope};

const MS: Duration = Duration::from_millis(1);

/// "localhost." has a loopback address of each family, nobody else has any.
fn localhost_server() -> Server {
    Server::new(|q| match (q.name.as_str(), q.kind) {
        ("localhost.test.", A) => q.reply().a(Ipv4Addr::LOCALHOST).into(),
        ("localhost.test.", AAAA) => q.reply().aaaa(Ipv6Addr::LOCALHOST).into(),
        _ => q.reply().rcode(NXDOMAIN).into(),
    })
}

fn dialer(resolver: Resolver) -> Dialer {
    Dialer { timeout: Some(Duration::from_secs(10)), resolver: Some(resolver), ..Dialer::default() }
}

/// Listeners of both families on one port. Go: dualStackServer.
fn dual_stack(config: &ListenConfig) -> (Listener, Listener, u16) {
    let both = || {
        let v4 = config.listen("tcp4", "127.0.0.1:0").ok()?;
        let port = v4.addr().port()?;
        Some((v4, config.listen("tcp6", &format!("[::1]:{port}")).ok()?, port))
    };
    (0..100).find_map(|_| both()).expect("a port that both families have free")
}

/// Whether the connection goes to an IPv4 address.
fn is_v4(conn: &Conn) -> bool {
    conn.local_addr().ip().expect("a TCP address").is_ipv4()
}

/// Whichever family is gone, the other one is dialled; without any, the first one's error is told.
#[test]
fn test_dialer_dual_stack() {
    in_runtime(|| {
        let names = localhost_server();
        for fallback_delay in [None, Some(300 * MS)] {
            let (v4, v6, port) = dual_stack(&ListenConfig::default());
            let d = Dialer { fallback_delay, ..dialer(names.resolver()) };
            let addr = format!("localhost.test.:{port}");
            // RFC 6724: ::1 has the higher precedence.
            assert!(!is_v4(&d.dial("tcp", &addr).unwrap()));
            v6.close().unwrap();
            assert!(is_v4(&d.dial("tcp", &addr).unwrap()));
            v4.close().unwrap();
            let e = d.dial("tcp", &addr).unwrap_err();
            assert_eq!(e.to_string(), format!("dial tcp [::1]:{port}: connect: connection refused"));
        }
    });
}

/// The other family is tried after the delay, if the first one's address does not answer.
#[test]
fn test_dialer_fallback_delay() {
    in_runtime(|| {
        let names = localhost_server();
        // A queue that is full: the kernel drops what comes.
        let (v4, v6, port) = dual_stack(&ListenConfig { backlog: Some(0), ..ListenConfig::default() });
        let quick = Dialer { timeout: Some(50 * MS), ..Dialer::default() };
        let mut queued = Vec::new();
        while let Ok(c) = quick.dial("tcp6", &v6.addr().to_string()) {
            queued.push(c);
        }
        let addr = format!("localhost.test.:{port}");
        for (delay, at_least) in
            [(Duration::from_nanos(1), Duration::ZERO), (200 * MS, 200 * MS), (300 * MS, 300 * MS)]
        {
            let d = Dialer { fallback_delay: Some(delay), ..dialer(names.resolver()) };
            let start = Instant::now();
            let conn = d.dial("tcp", &addr).unwrap();
            let elapsed = start.elapsed();
            assert!(is_v4(&conn));
            assert!(elapsed >= at_least && elapsed < Duration::from_secs(5), "{delay:?}: {elapsed:?}");
            drop(v4.accept().unwrap());
        }
        assert_eq!(Dialer::default().fallback_delay, Some(300 * MS));
    });
}

/// Descriptors of this process that are sockets with one of these ports, either end.
fn sockets_on(port: u16) -> usize {
    let inode = |entry: std::io::Result<std::fs::DirEntry>| {
        let link = std::fs::read_link(entry.ok()?.path()).ok()?;
        Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    };
    let ours: Vec<String> = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(inode).collect();
    let port = format!(":{port:04X}");
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(|t| std::fs::read_to_string(t).unwrap());
    let rows = tables.iter().flat_map(|table| table.lines().skip(1));
    rows.filter(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        columns[1..3].iter().any(|addr| addr.ends_with(&port)) && ours.iter().any(|inode| inode == columns[9])
    })
    .count()
}

/// What loses the race is closed.
#[test]
fn test_dialer_dual_stack_fd_leak() {
    in_runtime(|| {
        let names = localhost_server();
        let (v4, v6, port) = dual_stack(&ListenConfig::default());
        let (accept4, accept6) = (v4, v6);
        let addr = format!("localhost.test.:{port}");
        scope(|s| {
            for ln in [&accept4, &accept6] {
                s.go(move || while ln.accept().is_ok() {});
            }
            scope(|dials| {
                for _ in 0..10 {
                    // Both families at once, so that both connect.
                    let d = Dialer { fallback_delay: Some(Duration::ZERO), ..dialer(names.resolver()) };
                    let addr = &addr;
                    dials.go(move || drop(d.dial("tcp", addr).unwrap()));
                }
            });
            accept4.close().unwrap();
            accept6.close().unwrap();
        });
        // A loser may be on its way to its close.
        let end = Instant::now() + Duration::from_secs(5);
        while sockets_on(port) > 0 {
            assert!(Instant::now() < end, "{} sockets are left", sockets_on(port));
            gopark_runtime::time::sleep(MS);
        }
    });
}

/// A name's addresses of one family are tried in their order.
#[test]
fn the_first_address_refuses() {
    in_runtime(|| {
        let names = Server::new(|q| match q.kind {
            A => q.reply().a([127, 0, 0, 2].into()).a([127, 0, 0, 3].into()).into(),
            _ => q.reply().authoritative().into(),
        });
        let ln = listen("tcp", "127.0.0.3:0").unwrap();
        let addr = format!("two.test.:{}", ln.addr().port().unwrap());
        let conn = dialer(names.resolver()).dial("tcp", &addr).unwrap();
        assert_eq!(conn.remote_addr(), ln.addr());
        ln.close().unwrap();
        let e = dialer(names.resolver()).dial("tcp", &addr).unwrap_err();
        // The first error is the most telling.
        assert!(e.to_string().starts_with("dial tcp 127.0.0.2:"), "{e}");
    });
}

#[test]
fn a_name_nobody_has_fails_before_any_socket() {
    in_runtime(|| {
        let names = localhost_server();
        let e: OpError = dialer(names.resolver()).dial("tcp", "none.test.:80").unwrap_err();
        assert_eq!(e.to_string(), format!("dial tcp: lookup none.test. on {}: no such host", names.addr));
        assert!(e.err().downcast_ref::<DnsError>().unwrap().is_not_found && e.addr().is_none());
        let e = dialer(names.resolver()).dial("tcp6", "127.0.0.1:80").unwrap_err();
        assert_eq!(e.to_string(), "dial tcp6: address 127.0.0.1: no suitable address found");
        let e = dialer(names.resolver()).dial("udp", "localhost.test.:gopher-over-udp").unwrap_err();
        assert_eq!(e.to_string(), "dial udp: lookup udp/gopher-over-udp: unknown port");
    });
}

/// The time of a dial is that of its look-up too.
#[test]
fn a_silent_name_server_costs_the_dials_time_only() {
    in_runtime(|| {
        let names = Server::new(|_| vec![]);
        let d = Dialer { timeout: Some(30 * MS), ..dialer(names.resolver()) };
        let start = Instant::now();
        let e = d.dial("tcp", "silent.test.:80").unwrap_err();
        assert!(start.elapsed() >= 30 * MS && start.elapsed() < Duration::from_secs(4));
        assert_eq!(e.to_string(), "dial tcp: lookup silent.test.: i/o timeout");
        assert!(e.timeout());
    });
}

/// golang.org/issue/18806: "[::]" stands for this machine, by IPv4 too.
#[test]
fn test_dial_listener_addr() {
    in_runtime(|| {
        let ln = listen("tcp4", "localhost:0").unwrap();
        let port = ln.addr().port().unwrap();
        let acceptor = go(move || ln.accept().map(drop));
        dial("tcp4", &format!("[::]:{port}")).unwrap();
        acceptor.join().unwrap().unwrap();
    });
}
