//! Readers and writers of one connection queue; what is written in one piece arrives in one piece. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::chan::bounded;
use gopark::go;
use gopark::net::dial;
use gopark::time::sleep;
use say::{count, err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let c = match dial("tcp", "127.0.0.1:20061") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let _ = c.set_write_buffer(65536);
    let (tx, done) = bounded(0);
    for i in 0..2 {
        let (c, tx) = (c.clone(), tx.clone());
        go(move || {
            let mut buf = [0; 16];
            let r = c.read(&mut buf);
            let n = *r.as_ref().unwrap_or(&0);
            let text = format!("reader {i}: {} {}", String::from_utf8_lossy(&buf[..n]), err(&r));
            tx.send(text).expect("main waits");
        });
        sleep(Duration::from_millis(20));
    }
    say!("{}", done.recv().expect("a reader ends"));
    say!("{}", done.recv().expect("a reader ends"));
    for i in 0..2 {
        let (c, tx) = (c.clone(), tx.clone());
        go(move || {
            let r = c.write(&vec![b'a' + i; 8 << 20]);
            tx.send(format!("writer {i}: {}", count(&r))).expect("main waits");
        });
        sleep(Duration::from_millis(20));
    }
    say!("{}", done.recv().expect("a writer ends"));
    say!("{}", done.recv().expect("a writer ends"));
    let _ = c.close();
}
