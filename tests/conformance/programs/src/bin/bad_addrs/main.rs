//! Addresses that fail before any socket is made; the error texts are Go's. Twin of `main.go` beside it.

use gopark::net::{dial, listen};
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    for (network, address) in [
        ("tcp", "127.0.0.1"),
        ("tcp", "127.0.0.1:99999"),
        ("tcp", "127.0.0.1:-1"),
        ("tcp", "1.2.3.4:80:80"),
        ("tcp", "[::1"),
        ("tcp", "[::1]80"),
        ("tcp", "::1:80"),
        ("tcp", "[127.0.0.1]"),
        ("tcp", "]:1"),
        ("bogus", "127.0.0.1:1"),
        ("", "127.0.0.1:1"),
        ("udp", "127.0.0.1:1"),
    ] {
        say!("listen [{network} {address}] {}", err(&listen(network, address)));
    }
    for (network, address) in [
        ("tcp", ""),
        ("tcp", "127.0.0.1"),
        ("tcp", "127.0.0.1:70000"),
        ("tcp4", "[::1]:80"),
        ("tcp6", "127.0.0.1:80"),
        ("unix", ""),
        ("nothing", "x"),
    ] {
        say!("dial [{network} {address}] {}", err(&dial(network, address)));
    }
}
