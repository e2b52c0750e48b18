//! A unix stream listener: its close unlinks the path. Twin of `main.go` beside it.

use gopark::net::listen;
use say::{say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("unix", "unix.sock") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    say!("{} {}", ln.addr().network(), ln.addr());
    let c = match ln.accept() {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let mut buf = [0; 32];
    let r = c.read(&mut buf);
    say!("{}", text(&buf, &r));
    let _ = c.write(b"pong");
    let _ = c.close();
    let _ = ln.close();
    say!("{}", say::lstat_missing(c"unix.sock"));
}
