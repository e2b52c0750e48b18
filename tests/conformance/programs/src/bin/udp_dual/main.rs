//! One UDP socket for both families, sockets of one family, and addresses of the wrong one. Twin of `main.go` beside it.

use gopark::net::{Addr, PacketConn, listen_packet};
use say::{count, err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let both = opened("udp", ":20051");
    let six = opened("udp6", "[::1]:20052");
    let four = opened("udp4", ":20053");
    send(&four, "127.0.0.1:20051");
    recv(&both);
    send(&six, "[::1]:20051");
    recv(&both);
    send(&both, "127.0.0.1:20053");
    recv(&four);
    send(&both, "[::1]:20052");
    recv(&six);
    send(&four, "[::1]:20052");
    send(&six, "127.0.0.1:20053");
    say!("{}", err(&listen_packet("udp4", "[::1]:20054")));
    say!("{}", err(&listen_packet("udp", "127.0.0.1:20053")));
    let _ = both.close();
    let _ = six.close();
    let _ = four.close();
}

fn opened(network: &str, address: &str) -> PacketConn {
    let p = listen_packet(network, address);
    say!("{} {}", p.as_ref().expect("a free port").local_addr(), err(&p));
    p.expect("a free port")
}

fn send(p: &PacketConn, to: &str) {
    let address = Addr::Udp(to.parse().expect("an address"));
    say!("{}", count(&p.write_to(format!("hello {to}").as_bytes(), &address)));
}

fn recv(p: &PacketConn) {
    let mut buf = [0; 64];
    let r = p.read_from(&mut buf);
    let (n, from) = r.as_ref().expect("a datagram");
    let from = from.as_ref().expect("UDP peers have addresses");
    say!("{} {from} {}", String::from_utf8_lossy(&buf[..*n]), err(&r));
}
