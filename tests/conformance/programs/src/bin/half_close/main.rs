//! Shuts the writing side, reads to the end, shuts the reading side, closes. Twin of `main.go` beside it.

use gopark::net::{Conn, OpError, dial};
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let c = match dial("tcp", "127.0.0.1:20017") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let _ = c.write(b"request");
    say!("{}", err(&c.close_write()));
    let (bytes, e) = read_all(&c);
    say!("{} {}", String::from_utf8_lossy(&bytes), err(&e));
    say!("{}", err(&c.close_read()));
    say!("{}", c.write(b"x").is_err());
    say!("{}", err(&c.close()));
}

/// Go's `io.ReadAll`: starts with 512 bytes and reads into what is free.
fn read_all(c: &Conn) -> (Vec<u8>, Result<(), OpError>) {
    let mut bytes = vec![0; 512];
    let mut n = 0;
    loop {
        match c.read(&mut bytes[n..]) {
            Ok(0) => return (bytes[..n].to_vec(), Ok(())),
            Ok(got) => n += got,
            Err(e) => return (bytes[..n].to_vec(), Err(e)),
        }
        if n == bytes.len() {
            bytes.resize(2 * n, 0);
        }
    }
}
