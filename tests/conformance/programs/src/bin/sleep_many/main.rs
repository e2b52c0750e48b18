//! A hundred goroutines sleep for different times. Twin of `main.go` beside it.

use std::sync::Arc;
use std::time::Duration;

use gopark::go;
use gopark::sync::{Mutex, WaitGroup};
use gopark::time::sleep;
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let all = Arc::new(WaitGroup::new());
    let woken = Arc::new(Mutex::new(0));
    for i in 0..100 {
        all.add(1);
        let (all, woken) = (all.clone(), woken.clone());
        go(move || {
            sleep(Duration::from_millis(20) * (i % 10));
            *woken.lock() += 1;
            all.done();
        });
    }
    all.wait();
    say!("{}", *woken.lock());
}
