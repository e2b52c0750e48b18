//! Ports of Go's net/unixsock_test.go, unixsock_linux_test.go, unixsock_readmsg_test.go, under their names. (The unix parts of other
//! files are in `conns.rs`.)

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::common::{in_runtime, socket_name, socket_path};
use gopark_net::{Addr, Dialer, UnixAddr, control_msg, dial, listen, listen_packet};

fn unix_addr(network: &str, name: &str) -> Addr {
    Addr::Unix(UnixAddr::new(network, name).unwrap())
}

fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(5))
}

#[test]
fn test_read_unixgram_with_unnamed_socket() {
    in_runtime(|| {
        let name = socket_name();
        let c = listen_packet("unixgram", &name).unwrap();
        let sender = std::os::unix::net::UnixDatagram::unbound().unwrap();
        sender.send_to(&[1, 2, 3, 4, 5], &name).unwrap();
        let mut buf = [0; 64];
        c.set_read_deadline(soon()).unwrap();
        assert_eq!(c.read_from(&mut buf).unwrap(), (5, None));
        assert_eq!(&buf[..5], &[1, 2, 3, 4, 5]);
        std::fs::remove_file(&name).unwrap();
    });
}

#[test]
fn test_unixgram_zero_byte_payload() {
    in_runtime(|| {
        let name = socket_name();
        let c1 = listen_packet("unixgram", &name).unwrap();
        let c2 = dial("unixgram", &name).unwrap();
        c1.set_read_deadline(soon()).unwrap();
        for _ in 0..2 {
            assert_eq!(c2.write(&[]).unwrap(), 0);
            assert_eq!(c1.read_from(&mut [0; 1]).unwrap(), (0, None));
        }
        std::fs::remove_file(&name).unwrap();
    });
}

#[test]
fn test_unixgram_zero_byte_buffer() {
    in_runtime(|| {
        let name = socket_name();
        let c1 = listen_packet("unixgram", &name).unwrap();
        let c2 = dial("unixgram", &name).unwrap();
        c1.set_read_deadline(soon()).unwrap();
        c2.write(b"UNIXGRAM ZERO BYTE BUFFER TEST").unwrap();
        assert_eq!(c1.read_from(&mut []).unwrap(), (0, None));
        std::fs::remove_file(&name).unwrap();
    });
}

#[test]
fn test_unixgram_write() {
    in_runtime(|| {
        let name = socket_name();
        let c = listen_packet("unixgram", &name).unwrap();
        let addr = unix_addr("unixgram", &name);

        let connected = dial("unixgram", &name).unwrap();
        let e = connected.write_to(b"x", &addr).unwrap_err();
        assert!(e.to_string().ends_with("use of WriteTo with pre-connected connection"), "{e}");
        assert_eq!(connected.write_msg(b"abc", &[]).unwrap(), (3, 0));
        assert_eq!(connected.write(b"abc").unwrap(), 3);

        let local_name = socket_name();
        let free = listen_packet("unixgram", &local_name).unwrap();
        assert_eq!(free.write_to(b"abc", &addr).unwrap(), 3);
        assert_eq!(free.write_msg(b"abc", &[], Some(&addr)).unwrap(), (3, 0));
        let e = free.write_to(b"abc", &unix_addr("unix", &name)).unwrap_err();
        assert!(e.to_string().ends_with("address family not supported by protocol"), "{e}");
        let mut buf = [0; 8];
        let from: Vec<_> = (0..4).map(|_| c.read_from(&mut buf).unwrap().1).collect();
        assert_eq!(from, [None, None, Some(free.local_addr()), Some(free.local_addr())]);
        std::fs::remove_file(&name).unwrap();
        std::fs::remove_file(&local_name).unwrap();
    });
}

#[test]
fn test_unix_conn_local_and_remote_names() {
    in_runtime(|| {
        for local in [String::new(), socket_name()] {
            let name = socket_name();
            let ln = listen("unix", &name).unwrap();
            assert_eq!(ln.addr(), unix_addr("unix", &name));
            let dialer = Dialer { local_addr: Some(unix_addr("unix", &local)), ..Default::default() };
            let c1 = dialer.dial("unix", &name).unwrap();
            let c2 = ln.accept().unwrap();
            // An unnamed end is "@" in Go.
            let shown = if local.is_empty() { "@" } else { &local };
            assert_eq!(c1.local_addr().to_string(), shown);
            assert_eq!(c1.remote_addr().to_string(), name);
            assert_eq!(c2.local_addr().to_string(), name);
            assert_eq!(c2.remote_addr().to_string(), shown);
            let _ = std::fs::remove_file(&local);
        }
    });
}

#[test]
fn test_unixgram_conn_local_and_remote_names() {
    in_runtime(|| {
        let (name, local) = (socket_name(), socket_name());
        let c1 = listen_packet("unixgram", &name).unwrap();
        let dialer = Dialer { local_addr: Some(unix_addr("unixgram", &local)), ..Default::default() };
        let c2 = dialer.dial("unixgram", &name).unwrap();
        assert_eq!(c1.local_addr().to_string(), name);
        assert_eq!(c2.local_addr().to_string(), local);
        assert_eq!(c2.remote_addr().to_string(), name);
        std::fs::remove_file(&name).unwrap();
        std::fs::remove_file(&local).unwrap();
    });
}

#[test]
fn test_unix_unlink() {
    in_runtime(|| {
        let path = socket_path();
        let listen = || listen("unix", path.to_str().unwrap()).unwrap();
        // Close unlinks.
        let l = listen();
        assert!(path.exists());
        l.close().unwrap();
        assert!(!path.exists());
        // A second close does not remove what somebody else put there.
        std::fs::write(&path, b"x").unwrap();
        l.close().unwrap_err();
        drop(l);
        assert!(path.exists());
        std::fs::remove_file(&path).unwrap();
        // Close does not unlink when told so, and dropping does as close does.
        let l = listen();
        l.set_unlink_on_close(false);
        l.close().unwrap();
        assert!(path.exists());
        std::fs::remove_file(&path).unwrap();
        drop(listen());
        assert!(!path.exists());
    });
}

#[test]
fn test_unixgram_autobind() {
    in_runtime(|| {
        let c1 = listen_packet("unixgram", "").unwrap();
        let name = c1.local_addr().to_string();
        assert!(name.starts_with('@') && name.len() > 1, "{name}");
        let c2 = dial("unixgram", &name).unwrap();
        assert_eq!(c2.remote_addr(), c1.local_addr());
    });
}

#[test]
fn test_unix_autobind_close() {
    in_runtime(|| listen("unix", "").unwrap().close().unwrap());
}

#[test]
fn test_unixgram_linux_abstract_long_name() {
    in_runtime(|| {
        let name = format!("@gopark-{}-", std::process::id());
        let name = format!("{name}{}", "x".repeat(107 - name.len()));
        let c = listen_packet("unixgram", &name).unwrap();
        assert_eq!(c.local_addr().to_string(), name);
        dial("unixgram", &name).unwrap();
        let e = listen_packet("unixgram", &format!("{name}xx")).unwrap_err();
        assert!(e.to_string().ends_with(": bind: invalid argument"), "{e}");
    });
}

#[test]
fn test_unix_packet_keeps_messages_apart() {
    in_runtime(|| {
        let name = socket_name();
        let ln = listen("unixpacket", &name).unwrap();
        let c1 = dial("unixpacket", &name).unwrap();
        let c2 = ln.accept().unwrap();
        assert_eq!(c2.local_addr().network(), "unixpacket");
        for message in ["a", "bc", "def"] {
            c1.write(message.as_bytes()).unwrap();
        }
        let mut buf = [0; 8];
        let lengths: Vec<usize> = (0..3).map(|_| c2.read(&mut buf).unwrap()).collect();
        assert_eq!(lengths, [1, 2, 3]);
    });
}

#[test]
fn test_dial_errors() {
    in_runtime(|| {
        let e = dial("unix", "/no/such/socket").unwrap_err();
        assert_eq!(e.to_string(), "dial unix /no/such/socket: connect: no such file or directory");
        let e = dial("unixgram", "").unwrap_err();
        assert_eq!(e.to_string(), "dial unixgram: missing address");
        let name = socket_name();
        let _ln = listen("unix", &name).unwrap();
        let e = listen("unix", &name).unwrap_err();
        assert_eq!(e.to_string(), format!("listen unix {name}: bind: address already in use"));
        let e = dial("unixpacket", &name).unwrap_err();
        assert_eq!(e.to_string(), format!("dial unixpacket {name}: connect: protocol wrong type for socket"));
    });
}

/// Go: syscall/syscall_unix_test.go TestPassFD, within one process.
#[test]
fn test_pass_fd() {
    in_runtime(|| {
        let name = socket_name();
        let ln = listen("unix", &name).unwrap();
        let c1 = dial("unix", &name).unwrap();
        let c2 = ln.accept().unwrap();
        let (reader, writer) = gopark_net::os::pipe().unwrap();
        // No data: a stream carries a byte along by itself.
        c1.write_msg(&[], &control_msg::rights(&[reader.as_fd()])).unwrap();
        drop(reader);
        let mut oob = [0; control_msg::rights_space(4)];
        let (n, oobn, _, _) = c2.read_msg(&mut [], &mut oob).unwrap();
        assert_eq!(n, 0);
        // SAFETY: received just now; the second time there is nothing to take.
        let [mut got, again] = std::array::from_fn(|_| unsafe { control_msg::take_rights(&mut oob[..oobn]) });
        assert_eq!(got.len(), 1);
        assert!(again.is_empty());
        let reader = gopark_net::os::File::from(got.remove(0));
        writer.write(b"through").unwrap();
        let mut buf = [0; 8];
        assert_eq!(reader.read(&mut buf).unwrap(), 7);
    });
}

/// What arrives is close-on-exec.
#[test]
fn test_unix_conn_read_msg_unix_scm_rights_close_on_exec() {
    use std::os::fd::AsRawFd;
    in_runtime(|| {
        let (cw, cr) = gopark_net::socket_pair("unix").unwrap();
        let null = std::fs::File::open("/dev/null").unwrap();
        cw.set_write_deadline(soon()).unwrap();
        cr.set_read_deadline(soon()).unwrap();
        cw.write_msg(&[], &control_msg::rights(&[null.as_fd()])).unwrap();
        let mut oob = [0; control_msg::rights_space(1)];
        let (_, oobn, _, _) = cr.read_msg(&mut [], &mut oob).unwrap();
        // SAFETY: received just now, and taken once.
        let got = unsafe { control_msg::take_rights(&mut oob[..oobn]) };
        assert_eq!(got.len(), 1);
        // SAFETY: takes no pointers.
        let flags = unsafe { libc::fcntl(got[0].as_raw_fd(), libc::F_GETFD) };
        assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
    });
}

/// The peer's credentials, by option and by message.
#[test]
fn peer_credentials() {
    use std::os::fd::AsRawFd;
    in_runtime(|| {
        // SAFETY: they take no pointers and cannot fail.
        let (pid, uid, gid) = unsafe { (libc::getpid(), libc::getuid(), libc::getgid()) };
        let me = gopark_net::PeerCred { pid, uid, gid };
        let (a, b) = gopark_net::socket_pair("unix").unwrap();
        assert_eq!((a.peer_cred().unwrap(), b.peer_cred().unwrap()), (me, me));
        let on: libc::c_int = 1;
        // SAFETY: an option of a socket that is ours; the value lives as long as the call.
        let set = unsafe {
            libc::setsockopt(b.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PASSCRED, (&raw const on).cast(), 4)
        };
        assert_eq!(set, 0);
        a.write_msg(b"x", &control_msg::credentials(me)).unwrap();
        let mut oob = [0; 64];
        let (n, oobn, _, _) = b.read_msg(&mut [0; 1], &mut oob).unwrap();
        assert_eq!((n, control_msg::parse_credentials(&mut oob[..oobn])), (1, Some(me)));
        let tcp = listen("tcp", "127.0.0.1:0").unwrap();
        let c = dial("tcp", &tcp.addr().to_string()).unwrap();
        assert_ne!(c.peer_cred().map(|cred| cred.pid).unwrap_or(-1), pid, "TCP knows none");
    });
}
