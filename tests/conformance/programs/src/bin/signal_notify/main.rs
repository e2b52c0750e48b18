//! Two signals from outside reach a channel while main is parked. Twin of `main.go` beside it.

use gopark::net::listen;
use gopark::signal::{Signal, notify, stop};
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ch = notify(&[Signal::from(libc::SIGUSR1)]);
    let ln = match listen("tcp", "127.0.0.1:20035") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    say!("{}", ch.recv().expect("a signal"));
    say!("{}", ch.recv().expect("a signal"));
    stop(&ch);
    let _ = ln.close();
}
