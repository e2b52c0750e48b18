//! Dialled datagram sockets: named and unnamed, messages both ways, a message that is too long. Twin of `main.go` beside it.

use gopark::net::{Addr, Dialer, PacketConn, UnixAddr, dial, listen_packet};
use say::{count, err, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let p = match listen_packet("unixgram", "server.sock") {
        Ok(p) => p,
        Err(e) => return say!("{e}"),
    };
    say!("{} {}", p.local_addr().network(), p.local_addr());
    let local = Addr::Unix(UnixAddr::new("unixgram", "client.sock").expect("a unix network"));
    let d = Dialer { local_addr: Some(local), ..Default::default() };
    let c = match d.dial("unixgram", "server.sock") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("{} {}", c.local_addr(), c.remote_addr());
    let mut buf = [0; 16];
    say!("{}", count(&c.write(b"question")));
    let from = received(&p).expect("it has a name");
    say!("{}", count(&p.write_to(b"answer", &from)));
    let r = c.read(&mut buf);
    say!("{}", text(&buf, &r));
    say!("{}", count(&c.write(&[])));
    say!("{}", count(&p.read_from(&mut buf).map(|(n, _)| n)));
    say!("{}", err(&c.write(&vec![0; 4 << 20])));
    let anonymous = match dial("unixgram", "server.sock") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&anonymous.write(b"who")));
    received(&p);
    let _ = anonymous.close();
    let _ = p.close();
    say!("{}", err(&c.write(b"late")));
    let _ = c.close();
    say!("{} {}", err(&say::remove(c"server.sock")), err(&say::remove(c"client.sock")));
}

fn received(p: &PacketConn) -> Option<Addr> {
    let mut buf = [0; 16];
    let r = p.read_from(&mut buf);
    let (n, from) = r.as_ref().expect("a message");
    let name = from.as_ref().map_or("<nil>".into(), Addr::to_string);
    say!("{} {name} {}", String::from_utf8_lossy(&buf[..*n]), err(&r));
    from.clone()
}
