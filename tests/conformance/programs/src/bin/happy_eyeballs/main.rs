//! The first family does not answer: the second one is tried beside it, and wins. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::net::Dialer;
use gopark::time::sleep;
use say::{say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    attempt(&Dialer::default(), "dual.example:20080");
    let soon = Some(Duration::from_millis(50));
    attempt(&Dialer { fallback_delay: soon, ..Default::default() }, "dual.example:20080");
}

fn attempt(d: &Dialer, address: &str) {
    let c = match d.dial("tcp", address) {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    sleep(Duration::from_millis(50)); // Meanwhile the dial that lost gives up.
    let mut buf = [0; 8];
    let r = c.read(&mut buf);
    say!("{} {}", c.remote_addr(), text(&buf, &r));
    let _ = c.close();
}
