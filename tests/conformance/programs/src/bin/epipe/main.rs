//! Writes to a peer that is gone: the first write succeeds, then EPIPE, and no SIGPIPE. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::net::{OpError, dial};
use gopark::time::sleep;
use say::{count, read, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let c = match dial("tcp", "127.0.0.1:20016") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let mut buf = [0; 16];
    say!("{}", read(&c.read(&mut buf)));
    say!("{}", count(&c.write(b"one")));
    sleep(Duration::from_millis(50));
    let r = c.write(b"two");
    say!("{} {}", sent(&r), errno(&r) == Some(libc::EPIPE) || errno(&r) == Some(libc::ECONNRESET));
    let r = c.write(b"three");
    say!("{} {}", sent(&r), errno(&r) == Some(libc::EPIPE));
    let _ = c.close();
}

fn sent(r: &Result<usize, OpError>) -> usize {
    r.as_ref().map_or_else(OpError::transferred, |n| *n)
}

fn errno(r: &Result<usize, OpError>) -> Option<i32> {
    r.as_ref().err().and_then(OpError::raw_os_error)
}
