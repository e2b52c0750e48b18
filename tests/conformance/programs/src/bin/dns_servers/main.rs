//! Looks names up where two of three name servers are of no use. Twin of `main.go` beside it.

use gopark::net::Resolver;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    for host in ["host.example.", "broken.example.", "secret.onion"] {
        let r = Resolver::default().lookup_host(host);
        let e = err(&r);
        say!("[{}] {e}", r.unwrap_or_default().join(" "));
    }
}
