//! A name with two families: addresses are ordered by their sources, the second family is tried when the first fails. Twin of `main.go` beside it.

use gopark::net::dial;
use say::{say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    attempt("tcp", "dual.example:20041");
    attempt("tcp", "dual.example:20042");
    attempt("tcp4", "dual.example:20041");
    attempt("tcp6", "dual.example:20041");
    attempt("tcp", "dual.example:20043");
}

fn attempt(network: &str, address: &str) {
    let c = match dial(network, address) {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let mut buf = [0; 8];
    let r = c.read(&mut buf);
    say!("{} {}", c.remote_addr(), text(&buf, &r));
    let _ = c.close();
}
