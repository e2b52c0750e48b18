//! The texts of what goes wrong with sockets. Twin of `main.go` beside it.

use std::time::{Duration, Instant};

use gopark::net::{Addr, Dialer, dial, listen, listen_packet};
use say::{count, err, read, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let ln = match listen("tcp4", "127.0.0.1:20070") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    say!("{}", err(&listen("tcp4", "127.0.0.1:20070")));
    say!("{}", err(&listen("tcp", "192.0.2.1:20070")));
    say!("{}", err(&listen_packet("tcp", "127.0.0.1:20070")));
    say!("{}", err(&listen("udp", "127.0.0.1:20070")));
    say!("{}", err(&dial("unix", "missing.sock")));
    let local = Addr::Tcp("127.0.0.1:20071".parse().expect("an address"));
    let d = Dialer { local_addr: Some(local), ..Default::default() };
    let c = match d.dial("tcp4", "127.0.0.1:20070") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let s = match ln.accept() {
        Ok(s) => s,
        Err(e) => return say!("{e}"),
    };
    say!("{}", err(&c.close_write()));
    say!("{}", err(&c.write(b"x")));
    say!("{}", err(&c.close_read()));
    say!("{}", read(&c.read(&mut [0; 4])));
    say!("{}", count(&s.read(&mut [])));
    say!("{}", count(&s.write(&[])));
    let past = Instant::now().checked_sub(Duration::from_secs(1)).expect("the machine runs for a second");
    say!("{}", err(&c.set_deadline(Some(past))));
    say!("{}", err(&c.read(&mut [0; 4])));
    say!("{}", err(&c.write(b"x")));
    say!("{}", err(&c.close()));
    say!("{}", err(&c.close()));
    say!("{}", err(&c.read(&mut [0; 4])));
    say!("{}", err(&c.write(b"x")));
    say!("{}", err(&c.close_write()));
    say!("{}", err(&c.close_read()));
    say!("{}", err(&c.set_no_delay(true)));
    say!("{}", err(&c.set_linger(Some(Duration::from_secs(3)))));
    say!("{}", err(&c.set_read_buffer(4096)));
    say!("{}", err(&c.set_read_deadline(None)));
    say!("{} {}", c.local_addr(), c.remote_addr());
    let _ = s.close();
    let _ = ln.close();
    say!("{}", err(&ln.set_deadline(None)));
    say!("{}", ln.addr());
    say!("{}", err(&ln.accept()));
}
