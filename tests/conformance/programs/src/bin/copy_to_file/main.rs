//! A copy from a connection to a file goes by splice. Twin of `main.go` beside it.

use gopark::io::copy;
use gopark::net::dial;
use gopark::os::File;
use say::{count, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let mut c = match dial("tcp4", "127.0.0.1:20065") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let mut out = match File::create("out.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&copy(&mut c, &mut out)));
    let _ = c.close();
    let _ = out.close();
}
