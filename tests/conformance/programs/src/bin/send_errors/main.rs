//! Messages and vectors that cannot be sent, and what the errors name. Twin of `main.go` beside it.

use std::io::IoSlice;
use std::time::Duration;

use gopark::net::{Addr, OpError, UnixAddr, dial, dial_timeout, listen, listen_packet};
use say::{count, err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("unix", "send.sock") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let c = match dial_timeout("unix", "send.sock", Duration::ZERO) {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let s = match ln.accept() {
        Ok(s) => s,
        Err(e) => return say!("{e}"),
    };
    sent(&c.write_msg(b"message", &[]));
    received(&s.read_from(&mut [0; 32]));
    let _ = s.close();
    let mut bufs = [&b"one"[..], b"", b"two"].map(IoSlice::new);
    say!("{}", count(&c.write_buffers(&mut bufs)));
    say!("{}", err(&c.write_msg(b"message", &[])));
    let _ = c.close();
    let mut bufs = [IoSlice::new(b"one")];
    say!("{}", count(&c.write_buffers(&mut bufs)));
    say!("{}", err(&c.write_msg(b"message", &[])));
    let g = match listen_packet("unixgram", "gram.sock") {
        Ok(g) => g,
        Err(e) => return say!("{e}"),
    };
    let long = Addr::Unix(UnixAddr::new("unixgram", "x".repeat(200)).expect("a network's name"));
    say!("{}", err(&g.write_to(b"lost", &long)));
    say!("{}", err(&g.write_msg(b"lost", &[], Some(&long))));
    say!("{}", count(&g.write_to(b"to itself", &g.local_addr())));
    received(&g.read_from(&mut Vec::new()));
    let _ = g.close();
    let u = match dial("udp4", "127.0.0.1:20143") {
        Ok(u) => u,
        Err(e) => return say!("{e}"),
    };
    sent(&u.write_msg(b"nobody", &[]));
    let mut bufs = [&b"one"[..], b"two"].map(IoSlice::new);
    say!("{}", count(&u.write_buffers(&mut bufs)));
    let _ = u.close();
    say!("{}", err(&u.write_msg(b"nobody", &[])));
    let _ = ln.close();
}

fn sent(r: &Result<(usize, usize), OpError>) {
    let (n, oobn) = r.as_ref().map_or((0, 0), |sent| *sent);
    say!("{n} {oobn} {}", err(r));
}

fn received(r: &Result<(usize, Option<Addr>), OpError>) {
    let (n, from) = r.as_ref().expect("a message");
    let from = from.as_ref().map_or("<nil>".into(), Addr::to_string);
    say!("{n} {from} {}", err(r));
}
