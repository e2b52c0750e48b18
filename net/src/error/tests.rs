//! Errors, printed as Go prints them.

use super::*;
use crate::addr::{Inet, InetAddr, NetAddr, UnixAddr};

fn tcp(ip: &str, port: u16) -> NetAddr {
    let ip = (!ip.is_empty()).then(|| ip.parse().unwrap());
    NetAddr::Inet(InetAddr { inet: Inet::Tcp, ip, port, zone: String::new() })
}

#[test]
fn op_errors_show_as_gos() {
    let listen = OpError::new("listen", "tcp", Cause::syscall("bind", Errno(libc::EACCES)))
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
    let bare = OpError::new("listen", "", UnknownNetworkError(String::new()));
    assert_eq!(bare.to_string(), "listen: unknown network ");
    assert_eq!(format!("{closed:?}"), closed.to_string(), "what `main` prints");
    assert!(format!("{closed:#?}").starts_with("OpError {"));
    let dns = DnsError { name: "no.such".into(), err: "no such host".into(), ..Default::default() };
    assert_eq!(format!("{dns:?}"), "lookup no.such: no such host");
    assert!(size_of::<OpError>() <= 2 * size_of::<usize>());
}

#[test]
fn op_error_crosses_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<OpError>();
}
