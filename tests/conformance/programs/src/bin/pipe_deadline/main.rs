//! Both ends of a pipe have deadlines; a full pipe parks its writer; a close wakes the reader. Twin of `main.go` beside it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark::chan::bounded;
use gopark::go;
use gopark::os::pipe;
use gopark::time::sleep;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let (r, w) = match pipe() {
        Ok(ends) => ends,
        Err(e) => return say!("{e}"),
    };
    let soon = || Some(Instant::now() + Duration::from_millis(50));
    say!("{}", err(&r.set_read_deadline(soon())));
    say!("{}", err(&r.read(&mut [0; 16])));
    say!("{}", err(&r.set_deadline(None)));
    say!("{}", err(&w.set_write_deadline(soon())));
    let written = w.write(&vec![0; 100_000]);
    let n = written.as_ref().map_or_else(|e| e.transferred(), |n| *n);
    say!("{n} {}", err(&written));
    say!("{}", err(&w.write(b"x")));
    let _ = r.close();
    let (r, w2) = match pipe() {
        Ok((r, w)) => (Arc::new(r), w),
        Err(e) => return say!("{e}"),
    };
    let (tx, done) = bounded(0);
    let reader = r.clone();
    go(move || tx.send(err(&reader.read(&mut [0; 16]))).expect("main waits"));
    sleep(Duration::from_millis(30));
    say!("{}", err(&r.close()));
    say!("{}", done.recv().expect("the reader ends"));
    say!("{}", err(&w2.write(b"x")));
    say!("{}", err(&w2.close()));
    say!("{}", err(&w2.close()));
    // Go's first writer is open until the end.
    std::mem::forget(w);
}
