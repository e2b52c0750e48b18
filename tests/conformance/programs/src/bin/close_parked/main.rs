//! Closing wakes who is parked in a read and in a write; a listener has deadlines too. Twin of `main.go` beside it.

use std::time::{Duration, Instant};

use gopark::chan::bounded;
use gopark::go;
use gopark::net::listen;
use gopark::time::sleep;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp", "127.0.0.1:20062") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let past = Instant::now().checked_sub(Duration::from_secs(1)).expect("the machine runs for a second");
    say!("{}", err(&ln.set_deadline(Some(past))));
    say!("{}", err(&ln.accept()));
    let _ = ln.set_deadline(Some(Instant::now() + Duration::from_millis(50)));
    say!("{}", err(&ln.accept()));
    let _ = ln.set_deadline(None);
    let c = match ln.accept() {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let _ = c.set_write_buffer(4096);
    let (tx, done) = bounded(0);
    let (reader, writer, tx2) = (c.clone(), c.clone(), tx.clone());
    go(move || {
        let r = reader.read(&mut [0; 8]);
        tx.send(r.is_err_and(|e| e.is_closed())).expect("main waits");
    });
    sleep(Duration::from_millis(20));
    go(move || {
        let r = writer.write(&vec![0; 16 << 20]);
        tx2.send(r.is_err_and(|e| e.is_closed())).expect("main waits");
    });
    sleep(Duration::from_millis(100));
    say!("{}", err(&c.close()));
    say!("{}", done.recv().expect("the reader ends"));
    say!("{}", done.recv().expect("the writer ends"));
    let _ = ln.close();
}
