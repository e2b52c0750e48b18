//! A unix datagram socket: peers with a name and without, and an answer. Twin of `main.go` beside it.

use gopark::net::{Addr, OpError, listen_packet};
use say::{count, err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let c = match listen_packet("unixgram", "dgram.sock") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let mut buf = [0; 32];
    let r = c.read_from(&mut buf);
    show(&buf, &r);
    let r = c.read_from(&mut buf);
    show(&buf, &r);
    let from = r.ok().and_then(|(_, from)| from).expect("the second peer has a name");
    say!("{}", count(&c.write_to(b"pong", &from)));
    let _ = c.close();
    say!("{}", err(&say::remove(c"dgram.sock")));
}

fn show(buf: &[u8], r: &Result<(usize, Option<Addr>), OpError>) {
    let (n, from) = r.as_ref().map_or((0, None), |(n, from)| (*n, from.as_ref()));
    let from = from.map_or("<nil>".into(), Addr::to_string);
    say!("{} {from} {}", String::from_utf8_lossy(&buf[..n]), err(r));
}
