//! A datagram echo: the read parks, the write answers, an empty datagram is one too. Twin of `main.go` beside it.

use gopark::net::listen_packet;
use say::{count, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let p = match listen_packet("udp", "127.0.0.1:20023") {
        Ok(p) => p,
        Err(e) => return say!("{e}"),
    };
    say!("{}", p.local_addr());
    let mut buf = [0; 64];
    for _ in 0..2 {
        let (n, from) = match p.read_from(&mut buf) {
            Ok((n, from)) => (n, from.expect("a UDP peer has an address")),
            Err(e) => return say!("{e}"),
        };
        say!("{}", count(&p.write_to(&buf[..n], &from)));
    }
    let _ = p.close();
}
