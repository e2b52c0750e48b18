//! Sockets of three kinds served side by side. Twin of `main.go` beside it.

use gopark::chan::{Sender, bounded};
use gopark::go;
use gopark::net::{Listener, listen, listen_packet};
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let tcp = match listen("tcp", "localhost:20092") {
        Ok(ln) => std::sync::Arc::new(ln),
        Err(e) => return say!("{e}"),
    };
    let unix = match listen("unix", "three.sock") {
        Ok(ln) => std::sync::Arc::new(ln),
        Err(e) => return say!("{e}"),
    };
    let udp = match listen_packet("udp", "localhost:20092") {
        Ok(p) => std::sync::Arc::new(p),
        Err(e) => return say!("{e}"),
    };
    let (tx, done) = bounded(0);
    for ln in [&tcp, &unix] {
        let (ln, tx) = (ln.clone(), tx.clone());
        go(move || serve(&ln, &tx));
    }
    let p = udp.clone();
    go(move || {
        let mut buf = [0; 16];
        let r = p.read_from(&mut buf);
        let (n, from) = r.as_ref().expect("a datagram");
        let _ = p.write_to(&buf[..*n], from.as_ref().expect("UDP peers have addresses"));
        let word = String::from_utf8_lossy(&buf[..*n]);
        tx.send(format!("{} {word} {}", p.local_addr(), err(&r))).expect("main waits");
    });
    for _ in 0..3 {
        say!("{}", done.recv().expect("each is used once"));
    }
    let _ = tcp.close();
    let _ = unix.close();
    let _ = udp.close();
}

fn serve(ln: &Listener, done: &Sender<String>) {
    let text = match ln.accept() {
        Err(e) => e.to_string(),
        Ok(c) => {
            let mut buf = [0; 16];
            let r = c.read(&mut buf);
            let n = *r.as_ref().unwrap_or(&0);
            let _ = c.write(&buf[..n]);
            let _ = c.close();
            format!("{} {} {}", ln.addr(), String::from_utf8_lossy(&buf[..n]), err(&r))
        }
    };
    done.send(text).expect("main waits");
}
