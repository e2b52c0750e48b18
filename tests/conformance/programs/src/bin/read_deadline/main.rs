//! A read deadline expires while the reader is parked; the next read fails at once. Twin of `main.go` beside it.

use std::time::{Duration, Instant};

use gopark::net::{OpError, listen};
use say::{count, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp", "127.0.0.1:20010") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let c = match ln.accept() {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let mut buf = [0; 32];
    let t = Instant::now();
    let limit = Duration::from_millis(80);
    let _ = c.set_read_deadline(Some(t + limit));
    let r = c.read(&mut buf);
    let late = t.elapsed() >= limit;
    let timeout = r.as_ref().is_err_and(OpError::timeout);
    let kind = r.as_ref().is_err_and(|e| e.raw_os_error().is_none());
    say!("{} {} {timeout} {late}", r.unwrap_or(0), kind && timeout);
    let r = c.read(&mut buf);
    let failed = r.is_err();
    say!("{} {failed}", r.unwrap_or(0));
    say!("{}", count(&c.write(b"late")));
    let _ = c.close();
    let _ = ln.close();
}
