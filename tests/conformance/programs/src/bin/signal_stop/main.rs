//! Signals reach every channel that asked, until it is stopped. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::signal::{Signal, notify, stop};
use gopark::time::sleep;
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let [usr1, usr2, hup] = [libc::SIGUSR1, libc::SIGUSR2, libc::SIGHUP].map(Signal::from);
    let (a, b) = (notify(&[usr1, usr2]), notify(&[usr2, hup]));
    send(libc::SIGUSR1);
    say!("{} {}", a.recv().expect("a signal"), b.len());
    send(libc::SIGUSR2);
    say!("{} {}", a.recv().expect("a signal"), b.recv().expect("a signal"));
    stop(&a);
    send(libc::SIGUSR2);
    say!("{} {}", b.recv().expect("a signal"), a.len());
    send(libc::SIGHUP);
    say!("{} {}", b.recv().expect("a signal"), a.len());
    stop(&b);
}

fn send(signal: i32) {
    // SAFETY: a signal to this process, which handles it.
    unsafe { libc::kill(libc::getpid(), signal) };
    sleep(Duration::from_millis(30));
}
