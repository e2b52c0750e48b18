//! The program ends while goroutines are parked in accept, read and a sleep. Twin of `main.go` beside it.

use std::sync::Arc;
use std::time::Duration;

use gopark::go;
use gopark::net::listen;
use gopark::time::sleep;
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp4", "127.0.0.1:20088") {
        Ok(ln) => Arc::new(ln),
        Err(e) => return say!("{e}"),
    };
    let c = match ln.accept() {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let acceptor = ln.clone();
    go(move || acceptor.accept());
    sleep(Duration::from_millis(20));
    let reader = c.clone();
    go(move || reader.read(&mut [0; 8]));
    go(|| sleep(Duration::from_secs(3600)));
    sleep(Duration::from_millis(50));
    say!("the end");
    // Go's open ends stay open until the process is gone.
    std::mem::forget((ln, c));
}
