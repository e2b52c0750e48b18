//! A UDP socket with deadlines, closed while a goroutine is parked in it. Twin of `main.go` beside it.

use std::time::{Duration, Instant};

use gopark::chan::bounded;
use gopark::go;
use gopark::net::listen_packet;
use gopark::time::sleep;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let p = match listen_packet("udp4", "127.0.0.1:20081") {
        Ok(p) => std::sync::Arc::new(p),
        Err(e) => return say!("{e}"),
    };
    say!("{} {}", err(&p.set_read_buffer(32768)), err(&p.set_write_buffer(32768)));
    let mut buf = [0; 8];
    let _ = p.set_read_deadline(Some(Instant::now() + Duration::from_millis(60)));
    say!("{}", err(&p.read_from(&mut buf)));
    say!("{}", err(&p.read_from(&mut buf)));
    let past = Instant::now().checked_sub(Duration::from_secs(1)).expect("the machine runs for a second");
    let _ = p.set_deadline(Some(past));
    say!("{}", err(&p.write_to(b"x", &p.local_addr())));
    let _ = p.set_deadline(None);
    say!("{}", err(&p.write_to(&vec![0; 70000], &p.local_addr())));
    let (tx, done) = bounded(0);
    let reader = p.clone();
    go(move || tx.send(err(&reader.read_from(&mut [0; 8]))).expect("main waits"));
    sleep(Duration::from_millis(50));
    say!("{}", err(&p.close()));
    say!("{}", done.recv().expect("the reader ends"));
    say!("{}", err(&p.set_deadline(None)));
    say!("{}", p.local_addr());
}
