//! Ports of Go's os/pipe_test.go and os/timeout_test.go, under their names.

use std::io::Read as _;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark_net::os::{File, pipe};
use gopark_runtime::{chan, go, run};

fn in_runtime<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    // SAFETY: the tests keep nothing thread-bound across a call that parks.
    unsafe { run(test) }
}

fn flags(fd: i32) -> i32 {
    // SAFETY: takes no pointers.
    unsafe { libc::fcntl(fd, libc::F_GETFL) }
}

#[test]
fn test_epipe() {
    in_runtime(|| {
        let (r, w) = pipe().unwrap();
        r.close().unwrap();
        for _ in 0..100 {
            let e = w.write(b"hi").unwrap_err();
            assert_eq!(e.raw_os_error(), Some(libc::EPIPE));
            assert_eq!(e.to_string(), "write |1: broken pipe");
        }
    });
}

#[test]
fn test_pipe_threads() {
    // A thousand goroutines parked in a read need no thousand threads.
    in_runtime(|| {
        let pipes: Vec<_> = (0..100).map(|_| pipe().unwrap()).collect();
        let (readers, writers): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
        let handles: Vec<_> = readers
            .into_iter()
            .map(|r| {
                go(move || {
                    let mut b = [0; 1];
                    assert_eq!(r.read(&mut b).unwrap(), 1);
                })
            })
            .collect();
        gopark_runtime::time::sleep(Duration::from_millis(50));
        let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
        assert!(threads < 60, "{threads} threads");
        for w in &writers {
            w.write(&[0]).unwrap();
        }
        handles.into_iter().for_each(|h| h.join().unwrap());
    });
}

#[test]
fn test_pipe_eof() {
    in_runtime(|| {
        let (mut r, w) = pipe().unwrap();
        let writer = go(move || {
            for i in 0..3 {
                gopark_runtime::time::sleep(Duration::from_millis(10));
                w.write(format!("line {i}\n").as_bytes()).unwrap();
            }
            w.close().unwrap();
        });
        let mut all = String::new();
        r.read_to_string(&mut all).unwrap();
        assert_eq!(all, "line 0\nline 1\nline 2\n");
        writer.join().unwrap();
    });
}

/// A read parked on a pipe wakes with "file already closed" when another goroutine closes it.
#[test]
fn test_pipe_close_read() {
    in_runtime(|| {
        let (r, w) = pipe().unwrap();
        let r = Arc::new(r);
        let (tx, rx) = chan::bounded(1);
        let reader = r.clone();
        go(move || tx.send(reader.read(&mut [0; 1])).unwrap());
        gopark_runtime::time::sleep(Duration::from_millis(20));
        r.close().unwrap();
        let e = rx.recv().unwrap().unwrap_err();
        assert_eq!(e.to_string(), "read |0: file already closed");
        assert!(e.is_closed() && !e.timeout());
        assert_eq!(r.close().unwrap_err().to_string(), "close |0: file already closed");
        drop(w);
    });
}

#[test]
fn test_close_with_blocking_read_by_fd() {
    in_runtime(|| {
        let (r, w) = pipe().unwrap();
        // Fd puts it back into blocking mode; close must not wait for the reader, who sits in the kernel.
        assert_ne!(flags(r.as_raw_fd()) & libc::O_NONBLOCK, 0);
        let fd = r.fd();
        assert_eq!(flags(fd) & libc::O_NONBLOCK, 0);
        let r = Arc::new(r);
        let reader = r.clone();
        let (tx, rx) = chan::bounded(1);
        go(move || tx.send(reader.read(&mut [0; 1]).map_err(|e| e.to_string())).unwrap());
        gopark_runtime::time::sleep(Duration::from_millis(50));
        r.close().unwrap();
        w.write(b"x").unwrap();
        // The read that was under way ends as it likes; it ends.
        let _ = rx.recv().unwrap();
    });
}

#[test]
fn test_fd_read_race() {
    in_runtime(|| {
        let (r, w) = pipe().unwrap();
        let (r, c) = (Arc::new(r), chan::bounded::<()>(0));
        let reader = r.clone();
        let tx = c.0;
        let handle = go(move || {
            reader.set_read_deadline(Some(Instant::now() + Duration::from_secs(60))).unwrap();
            tx.send(()).unwrap();
            reader.read(&mut [0; 10]).map_err(|e| e.to_string())
        });
        c.1.recv().unwrap();
        r.fd();
        w.write(b"x").unwrap();
        assert_eq!(handle.join().unwrap(), Ok(1));
    });
}

#[test]
fn test_read_timeout() {
    in_runtime(|| {
        let (r, _w) = pipe().unwrap();
        for ms in [0, 1, 50] {
            let at = Instant::now() + Duration::from_millis(ms);
            r.set_read_deadline(Some(at)).unwrap();
            let e = r.read(&mut [0; 1]).unwrap_err();
            assert_eq!(e.to_string(), "read |0: i/o timeout");
            assert!(e.timeout() && !e.is_closed());
            assert!(Instant::now() >= at);
        }
        let io = std::io::Error::from(r.read(&mut [0; 1]).unwrap_err());
        assert_eq!(io.kind(), std::io::ErrorKind::TimedOut);
        r.set_read_deadline(None).unwrap();
    });
}

#[test]
fn test_write_timeout() {
    in_runtime(|| {
        let (_r, w) = pipe().unwrap();
        w.set_write_deadline(Some(Instant::now() + Duration::from_millis(50))).unwrap();
        let e = w.write(&vec![0; 1 << 20]).unwrap_err();
        assert_eq!(e.to_string(), "write |1: i/o timeout");
        assert_eq!(e.transferred(), 65536);
    });
}

#[test]
fn test_no_deadline_on_regular_files() {
    in_runtime(|| {
        let path = std::env::temp_dir().join(format!("gopark-file-{}", std::process::id()));
        let file = File::create(&path).unwrap();
        let e = file.set_deadline(Some(Instant::now())).unwrap_err();
        assert_eq!(e.to_string(), "file type does not support deadline");
        assert_eq!(flags(file.as_raw_fd()) & libc::O_NONBLOCK, 0);
        assert_eq!(file.write(b"hello").unwrap(), 5);
        assert_eq!(file.write_at(b"j", 0).unwrap(), 1);
        let mut buf = [0; 8];
        assert_eq!(file.read(&mut buf).unwrap(), 0);
        assert_eq!(file.read_at(&mut buf, 0).unwrap(), 5);
        assert_eq!(&buf[..5], b"jello");
        assert_eq!(file.seek(std::io::SeekFrom::Start(2)).unwrap(), 2);
        assert_eq!(file.read(&mut buf).unwrap(), 3);
        file.truncate(1).unwrap();
        file.sync_all().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"j");
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn test_file_nonblock_from_fd() {
    in_runtime(|| {
        let mut fds = [0; 2];
        // SAFETY: room for two descriptors.
        assert_eq!(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) }, 0);
        // SAFETY: both are fresh and ours.
        let [r, w] = fds.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
        let (r, w) = (File::from_fd(r, "pipe"), File::from(w));
        // Non-blocking already: pollable, and Fd leaves it so.
        r.set_read_deadline(Some(Instant::now())).unwrap();
        assert!(r.read(&mut [0; 1]).unwrap_err().timeout());
        assert_ne!(flags(r.fd()) & libc::O_NONBLOCK, 0);
        assert_eq!(w.write(b"x").unwrap(), 1);
    });
}

fn closed_pipe_race(side: impl FnOnce(&File, &File) -> String + Send + 'static, close_reader: bool) {
    let (r, w) = pipe().unwrap();
    let (r, w) = (Arc::new(r), Arc::new(w));
    let operation = go({
        let (r, w) = (r.clone(), w.clone());
        move || side(&r, &w)
    });
    gopark_runtime::time::sleep(Duration::from_millis(20));
    if close_reader {
        r.close().unwrap()
    } else {
        w.close().unwrap()
    }
    assert!(operation.join().unwrap().ends_with(": file already closed"));
}

#[test]
fn test_closed_pipe_race_read() {
    in_runtime(|| closed_pipe_race(|r, _| r.read(&mut [0]).unwrap_err().to_string(), true));
}

/// A write larger than any pipe. It reports what went into the pipe before.
#[test]
fn test_closed_pipe_race_write() {
    in_runtime(|| {
        let write = |_: &File, w: &File| {
            let max = std::fs::read_to_string("/proc/sys/fs/pipe-max-size").unwrap();
            let data = vec![0; max.trim().parse::<usize>().unwrap() + 1];
            let e = w.write(&data).unwrap_err();
            assert!((1..data.len()).contains(&e.transferred()), "{}", e.transferred());
            e.to_string()
        };
        closed_pipe_race(write, false);
    });
}

/// A descriptor that somebody makes non-blocking behind the file's back: EAGAIN, not a wait that the poller knows nothing of.
#[test]
fn test_read_nonblocking_fd() {
    in_runtime(|| {
        let (r, _w) = pipe().unwrap();
        let fd = r.fd();
        // SAFETY: takes no pointers; the descriptor is the file's.
        unsafe { libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) };
        let file = File::from_fd(blocking_duplicate(fd), "stdin");
        // SAFETY: as above.
        unsafe { libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) };
        let e = file.read(&mut [0]).unwrap_err();
        assert_eq!(e.raw_os_error(), Some(libc::EAGAIN), "{e}");
    });
}

/// A duplicate, both in blocking mode.
fn blocking_duplicate(fd: i32) -> OwnedFd {
    // SAFETY: takes no pointers; the duplicate is ours.
    unsafe {
        libc::fcntl(fd, libc::F_SETFL, 0);
        OwnedFd::from_raw_fd(libc::dup(fd))
    }
}

/// Close returns although a read sits in the kernel.
#[test]
fn test_close_with_blocking_read_by_new_file() {
    in_runtime(|| {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors, which are ours then.
        let [r, w] = unsafe {
            assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
            ends.map(|fd| File::from_fd(OwnedFd::from_raw_fd(fd), "end"))
        };
        let r = Arc::new(r);
        let reader = go({
            let r = r.clone();
            move || r.read(&mut [0])
        });
        gopark_runtime::time::sleep(Duration::from_millis(20));
        r.close().unwrap();
        // The read is not woken by that; the end of the pipe wakes it.
        w.close().unwrap();
        match reader.join().unwrap() {
            Ok(n) => assert_eq!(n, 0),
            Err(e) => assert!(e.is_closed(), "{e}"),
        }
    });
}

#[test]
fn test_fd_race() {
    in_runtime(|| {
        let (_r, w) = pipe().unwrap();
        let w = Arc::new(w);
        let all: Vec<_> = (0..100)
            .map(|_| {
                let w = w.clone();
                go(move || w.fd())
            })
            .collect();
        let number = w.as_raw_fd();
        all.into_iter().for_each(|one| assert_eq!(one.join().unwrap(), number));
        assert_eq!(flags(number) & libc::O_NONBLOCK, 0);
    });
}

/// Rust ignores SIGPIPE when a program starts: a broken pipe is an error on every descriptor, the first two included.
#[test]
fn test_std_pipe() {
    const CHILD: &str = "GOPARK_STD_PIPE_CHILD";
    if let Ok(number) = std::env::var(CHILD) {
        let number: i32 = number.parse().unwrap();
        return in_runtime(|| {
            let (r, w) = pipe().unwrap();
            r.close().unwrap();
            // SAFETY: takes no pointers. The child does nothing else with the descriptor, and ends without closing it.
            let file = unsafe {
                assert_eq!(libc::dup2(w.as_raw_fd(), number), number);
                File::from_fd(OwnedFd::from_raw_fd(number), "out")
            };
            let broken = file.write(b"x").unwrap_err().raw_os_error() == Some(libc::EPIPE);
            std::process::exit(if broken { 42 } else { 3 });
        });
    }
    for number in ["1", "2", "7"] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "pipe::test_std_pipe", "--quiet"]).env(CHILD, number);
        assert_eq!(child.status().unwrap().code(), Some(42), "{number}");
    }
}
