//! Multipath TCP, asked for at both ends. Twin of `main.go` beside it.

use gopark::net::{Dialer, ListenConfig};
use say::{count, read, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let lc = ListenConfig { multipath_tcp: Some(true), ..Default::default() };
    let ln = match lc.listen("tcp4", "127.0.0.1:20087") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let d = Dialer { multipath_tcp: Some(true), ..Default::default() };
    let c = match d.dial("tcp4", "127.0.0.1:20087") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let s = match ln.accept() {
        Ok(s) => s,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&c.write(b"hello")));
    say!("{}", read(&s.read(&mut [0; 8])));
    let _ = c.close();
    let _ = s.close();
    let _ = ln.close();
}
