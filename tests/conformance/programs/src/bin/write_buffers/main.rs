//! Gathered writes: empty slices, more slices than one call takes, streams of both kinds, a connection that is closed. Twin of `main.go` beside it.

use std::io::IoSlice;

use gopark::net::{Conn, dial, listen};
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    for (network, address) in [("tcp4", "127.0.0.1:20063"), ("unix", "buffers.sock")] {
        let ln = match listen(network, address) {
            Ok(ln) => ln,
            Err(e) => return say!("{e}"),
        };
        let c = match dial(network, address) {
            Ok(c) => c,
            Err(e) => return say!("{e}"),
        };
        let s = match ln.accept() {
            Ok(s) => s,
            Err(e) => return say!("{e}"),
        };
        write(&c, &mut [&b"one"[..], b"", b"two", b"three"].map(IoSlice::new));
        drain(&s, 11);
        write(&c, &mut []);
        write(&c, &mut [&b""[..], b""].map(IoSlice::new));
        write(&c, &mut [&b"x"[..]; 1500].map(IoSlice::new));
        drain(&s, 1500);
        let _ = c.close();
        write(&c, &mut [IoSlice::new(b"late")]);
        let _ = s.close();
        let _ = ln.close();
    }
}

fn write(c: &Conn, bufs: &mut [IoSlice<'_>]) {
    let r = c.write_buffers(bufs);
    say!("{} {}", r.as_ref().unwrap_or(&0), r.is_err());
}

fn drain(c: &Conn, n: usize) {
    let mut left = vec![0; n];
    let mut got = 0;
    while got < n {
        got += c.read(&mut left[got..]).expect("as much as was written");
    }
    say!("<nil>");
}
