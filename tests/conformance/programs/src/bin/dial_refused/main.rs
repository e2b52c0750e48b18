//! Dials a port nobody listens on, three ways: the error comes from SO_ERROR. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::net::{Conn, OpError, dial, dial_timeout};
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    show(dial("tcp", "127.0.0.1:20007"));
    show(dial("tcp", "[::1]:20007"));
    show(dial_timeout("tcp4", "127.0.0.1:20007", Duration::from_secs(10)));
}

fn show(r: Result<Conn, OpError>) {
    say!("{} {}", err(&r), r.is_err_and(|e| e.raw_os_error() == Some(libc::ECONNREFUSED)));
}
