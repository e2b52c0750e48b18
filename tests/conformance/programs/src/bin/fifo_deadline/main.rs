//! A named pipe has deadlines; a pipe whose number was asked for blocks. Twin of `main.go` beside it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark::go;
use gopark::os::{File, pipe};
use gopark::time::sleep;
use say::{count, err, read, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    // SAFETY: the path ends with a NUL.
    let made = unsafe { libc::mknodat(libc::AT_FDCWD, c"named.fifo".as_ptr(), libc::S_IFIFO | 0o600, 0) };
    assert_eq!(made, 0);
    say!("<nil>");
    let f = match File::open_file("named.fifo", libc::O_RDWR, 0) {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    let mut buf = [0; 16];
    say!("{}", err(&f.set_read_deadline(Some(Instant::now() + Duration::from_millis(50)))));
    say!("{}", err(&f.read(&mut buf)));
    let r = f.read(&mut buf);
    say!("{} {}", err(&r), r.is_err_and(|e| e.timeout()));
    say!("{}", err(&f.set_read_deadline(None)));
    say!("{}", count(&f.write(b"fifo")));
    let r = f.read(&mut buf);
    say!("{}", text(&buf, &r));
    let _ = f.close();
    say!("{}", err(&f.set_read_deadline(None)));
    let (r, w) = match pipe() {
        Ok((r, w)) => (r, Arc::new(w)),
        Err(e) => return say!("{e}"),
    };
    let _ = r.fd();
    let writer = w.clone();
    go(move || {
        sleep(Duration::from_millis(50));
        let _ = writer.write(b"blocking");
    });
    let n = r.read(&mut buf);
    say!("{}", text(&buf, &n));
    let _ = w.close();
    say!("{}", read(&r.read(&mut buf)));
    let _ = r.close();
    say!("{}", err(&r.read(&mut buf)));
}
