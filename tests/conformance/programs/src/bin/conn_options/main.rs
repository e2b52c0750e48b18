//! Socket options of a connection, and one set after its close. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::net::dial;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let c = match dial("tcp", "127.0.0.1:20031") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("{}", err(&c.set_no_delay(false)));
    say!("{}", err(&c.set_no_delay(true)));
    say!("{}", err(&c.set_linger(Some(Duration::from_secs(5)))));
    say!("{}", err(&c.set_linger(Some(Duration::ZERO))));
    say!("{}", err(&c.set_linger(None)));
    say!("{}", err(&c.set_read_buffer(30000)));
    say!("{}", err(&c.set_write_buffer(40000)));
    say!("{}", err(&c.close()));
    say!("{}", err(&c.set_no_delay(true)));
}
