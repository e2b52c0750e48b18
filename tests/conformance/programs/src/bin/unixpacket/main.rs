//! Sequenced packets over a unix socket: borders stay, what does not fit is cut, the end is the end. Twin of `main.go` beside it.

use gopark::net::{dial, listen};
use say::{count, err, read, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("unixpacket", "packet.sock") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    say!("{} {}", ln.addr().network(), ln.addr());
    let c = match dial("unixpacket", "packet.sock") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let s = match ln.accept() {
        Ok(s) => s,
        Err(e) => return say!("{e}"),
    };
    say!("{} {} {} {}", c.local_addr(), c.remote_addr(), s.local_addr(), s.remote_addr());
    for m in ["first", "second one", "third"] {
        say!("{}", count(&c.write(m.as_bytes())));
    }
    let mut buf = [0; 8];
    for _ in 0..3 {
        let r = s.read(&mut buf);
        say!("{}", text(&buf, &r));
    }
    let _ = c.close();
    say!("{}", read(&s.read(&mut buf)));
    say!("{}", s.write(b"x").is_err());
    let _ = s.close();
    let _ = ln.close();
    say!("{}", err(&dial("unixpacket", "packet.sock")));
}
