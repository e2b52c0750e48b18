//! Control data beside datagrams: asked for in a control function, received, sent. Twin of `main.go` beside it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;

use gopark::net::{Addr, ListenConfig, OpError, listen_packet};
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let lc = ListenConfig { control: Some(Arc::new(control)), ..Default::default() };
    let a = match lc.listen_packet("udp4", "127.0.0.1:20055") {
        Ok(a) => a,
        Err(e) => return say!("{e}"),
    };
    let b = match listen_packet("udp4", "127.0.0.1:20056") {
        Ok(b) => b,
        Err(e) => return say!("{e}"),
    };
    let (mut buf, mut oob) = ([0; 8], [0; 64]);
    sent(&b.write_msg(b"with control", &[], Some(&a.local_addr())));
    let (oobn, from) = received(&a.read_msg(&mut buf, &mut oob));
    sent(&a.write_msg(b"back", &oob[..oobn], Some(&from)));
    let (_, from) = received(&b.read_msg(&mut buf, &mut oob));
    sent(&b.write_msg(b"", &[], Some(&from)));
    received(&a.read_msg(&mut buf, &mut []));
    say!("{}", err(&a.write_msg(b"x", &[], None)));
    let _ = a.close();
    let _ = b.close();
}

fn control(_: &str, _: &str, socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option is an int, and lives across the call.
    unsafe {
        let value = (&raw const on).cast();
        libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_IP, libc::IP_PKTINFO, value, 4);
    }
    Ok(())
}

fn sent(r: &Result<(usize, usize), OpError>) {
    let (n, oobn) = r.as_ref().map_or((0, 0), |sent| *sent);
    say!("{n} {oobn} {}", err(r));
}

fn received(r: &Result<(usize, usize, i32, Option<Addr>), OpError>) -> (usize, Addr) {
    let (n, oobn, flags, from) = r.as_ref().expect("a datagram");
    let from = from.clone().expect("UDP peers have addresses");
    say!("{n} {oobn} {flags} {from} {}", err(r));
    (*oobn, from)
}
