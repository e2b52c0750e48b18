//! Ports of Go's net/sendfile_test.go, splice_linux_test.go and os/readfrom_linux_test.go, under their names.

mod common;

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use common::in_runtime;
use gopark_net::io::{copy, copy_n};
use gopark_net::os::{File, pipe};
use gopark_net::{Conn, dial, listen, socket_pair};
use gopark_runtime::go;

fn tcp_pair() -> (Conn, Conn) {
    let ln = listen("tcp", "127.0.0.1:0").unwrap();
    let client = dial("tcp", &ln.addr().to_string()).unwrap();
    (client, ln.accept().unwrap())
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

fn temp_file(name: &str, contents: &[u8]) -> (PathBuf, File) {
    let path = std::env::temp_dir().join(format!("gopark-copy-{}-{name}", std::process::id()));
    std::fs::write(&path, contents).unwrap();
    let file = File::open_file(&path, libc::O_RDWR, 0).unwrap();
    (path, file)
}

fn read_all(conn: &Conn) -> Vec<u8> {
    let mut all = Vec::new();
    (&*conn).read_to_end(&mut all).unwrap();
    all
}

#[test]
fn test_sendfile() {
    in_runtime(|| {
        let data = pattern(9 << 20);
        let (path, mut file) = temp_file("sendfile", &data);
        let (mut a, b) = tcp_pair();
        let reader = go(move || read_all(&b));
        assert_eq!(copy(&mut file, &mut a).unwrap(), data.len() as u64);
        a.close().unwrap();
        assert!(reader.join().unwrap() == data);
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn test_sendfile_parts() {
    in_runtime(|| {
        let (path, mut file) = temp_file("parts", b"0123456789");
        let (mut a, b) = tcp_pair();
        for _ in 0..3 {
            assert_eq!(copy_n(&mut file, &mut a, 3).unwrap(), 3);
        }
        // A limit larger than the file.
        let mut limited = Read::take(&mut file, 5);
        assert_eq!(copy(&mut limited, &mut a).unwrap(), 1);
        assert_eq!(limited.limit(), 4);
        assert_eq!(copy_n(&mut file, &mut a, 1).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
        a.close().unwrap();
        assert_eq!(read_all(&b), b"0123456789");
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn test_sendfile_seeked() {
    in_runtime(|| {
        let (path, mut file) = temp_file("seeked", b"0123456789");
        let (mut a, b) = tcp_pair();
        Seek::seek(&mut file, SeekFrom::Start(6)).unwrap();
        assert_eq!(copy(&mut file, &mut a).unwrap(), 4);
        a.close().unwrap();
        assert_eq!(read_all(&b), b"6789");
        std::fs::remove_file(path).unwrap();
    });
}

/// A pipe is a file that sendfile refuses.
#[test]
fn test_sendfile_pipe() {
    in_runtime(|| {
        let (mut r, w) = pipe().unwrap();
        let (mut a, b) = tcp_pair();
        w.write(b"from a pipe").unwrap();
        w.close().unwrap();
        assert_eq!(copy(&mut r, &mut a).unwrap(), 11);
        a.close().unwrap();
        assert_eq!(read_all(&b), b"from a pipe");
    });
}

/// Between each two kinds of stream, small and large, limited and not.
#[test]
fn test_splice() {
    in_runtime(|| {
        for (from, to) in [("tcp", "tcp"), ("unix", "tcp"), ("tcp", "unix"), ("unix", "unix")] {
            for len in [0, 1, 100_000, 3 << 20] {
                for limited in [false, true] {
                    splice_once(from, to, len, limited);
                }
            }
        }
    });
}

fn stream_pair(network: &str) -> (Conn, Conn) {
    if network == "tcp" { tcp_pair() } else { socket_pair("unix").unwrap() }
}

fn splice_once(from: &str, to: &str, len: usize, limited: bool) {
    let data = pattern(len);
    let ((client, mut source), (mut sink, server)) = (stream_pair(from), stream_pair(to));
    let (sent, extra) = (data.clone(), b"after the limit");
    let writer = go(move || {
        client.write(&sent).unwrap();
        client.write(extra).unwrap();
    });
    let reader = go(move || read_all(&server));
    let copied = if limited {
        copy(&mut Read::take(&mut source, len as u64), &mut sink).unwrap()
    } else {
        copy(&mut source, &mut sink).unwrap() - extra.len() as u64
    };
    assert_eq!(copied, len as u64, "{from} to {to}");
    sink.close().unwrap();
    let mut got = reader.join().unwrap();
    if !limited {
        assert!(got.ends_with(extra));
        got.truncate(len);
    }
    assert!(got == data, "{from} to {to}, {len} bytes");
    if limited {
        let mut rest = vec![0; extra.len()];
        source.read_exact(&mut rest).unwrap();
        assert_eq!(rest, extra);
    }
    writer.join().unwrap();
}

#[test]
fn test_splice_reader_at_eof() {
    in_runtime(|| {
        let ((client, mut source), (mut sink, server)) = (tcp_pair(), tcp_pair());
        client.close().unwrap();
        assert_eq!(copy(&mut source, &mut sink).unwrap(), 0);
        sink.write(b"still works").unwrap();
        sink.close().unwrap();
        assert_eq!(read_all(&server), b"still works");
    });
}

#[test]
fn test_splice_errors_name_the_writer() {
    in_runtime(|| {
        let ((client, mut source), (mut sink, _server)) = (tcp_pair(), tcp_pair());
        client.write(b"x").unwrap();
        sink.close().unwrap();
        let e = copy(&mut source, &mut sink).unwrap_err();
        let shown = format!(
            "readfrom tcp {}->{}: use of closed network connection",
            sink.local_addr(),
            sink.remote_addr()
        );
        assert_eq!(e.to_string(), shown);
    });
}

#[test]
fn test_copy_file_range() {
    in_runtime(|| {
        let data = pattern(300_000);
        let (from_path, mut from) = temp_file("range-from", &data);
        let (to_path, mut to) = temp_file("range-to", b"");
        assert_eq!(copy(&mut from, &mut to).unwrap(), data.len() as u64);
        assert!(std::fs::read(&to_path).unwrap() == data);
        // Limited, from where both files are.
        Seek::seek(&mut from, SeekFrom::Start(10)).unwrap();
        assert_eq!(copy_n(&mut from, &mut to, 5).unwrap(), 5);
        assert_eq!(std::fs::read(&to_path).unwrap()[data.len()..], data[10..15]);
        // To a file that appends, and from an empty one, by hand.
        let mut appending = File::open_file(&to_path, libc::O_WRONLY | libc::O_APPEND, 0).unwrap();
        Seek::seek(&mut from, SeekFrom::Start(0)).unwrap();
        assert_eq!(copy_n(&mut from, &mut appending, 7).unwrap(), 7);
        assert_eq!(std::fs::metadata(&to_path).unwrap().len(), data.len() as u64 + 12);
        let mut proc = File::open("/proc/self/status").unwrap();
        let mut text = Vec::new();
        assert!(copy(&mut proc, &mut text).unwrap() > 0);
        std::fs::remove_file(from_path).unwrap();
        std::fs::remove_file(to_path).unwrap();
    });
}

/// From a socket into a file.
#[test]
fn test_splice_file() {
    in_runtime(|| {
        let data = pattern(200_000);
        let (path, mut file) = temp_file("splice", b"");
        let (a, mut b) = tcp_pair();
        let sent = data.clone();
        let writer = go(move || a.write(&sent).map(|_| ()).unwrap());
        assert_eq!(copy(&mut b, &mut file).unwrap(), data.len() as u64);
        writer.join().unwrap();
        assert!(std::fs::read(&path).unwrap() == data);
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn test_copy_of_other_types() {
    in_runtime(|| {
        let (mut a, b) = tcp_pair();
        let mut bytes: &[u8] = b"plain bytes";
        assert_eq!(copy(&mut bytes, &mut a).unwrap(), 11);
        a.close().unwrap();
        let mut out = Vec::new();
        // References are seen through as well.
        assert_eq!(copy(&mut &b, &mut out).unwrap(), 11);
        out.flush().unwrap();
        assert_eq!(out, b"plain bytes");
    });
}
