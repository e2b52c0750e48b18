//! Dials, writes, reads, reads the end, closes. Twin of `main.go` beside it.

use gopark::net::dial;
use say::{count, err, read, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let c = match dial("tcp", "127.0.0.1:20006") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("remote {}", c.remote_addr());
    say!("{}", count(&c.write(b"hello")));
    let mut buf = [0; 32];
    let r = c.read(&mut buf);
    say!("{}", text(&buf, &r));
    say!("{}", read(&c.read(&mut buf)));
    say!("{}", err(&c.close()));
}
