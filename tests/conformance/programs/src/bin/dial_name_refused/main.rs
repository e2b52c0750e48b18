//! Dials names with several addresses, where the first ones refuse. Twin of `main.go` beside it.

use gopark::net::dial;
use say::{say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    for addr in ["two.example:20140", "both.example:20140", "none.example:20140"] {
        let c = match dial("tcp", addr) {
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
