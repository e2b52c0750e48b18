//! Port of Go's net/mptcpsock_linux_test.go. Multipath TCP when it is asked for; on a system without it, TCP.

use crate::common::{in_runtime, skipped};
use gopark_net::{Dialer, ListenConfig, dial, listen};

fn system_has_it() -> bool {
    // SAFETY: makes a socket and closes it.
    unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_MPTCP);
        fd >= 0 && libc::close(fd) == 0
    }
}

#[test]
fn test_multi_path_tcp() {
    in_runtime(|| {
        let both = system_has_it();
        if !both {
            skipped("Multipath TCP itself, which this system lacks: the fall-back only");
        }
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let config = ListenConfig { multipath_tcp: Some(true), ..Default::default() };
            let Ok(ln) = config.listen("tcp", address) else { continue };
            let address = ln.addr().to_string();
            let dialer = Dialer { multipath_tcp: Some(true), ..Default::default() };
            let c = dialer.dial("tcp", &address).unwrap();
            let server = ln.accept().unwrap();
            c.write(b"MPTCP TEST").unwrap();
            let mut buf = [0; 16];
            assert_eq!(server.read(&mut buf).unwrap(), 10);
            assert_eq!((c.multipath_tcp().unwrap(), server.multipath_tcp().unwrap()), (both, both));
            // Who does not ask for it is served by TCP, on the same listener.
            let plain = dial("tcp", &address).unwrap();
            let server = ln.accept().unwrap();
            assert!(!plain.multipath_tcp().unwrap() && !server.multipath_tcp().unwrap());
            // And who asks a listener without it falls back.
            let ln = listen("tcp", "127.0.0.1:0").unwrap();
            let c = dialer.dial("tcp", &ln.addr().to_string()).unwrap();
            let server = ln.accept().unwrap();
            assert!(!c.multipath_tcp().unwrap() && !server.multipath_tcp().unwrap());
            server.write(b"x").unwrap();
            assert_eq!(c.read(&mut buf).unwrap(), 1);
        }
    });
}
