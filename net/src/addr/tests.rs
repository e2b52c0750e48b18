//! Addresses, read and printed as Go does.

use super::host_port::{Port, dtoi, join_host_port, parse_ip, parse_port, split_host_port};
use super::name_error::AddrError;
use super::*;

fn tcp(ip: &str, port: u16) -> NetAddr {
    let ip = (!ip.is_empty()).then(|| ip.parse().unwrap());
    NetAddr::Inet(InetAddr { inet: Inet::Tcp, ip, port, zone: String::new() })
}

#[test]
fn test_split_host_port() {
    for (text, host, port) in [
        ("localhost:http", "localhost", "http"),
        ("localhost:80", "localhost", "80"),
        ("localhost%lo0:http", "localhost%lo0", "http"),
        ("[localhost%lo0]:80", "localhost%lo0", "80"),
        ("127.0.0.1:http", "127.0.0.1", "http"),
        ("[::1]:80", "::1", "80"),
        ("[::1%lo0]:http", "::1%lo0", "http"),
        (":http", "", "http"),
        (":80", "", "80"),
        ("golang.org:", "golang.org", ""),
        ("[::1]:", "::1", ""),
        ("golang.org:https%foo", "golang.org", "https%foo"),
    ] {
        assert_eq!(split_host_port(text), Ok((host, port)), "{text}");
    }
    for (text, why) in [
        ("golang.org", "missing port in address"),
        ("127.0.0.1", "missing port in address"),
        ("[::1]", "missing port in address"),
        ("[fe80::1%lo0]", "missing port in address"),
        ("localhost%lo0", "missing port in address"),
        ("::1", "too many colons in address"),
        ("fe80::1%lo0", "too many colons in address"),
        ("fe80::1%lo0:80", "too many colons in address"),
        ("[foo:bar]", "missing port in address"),
        ("[foo:bar]baz", "missing port in address"),
        ("[foo]bar:baz", "missing port in address"),
        ("[foo]:[bar]:baz", "too many colons in address"),
        ("[foo]:[bar]baz", "unexpected '[' in address"),
        ("foo[bar]:baz", "unexpected '[' in address"),
        ("foo]bar:baz", "unexpected ']' in address"),
        ("[::1", "missing ']' in address"),
        ("]:1", "unexpected ']' in address"),
    ] {
        assert_eq!(split_host_port(text), Err(AddrError::new(why, text)), "{text}");
    }
}

#[test]
fn test_join_host_port() {
    assert_eq!(join_host_port("localhost", "http"), "localhost:http");
    assert_eq!(join_host_port("::1", "80"), "[::1]:80");
    assert_eq!(join_host_port("fe80::1%lo0", 80), "[fe80::1%lo0]:80");
    assert_eq!(join_host_port("", ""), ":");
}

#[test]
fn test_parse_port() {
    const LARGEST: i64 = (1 << 30) - 1;
    for (text, port) in [
        ("", 0),
        ("-1073741825", -(1 << 30)),
        ("-1073741824", -(1 << 30)),
        ("-1073741823", -LARGEST),
        ("-123456789", -123456789),
        ("-1", -1),
        ("-0", 0),
        ("0", 0),
        ("+0", 0),
        ("+1", 1),
        ("65535", 65535),
        ("65536", 65536),
        ("123456789", 123456789),
        ("1073741822", LARGEST - 1),
        ("1073741823", LARGEST),
        ("1073741824", LARGEST),
        ("1073741825", LARGEST),
        ("-99999999999", -(1 << 30)),
    ] {
        assert_eq!(parse_port(text), Port::Number(port), "{text}");
    }
    for text in [
        "abc",
        "9pfs",
        "123badport",
        "bad123port",
        "badport123",
        "123456789badport",
        "-2147483649badport",
        "2147483649badport",
    ] {
        assert_eq!(parse_port(text), Port::Name, "{text}");
    }
}

#[test]
fn test_dtoi() {
    for (text, number) in [
        ("", None),
        ("0", Some((0, 1))),
        ("65536", Some((65536, 5))),
        ("123456789", None), // Too large.
        ("-0", None),
        ("-1234", None),
    ] {
        assert_eq!(dtoi(text), number, "{text}");
    }
}

#[test]
fn literal_ips() {
    assert_eq!(parse_ip("1.2.3.4"), Some((Ipv4Addr::new(1, 2, 3, 4).into(), "")));
    assert_eq!(parse_ip("fe80::1%eth0"), Some(("fe80::1".parse().unwrap(), "eth0")));
    for text in ["", "1.2.3", "01.2.3.4", "1.2.3.4%eth0", "::1%", "localhost", ":::"] {
        assert_eq!(parse_ip(text), None, "{text}");
    }
}

#[test]
fn addresses_show_as_gos() {
    assert_eq!(tcp("", 80).to_string(), ":80");
    assert_eq!(tcp("::", 80).to_string(), "[::]:80");
    assert_eq!(tcp("::ffff:1.2.3.4", 80).to_string(), "1.2.3.4:80");
    assert_eq!(tcp("", 80).addr().to_string(), "[::]:80");
    let link_local: SocketAddr = "[fe80::1%1]:5".parse().unwrap();
    assert_eq!(Addr::Udp(link_local).to_string(), "[fe80::1%lo]:5");
}
