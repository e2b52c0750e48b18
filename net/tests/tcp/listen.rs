//! Ports of Go's listen_test.go, under their names. (UDP is in `udp/packets.rs`, multicast in `udp/multicast.rs`.)

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use crate::common::{in_runtime, local};
use gopark_net::{ListenConfig, dial, listen};
use gopark_runtime::go;
use gopark_runtime::time::sleep;

const MS: Duration = Duration::from_millis(1);

#[test]
fn test_tcp_listener() {
    in_runtime(|| {
        // A second listener on the same address fails, on another it does not.
        for address in ["127.0.0.1:0", ":0", "[::1]:0"] {
            let ln = listen("tcp", address).unwrap();
            let again = ln.addr().to_string();
            let e = listen("tcp", &again).unwrap_err();
            // Of "[::]", which stands for both wildcards, a listener takes the IPv4 one for its name, as Go's.
            let shown = again.replace("[::]", "0.0.0.0");
            assert_eq!(e.to_string(), format!("listen tcp {shown}: bind: address already in use"));
            assert_eq!(e.kind(), std::io::ErrorKind::AddrInUse);
        }
    });
}

#[test]
fn test_dual_stack_tcp_listener() {
    in_runtime(|| {
        let ln = listen("tcp", ":0").unwrap();
        let port = ln.addr().port().unwrap();
        for (address, from) in [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")] {
            let c = dial("tcp", &format!("{address}:{port}")).unwrap();
            let s = ln.accept().unwrap();
            assert_eq!(s.remote_addr().ip(), Some(from.parse().unwrap()));
            assert_eq!(s.remote_addr().to_string(), c.local_addr().to_string());
        }
        // tcp6 is IPv6 only.
        let ln = listen("tcp6", ":0").unwrap();
        let port = ln.addr().port().unwrap();
        assert!(dial("tcp", &format!("127.0.0.1:{port}")).is_err());
        assert!(dial("tcp6", &format!("[::1]:{port}")).is_ok());
    });
}

#[test]
fn test_closing_listener() {
    in_runtime(|| {
        let ln = local();
        let addr = ln.addr().to_string();
        let acceptor = ln.clone();
        go(move || while acceptor.accept().is_ok() {});
        sleep(MS);
        ln.close().unwrap();
        listen("tcp", &addr).unwrap();
    });
}

#[test]
fn test_listen_config_control() {
    in_runtime(|| {
        let seen = Arc::new(AtomicBool::new(false));
        let told = seen.clone();
        let config = ListenConfig {
            control: Some(Arc::new(move |network, address, socket| {
                assert_eq!((network, address), ("tcp4", "127.0.0.1:0"));
                assert!(socket.as_raw_fd() >= 0);
                told.store(true, Relaxed);
                Ok(())
            })),
            ..Default::default()
        };
        config.listen("tcp", "127.0.0.1:0").unwrap();
        assert!(seen.load(Relaxed));
        let config = ListenConfig {
            control: Some(Arc::new(|_, _, _| Err(std::io::Error::other("no, thanks")))),
            ..Default::default()
        };
        let e = config.listen("tcp", "127.0.0.1:0").unwrap_err();
        assert_eq!(e.to_string(), "listen tcp 127.0.0.1:0: no, thanks");
    });
}
