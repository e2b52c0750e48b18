//! Names of addresses, from files and from a name server; ports of services. Twin of `main.go` beside it.

use gopark::net::Resolver;
use say::{count, err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let resolver = Resolver::default();
    for addr in ["127.0.0.1", "192.0.2.10", "192.0.2.11", "2001:db8::10", "192.0.2"] {
        let r = resolver.lookup_addr(addr);
        let e = err(&r);
        say!("[{}] {e}", r.unwrap_or_default().join(" "));
    }
    for (network, service) in [
        ("tcp", "http"),
        ("udp", "gopher-over-udp"),
        ("tcp", "443"),
        ("udp", "ssh"),
        ("ip", "none"),
        ("bogus", "http"),
        ("tcp", "65536"),
    ] {
        say!("{}", count(&resolver.lookup_port(network, service)));
    }
}
