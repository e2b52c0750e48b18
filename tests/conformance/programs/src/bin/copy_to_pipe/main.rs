//! A copy from a TCP connection to a pipe. Twin of `main.go` beside it.

use gopark::io::copy_n;
use gopark::net::dial;
use gopark::os::pipe;
use say::{count, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let mut s = match dial("tcp4", "127.0.0.1:20066") {
        Ok(s) => s,
        Err(e) => return say!("{e}"),
    };
    let (r, mut w) = match pipe() {
        Ok(ends) => ends,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&copy_n(&mut s, &mut w, 14)));
    let _ = w.close();
    let mut buf = [0; 64];
    let n = r.read(&mut buf);
    say!("{}", text(&buf, &n));
    let _ = r.close();
    let _ = s.close();
}
