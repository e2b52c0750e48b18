//! Ports of Go's net/sendfile_test.go, splice_linux_test.go and os/readfrom_linux_test.go, under their names.

use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Instant;

use crate::common::{in_runtime, pair, pattern};
use gopark_net::io::{copy, copy_n};
use gopark_net::os::{File, pipe};
use gopark_net::{Conn, OpError, UnixStream, socket_pair};
use gopark_runtime::go;

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
        let (mut a, b) = pair();
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
        let (mut a, b) = pair();
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
        let (mut a, b) = pair();
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
        let (mut a, b) = pair();
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
    if network == "tcp" { pair() } else { socket_pair("unix").unwrap() }
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
        let ((client, mut source), (mut sink, server)) = (pair(), pair());
        client.close().unwrap();
        assert_eq!(copy(&mut source, &mut sink).unwrap(), 0);
        sink.write(b"still works").unwrap();
        sink.close().unwrap();
        assert_eq!(read_all(&server), b"still works");
    });
}

/// A source asks the destination, and both put their names before what went wrong.
#[test]
fn test_splice_errors_name_both_ends() {
    in_runtime(|| {
        let ((client, mut source), (mut sink, _server)) = (pair(), pair());
        client.write(b"x").unwrap();
        sink.close().unwrap();
        let e = copy(&mut source, &mut sink).unwrap_err();
        let ends = |c: &Conn| format!("tcp {}->{}", c.local_addr(), c.remote_addr());
        let (from, to) = (ends(&source), ends(&sink));
        assert_eq!(e.to_string(), format!("writeto {from}: readfrom {to}: use of closed network connection"));
        let e = e.get_ref().and_then(|e| e.downcast_ref::<OpError>()).unwrap();
        assert!(e.is_closed() && !e.timeout());
        client.write(b"y").unwrap();
        let e = copy(&mut Read::take(&source, 1), &mut sink).unwrap_err();
        assert_eq!(e.to_string(), format!("readfrom {to}: use of closed network connection"));
    });
}

/// Who failed is told by those whom Go asks to copy, one around the other.
#[test]
fn copy_errors_are_told_as_by_go() {
    in_runtime(|| {
        let ends = |conn: &Conn| format!("tcp {}->{}", conn.local_addr(), conn.remote_addr());
        let passwd = || File::open("/etc/passwd").unwrap();
        let ((client, mut source), (mut closed, _server)) = (pair(), pair());
        let (from, to) = (ends(&source), ends(&closed));
        closed.close().unwrap();
        // A file to a closed connection: found by the first write.
        let e = copy(&mut passwd(), &mut closed).unwrap_err();
        assert_eq!(e.to_string(), format!("readfrom {to}: write {to}: use of closed network connection"));
        let e = e.get_ref().unwrap().downcast_ref::<OpError>().unwrap();
        assert!(e.is_closed() && !e.timeout() && e.op() == "readfrom");
        // From a connection to what is no descriptor.
        source.set_read_deadline(Some(Instant::now())).unwrap();
        let e = copy(&mut source, &mut Vec::new()).unwrap_err();
        assert_eq!(e.to_string(), format!("writeto {from}: read {from}: i/o timeout"));
        assert_eq!(e.kind(), ErrorKind::TimedOut);
        assert!(e.get_ref().unwrap().downcast_ref::<OpError>().unwrap().timeout());
        // Limited, it is Go's LimitedReader: the connection is not asked.
        let e = copy(&mut (&source).take(5), &mut Vec::new()).unwrap_err();
        assert_eq!(e.to_string(), format!("read {from}: i/o timeout"));
        source.set_read_deadline(None).unwrap();
        // To a file that is not open for writing.
        client.write(b"x").unwrap();
        let e = copy(&mut source, &mut passwd()).unwrap_err();
        assert_eq!(e.to_string(), format!("writeto {from}: write /etc/passwd: splice: bad file descriptor"));
        let e = e.get_ref().unwrap().downcast_ref::<OpError>().unwrap();
        assert_eq!(e.raw_os_error(), Some(libc::EBADF));
        // Files.
        let (reader, mut writer) = pipe().unwrap();
        drop(reader);
        let shown = |e: std::io::Error| e.to_string();
        assert_eq!(shown(copy(&mut passwd(), &mut writer).unwrap_err()), "write |1: broken pipe");
        writer.close().unwrap();
        let e = copy(&mut passwd(), &mut writer).unwrap_err();
        assert_eq!(shown(e), "write |1: file already closed");
        let (mut sink, _server) = pair();
        let (to, mut folder) = (ends(&sink), File::open("/tmp").unwrap());
        let e = copy(&mut folder, &mut sink).unwrap_err();
        assert_eq!(shown(e), format!("readfrom {to}: read /tmp: is a directory"));
        folder.close().unwrap();
        let e = copy(&mut folder, &mut sink).unwrap_err();
        assert_eq!(shown(e), format!("readfrom {to}: read /tmp: file already closed"));
    });
}

/// Go: os.File's WriteTo is asked first, and calls what it does reading.
#[test]
fn a_sendfile_that_fails_is_told_by_the_file() {
    in_runtime(|| {
        let (a, mut b) = UnixStream::pair().map(|(a, b)| (a, Conn::from(b))).unwrap();
        drop(a);
        let e = copy(&mut File::open("/etc/passwd").unwrap(), &mut b).unwrap_err();
        assert_eq!(e.to_string(), "read /etc/passwd: sendfile: broken pipe");
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
        let (a, mut b) = pair();
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
        let (mut a, b) = pair();
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

/// An expired deadline is the error, whichever way the bytes would have gone.
#[test]
fn test_sendfile_on_write_timeout_exceeded() {
    in_runtime(|| {
        let (path, mut file) = temp_file("timeout", &pattern(100_000));
        let (mut a, _b) = pair();
        a.set_write_deadline(Some(std::time::Instant::now())).unwrap();
        let e = copy(&mut file, &mut a).unwrap_err();
        assert_eq!(e.kind(), std::io::ErrorKind::TimedOut, "{e}");
        std::fs::remove_file(path).unwrap();
    });
}

/// A file whose peer takes nothing for a while goes out when it does: a wait within sendfile.
#[test]
fn test_sendfile_waits_for_room() {
    in_runtime(|| {
        let data = pattern(16 << 20);
        let (path, mut file) = temp_file("room", &data);
        let (mut a, b) = pair();
        let reader = go(move || {
            gopark_runtime::time::sleep(std::time::Duration::from_millis(50));
            read_all(&b)
        });
        assert_eq!(copy(&mut file, &mut a).unwrap(), data.len() as u64);
        a.close().unwrap();
        assert!(reader.join().unwrap() == data);
        std::fs::remove_file(path).unwrap();
    });
}

/// A terminal that is read by the kernel's copy (golang.org/issue/59041): it refuses, and the copy goes by hand.
#[test]
fn test_copy_from_tty() {
    in_runtime(|| {
        let (mut master, terminal) = terminal();
        let (mut a, b) = pair();
        let typist = go(move || {
            master.write_all(b"data\n").unwrap();
            master
        });
        let mut tty = File::from_fd(terminal, "tty");
        assert_eq!(copy(&mut Read::take(&mut tty, 5), &mut a).unwrap(), 5);
        let mut got = [0; 5];
        (&b).read_exact(&mut got).unwrap();
        assert_eq!(&got, b"data\n");
        drop(typist.join().unwrap());
    });
}

/// A pseudo-terminal: the master, and the terminal in blocking mode.
fn terminal() -> (std::fs::File, std::os::fd::OwnedFd) {
    use std::os::fd::{AsRawFd, OwnedFd};
    let open = |path: &str| std::fs::File::options().read(true).write(true).open(path).unwrap();
    let master = open("/dev/ptmx");
    let mut name = [0u8; 64];
    // SAFETY: a descriptor of a terminal's master, and a buffer of the length that is said.
    unsafe {
        assert_eq!(libc::unlockpt(master.as_raw_fd()), 0);
        assert_eq!(libc::ptsname_r(master.as_raw_fd(), name.as_mut_ptr().cast(), name.len()), 0);
    }
    let name = std::ffi::CStr::from_bytes_until_nul(&name).unwrap().to_str().unwrap();
    let terminal = OwnedFd::from(open(name));
    (master, terminal)
}

/// Both directions of a proxy, and a client that goes: neither copy hangs (golang.org/issue/25985).
#[test]
fn test_splice_issue25985() {
    in_runtime(|| {
        for (up, down) in [("tcp", "tcp"), ("tcp", "unix"), ("unix", "tcp"), ("unix", "unix")] {
            let ((client, front), (back, server)) = (stream_pair(up), stream_pair(down));
            let pipe = |from: &Conn, to: &Conn| {
                let (mut from, mut to) = (from.clone(), to.clone());
                go(move || {
                    let _ = copy(&mut from, &mut to);
                    from.close().ok();
                    to.close().ok();
                })
            };
            let both = [pipe(&front, &back), pipe(&back, &front)];
            client.write(b"hello").unwrap();
            let mut got = [0; 5];
            (&server).read_exact(&mut got).unwrap();
            client.close().unwrap();
            for copied in both {
                copied.join().unwrap();
            }
            assert_eq!(server.read(&mut got).unwrap(), 0, "{up} {down}");
        }
    });
}

/// A file onto itself, of any size: the kernel's copy, or the detour.
#[test]
fn test_copy_file_itself() {
    in_runtime(|| {
        let (path, mut from) = temp_file("itself", b"hello");
        let mut to = File::open_file(&path, libc::O_WRONLY | libc::O_APPEND, 0).unwrap();
        assert_eq!(copy_n(&mut from, &mut to, 5).unwrap(), 5);
        assert_eq!(std::fs::read(&path).unwrap(), b"hellohello");
        std::fs::remove_file(path).unwrap();
    });
}

/// Pipes on either side: copy_file_range refuses them.
#[test]
fn test_copy_between_pipes() {
    in_runtime(|| {
        let ((mut r1, w1), (r2, mut w2)) = (pipe().unwrap(), pipe().unwrap());
        w1.write(b"through two pipes").unwrap();
        w1.close().unwrap();
        assert_eq!(copy(&mut r1, &mut w2).unwrap(), 17);
        let mut buf = [0; 32];
        assert_eq!(r2.read(&mut buf).unwrap(), 17);
    });
}

/// Files of all sizes into both kinds of socket. Go: os/writeto_linux_test.go.
#[test]
fn test_send_file() {
    in_runtime(|| {
        for network in ["unix", "tcp"] {
            for size in [1, 42, 1025, 4097, 32769] {
                let data = pattern(size);
                let (path, mut file) = temp_file("sizes", &data);
                let (mut a, b) = stream_pair(network);
                assert_eq!(copy(&mut file, &mut a).unwrap(), size as u64);
                assert_eq!(copy(&mut file, &mut a).unwrap(), 0, "the file is at its end");
                a.close().unwrap();
                assert!(read_all(&b) == data, "{network} {size}");
                std::fs::remove_file(path).unwrap();
            }
        }
    });
}
