//! Dials that get no answer: given up at a timeout, and when a context is cancelled. Twin of `main.go` beside it.

use std::time::{Duration, Instant};

use gopark::context::Context;
use gopark::net::{Dialer, dial_timeout};
use gopark::time::after_func;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    say!("{}", err(&dial_timeout("tcp", "127.0.0.1:20044", Duration::from_millis(80))));
    let past = Instant::now().checked_sub(Duration::from_secs(1)).expect("the machine runs for a second");
    let d = Dialer { deadline: Some(past), ..Default::default() };
    say!("{}", err(&d.dial("tcp", "127.0.0.1:20044")));
    let (ctx, cancel) = Context::background().with_cancel();
    let _timer = after_func(Duration::from_millis(50), move || cancel.cancel());
    say!("{}", err(&Dialer::default().dial_context(&ctx, "tcp", "127.0.0.1:20044")));
    say!("{}", err(&Dialer::default().dial_context(&ctx, "tcp", "127.0.0.1:20044")));
}
