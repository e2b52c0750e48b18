//! Looks names up that the search list completes, one by `lookup_host`, one by `lookup_ip`. Twin of `main.go` beside it.

use gopark::net::Resolver;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let r = Resolver::default().lookup_host("host");
    let e = err(&r);
    say!("[{}] {e}", r.unwrap_or_default().join(" "));
    let r = Resolver::default().lookup_ip("ip4", "other.host");
    let e = err(&r);
    let ips: Vec<String> = r.unwrap_or_default().iter().map(ToString::to_string).collect();
    say!("[{}] {e}", ips.join(" "));
}
