//! Copies a file to a connection: sendfile does it, and a limit limits it. Twin of `main.go` beside it.

use gopark::io::{copy, copy_n};
use gopark::net::dial;
use gopark::os::File;
use say::{count, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let mut f = match File::open("data.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    let mut c = match dial("tcp", "127.0.0.1:20022") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&copy_n(&mut f, &mut c, 100)));
    say!("{}", count(&copy(&mut f, &mut c)));
    let _ = c.close();
    let _ = f.close();
}
