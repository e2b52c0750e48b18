//! A descriptor travels over a unix socket and is used at the other end. Twin of `main.go` beside it.

use std::os::fd::AsFd;

use gopark::net::control_msg::{rights, take_rights};
use gopark::net::{dial, listen};
use gopark::os::File;
use say::{err, read, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("unix", "fds.sock") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let c = match dial("unix", "fds.sock") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let s = match ln.accept() {
        Ok(s) => s,
        Err(e) => return say!("{e}"),
    };
    let f = match File::open("data.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    let r = c.write_msg(b"take it", &rights(&[f.as_fd()]));
    let (n, oobn) = r.as_ref().map_or((0, 0), |sent| *sent);
    say!("{n} {oobn} {}", err(&r));
    let _ = f.close();
    let (mut buf, mut oob) = ([0; 32], [0; 64]);
    let r = s.read_msg(&mut buf, &mut oob);
    let (n, oobn, flags, from) = r.as_ref().expect("a message");
    let from = from.as_ref().map_or("<nil>".into(), |a| a.to_string());
    let cloexec = *flags == libc::MSG_CMSG_CLOEXEC;
    say!("{} {oobn} {cloexec} {from} {}", String::from_utf8_lossy(&buf[..*n]), err(&r));
    // SAFETY: received just now, and taken once.
    let fd = unsafe { take_rights(&mut oob[..*oobn]) }.remove(0);
    let g = File::from_fd(fd, "passed");
    let r = g.read(&mut buf);
    say!("{}", text(&buf, &r));
    say!("{}", read(&g.read(&mut buf)));
    say!("{}", err(&g.close()));
    say!("{}", err(&g.read(&mut buf)));
    let _ = c.close();
    let r = s.read_msg(&mut buf, &mut oob);
    let (n, oobn, _, from) = r.as_ref().expect("the end");
    let from = from.as_ref().map_or("<nil>".into(), |a| a.to_string());
    // Go's end is an error, here it is zero bytes.
    say!("{n} {oobn} {from} {}", *n == 0);
    let _ = s.close();
    let _ = ln.close();
}
