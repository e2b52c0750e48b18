//! Connections one after the other, then several at once. Twin of `main.go` beside it.

use gopark::chan::bounded;
use gopark::go;
use gopark::net::dial;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    for _ in 0..3 {
        say!("{}", ask());
    }
    let (tx, answers) = bounded(0);
    for _ in 0..5 {
        let tx = tx.clone();
        go(move || tx.send(ask()).expect("main waits"));
    }
    for _ in 0..5 {
        say!("{}", answers.recv().expect("five answers"));
    }
}

fn ask() -> String {
    let c = match dial("tcp", "127.0.0.1:20097") {
        Ok(c) => c,
        Err(e) => return e.to_string(),
    };
    let _ = c.write(b"question");
    let mut buf = [0; 16];
    let r = c.read(&mut buf);
    let n = *r.as_ref().unwrap_or(&0);
    let answer = format!("{} {}", String::from_utf8_lossy(&buf[..n]), err(&r));
    let _ = c.close();
    answer
}
