//! A unix listener and its connection with deadlines, shut in one direction, left by the peer. Twin of `main.go` beside it.

use std::time::{Duration, Instant};

use gopark::net::listen;
use say::{err, read, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("unix", "deadline.sock") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let soon = || Some(Instant::now() + Duration::from_millis(50));
    let _ = ln.set_deadline(soon());
    say!("{}", err(&ln.accept()));
    let _ = ln.set_deadline(None);
    let u = match ln.accept() {
        Ok(u) => u,
        Err(e) => return say!("{e}"),
    };
    let mut buf = [0; 16];
    let _ = u.set_read_deadline(soon());
    say!("{}", err(&u.read(&mut buf)));
    let _ = u.set_read_deadline(None);
    say!("{}", err(&u.close_write()));
    let r = u.read(&mut buf);
    say!("{}", text(&buf, &r));
    say!("{}", read(&u.read(&mut buf)));
    say!("{}", err(&u.write(b"x")));
    say!("{} {}", err(&u.set_read_buffer(8192)), err(&u.set_write_buffer(8192)));
    let _ = u.close();
    let _ = ln.close();
}
