//! An echo server for three clients, one after the other. Twin of `main.go` beside it.

use gopark::net::listen;
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp", "127.0.0.1:20004") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    for i in 0..3 {
        let c = match ln.accept() {
            Ok(c) => c,
            Err(e) => return say!("{e}"),
        };
        let mut buf = [0; 64];
        loop {
            let n = match c.read(&mut buf) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) => break say!("{e}"),
            };
            if let Err(e) = c.write(&buf[..n]) {
                break say!("{e}");
            }
        }
        let _ = c.close();
        say!("client {i} done");
    }
    let _ = ln.close();
}
