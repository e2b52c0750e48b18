//! A copy from a unix stream to a TCP connection, and one from a pipe. Twin of `main.go` beside it.

use gopark::io::copy;
use gopark::net::dial;
use gopark::os::pipe;
use say::{count, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let mut u = match dial("unix", "source.sock") {
        Ok(u) => u,
        Err(e) => return say!("{e}"),
    };
    let mut d = match dial("tcp4", "127.0.0.1:20067") {
        Ok(d) => d,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&copy(&mut u, &mut d)));
    let _ = u.close();
    let (mut r, w) = match pipe() {
        Ok(ends) => ends,
        Err(e) => return say!("{e}"),
    };
    let _ = w.write(b"through a pipe");
    let _ = w.close();
    say!("{}", count(&copy(&mut r, &mut d)));
    let _ = r.close();
    let _ = d.close();
}
