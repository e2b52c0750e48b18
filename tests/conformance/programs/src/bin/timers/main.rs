//! Tickers, timers that are stopped and reset, functions that are called later: only the poller waits. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::chan::bounded;
use gopark::context::Context;
use gopark::select;
use gopark::time::{Ticker, Timer, after, after_func, sleep};
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

const MS: Duration = Duration::from_millis(1);

fn program() {
    let ticker = Ticker::new(40 * MS);
    for _ in 0..3 {
        ticker.recv().expect("a tick");
    }
    ticker.stop();
    let (tx, done) = bounded(0);
    let caller = tx.clone();
    let _called = after_func(60 * MS, move || caller.send("called").expect("main waits"));
    say!("{}", done.recv().expect("the call"));
    let t = Timer::new(3_600_000 * MS);
    let (first, second) = (t.stop(), t.stop());
    say!("{first} {second} {}", t.reset(50 * MS));
    t.recv().expect("its time comes");
    let late = after(70 * MS);
    select! {
        recv(done) -> _ => say!("never"),
        recv(late) -> _ => say!("after"),
    }
    let (ctx, cancel) = Context::background().with_timeout(55 * MS);
    let _ = ctx.done().recv();
    say!("{}", ctx.err().expect("it is done"));
    cancel();
    sleep(100 * MS);
    drop(tx);
}
