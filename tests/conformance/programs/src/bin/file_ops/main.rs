//! Files of several kinds and what they refuse. Twin of `main.go` beside it.

use std::io::SeekFrom;
use std::time::Instant;

use gopark::os::File;
use say::{count, err, read, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    say!("{}", err(&File::open("missing.txt")));
    let f = match File::create("made.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&f.write(b"some text")));
    say!("{}", err(&f.set_deadline(Some(Instant::now()))));
    say!("{}", count(&f.seek(SeekFrom::Start(5))));
    let mut buf = [0; 16];
    let r = f.read(&mut buf);
    say!("{}", text(&buf, &r));
    say!("{}", read(&f.read(&mut buf)));
    say!("{}", count(&f.read(&mut [])));
    say!("{}", err(&f.close()));
    say!("{}", err(&f.close()));
    say!("{}", err(&f.write(b"x")));
    let r = match File::open("made.txt") {
        Ok(r) => r,
        Err(e) => return say!("{e}"),
    };
    say!("{}", err(&r.write(b"x")));
    let _ = r.close();
    let d = match File::open(".") {
        Ok(d) => d,
        Err(e) => return say!("{e}"),
    };
    say!("{}", err(&d.read(&mut buf)));
    let _ = d.close();
    say!("{}", err(&File::create("no/such/folder")));
    let p = match File::open("/proc/self/stat") {
        Ok(p) => p,
        Err(e) => return say!("{e}"),
    };
    say!("{}", read(&p.read(&mut buf[..1])));
    let _ = p.close();
}
