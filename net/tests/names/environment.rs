//! What GODEBUG says about look-ups. The environment is read when a process looks up for the first time, so each test runs
//! itself in a process of its own.

use std::process::{Command, Output};

use crate::common::fake_dns::Server;
use crate::common::{arguments_for, assert_passed, in_runtime};
use gopark_net::Resolver;

const CHILD: &str = "GOPARK_NAMES_CHILD";

/// Runs the test of this name again with `godebug`; `None` in the process that it starts.
fn in_a_process_with(godebug: &str, test: &str) -> Option<Output> {
    if std::env::var_os(CHILD).is_some() {
        return None;
    }
    let mut child = Command::new(std::env::current_exe().expect("a test has a path"));
    child.args(arguments_for(module_path!(), test)).env("GODEBUG", godebug).env(CHILD, "1");
    let output = child.output().expect("the test runs again");
    assert_passed(&output);
    Some(output)
}

/// Go: TestDNSPacketSize "disabled".
#[test]
fn test_dns_packet_size_disabled() {
    if in_a_process_with("netedns0=0", "test_dns_packet_size_disabled").is_some() {
        return;
    }
    in_runtime(|| {
        let server = Server::new(|q| {
            assert_eq!(q.edns0(), None);
            q.reply_with_addr().into()
        });
        assert_eq!(server.resolver().lookup_host("go.test.").unwrap().len(), 2);
    });
}

#[test]
fn netdns_cgo_asks_the_c_library() {
    if let Some(output) = in_a_process_with("netdns=cgo+2", "netdns_cgo_asks_the_c_library") {
        let said = String::from_utf8(output.stderr).unwrap();
        for line in [
            "go package net: using cgo DNS resolver\n",
            "go package net: hostLookupOrder(localhost) = cgo\n",
            "go package net: addrLookupOrder(127.0.0.1) = cgo\n",
            "go package net: hostLookupOrder(own.test.) = ",
        ] {
            assert!(said.contains(line), "no {line:?} in {said}");
        }
        assert!(!said.contains("hostLookupOrder(own.test.) = cgo"), "{said}");
        return;
    }
    in_runtime(|| {
        let resolver = Resolver::default();
        let hosts = resolver.lookup_host("localhost").unwrap();
        assert!(hosts.iter().all(|host| host.starts_with("127.") || host == "::1"), "{hosts:?}");
        assert!(resolver.lookup_ip("ip4", "localhost").unwrap().iter().all(|ip| ip.is_loopback()));
        assert_eq!(resolver.lookup_addr("127.0.0.1").unwrap().len(), 1);
        assert_eq!(resolver.lookup_port("tcp", "https").unwrap(), 443);
        let e = resolver.lookup_port("udp", "_-unknown-service-").unwrap_err();
        assert_eq!(e.to_string(), "lookup udp/_-unknown-service-: unknown port");
        // A server of one's own is none of the C library's.
        let server = Server::new(|q| q.reply_with_addr().into());
        assert_eq!(server.resolver().lookup_host("own.test.").unwrap().len(), 2);
        // Dialling by name goes the same way.
        let ln = gopark_net::listen("tcp4", "localhost:0").unwrap();
        gopark_net::dial("tcp4", &format!("localhost:{}", ln.addr().port().unwrap())).unwrap();
    });
}

#[test]
fn netdns_go_says_what_it_does() {
    if let Some(output) = in_a_process_with("netdns=go+2", "netdns_go_says_what_it_does") {
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("go package net: GODEBUG setting forcing use of Go's resolver\n"), "{said}");
        assert!(said.contains("go package net: hostLookupOrder(own.test.) = "), "{said}");
        return;
    }
    in_runtime(|| {
        let server = Server::new(|q| q.reply_with_addr().into());
        assert_eq!(server.resolver().lookup_host("own.test.").unwrap().len(), 2);
    });
}
