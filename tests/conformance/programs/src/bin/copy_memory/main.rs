//! Copies from bytes in memory, into a vector, and to nowhere. Twin of `main.go` beside it.

use std::io::{self, Read};

use gopark::io::{copy, copy_n};
use gopark::net::{Conn, Listener, dial, listen};
use say::{count, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

/// Go's `struct{ io.Reader }`: a reader and nothing else.
struct Plain<'a>(&'a [u8]);

impl Read for Plain<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

fn pair(ln: &Listener) -> (Conn, Conn) {
    let c = dial("unix", "memory.sock").expect("it listens");
    (c, ln.accept().expect("a connection"))
}

fn program() {
    let ln = match listen("unix", "memory.sock") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let (mut c, mut s) = pair(&ln);
    let text = b"0123456789".repeat(4000);
    say!("{}", count(&copy(&mut &text[..], &mut c)));
    say!("{}", count(&copy(&mut &b""[..], &mut c)));
    let _ = c.close();
    let mut all = Vec::new();
    let r = copy(&mut s, &mut all);
    say!("{} {}", count(&r), all == text);
    let _ = s.close();
    let (mut c, mut s) = pair(&ln);
    say!("{}", count(&copy(&mut Plain(&text), &mut c)));
    let _ = c.close();
    say!("{}", count(&copy_n(&mut s, &mut io::sink(), 10_000)));
    say!("{}", count(&copy(&mut s, &mut io::sink())));
    let _ = s.close();
    let _ = ln.close();
}
