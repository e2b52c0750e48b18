//! Both ends of a pipe are pollable: a read parks, sees the end after the writer's close, and a write to nobody is EPIPE.
//! Twin of `main.go` beside it.

use std::time::Duration;

use gopark::chan::bounded;
use gopark::go;
use gopark::os::pipe;
use gopark::time::sleep;
use say::{read, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let (r, w) = match pipe() {
        Ok((r, w)) => (std::sync::Arc::new(r), w),
        Err(e) => return say!("{e}"),
    };
    let (tx, done) = bounded(0);
    let reader = r.clone();
    go(move || {
        let mut buf = [0; 16];
        let n = reader.read(&mut buf);
        // Go's Sprint puts no space after a string.
        tx.send(text(&buf, &n).replacen(' ', "", 1)).expect("main waits for it");
        tx.send(read(&reader.read(&mut buf))).expect("main waits for it");
    });
    sleep(Duration::from_millis(50));
    let _ = w.write(b"data");
    say!("{}", done.recv().expect("the reader sends twice"));
    sleep(Duration::from_millis(50));
    let _ = w.close();
    say!("{}", done.recv().expect("the reader sends twice"));
    let _ = r.close();
    let (r, w) = pipe().expect("a second pipe");
    let _ = r.close();
    say!("{}", w.write(b"x").is_err_and(|e| e.raw_os_error() == Some(libc::EPIPE)));
    let _ = w.close();
}
