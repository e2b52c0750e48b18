//! `io::copy` between std-shaped sockets, and between them and everything else.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use crate::common::{in_runtime, pattern, std_pair};
use gopark_net::io::{copy, copy_n};
use gopark_net::os::{File, pipe};
use gopark_net::{Conn, UnixStream, socket_pair};
use gopark_runtime::go;
use gopark_runtime::time::sleep;

/// 3 MiB through a copy from `source` to `sink`; what comes out at `out`.
fn through<S, W>(mut input: impl Write + Send + 'static, mut source: S, sink: W, mut out: impl Read)
where
    S: Read + Send + 'static,
    W: Write + Send + 'static,
{
    let data = pattern(3 << 20);
    let sent = data.clone();
    let writer = go(move || input.write_all(&sent).unwrap());
    let copier = go(move || {
        let mut sink = sink;
        copy(&mut source, &mut sink).unwrap()
    });
    let mut got = Vec::new();
    out.read_to_end(&mut got).unwrap();
    writer.join().unwrap();
    assert_eq!(copier.join().unwrap(), data.len() as u64);
    assert!(got == data);
}

#[test]
fn between_all_kinds_of_streams() {
    in_runtime(|| {
        let ((a, b), (c, d)) = (std_pair(), std_pair());
        through(a, b, c, d);
        let ((a, b), (c, d)) = (std_pair(), UnixStream::pair().unwrap());
        through(a, b, c, d);
        let ((a, b), (c, d)) = (UnixStream::pair().unwrap(), std_pair());
        through(a, b, c, d);
        let ((a, b), (c, d)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        through(a, b, c, d);
        // One side in Go's face.
        let ((a, b), (c, d)) = (std_pair(), std_pair());
        through(a, Conn::from(b), c, d);
        let ((a, b), (c, d)) = (socket_pair("unix").unwrap(), std_pair());
        through(a, b, c, d);
    });
}

/// References, limits, and references to limits.
#[test]
fn references_and_limits() {
    in_runtime(|| {
        let ((a, b), (c, d)) = (std_pair(), std_pair());
        (&a).write_all(b"0123456789").unwrap();
        assert_eq!(copy_n(&mut &b, &mut &c, 3).unwrap(), 3);
        let mut limited = (&b).take(4);
        assert_eq!(copy(&mut limited, &mut &c).unwrap(), 4);
        assert_eq!(limited.limit(), 0);
        a.shutdown(Shutdown::Write).unwrap();
        let mut limited = (&b).take(100);
        assert_eq!(copy(&mut &mut limited, &mut &c).unwrap(), 3);
        assert_eq!(copy_n(&mut &b, &mut &c, 1).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        c.shutdown(Shutdown::Write).unwrap();
        let mut got = String::new();
        (&d).read_to_string(&mut got).unwrap();
        assert_eq!(got, "0123456789");
    });
}

/// Files go out by sendfile, and come in by splice.
#[test]
fn files_and_pipes() {
    in_runtime(|| {
        let path = std::env::temp_dir().join(format!("gopark-copy-std-{}", std::process::id()));
        std::fs::write(&path, pattern(200_000)).unwrap();
        let (a, b) = std_pair();
        assert_eq!(copy(&mut File::open(&path).unwrap(), &mut &a).unwrap(), 200_000);
        drop(a);
        let mut back = File::create(&path).unwrap();
        assert_eq!(copy(&mut &b, &mut back).unwrap(), 200_000);
        assert!(std::fs::read(&path).unwrap() == pattern(200_000));
        std::fs::remove_file(&path).unwrap();
        let ((a, b), (reader, mut writer)) = (UnixStream::pair().unwrap(), pipe().unwrap());
        (&a).write_all(b"into a pipe").unwrap();
        assert_eq!(copy_n(&mut &b, &mut writer, 11).unwrap(), 11);
        let mut buf = [0; 16];
        assert_eq!(reader.read(&mut buf).unwrap(), 11);
    });
}

/// A timeout is of each call, not of the whole copy; one that passes is std's `WouldBlock`.
#[test]
fn timeouts_count_for_each_call() {
    in_runtime(|| {
        let ((a, b), (c, d)) = (std_pair(), std_pair());
        b.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
        let trickle = go(move || {
            for _ in 0..6 {
                (&a).write_all(b"drop").unwrap();
                sleep(Duration::from_millis(100));
            }
            a
        });
        let e = copy(&mut &b, &mut &c).unwrap_err();
        assert_eq!((e.kind(), e.raw_os_error()), (ErrorKind::WouldBlock, Some(libc::EAGAIN)));
        let mut got = [0; 24];
        (&d).read_exact(&mut got).unwrap();
        assert_eq!(&got, &b"drop".repeat(6)[..], "600 ms of drops within a timeout of 400 ms");
        // The write side: nobody reads any more.
        drop(trickle.join().unwrap());
        let ((a, b), (c, _d)) = (std_pair(), std_pair());
        c.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
        let flood = go(move || while (&a).write_all(&[0; 1 << 16]).is_ok() {});
        let e = copy(&mut &b, &mut &c).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::WouldBlock);
        drop(b);
        flood.join().unwrap();
    });
}

/// What must not wait is copied by hand, and says what a read says.
#[test]
fn non_blocking_ends_do_not_wait() {
    in_runtime(|| {
        let ((a, b), (c, _d)) = (std_pair(), std_pair());
        b.set_nonblocking(true).unwrap();
        assert_eq!(copy(&mut &b, &mut &c).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(a);
    });
}

/// Errors are plain, and close wakes a copy.
#[test]
fn errors_are_plain() {
    in_runtime(|| {
        let ((a, b), (c, d)) = (std_pair(), std_pair());
        // SAFETY: an option of a socket that is ours; the value lives as long as the call.
        unsafe {
            let reset = libc::linger { l_onoff: 1, l_linger: 0 };
            let len = size_of::<libc::linger>() as u32;
            let at = (&raw const reset).cast();
            assert_eq!(libc::setsockopt(a.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, at, len), 0);
        }
        drop(a);
        let e = copy(&mut &b, &mut &c).unwrap_err();
        assert_eq!((e.kind(), e.raw_os_error()), (ErrorKind::ConnectionReset, Some(libc::ECONNRESET)));
        drop(d);
        let ((_a, b), (c, _d)) = (std_pair(), std_pair());
        let b = std::sync::Arc::new(b);
        let closer = go({
            let b = b.clone();
            move || {
                sleep(Duration::from_millis(20));
                b.close().unwrap();
            }
        });
        let e = copy(&mut &*b, &mut &c).unwrap_err();
        assert_eq!(e.to_string(), "use of closed network connection");
        closer.join().unwrap();
    });
}

/// A descriptor taken out of a copied stream is whole.
#[test]
fn conversions_after_a_copy() {
    in_runtime(|| {
        let ((a, b), (c, d)) = (std_pair(), std_pair());
        (&a).write_all(b"x").unwrap();
        assert_eq!(copy_n(&mut &b, &mut &c, 1).unwrap(), 1);
        let std_stream = std::net::TcpStream::from(OwnedFd::from(c));
        std_stream.set_nonblocking(false).unwrap();
        (&std_stream).write_all(b"y").unwrap();
        let mut got = [0; 2];
        (&d).read_exact(&mut got).unwrap();
        assert_eq!(&got, b"xy");
    });
}
