//! Dials a name that a name server knows, with a time limit, and one that it does not know. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::net::Dialer;
use say::{say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let d = Dialer { timeout: Some(Duration::from_secs(5)), ..Dialer::default() };
    for addr in ["host.example.:20141", "none.example.:20141"] {
        let c = match d.dial("tcp", addr) {
            Ok(c) => c,
            Err(e) => {
                say!("{e}");
                continue;
            }
        };
        say!("{}", c.remote_addr());
        let mut buf = [0; 8];
        let r = c.read(&mut buf);
        say!("{}", text(&buf, &r));
        let _ = c.close();
    }
}
