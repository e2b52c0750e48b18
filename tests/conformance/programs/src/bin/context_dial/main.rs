//! Contexts given to dials and listens. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::context::Context;
use gopark::net::{Dialer, ListenConfig};
use say::{count, err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let mut d = Dialer::default();
    let (ctx, cancel) = Context::background().with_timeout(Duration::from_millis(70));
    say!("{}", err(&d.dial_context(&ctx, "tcp4", "127.0.0.1:20093")));
    say!("{}", err(&d.dial_context(&ctx, "tcp4", "127.0.0.1:20093")));
    say!("{}", err(&d.dial_context(&ctx, "unix", "missing.sock")));
    say!("{}", err(&d.dial_context(&ctx, "udp4", "127.0.0.1:20093")));
    cancel();
    let (done, cancel) = Context::background().with_cancel();
    cancel();
    say!("{}", err(&d.dial_context(&done, "tcp", "127.0.0.1:20093")));
    say!("{}", err(&d.dial_context(&done, "unix", "missing.sock")));
    let ln = match ListenConfig::default().listen_context(&done, "tcp4", "127.0.0.1:20094") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    say!("{}", ln.addr());
    d.timeout = Some(Duration::from_secs(1));
    let (longer, cancel) = Context::background().with_timeout(Duration::from_secs(3600));
    let c = match d.dial_context(&longer, "tcp4", "127.0.0.1:20094") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    cancel();
    say!("{}", count(&c.write(b"still here")));
    let _ = c.close();
    let _ = ln.close();
}
