//! Connections that the peer resets, and one that the program resets. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::net::{OpError, listen};
use say::{count, read, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp4", "127.0.0.1:20083") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let c = match ln.accept() {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    failed(&c.read(&mut [0; 8]), libc::ECONNRESET);
    say!("{}", read(&c.read(&mut [0; 8])));
    failed(&c.write(b"x"), libc::EPIPE);
    let _ = c.close();
    let c = match ln.accept() {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&c.read(&mut [0; 8])));
    let _ = c.set_no_delay(false);
    let _ = c.set_linger(None);
    let _ = c.set_linger(Some(Duration::ZERO));
    let _ = c.close();
    let _ = ln.close();
}

fn failed(r: &Result<usize, OpError>, number: i32) {
    let n = r.as_ref().unwrap_or(&0);
    say!("{n} {}", r.as_ref().is_err_and(|e| e.raw_os_error() == Some(number)));
}
