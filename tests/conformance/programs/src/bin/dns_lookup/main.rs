//! Looks up a name that exists and one that does not, through a name server of the test. Twin of `main.go` beside it.

use gopark::net::Resolver;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    for host in ["host.example.", "none.example."] {
        let r = Resolver::default().lookup_host(host);
        let e = err(&r);
        let addrs: Vec<String> = r.unwrap_or_default().iter().map(ToString::to_string).collect();
        say!("[{}] {e}", addrs.join(" "));
    }
}
