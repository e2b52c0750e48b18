//! Raw IP: an echo request to oneself and the answer; protocols that are not known. Twin of `main.go` beside it.

use std::net::Ipv4Addr;

use gopark::net::{Addr, dial, listen, listen_packet};
use say::{count, err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let p = match listen_packet("ip4:icmp", "127.0.0.1") {
        Ok(p) => p,
        Err(e) => return say!("{e}"),
    };
    say!("{} {}", p.local_addr().network(), p.local_addr());
    let mut echo = [8, 0, 0, 0, 0x12, 0x34, 0, 1];
    let sum: u16 = !(0x0800 + 0x1234 + 1);
    echo[2..4].copy_from_slice(&sum.to_be_bytes());
    say!("{}", count(&p.write_to(&echo, &Addr::Ip(Ipv4Addr::LOCALHOST.into()))));
    // too short for what differs from run to run: the packets' numbers
    let mut buf = [0; 4];
    for _ in 0..2 {
        let r = p.read_from(&mut buf);
        let (n, from) = r.as_ref().expect("a packet");
        say!("{n} {} {} {}", buf[0], from.as_ref().expect("a sender"), err(&r));
    }
    let _ = p.close();
    say!("{}", err(&listen_packet("ip4:nonsense", "127.0.0.1")));
    say!("{}", err(&listen_packet("ip4", "127.0.0.1")));
    say!("{}", err(&listen("ip4:1", "127.0.0.1")));
    let c = match dial("ip4:1", "127.0.0.1") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("{} {}", c.local_addr(), c.remote_addr());
    say!("{}", count(&c.write(&echo)));
    let r = c.read(&mut buf);
    say!("{} {} {}", r.as_ref().unwrap_or(&0), buf[0], err(&r));
    let _ = c.close();
}
