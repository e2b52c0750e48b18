//! A write deadline expires while the writer is parked on a full socket buffer. Twin of `main.go` beside it.

use std::time::{Duration, Instant};

use gopark::net::{OpError, dial};
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

const MUCH: usize = 4 << 20;

fn program() {
    let c = match dial("tcp", "127.0.0.1:20011") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let _ = c.set_write_buffer(16384);
    let _ = c.set_write_deadline(Some(Instant::now() + Duration::from_millis(150)));
    let r = c.write(&vec![0; MUCH]);
    let n = sent(&r);
    say!("{} {}", n > 0 && n < MUCH, r.is_err_and(|e| e.timeout()));
    let r = c.write(b"x");
    say!("{} {}", sent(&r), r.is_err_and(|e| e.timeout()));
    let _ = c.close();
}

fn sent(r: &Result<usize, OpError>) -> usize {
    r.as_ref().map_or_else(OpError::transferred, |n| *n)
}
