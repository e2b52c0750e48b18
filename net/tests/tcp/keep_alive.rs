//! Ports of Go's tcpconn_keepalive_test.go, under their names.

use std::time::Duration;

use crate::common::{connect, in_runtime, local, pair, socket_option};
use gopark_net::{Conn, Dialer, KeepAliveConfig, ListenConfig};

fn keep_alive_of(c: &Conn) -> [i32; 4] {
    let tcp = libc::IPPROTO_TCP;
    [
        socket_option(c, libc::SOL_SOCKET, libc::SO_KEEPALIVE),
        socket_option(c, tcp, libc::TCP_KEEPIDLE),
        socket_option(c, tcp, libc::TCP_KEEPINTVL),
        socket_option(c, tcp, libc::TCP_KEEPCNT),
    ]
}

fn config(idle: u64, interval: u64, count: u32) -> KeepAliveConfig {
    let secs = |s| Some(Duration::from_secs(s));
    KeepAliveConfig { enable: true, idle: secs(idle), interval: secs(interval), count: Some(count) }
}

#[test]
fn test_tcp_conn_keep_alive_config_dialer() {
    in_runtime(|| {
        let ln = local();
        let dialer = Dialer { keep_alive_config: config(5, 3, 10), ..Dialer::default() };
        let c = dialer.dial("tcp", &ln.addr().to_string()).unwrap();
        assert_eq!(keep_alive_of(&c), [1, 5, 3, 10]);
        let dialer = Dialer { keep_alive: None, ..Dialer::default() };
        let c = dialer.dial("tcp", &ln.addr().to_string()).unwrap();
        assert_eq!(socket_option(&c, libc::SOL_SOCKET, libc::SO_KEEPALIVE), 0);
        let dialer = Dialer { keep_alive: Some(Duration::from_millis(7500)), ..Dialer::default() };
        let c = dialer.dial("tcp", &ln.addr().to_string()).unwrap();
        assert_eq!(keep_alive_of(&c), [1, 8, 15, 9]);
    });
}

#[test]
fn test_tcp_conn_keep_alive_config_listener() {
    in_runtime(|| {
        let lc = ListenConfig { keep_alive_config: config(5, 3, 10), ..Default::default() };
        let ln = lc.listen("tcp", "127.0.0.1:0").unwrap();
        let _client = connect(&ln);
        assert_eq!(keep_alive_of(&ln.accept().unwrap()), [1, 5, 3, 10]);
    });
}

#[test]
fn test_tcp_conn_keep_alive_config() {
    in_runtime(|| {
        let (c, _peer) = pair();
        assert_eq!(keep_alive_of(&c), [1, 15, 15, 9]);
        assert_eq!(socket_option(&c, libc::IPPROTO_TCP, libc::TCP_NODELAY), 1);
        c.set_keep_alive_config(config(5, 3, 10)).unwrap();
        assert_eq!(keep_alive_of(&c), [1, 5, 3, 10]);
        c.set_keep_alive_config(KeepAliveConfig { idle: None, count: None, ..config(1, 4, 1) }).unwrap();
        assert_eq!(keep_alive_of(&c), [1, 5, 4, 10]);
        c.set_keep_alive(false).unwrap();
        c.set_keep_alive_period(Duration::from_millis(1)).unwrap();
        assert_eq!(keep_alive_of(&c), [0, 1, 4, 10]);
    });
}
