//! Tests in a network of their own: ports of Go's with link-local addresses, which a machine need not have, and a dial that meets itself.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::{arguments_for, assert_passed, in_runtime, skipped};
use gopark_net::{Dialer, dial, listen, listen_packet};
use gopark_runtime::go;

/// Set for the child, which has the network.
const CHILD: &str = "GOPARK_OWN_NETWORK_CHILD";

/// Runs the test in a child whose loopback interface, which is all it has, has the address fe80::1 too.
fn in_a_network_of_its_own(test: &str, body: impl FnOnce() + Send) {
    if std::env::var_os(CHILD).is_some() {
        return in_runtime(body);
    }
    let set_up = "ip link set lo up && ip addr add fe80::1/64 dev lo nodad || exit 77; exec \"$@\"";
    let me = std::env::current_exe().unwrap();
    let mut child = Command::new("unshare");
    child.args(["--net", "--map-root-user", "sh", "-c", set_up, "sh"]).arg(me);
    let output = child.args(arguments_for(module_path!(), test)).env(CHILD, "1").output();
    match output.map(|output| (output.status.code(), output)) {
        // The child exits with 101 when the test fails.
        Ok((Some(0 | 101), output)) => assert_passed(&output),
        Ok((Some(code), _)) => skipped(&format!("no network of one's own (exit {code})")),
        Ok((None, output)) => panic!("{output:?}"),
        Err(e) => skipped(&format!("unshare: {e}")),
    }
}

#[test]
fn test_ipv6_link_local_unicast_tcp() {
    in_a_network_of_its_own("test_ipv6_link_local_unicast_tcp", || {
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
    in_a_network_of_its_own("test_ipv6_link_local_unicast_udp", || {
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

/// Where the kernel has one port to choose from and that is the one dialled, a socket connects to itself. Dial notices and tries again,
/// twice, as Go; with a local port of one's own it is what was asked for.
#[test]
fn a_dial_that_meets_itself_is_tried_again() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    in_a_network_of_its_own("a_dial_that_meets_itself_is_tried_again", || {
        if std::fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40000").is_err() {
            return skipped("the range of ports cannot be set");
        }
        let sockets = Arc::new(AtomicUsize::new(0));
        let count = sockets.clone();
        let control: Arc<gopark_net::ControlFn> = Arc::new(move |_: &str, _: &str, _| {
            count.fetch_add(1, Relaxed);
            Ok(())
        });
        let mut dialer = Dialer { control: Some(control), ..Default::default() };
        // The socket that met itself was closed, and keeps its port busy for a while: there is none left for the other two.
        let e = dialer.dial("tcp", "127.0.0.1:40000").unwrap_err();
        assert_eq!(e.raw_os_error(), Some(libc::EADDRNOTAVAIL), "{e}");
        assert_eq!(sockets.swap(0, Relaxed), 3);
        dialer.local_addr = Some(gopark_net::Addr::Tcp("127.0.0.1:40001".parse().unwrap()));
        let c = dialer.dial("tcp", "127.0.0.1:40001").unwrap();
        assert_eq!(c.local_addr(), c.remote_addr());
        assert_eq!(sockets.load(Relaxed), 1);
    });
}
