//! Which socket family, V6ONLY value and bind address each network and address form gives. Twin of `main.go` beside it.

use gopark::net::listen;
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    for (network, address) in [
        ("tcp", "127.0.0.1:20003"),
        ("tcp", "[::1]:20003"),
        ("tcp", "0.0.0.0:20003"),
        ("tcp", "[::]:20003"),
        ("tcp", ":20003"),
        ("tcp4", ":20003"),
        ("tcp6", ":20003"),
        ("tcp4", "0.0.0.0:20003"),
        ("tcp6", "[::]:20003"),
        ("tcp", "[::ffff:127.0.0.1]:20003"),
        ("tcp6", "127.0.0.1:20003"),
        ("tcp4", "[::1]:20003"),
        ("tcp", ""),
        ("tcp", "127.0.0.1:0"),
    ] {
        let ln = match listen(network, address) {
            Ok(ln) => ln,
            Err(e) => {
                say!("[{network} {address}] {e}");
                continue;
            }
        };
        say!("[{network} {address}] {}", ln.addr());
        let _ = ln.close();
    }
}
