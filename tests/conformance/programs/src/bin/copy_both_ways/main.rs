//! A proxy: both directions are copied at once, half a close is passed on. Twin of `main.go` beside it.

use gopark::chan::bounded;
use gopark::go;
use gopark::io::copy;
use gopark::net::{dial, listen};
use say::{count, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp", "127.0.0.1:20090") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let down = match ln.accept() {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let up = match dial("tcp", "127.0.0.1:20091") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let (tx, done) = bounded(0);
    let (from, to) = (down.clone(), up.clone());
    go(move || {
        let n = copy(&mut &from, &mut &to).unwrap_or(0);
        let _ = to.close_write();
        tx.send(n).expect("main waits");
    });
    let r = copy(&mut &up, &mut &down);
    let _ = down.close_write();
    say!("{} {}", done.recv().expect("the other direction ends"), count(&r));
    let _ = down.close();
    let _ = up.close();
    let _ = ln.close();
}
