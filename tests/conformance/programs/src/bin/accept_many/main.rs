//! Three goroutines queue in accept on one listener. Twin of `main.go` beside it.

use std::sync::Arc;
use std::time::Duration;

use gopark::chan::bounded;
use gopark::go;
use gopark::net::{Listener, listen};
use gopark::time::sleep;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp", "127.0.0.1:20060") {
        Ok(ln) => Arc::new(ln),
        Err(e) => return say!("{e}"),
    };
    let (tx, done) = bounded(0);
    for i in 0..3 {
        let (ln, tx) = (ln.clone(), tx.clone());
        go(move || tx.send(serve(&ln, i)).expect("main waits"));
        sleep(Duration::from_millis(20));
    }
    for _ in 0..3 {
        say!("{}", done.recv().expect("a server ends"));
    }
    for _ in 0..3 {
        let (ln, tx) = (ln.clone(), tx.clone());
        go(move || tx.send(err(&ln.accept())).expect("main waits"));
    }
    sleep(Duration::from_millis(20));
    let _ = ln.close();
    for _ in 0..3 {
        say!("{}", done.recv().expect("an acceptor ends"));
    }
}

fn serve(ln: &Listener, i: i32) -> String {
    let c = match ln.accept() {
        Ok(c) => c,
        Err(e) => return e.to_string(),
    };
    let mut buf = [0; 16];
    let r = c.read(&mut buf);
    let n = *r.as_ref().unwrap_or(&0);
    let _ = c.write(&buf[..n]);
    let _ = c.close();
    format!("{i} {} {}", String::from_utf8_lossy(&buf[..n]), err(&r))
}
