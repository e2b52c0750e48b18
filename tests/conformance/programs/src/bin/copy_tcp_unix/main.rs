//! A copy from a TCP connection to a unix stream. Twin of `main.go` beside it.

use gopark::io::{copy, copy_n};
use gopark::net::dial;
use say::{count, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let mut s = match dial("tcp4", "127.0.0.1:20066") {
        Ok(s) => s,
        Err(e) => return say!("{e}"),
    };
    let mut v = match dial("unix", "sink.sock") {
        Ok(v) => v,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&copy(&mut s, &mut v)));
    let _ = s.close();
    say!("{}", count(&copy_n(&mut v, &mut std::io::sink(), 4)));
    let _ = v.close();
}
