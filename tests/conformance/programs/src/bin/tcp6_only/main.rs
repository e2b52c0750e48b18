//! IPv6 alone: listeners, connections, zones, and what IPv4 says to them. Twin of `main.go` beside it.

use gopark::net::{dial, listen};
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp6", ":20072") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    say!("{}", ln.addr());
    let c = match dial("tcp6", "[::1]:20072") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let s = match ln.accept() {
        Ok(s) => s,
        Err(e) => return say!("{e}"),
    };
    say!("{} {}", s.local_addr(), c.remote_addr());
    say!("{}", err(&dial("tcp4", "127.0.0.1:20072")));
    say!("{}", err(&dial("tcp6", "127.0.0.1:20072")));
    say!("{}", err(&listen("tcp6", "127.0.0.1:20073")));
    let four = listen("tcp4", ":20072");
    say!("{} {}", four.as_ref().expect("a free port").addr(), err(&four));
    let both = listen("tcp", "[::]:20074");
    say!("{} {}", both.as_ref().expect("a free port").addr(), err(&both));
    let both = both.expect("a free port");
    let d = match dial("tcp", "127.0.0.1:20074") {
        Ok(d) => d,
        Err(e) => return say!("{e}"),
    };
    let e = match both.accept() {
        Ok(e) => e,
        Err(e) => return say!("{e}"),
    };
    say!("{} {}", e.local_addr(), d.remote_addr());
    let f = match dial("tcp", ":20074") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    say!("{}", f.remote_addr());
    for x in [c, s, d, e, f] {
        let _ = x.close();
    }
    let _ = ln.close();
    let _ = four.expect("a free port").close();
    let _ = both.close();
}
