//! Sockets handed in and out as files: ports of Go's net/file_test.go and of TestFileError, under their names.

use std::os::fd::AsRawFd;

use gopark_net::os::File;
use gopark_net::{dial, file_conn, file_listener, file_packet_conn, listen, listen_packet};
use gopark_runtime::go;

use crate::common::{in_runtime, local, socket_name, socket_option};

/// An address for a listener of this network.
fn address(network: &str) -> String {
    if network.starts_with("unix") { socket_name() } else { "127.0.0.1:0".into() }
}

fn is_nonblocking(fd: &impl AsRawFd) -> bool {
    // SAFETY: takes no pointers.
    let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
    flags & libc::O_NONBLOCK != 0
}

#[test]
fn test_file_conn() {
    in_runtime(|| {
        for network in ["tcp", "unix", "unixpacket", "udp"] {
            let (packets, listener, to);
            if network == "udp" {
                (packets, listener) = (Some(listen_packet("udp", "127.0.0.1:0").unwrap()), None);
                to = packets.as_ref().unwrap().local_addr();
            } else {
                (packets, listener) = (None, Some(listen(network, &address(network)).unwrap()));
                to = listener.as_ref().unwrap().addr();
            }
            let c1 = dial(network, &to.to_string()).unwrap();
            let (local, remote) = (c1.local_addr(), c1.remote_addr());
            let f = c1.file().unwrap();
            assert_eq!(f.name().to_str().unwrap(), format!("{}:{local}->{remote}", local.network()));
            c1.close().unwrap();
            let c2 = file_conn(&f).unwrap();
            f.close().unwrap();
            assert_eq!(c2.write(b"FILECONN TEST").unwrap(), 13);
            assert_eq!((c2.local_addr(), c2.remote_addr()), (local, remote));
            let mut buf = [0; 32];
            let n = match (&packets, &listener) {
                (Some(packets), _) => packets.read_from(&mut buf).unwrap().0,
                (_, Some(listener)) => listener.accept().unwrap().read(&mut buf).unwrap(),
                _ => unreachable!("one of the two"),
            };
            assert_eq!(&buf[..n], b"FILECONN TEST", "{network}");
        }
    });
}

/// A TCP connection from a file gets what a dialled one has.
#[test]
fn a_tcp_connection_from_a_file_is_set_up() {
    in_runtime(|| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let plain = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let c = file_conn(&File::from_fd(plain.into(), "plain")).unwrap();
        assert_eq!(socket_option(&c, libc::IPPROTO_TCP, libc::TCP_NODELAY), 1);
        assert_eq!(socket_option(&c, libc::SOL_SOCKET, libc::SO_KEEPALIVE), 1);
        assert!(is_nonblocking(&c));
    });
}

#[test]
fn test_file_listener() {
    in_runtime(|| {
        for network in ["tcp", "unix", "unixpacket"] {
            let ln1 = listen(network, &address(network)).unwrap();
            let addr = ln1.addr();
            let f = ln1.file().unwrap();
            ln1.set_unlink_on_close(false);
            ln1.close().unwrap();
            let ln2 = file_listener(&f).unwrap();
            f.close().unwrap();
            let (net, to) = (ln2.addr().network(), ln2.addr().to_string());
            let dialler = go(move || dial(net, &to).unwrap().close().unwrap());
            ln2.accept().unwrap().close().unwrap();
            dialler.join().unwrap();
            assert_eq!(ln2.addr(), addr);
            ln2.close().unwrap();
            if network != "tcp" {
                std::fs::remove_file(addr.to_string()).expect("its path stays");
            }
        }
    });
}

#[test]
fn test_file_packet_conn() {
    in_runtime(|| {
        for network in ["udp", "unixgram"] {
            let c1 = listen_packet(network, &address(network)).unwrap();
            let addr = c1.local_addr();
            let f = c1.file().unwrap();
            c1.close().unwrap();
            let c2 = file_packet_conn(&f).unwrap();
            f.close().unwrap();
            assert_eq!(c2.write_to(b"FILEPACKETCONN TEST", &addr).unwrap(), 19);
            let (n, from) = c2.read_from(&mut [0; 32]).unwrap();
            assert_eq!((n, from), (19, Some(addr.clone())));
            assert_eq!(c2.local_addr(), addr);
            if network == "unixgram" {
                std::fs::remove_file(addr.to_string()).unwrap();
            }
        }
    });
}

#[test]
fn test_file_close_race() {
    in_runtime(|| {
        let ln = local();
        let addr = ln.addr().to_string();
        for _ in 0..100 {
            let c = dial("tcp", &addr).unwrap();
            let other = c.clone();
            let files = go(move || drop(other.file()));
            let closes = go(move || drop(c.close()));
            files.join().unwrap();
            closes.join().unwrap();
        }
    });
}

#[test]
fn test_file_error() {
    in_runtime(|| {
        let f = File::open("/dev/null").unwrap();
        let no_socket = "file file+net /dev/null: getsockopt: socket operation on non-socket";
        assert_eq!(file_conn(&f).unwrap_err().to_string(), no_socket);
        assert_eq!(file_listener(&f).unwrap_err().to_string(), no_socket);
        let e = file_packet_conn(&f).unwrap_err();
        assert_eq!(
            (e.to_string().as_str(), e.op(), e.net(), e.addr()),
            (no_socket, "file", "file+net", None)
        );
        let udp = listen_packet("udp", "127.0.0.1:0").unwrap().file().unwrap();
        let name = udp.name().display().to_string();
        let unsuitable = format!("file file+net {name}: invalid argument");
        assert_eq!(file_listener(&udp).unwrap_err().to_string(), unsuitable);
        udp.close().unwrap();
        let closed = format!("file file+net {name}: fcntl: bad file descriptor");
        assert_eq!(file_packet_conn(&udp).unwrap_err().to_string(), closed);
        let ln = listen("tcp", "127.0.0.1:0").unwrap();
        ln.close().unwrap();
        let e = ln.file().unwrap_err();
        assert_eq!(e.to_string(), format!("file tcp {}: use of closed network connection", ln.addr()));
        assert!(e.is_closed());
    });
}

/// Go: TestFileFdBlocks (net/unixsock_test.go): a file's number is blocking for the user who takes it.
#[test]
fn test_file_fd_blocks() {
    in_runtime(|| {
        let (a, _b) = gopark_net::socket_pair("unix").unwrap();
        let f = a.file().unwrap();
        assert!(is_nonblocking(&f));
        f.fd();
        assert!(!is_nonblocking(&f));
    });
}
