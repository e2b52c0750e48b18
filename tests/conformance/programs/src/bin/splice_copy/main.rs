//! Copies one connection to another: splice through a pipe does it. Twin of `main.go` beside it.

use gopark::io::copy;
use gopark::net::dial;
use say::{count, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let mut src = match dial("tcp", "127.0.0.1:20020") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let mut dst = match dial("tcp", "127.0.0.1:20021") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&copy(&mut src, &mut dst)));
    let _ = dst.close();
    let _ = src.close();
}
