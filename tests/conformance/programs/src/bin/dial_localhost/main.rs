//! Dials localhost by way of /etc/hosts. Twin of `main.go` beside it.

use gopark::net::dial;
use say::{say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let c = match dial("tcp", "localhost:20037") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("{}", c.remote_addr());
    let mut buf = [0; 8];
    let r = c.read(&mut buf);
    say!("{}", text(&buf, &r));
    let _ = c.close();
}
