//! Dials a unix stream socket, which connects at once, and a path that is missing. Twin of `main.go` beside it.

use gopark::net::dial;
use say::{err, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    say!("{}", err(&dial("unix", "missing.sock")));
    let c = match dial("unix", "peer.sock") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("{}", c.remote_addr());
    let mut buf = [0; 32];
    let r = c.read(&mut buf);
    say!("{}", text(&buf, &r));
    let _ = c.close();
}
