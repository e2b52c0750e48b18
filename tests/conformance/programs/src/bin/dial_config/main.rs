//! Control functions of dialler and listener, and local addresses, good and bad. Twin of `main.go` beside it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;

use gopark::net::{Addr, ControlFn, Dialer, ListenConfig, listen_packet};
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let mut lc = ListenConfig { control: Some(Arc::new(control)), ..Default::default() };
    let ln = match lc.listen("tcp", "127.0.0.1:20045") {
        Ok(ln) => ln,
        Err(e) => return say!("{e}"),
    };
    let local = Addr::Tcp("127.0.0.2:20046".parse().expect("an address"));
    let mut d = Dialer { control: Some(Arc::new(control)), local_addr: Some(local), ..Default::default() };
    let c = match d.dial("tcp", "127.0.0.1:20045") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let s = match ln.accept() {
        Ok(s) => s,
        Err(e) => return say!("{e}"),
    };
    say!("{} {} {} {}", c.local_addr(), c.remote_addr(), s.local_addr(), s.remote_addr());
    say!("{}", err(&d.dial("tcp", "[::1]:20045")));
    say!("{}", err(&d.dial("udp", "127.0.0.1:20045")));
    let refuse: Arc<ControlFn> =
        Arc::new(|_: &str, _: &str, _: BorrowedFd<'_>| Err(io::Error::other("not today")));
    d.control = Some(refuse.clone());
    d.local_addr = None;
    say!("{}", err(&d.dial("tcp4", "127.0.0.1:20045")));
    lc.control = Some(refuse);
    say!("{}", err(&lc.listen("tcp4", "127.0.0.1:20047")));
    let p = listen_packet("udp", "127.0.0.1:20045");
    say!("{} {}", p.as_ref().expect("a free port").local_addr(), err(&p));
    say!("{}", err(&lc.listen_packet("udp", "127.0.0.1:20047")));
    d.control =
        Some(Arc::new(|_: &str, _: &str, _: BorrowedFd<'_>| Err(io::Error::from_raw_os_error(libc::EPERM))));
    let r = d.dial("tcp4", "127.0.0.1:20045");
    say!("{} {}", err(&r), r.is_err_and(|e| e.raw_os_error() == Some(libc::EPERM)));
    let _ = c.close();
    let _ = s.close();
    let _ = ln.close();
    std::mem::forget(p);
}

fn control(network: &str, address: &str, socket: BorrowedFd<'_>) -> io::Result<()> {
    say!("control {network} {address}");
    let bytes: libc::c_int = 65536;
    // SAFETY: the option is an int, and lives across the call.
    unsafe {
        let value = (&raw const bytes).cast();
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, value, 4);
    }
    Ok(())
}
