//! Closes the listener while another goroutine is blocked in accept. Twin of `main.go` beside it.

use std::sync::Arc;
use std::time::Duration;

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
    let ln = match listen("tcp", "127.0.0.1:20013") {
        Ok(ln) => Arc::new(ln),
        Err(e) => return say!("{e}"),
    };
    let (tx, done) = bounded(0);
    let acceptor = ln.clone();
    go(move || {
        let e = acceptor.accept().map(drop);
        tx.send(e).expect("main waits for the error");
    });
    sleep(Duration::from_millis(50));
    say!("close {}", err(&ln.close()));
    let e = done.recv().expect("the acceptor sends once");
    say!("{} {}", err(&e), e.is_err_and(|e| e.is_closed()));
    say!("{}", err(&ln.accept()));
    say!("{}", err(&ln.close()));
}
