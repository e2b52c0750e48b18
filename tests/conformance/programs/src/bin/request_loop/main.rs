//! Requests on one connection, each under a deadline of its own. Twin of `main.go` beside it.

use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use gopark::net::listen;
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp", ":20086") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let c = match ln.accept() {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let mut r = BufReader::with_capacity(4096, &c);
    let later = || Some(Instant::now() + Duration::from_secs(10));
    loop {
        let _ = c.set_read_deadline(later());
        let mut line = String::new();
        match r.read_line(&mut line) {
            Ok(0) => {
                say!("EOF");
                break;
            }
            Ok(_) => {}
            Err(e) => {
                say!("{e}");
                break;
            }
        }
        let _ = c.set_write_deadline(later());
        let _ = (&c).write_all(format!("answer to {line}").as_bytes());
    }
    let _ = c.close();
    let _ = ln.close();
}
