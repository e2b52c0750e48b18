//! A dialled UDP socket and its peer, empty datagrams, what is refused. Twin of `main.go` beside it.

use gopark::net::{dial, listen_packet};
use say::{count, err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let p = match listen_packet("udp", "127.0.0.1:20050") {
        Ok(p) => p,
        Err(e) => return say!("{e}"),
    };
    let c = match dial("udp", "127.0.0.1:20050") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("{}", c.remote_addr());
    let mut buf = [0; 16];
    say!("{}", count(&c.write(b"question")));
    let r = p.read_from(&mut buf[..4]);
    let (n, from) = r.as_ref().map_or((0, None), |(n, from)| (*n, from.clone()));
    let from = from.expect("UDP peers have addresses");
    say!("{} {} {}", String::from_utf8_lossy(&buf[..n]), from == c.local_addr(), err(&r));
    say!("{}", count(&p.write_to(b"answer", &from)));
    let r = c.read(&mut buf);
    let n = *r.as_ref().unwrap_or(&0);
    say!("{} {}", String::from_utf8_lossy(&buf[..n]), err(&r));
    say!("{}", count(&c.write(b"")));
    say!("{}", count(&p.read_from(&mut buf).map(|(n, _)| n)));
    say!("{}", count(&p.write_to(b"", &from)));
    say!("{}", count(&c.read(&mut buf)));
    say!("{}", c.write_to(b"x", &p.local_addr()).is_err());
    let _ = p.close();
    say!("{}", count(&c.write(b"anybody")));
    say!("0 {}", c.read(&mut buf).is_err());
    let _ = c.close();
    say!("{}", c.write(b"late").is_err());
    say!("{}", err(&p.read_from(&mut buf)));
    say!("{}", err(&p.close()));
}
