//! A TCP proxy: the kernel moves the bytes from one connection to the other (splice), the program sees none of them.
//!
//! ```text
//! iperf3 -s -p 5201 & cargo run --release --example proxy -- 127.0.0.1:7000 127.0.0.1:5201 & iperf3 -c 127.0.0.1 -p 7000
//! ```

use std::io::{self, Write, stderr, stdout};

use gopark::net::{Conn, OpError, dial, listen};
use gopark::scope;

fn main() -> Result<(), OpError> {
    // SAFETY: nothing bound to a thread lives across a call that parks.
    unsafe { gopark::run(serve) }
}

fn serve() -> Result<(), OpError> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or("127.0.0.1:7000".into());
    let target = args.next().unwrap_or("127.0.0.1:5201".into());
    let ln = listen("tcp", &address)?;
    let _ = writeln!(stdout(), "listening on {}", ln.addr());
    ln.serve(move |client| {
        if let Err(e) = dial("tcp", &target).map_err(io::Error::from).and_then(|s| join(&client, &s)) {
            let _ = writeln!(stderr(), "{e}");
        }
    })
}

/// Both directions, each to its end.
fn join(client: &Conn, server: &Conn) -> io::Result<()> {
    scope(|s| {
        let up = s.go(|| forward(client, server));
        let down = forward(server, client);
        up.join().expect("a copy returns its errors").and(down)
    })
}

/// Until `from` ends; then `to` is told so.
fn forward(mut from: &Conn, mut to: &Conn) -> io::Result<()> {
    let copied = gopark::io::copy(&mut from, &mut to);
    let _ = to.close_write();
    copied.map(drop)
}
