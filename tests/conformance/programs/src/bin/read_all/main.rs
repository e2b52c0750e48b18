//! `read_to_end` is Go's `io.ReadAll`: the same reads. Twin of `main.go` beside it.

use std::io::{self, Read, SeekFrom};
use std::time::{Duration, Instant};

use gopark::net::{dial, listen};
use gopark::os::{File, pipe};
use gopark::time::sleep;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

/// Go's bytes and error.
fn read_all(mut r: impl Read) -> (Vec<u8>, io::Result<usize>) {
    let mut bytes = Vec::new();
    let read = r.read_to_end(&mut bytes);
    (bytes, read)
}

fn program() {
    let ln = match listen("unix", "all.sock") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let c = match dial("unix", "all.sock") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let s = match ln.accept() {
        Ok(s) => s,
        Err(e) => return say!("{e}"),
    };
    let text = b"0123456789".repeat(4000);
    let _ = c.write(&text);
    let _ = c.close();
    let (b, r) = read_all(&s);
    say!("{} {}", b == text, err(&r));
    let _ = s.close();
    let (b, r) = read_all(&s);
    say!("{} {}", b.len(), err(&r));
    let f = match File::create("all.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    let _ = f.write(&text[..3000]);
    let _ = f.seek(SeekFrom::Start(0));
    let (b, r) = read_all(&f);
    say!("{} {}", b == text[..3000], err(&r));
    let _ = f.close();
    let (r, w) = match pipe() {
        Ok(pipe) => pipe,
        Err(e) => return say!("{e}"),
    };
    let _ = w.write(&text[..700]);
    // The poller reports the write now, and not in the middle of the reads, where the last would be tried twice.
    sleep(Duration::from_millis(20));
    let _ = r.set_read_deadline(Some(Instant::now() + Duration::from_millis(50)));
    let (b, read) = read_all(&r);
    say!("{} {}", b.len(), err(&read));
    let _ = r.close();
    let _ = w.close();
    let _ = ln.close();
}
