//! Out of descriptors in accept: an error, and the next accept works when one is free again. Twin of `main.go` beside it.

use gopark::net::{dial, listen, listen_packet};
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp4", "127.0.0.1:20064") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let started = match listen_packet("udp4", "127.0.0.1:20064") {
        Ok(p) => p,
        Err(e) => return say!("{e}"),
    };
    let _ = started.read_from(&mut [0; 8]);
    let _ = started.close();
    limit_descriptors(7);
    let a = ln.accept();
    say!("{}", err(&a));
    say!("{}", err(&ln.accept()));
    say!("{}", err(&dial("tcp4", "127.0.0.1:20064")));
    let _ = a.expect("it was accepted").close();
    let b = ln.accept();
    say!("{}", err(&b));
    let _ = b.expect("it was accepted").close();
    let _ = ln.close();
}

fn limit_descriptors(n: libc::rlim_t) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit is ours, and lives across both calls.
    let r = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = n;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit)
    };
    assert_eq!(r, 0);
    say!("<nil>");
}
