//! A tcp4 listener: data, the end, and a close that is one too many. Twin of `main.go` beside it.

use gopark::net::listen;
use say::{err, read, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp4", "127.0.0.1:20001") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    say!("listen {}", ln.addr());
    let c = match ln.accept() {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("local {}", c.local_addr());
    let mut buf = [0; 32];
    say!("{}", read(&c.read(&mut buf)));
    say!("{}", read(&c.read(&mut buf)));
    say!("{} {}", err(&c.close()), c.close().is_err());
    say!("{}", err(&ln.close()));
}
