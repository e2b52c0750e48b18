//! Sleeps and does nothing else: the poller is made for the timer and waits with a limit. Twin of `main.go` beside it.

use std::time::{Duration, Instant};

use gopark::time::sleep;
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let t = Instant::now();
    sleep(Duration::from_millis(120));
    say!("{}", t.elapsed() >= Duration::from_millis(120));
    // Go's second one is negative, which a Duration cannot be; both return at once.
    sleep(Duration::ZERO);
    sleep(Duration::ZERO);
    say!("done");
}
