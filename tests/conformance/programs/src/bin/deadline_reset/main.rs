//! A read with an expired deadline makes no system call; a deadline set by another goroutine wakes the reader. Twin of `main.go` beside it.

use std::time::{Duration, Instant};

use gopark::go;
use gopark::net::listen;
use gopark::time::sleep;
use say::{count, err, read, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp", "127.0.0.1:20040") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let c = match ln.accept() {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let mut buf = [0; 16];
    let past = Instant::now().checked_sub(Duration::from_secs(1)).expect("the machine runs for a second");
    say!("{}", err(&c.set_read_deadline(Some(past))));
    say!("0 {}", c.read(&mut buf).is_err());
    say!("0 {}", c.read(&mut buf).is_err());
    say!("{}", err(&c.set_read_deadline(None)));
    let r = c.read(&mut buf);
    say!("{}", text(&buf, &r));
    let _ = c.set_deadline(Some(Instant::now() + Duration::from_millis(60)));
    say!("0 {}", c.read(&mut buf).is_err());
    say!("0 {}", c.write(b"no").is_err());
    let _ = c.set_deadline(None);
    let other = c.clone();
    go(move || {
        sleep(Duration::from_millis(50));
        let _ = other.set_read_deadline(Some(Instant::now()));
    });
    say!("0 {}", c.read(&mut buf).is_err());
    let _ = c.set_read_deadline(None);
    say!("{}", count(&c.write(b"go")));
    say!("{}", read(&c.read(&mut buf)));
    let _ = c.close();
    say!("{}", err(&c.set_deadline(None)));
    let _ = ln.close();
}
