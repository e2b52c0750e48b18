//! Reads and writes at an offset: short, empty, past the end, where they are refused. Twin of `main.go` beside it.

use gopark::os::File;
use say::{count, err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let f = match File::create("at.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&f.write_at(b"some text", 3)));
    say!("{}", count(&f.write_at(b"", 3)));
    let mut buf = [0; 16];
    read_at(&f, &mut buf[..4], 3);
    read_at(&f, &mut buf, 3);
    read_at(&f, &mut buf, 100);
    read_at(&f, &mut [], 3);
    let _ = f.close();
    say!("{}", err(&f.read_at(&mut buf, 3)));
    say!("{}", err(&f.read_at(&mut [], 3)));
    say!("{}", err(&f.write_at(&buf, 3)));
    let a = match File::open_file("at.txt", libc::O_WRONLY | libc::O_APPEND, 0) {
        Ok(a) => a,
        Err(e) => return say!("{e}"),
    };
    say!("{}", err(&a.write_at(&buf, 3)));
    say!("{}", err(&a.read_at(&mut buf, 3)));
    let _ = a.close();
}

/// Go says EOF where the buffer is not full.
fn read_at(f: &File, buf: &mut [u8], offset: u64) {
    match f.read_at(buf, offset) {
        Ok(n) if n < buf.len() => say!("{n} EOF"),
        other => say!("{}", count(&other)),
    }
}
