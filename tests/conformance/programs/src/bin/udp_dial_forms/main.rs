//! Dialled UDP sockets by network and form of address, with local addresses. Twin of `main.go` beside it.

use gopark::net::{Addr, Dialer, listen_packet};
use say::{count, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let p = match listen_packet("udp", ":20095") {
        Ok(p) => p,
        Err(e) => return say!("{e}"),
    };
    let mut d = Dialer::default();
    attempt(&d, "udp", ":20095");
    attempt(&d, "udp", "127.0.0.1:20095");
    attempt(&d, "udp4", "127.0.0.1:20095");
    attempt(&d, "udp6", "[::1]:20095");
    attempt(&d, "udp", "[::1]:20095");
    attempt(&d, "udp4", ":20095");
    attempt(&d, "udp6", ":20095");
    attempt(&d, "udp4", "[::1]:20095");
    attempt(&d, "udp", "[::ffff:127.0.0.1]:20095");
    attempt(&d, "udp", "127.0.0.1:0");
    d.local_addr = Some(Addr::Udp("0.0.0.0:20096".parse().expect("an address")));
    attempt(&d, "udp", "127.0.0.1:20095");
    d.local_addr = Some(Addr::Udp("127.0.0.3:20096".parse().expect("an address")));
    attempt(&d, "udp4", "127.0.0.1:20095");
    let _ = p.close();
}

fn attempt(d: &Dialer, network: &str, address: &str) {
    let c = match d.dial(network, address) {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("{} {}", c.remote_addr().network(), c.remote_addr());
    say!("{}", count(&c.write(b"x")));
    let _ = c.close();
}
