//! Addresses and errors, printed as Go prints them.

use super::*;
use crate::error::{AddrError, Cause, OpError, Sentinel};
use crate::host_port::{Port, dtoi, parse_ip, parse_port};
use crate::{join_host_port, split_host_port};

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

#[test]
fn op_errors_show_as_gos() {
    let listen = OpError::new("listen", "tcp", Cause::syscall("bind", crate::Errno(libc::EACCES)))
        .with_addr(Some(&tcp("", 80)));
    assert_eq!(listen.to_string(), "listen tcp :80: bind: permission denied");
    assert_eq!(listen.raw_os_error(), Some(libc::EACCES));

    let (a, b) = (tcp("127.0.0.1", 1).addr(), tcp("127.0.0.1", 2).addr());
    let read = OpError::new("read", "tcp", Sentinel::DeadlineExceeded)
        .with_source(Some(&a))
        .with_addr(Some(&b))
        .with_transferred(7);
    assert_eq!(read.to_string(), "read tcp 127.0.0.1:1->127.0.0.1:2: i/o timeout");
    assert!(read.timeout() && !read.is_closed());
    assert_eq!((read.source(), read.addr(), read.transferred()), (Some(&a), Some(&b), 7));
    assert!(read.err().is::<Sentinel>());
    let io: std::io::Error = read.into();
    assert_eq!(io.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(io.to_string(), "read tcp 127.0.0.1:1->127.0.0.1:2: i/o timeout");

    let closed = OpError::new("accept", "unix", Sentinel::NetClosing)
        .with_addr(Some(&NetAddr::Unix(UnixAddr::new("unix", "s.sock").unwrap())));
    assert_eq!(closed.to_string(), "accept unix s.sock: use of closed network connection");
    assert!(closed.is_closed());
    let bare = OpError::new("listen", "", crate::UnknownNetworkError(String::new()));
    assert_eq!(bare.to_string(), "listen: unknown network ");
    assert!(size_of::<OpError>() <= 2 * size_of::<usize>());
}

#[test]
fn op_error_crosses_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<OpError>();
}
