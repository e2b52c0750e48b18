//! Copies that fail, of every kind: which calls are made before, and what the error says. Twin of `main.go` beside it.

use std::io::{self, Read, SeekFrom};
use std::time::{Duration, Instant};

use gopark::io::{copy, copy_n};
use gopark::net::{Conn, Listener, dial, listen};
use gopark::os::{File, pipe};
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn pair(ln: &Listener) -> (Conn, Conn) {
    let c = dial("tcp4", "127.0.0.1:20142").expect("it listens");
    (c, ln.accept().expect("a connection"))
}

fn tell(r: io::Result<u64>) {
    match r {
        Ok(n) => say!("{n}"),
        Err(e) => say!("{e}"),
    }
}

/// Go's `struct{ io.Reader }`: a reader and nothing else.
struct Plain<'a>(&'a File);

impl Read for Plain<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.0.read(buf)?)
    }
}

/// Go's `os.WriteFile`.
fn write_file(path: &str, bytes: &[u8]) {
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC;
    let f = File::open_file(path, flags, 0o600).expect("a new file");
    f.write(bytes).expect("it takes them");
    f.close().expect("open");
}

fn program() {
    let ln = match listen("tcp4", "127.0.0.1:20142") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    write_file("made.txt", b"twenty bytes of text");
    let input = match File::open("made.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    let rewind = || drop(input.seek(SeekFrom::Start(0)));
    let past = Some(Instant::now() - Duration::from_secs(1));
    let (c, s) = pair(&ln);
    let _ = c.set_write_deadline(past);
    tell(copy(&mut &input, &mut &c));
    rewind();
    tell(copy_n(&mut &input, &mut &c, 5));
    let _ = c.set_write_deadline(None);
    let _ = c.close_write();
    rewind();
    tell(copy(&mut &input, &mut &c));
    rewind();
    tell(copy_n(&mut &input, &mut &c, 5));
    let (d, t) = pair(&ln);
    let _ = t.write(b"x");
    tell(copy(&mut &d, &mut &c));
    let _ = t.write(b"y");
    tell(copy_n(&mut &d, &mut &c, 1));
    let _ = c.close();
    rewind();
    tell(copy(&mut &input, &mut &c));
    rewind();
    tell(copy_n(&mut &input, &mut &c, 5));
    tell(copy(&mut Plain(&input), &mut &c));
    rewind();
    tell(copy(&mut &input, &mut &input));
    let _ = t.write(b"z");
    tell(copy(&mut &d, &mut &input));
    let (r, w) = match pipe() {
        Ok(pipe) => pipe,
        Err(e) => return say!("{e}"),
    };
    let _ = r.set_read_deadline(past);
    let out = match File::create("out.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    tell(copy(&mut &r, &mut &out));
    tell(copy(&mut &r, &mut &s));
    let _ = w.set_write_deadline(past);
    rewind();
    tell(copy(&mut &input, &mut &w));
    let _ = out.close();
    tell(copy(&mut &input, &mut &out));
    let _ = input.close();
    tell(copy(&mut &input, &mut &out));
    tell(copy(&mut &input, &mut &s));
    tell(copy_n(&mut &input, &mut &s, 5));
    let _ = d.set_read_deadline(past);
    tell(copy(&mut &d, &mut &s));
    for conn in [d, t, s] {
        let _ = conn.close();
    }
    for end in [r, w] {
        let _ = end.close();
    }
    let _ = ln.close();
}
