//! Twenty connections at once, a goroutine each. Twin of `main.go` beside it.

use std::sync::Arc;

use gopark::go;
use gopark::net::{Conn, listen, listen_packet};
use gopark::sync::WaitGroup;
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp", "127.0.0.1:20068") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let started = match listen_packet("udp4", "127.0.0.1:20068") {
        Ok(p) => p,
        Err(e) => return say!("{e}"),
    };
    let _ = started.read_from(&mut [0; 8]);
    let _ = started.close();
    let all = Arc::new(WaitGroup::new());
    for _ in 0..20 {
        let c = match ln.accept() {
            Ok(c) => c,
            Err(e) => return say!("{e}"),
        };
        all.add(1);
        let all = all.clone();
        go(move || {
            echo(&c);
            let _ = c.close();
            all.done();
        });
    }
    all.wait();
    let _ = ln.close();
    say!("done");
}

fn echo(c: &Conn) {
    let mut buf = [0; 64];
    while let Ok(n @ 1..) = c.read(&mut buf) {
        let _ = c.write(&buf[..n]);
    }
}
