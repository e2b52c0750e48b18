//! Ports of Go's tests with link-local addresses, in a network of their own: a machine need not have such an address.

mod common;

use std::process::Command;
use std::time::{Duration, Instant};

use common::in_runtime;
use gopark_net::{dial, listen, listen_packet};
use gopark_runtime::go;

/// Set for the child, which has the network.
const CHILD: &str = "GOPARK_LINK_LOCAL_CHILD";

/// Runs the test in a child whose loopback interface has the address fe80::1.
fn with_link_local(test: &str, body: impl FnOnce() + Send) {
    if std::env::var_os(CHILD).is_some() {
        return in_runtime(body);
    }
    let set_up = "ip link set lo up && ip addr add fe80::1/64 dev lo nodad || exit 77; exec \"$@\"";
    let me = std::env::current_exe().unwrap();
    let mut child = Command::new("unshare");
    child.args(["--net", "--map-root-user", "sh", "-c", set_up, "sh"]).arg(me);
    let status = child.args(["--exact", test, "--nocapture"]).env(CHILD, "1").status();
    match status.map(|s| s.code()) {
        Ok(Some(0)) => {}
        // The child says 101 when the test fails.
        Ok(Some(code)) if code != 101 => println!("SKIPPED: no network of one's own (exit {code})"),
        Err(e) => println!("SKIPPED: unshare: {e}"),
        failed => panic!("{failed:?}"),
    }
}

#[test]
fn test_ipv6_link_local_unicast_tcp() {
    with_link_local("test_ipv6_link_local_unicast_tcp", || {
        for network in ["tcp", "tcp6"] {
            let ln = listen(network, "[fe80::1%lo]:0").unwrap();
            let address = ln.addr().to_string();
            assert!(address.starts_with("[fe80::1%lo]:"), "{address}");
            let server = go(move || {
                let c = ln.accept().unwrap();
                let mut buf = [0; 64];
                let n = c.read(&mut buf).unwrap();
                c.write(&buf[..n]).unwrap();
            });
            let c = dial(network, &address).unwrap();
            assert_eq!(c.remote_addr().to_string(), address);
            assert!(c.local_addr().to_string().starts_with("[fe80::1%lo]:"));
            c.write(b"TCP OVER IPV6 LINKLOCAL TEST").unwrap();
            assert_eq!(c.read(&mut [0; 64]).unwrap(), 28);
            server.join().unwrap();
        }
        let e = dial("tcp", "[fe80::1]:1").unwrap_err();
        assert_eq!(e.to_string(), "dial tcp [fe80::1]:1: connect: invalid argument");
    });
}

#[test]
fn test_ipv6_link_local_unicast_udp() {
    with_link_local("test_ipv6_link_local_unicast_udp", || {
        for network in ["udp", "udp6"] {
            let server = listen_packet(network, "[fe80::1%lo]:0").unwrap();
            let address = server.local_addr().to_string();
            assert!(address.starts_with("[fe80::1%lo]:"), "{address}");
            let c = dial(network, &address).unwrap();
            assert!(c.local_addr().to_string().starts_with("[fe80::1%lo]:"));
            c.set_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
            c.write(b"UDP OVER IPV6 LINKLOCAL TEST").unwrap();
            let mut buf = [0; 32];
            let (n, from) = server.read_from(&mut buf).unwrap();
            assert_eq!(from, Some(c.local_addr()));
            server.write_to(&buf[..n], &from.unwrap()).unwrap();
            assert_eq!(c.read(&mut buf).unwrap(), 28);
        }
    });
}
