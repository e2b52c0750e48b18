//! An echo server: a goroutine per connection, written as if each read and write blocked.
//!
//! ```text
//! cargo run --release --example echo -- 127.0.0.1:7777
//! nc 127.0.0.1 7777
//! ```

use std::io::{Write, stderr, stdout};

use gopark::net::{Conn, OpError, listen};

fn main() -> Result<(), OpError> {
    // SAFETY: nothing bound to a thread lives across a call that parks.
    unsafe { gopark::run(serve) }
}

fn serve() -> Result<(), OpError> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:7777".into());
    let ln = listen("tcp", &address)?;
    // Not println!, which panics where the output is a full disk or a pipe that nobody reads.
    let _ = writeln!(stdout(), "listening on {}", ln.addr());
    ln.serve(|c| {
        if let Err(e) = echo(&c) {
            let _ = writeln!(stderr(), "{e}");
        }
    })
}

fn echo(c: &Conn) -> Result<(), OpError> {
    let mut buf = [0; 4096];
    loop {
        match c.read(&mut buf)? {
            0 => return Ok(()),
            n => c.write(&buf[..n])?,
        };
    }
}
