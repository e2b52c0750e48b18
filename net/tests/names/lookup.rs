//! Ports of Go's net/lookup_test.go and resolverdialfunc_test.go, under their names: the public face of look-ups, with name
//! servers of the tests'. Names end with a dot, so that no search list of the machine's completes them. What is about
//! contexts and many callers is in context.rs.

use std::net::IpAddr;

use crate::common::fake_dns::{self, A, AAAA, CNAME, NXDOMAIN, Server, TEST_ADDR, TXT};
use crate::common::{in_runtime, sorted_texts};
use gopark_net::{AddrError, DnsError, Resolver, UnknownNetworkError};

#[test]
fn test_resolver_dial_func() {
    in_runtime(|| {
        let resolver = fake_dns::resolver(|q| match q.kind {
            A => q.reply().a([1, 2, 3, 4].into()).a([5, 6, 7, 8].into()).into(),
            AAAA => {
                let (one, other) = ("1::f".parse().unwrap(), "0:200::e00".parse().unwrap());
                q.reply().aaaa(one).aaaa(other).into()
            }
            _ => q.reply().into(),
        });
        let ips = resolver.lookup_ip("ip", "something-that-is-a-not-a-real-domain.fake-tld.").unwrap();
        assert_eq!(sorted_texts(&ips), ["0:200::e00", "1.2.3.4", "1::f", "5.6.7.8"]);
    });
}

#[test]
fn test_resolver_lookup_ip() {
    in_runtime(|| {
        let server = Server::new(|q| q.reply_with_addr().into());
        let resolver = server.resolver();
        let ips = |network| sorted_texts(&resolver.lookup_ip(network, "both.example.").unwrap());
        assert_eq!(ips("ip"), ["192.0.2.1", "2001:db8::1"]);
        assert_eq!(ips("ip4"), ["192.0.2.1"]);
        assert_eq!(ips("ip6"), ["2001:db8::1"]);
        let e = resolver.lookup_ip("tcp", "both.example.").unwrap_err();
        assert_eq!(e.to_string(), "unknown network tcp");
        assert!(e.err().is::<UnknownNetworkError>());
    });
}

#[test]
fn test_resolver_lookup_ip_with_empty_host() {
    in_runtime(|| {
        let e = Resolver::default().lookup_ip("ip", "").unwrap_err();
        assert_eq!(e.to_string(), "lookup : no such host");
        assert!(e.err().downcast_ref::<DnsError>().unwrap().is_not_found);
        assert_eq!(Resolver::default().lookup_host("").unwrap_err().to_string(), "lookup : no such host");
    });
}

/// Go: ip_test.go.
#[test]
fn test_lookup_with_ip() {
    in_runtime(|| {
        let resolver = Resolver::default();
        for text in ["127.0.1.2", "127.0.0.1", "::ffff:127.1.2.3", "2001:4860:0:2001::68", "::ffff:7f01:203"]
        {
            assert_eq!(resolver.lookup_host(text).unwrap(), [text]);
            let expected: IpAddr = text.parse().unwrap();
            let ips = resolver.lookup_ip("ip", text).unwrap();
            assert_eq!(ips.iter().map(IpAddr::to_canonical).collect::<Vec<_>>(), [expected.to_canonical()]);
        }
    });
}

#[test]
fn test_lookup_ipv6_link_local_addr_with_zone() {
    in_runtime(|| {
        assert_eq!(Resolver::default().lookup_host("fe80::1%lo0").unwrap(), ["fe80::1%lo0"]);
    });
}

#[test]
fn test_lookup_no_data() {
    in_runtime(|| {
        // Something of another kind: no addresses, and no error of the server's.
        let server = Server::new(|q| q.reply().authoritative().answer(None, TXT, b"\x02ok").into());
        let e = server.resolver().lookup_host("golang.rsc.io.").unwrap_err();
        assert_eq!(e.to_string(), format!("lookup golang.rsc.io. on {}: no such host", server.addr));
        assert!(e.is_not_found && !e.is_temporary);
    });
}

#[test]
fn test_lookup_no_such_host() {
    in_runtime(|| {
        let server = Server::new(|q| q.reply().rcode(NXDOMAIN).into());
        let (resolver, name) = (server.resolver(), "invalid.invalid.");
        let ip = resolver.lookup_ip("ip", name).unwrap_err();
        let ip = ip.err().downcast_ref::<DnsError>().unwrap().clone();
        for e in [resolver.lookup_cname(name).unwrap_err(), resolver.lookup_host(name).unwrap_err(), ip] {
            assert_eq!(e.to_string(), format!("lookup {name} on {}: no such host", server.addr));
            assert!(e.is_not_found);
        }
        let e = resolver.lookup_addr("192.0.2.1").unwrap_err();
        let arpa = "1.2.0.192.in-addr.arpa.";
        assert_eq!(e.to_string(), format!("lookup {arpa} on {}: no such host", server.addr));
    });
}

#[test]
fn test_lookup_cname() {
    in_runtime(|| {
        let server = Server::new(|q| match (q.name.as_str(), q.kind) {
            ("www.iana.test.", A | AAAA | CNAME) => q.reply().cname("icann.test.").into(),
            _ => q.reply_with_addr().into(),
        });
        assert_eq!(server.resolver().lookup_cname("www.iana.test.").unwrap(), "icann.test.");
        assert_eq!(server.resolver().lookup_cname("google.test.").unwrap(), "google.test.");
    });
}

#[test]
fn test_lookup_non_ldh() {
    in_runtime(|| {
        let server = Server::new(|q| panic!("asked for {}", q.name));
        for name in ["!!!.###.bogus..domain.", "foo\0bar", "-a.example.", "a b"] {
            let e = server.resolver().lookup_host(name).unwrap_err();
            assert_eq!(e.to_string(), format!("lookup {name}: no such host"));
            assert!(e.is_not_found);
        }
    });
}

#[test]
fn test_lookup_null_byte() {
    in_runtime(|| {
        assert!(Resolver::default().lookup_host("foo\0bar").is_err());
    });
}

/// golang.org/issue/34660.
#[test]
fn test_ptr_and_non_ptr() {
    in_runtime(|| {
        let server = Server::new(|q| q.reply().ptr("golang.org.").answer(None, TXT, b"\x05PTR 8").into());
        assert_eq!(server.resolver().lookup_addr("192.0.2.123").unwrap(), ["golang.org."]);
    });
}

/// Names that cannot be names are an error; of an address's names the valid ones come with it.
#[test]
fn test_cve_2021_33195() {
    in_runtime(|| {
        let server = Server::new(|q| match q.kind {
            A => q.reply().answer(Some("<html>.golang.org."), A, &TEST_ADDR.octets()).into(),
            CNAME | AAAA => q.reply().recursion_available().into(),
            _ => q.reply().ptr("<html>.golang.org.").ptr("good.golang.org.").into(),
        });
        let resolver = server.resolver();
        let why = "DNS response contained records which contain invalid names";
        let e = resolver.lookup_cname("golang.org.").unwrap_err();
        assert_eq!(e.to_string(), format!("lookup golang.org.: {why}"));
        let e = resolver.lookup_addr("192.0.2.42").unwrap_err();
        assert_eq!(e.to_string(), format!("lookup 192.0.2.42: {why}"));
        assert_eq!(e.valid_names, ["good.golang.org."]);
    });
}

#[test]
fn test_lookup_port() {
    in_runtime(|| {
        for (network, service, expected) in [
            ("tcp", "0", Some(0)),
            ("udp", "0", Some(0)),
            ("udp", "domain", Some(53)),
            ("--badnet--", "zzz", None),
            ("tcp", "--badport--", None),
            ("tcp", "-1", None),
            ("tcp", "65536", None),
            ("udp", "-1", None),
            ("udp", "65536", None),
            ("tcp", "123456789", None),
            ("tcp", "", Some(0)),
            ("tcp4", "", Some(0)),
            ("tcp6", "", Some(0)),
            ("udp", "", Some(0)),
            ("udp4", "", Some(0)),
            ("udp6", "", Some(0)),
            ("tcp", "http", Some(80)),
        ] {
            let port = Resolver::default().lookup_port(network, service);
            assert_eq!(port.as_ref().ok(), expected.as_ref(), "{network} {service}: {port:?}");
            // Go: parseLookupPortError.
            if let Err(e) = port {
                assert!(e.err().is::<AddrError>() || e.err().is::<DnsError>(), "{e:?}");
            }
        }
    });
}

#[test]
fn test_lookup_port_minimal() {
    in_runtime(|| {
        for (network, service, port) in [
            ("tcp", "http", 80),
            ("tcp", "HTTP", 80),
            ("tcp", "https", 443),
            ("tcp", "ssh", 22),
            ("tcp", "gopher", 70),
            ("tcp4", "http", 80),
            ("tcp6", "http", 80),
        ] {
            assert_eq!(Resolver::default().lookup_port(network, service).unwrap(), port);
        }
    });
}

fn port(network: &str, service: &str) -> Result<u16, String> {
    Resolver::default().lookup_port(network, service).map_err(|e| {
        assert!(e.err().downcast_ref::<DnsError>().is_some_and(|e| e.is_not_found), "{e:?}");
        e.to_string()
    })
}

#[test]
fn test_lookup_port_not_found() {
    in_runtime(|| {
        let e = port("udp", "_-unknown-service-").unwrap_err();
        assert_eq!(e, "lookup udp/_-unknown-service-: unknown port");
    });
}

#[test]
fn test_lookup_port_different_network() {
    // Known on tcp only.
    in_runtime(|| {
        assert_eq!(port("udp", "submissions").unwrap_err(), "lookup udp/submissions: unknown port")
    });
}

#[test]
fn test_lookup_port_empty_network_string() {
    in_runtime(|| assert_eq!(port("", "submissions"), Ok(465)));
}

#[test]
fn test_lookup_port_ip_network_string() {
    in_runtime(|| assert_eq!(port("ip", "submissions"), Ok(465)));
}
