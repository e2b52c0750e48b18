//! Keep-alive as configured on listeners and diallers, and set by hand. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::net::{Conn, Dialer, KeepAliveConfig, ListenConfig};
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let (c, s) = pair(
        ListenConfig { keep_alive: None, ..Default::default() },
        Dialer { keep_alive: None, ..Default::default() },
    );
    let _ = c.close();
    let _ = s.close();
    let (c, s) = pair(
        ListenConfig { keep_alive: Some(Duration::from_secs(30)), ..Default::default() },
        Dialer { keep_alive: Some(Duration::from_millis(2500)), ..Default::default() },
    );
    let _ = c.close();
    let _ = s.close();
    let some =
        KeepAliveConfig { enable: true, idle: Some(Duration::from_secs(20)), interval: None, count: Some(3) };
    let (c, s) = pair(
        ListenConfig { keep_alive: None, keep_alive_config: some, ..Default::default() },
        Dialer { keep_alive_config: some, ..Default::default() },
    );
    say!("{}", err(&c.set_keep_alive(false)));
    say!("{}", err(&c.set_keep_alive(true)));
    say!("{}", err(&c.set_keep_alive_period(Duration::from_millis(1500))));
    let interval = Some(Duration::from_secs(7));
    say!(
        "{}",
        err(&c.set_keep_alive_config(KeepAliveConfig { enable: true, idle: None, interval, count: None }))
    );
    say!("{}", err(&c.set_keep_alive_config(KeepAliveConfig::default())));
    let _ = c.close();
    say!("{}", err(&c.set_keep_alive(true)));
    let _ = s.close();
}

fn pair(lc: ListenConfig, d: Dialer) -> (Conn, Conn) {
    let ln = lc.listen("tcp4", "127.0.0.1:20048").expect("a free port");
    let c = d.dial("tcp4", "127.0.0.1:20048").expect("it listens");
    let s = ln.accept().expect("it dialled");
    ln.close().expect("open until now");
    (c, s)
}
