//! What connections say, a ticker and the end, in one select. Twin of `main.go` beside it.

use std::sync::Arc;
use std::time::Duration;

use gopark::chan::{Sender, bounded};
use gopark::net::{Conn, listen};
use gopark::time::Ticker;
use gopark::{go, select};
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp", "127.0.0.1:20085") {
        Ok(ln) => Arc::new(ln),
        Err(e) => return say!("{e}"),
    };
    let (tx, words) = bounded(0);
    let (closing, closed) = bounded::<()>(0);
    let acceptor = ln.clone();
    go(move || {
        while let Ok(c) = acceptor.accept() {
            let tx = tx.clone();
            go(move || serve(&c, &tx));
        }
        drop(closing);
    });
    let ticker = Ticker::new(Duration::from_secs(3600));
    let mut gone = 0;
    while gone < 2 {
        select! {
            recv(words) -> w => {
                let w = w.expect("a word");
                say!("{w}");
                gone += i32::from(w == "gone");
            }
            recv(ticker.channel()) -> _ => say!("tick"),
        }
    }
    ticker.stop();
    let _ = ln.close();
    let _ = closed.recv();
    say!("closed");
}

fn serve(c: &Conn, words: &Sender<String>) {
    let mut buf = [0; 32];
    while let Ok(n @ 1..) = c.read(&mut buf) {
        let _ = words.send(String::from_utf8_lossy(&buf[..n]).into_owned());
    }
    // First: nobody waits for what comes after the word.
    let _ = c.close();
    let _ = words.send("gone".into());
}
