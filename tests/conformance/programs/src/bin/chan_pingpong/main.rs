//! A hundred goroutines and their channels, no I/O: no poller is ever made. Twin of `main.go` beside it.

use std::sync::Arc;

use gopark::chan::bounded;
use gopark::go;
use gopark::sync::WaitGroup;
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let wg = Arc::new(WaitGroup::new());
    let (sum_tx, sum) = bounded(50);
    for _ in 0..50 {
        let (ping_tx, ping) = bounded::<i32>(0);
        let (pong_tx, pong) = bounded::<i32>(0);
        let sum = sum_tx.clone();
        wg.add(2);
        let done = wg.clone();
        go(move || {
            for v in &ping {
                pong_tx.send(v + 1).expect("the pinger waits for the answer");
            }
            drop(pong_tx);
            done.done();
        });
        let done = wg.clone();
        go(move || {
            let mut n = 0;
            for k in 0..20 {
                ping_tx.send(k).expect("the ponger receives until the close");
                n += pong.recv().expect("one answer for each ping");
            }
            drop(ping_tx);
            sum.send(n).expect("main holds the receiver");
            done.done();
        });
    }
    wg.wait();
    let total: i32 = (0..50).map(|_| sum.recv().expect("fifty sums were sent")).sum();
    say!("{total}");
}
