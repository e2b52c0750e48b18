//! Any descriptor. Ports of Go's os/timeout_test.go, os/fifo_test.go, os/rawconn_test.go and internal/poll/read_test.go, under their names. (The first
//! half of timeout_test.go is in `pipe.rs`.)

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::in_runtime;
use gopark_net::os::{Fd, File, pipe};
use gopark_runtime::go;
use gopark_runtime::time::sleep;

fn from_now(ms: u64) -> Option<Instant> {
    Some(Instant::now() + Duration::from_millis(ms))
}

/// A named pipe that goes with the value.
struct Fifo(PathBuf);

impl Fifo {
    fn new(name: &str) -> Fifo {
        let path = std::env::temp_dir().join(format!("gopark-fifo-{}-{name}", std::process::id()));
        let c_path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: a path that ends in NUL.
        assert_eq!(unsafe { libc::mkfifo(c_path.as_ptr(), 0o600) }, 0);
        Fifo(path)
    }

    fn open(&self, flags: i32) -> File {
        File::open_file(&self.0, flags, 0).unwrap()
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn test_read_timeout_must_not_return() {
    in_runtime(|| {
        let (r, _w) = pipe().unwrap();
        let r = Arc::new(r);
        // Set, then lifted: the read waits until the file closes.
        r.set_deadline(from_now(0)).unwrap();
        r.set_deadline(None).unwrap();
        let reader = go({
            let r = r.clone();
            move || r.read(&mut [0]).unwrap_err()
        });
        sleep(Duration::from_millis(30));
        assert!(!reader.is_finished());
        r.close().unwrap();
        assert!(reader.join().unwrap().is_closed());
    });
}

#[test]
fn test_write_timeout_must_not_return() {
    in_runtime(|| {
        let (_r, w) = pipe().unwrap();
        let w = Arc::new(w);
        w.set_write_deadline(from_now(0)).unwrap();
        w.set_write_deadline(None).unwrap();
        let writer = go({
            let w = w.clone();
            move || w.write(&[0; 1 << 20]).unwrap_err()
        });
        sleep(Duration::from_millis(30));
        assert!(!writer.is_finished());
        w.close().unwrap();
        assert!(writer.join().unwrap().is_closed());
    });
}

/// The operation ends soon after its deadline, and never before; longer ones are tried while the machine is late.
fn fluctuates_little(mut wait: impl FnMut(Instant)) {
    let mut timeout = Duration::from_millis(1);
    loop {
        let start = Instant::now();
        wait(start + timeout);
        let took = start.elapsed();
        assert!(took >= timeout, "{took:?} for {timeout:?}");
        if took <= timeout + timeout.max(Duration::from_millis(5)) {
            return;
        }
        timeout *= 2;
        assert!(timeout < Duration::from_secs(4), "{took:?}");
    }
}

#[test]
fn test_read_timeout_fluctuation() {
    in_runtime(|| {
        let (r, _w) = pipe().unwrap();
        fluctuates_little(|at| {
            r.set_read_deadline(Some(at)).unwrap();
            assert!(r.read(&mut [0; 256]).unwrap_err().timeout());
        });
    });
}

#[test]
fn test_write_timeout_fluctuation() {
    in_runtime(|| {
        let (_r, w) = pipe().unwrap();
        fluctuates_little(|at| {
            w.set_write_deadline(Some(at)).unwrap();
            assert!(w.write(&[0; 1 << 20]).unwrap_err().timeout());
        });
    });
}

#[test]
fn test_various_deadlines() {
    in_runtime(|| {
        for us in [1, 10, 100, 1_000, 10_000, 50_000, 100_000] {
            for _ in 0..3 {
                let (r, mut w) = pipe().unwrap();
                let flood = go(move || while w.write_all(&[0; 1024]).is_ok() {});
                r.set_read_deadline(Some(Instant::now() + Duration::from_micros(us))).unwrap();
                let mut buf = [0; 4096];
                let e = loop {
                    if let Err(e) = r.read(&mut buf) {
                        break e;
                    }
                };
                assert!(e.timeout(), "{e}");
                r.close().unwrap();
                flood.join().unwrap();
            }
        }
    });
}

#[test]
fn test_read_write_deadline_race() {
    in_runtime(|| {
        let (r, w) = pipe().unwrap();
        let (r, w) = (Arc::new(r), Arc::new(w));
        let setter = go({
            let (r, w) = (r.clone(), w.clone());
            move || {
                for _ in 0..200 {
                    r.set_read_deadline(Some(Instant::now() + Duration::from_micros(50))).unwrap();
                    w.set_write_deadline(Some(Instant::now() + Duration::from_micros(50))).unwrap();
                    sleep(Duration::from_micros(100));
                }
            }
        });
        let reader = go(move || (0..1000).for_each(|_| drop(r.read(&mut [0]))));
        let writer = go(move || (0..1000).for_each(|_| drop(w.write(&[0]))));
        for one in [setter, reader, writer] {
            one.join().unwrap();
        }
    });
}

/// Many readers of one pipe, each with deadlines of its own making: only timeouts go wrong.
#[test]
fn test_racy_read() {
    in_runtime(|| {
        let (r, mut w) = pipe().unwrap();
        let r = Arc::new(r);
        let flood = go(move || while w.write_all(&[7; 512]).is_ok() {});
        let readers: Vec<_> = (0..10)
            .map(|_| {
                let r = r.clone();
                go(move || {
                    for _ in 0..10 {
                        let mut buf = [0; 64];
                        match r.read(&mut buf) {
                            Ok(n) => assert!(buf[..n].iter().all(|b| *b == 7)),
                            Err(e) => assert!(e.timeout(), "{e}"),
                        }
                        r.set_read_deadline(Some(Instant::now() + Duration::from_millis(1))).unwrap();
                    }
                })
            })
            .collect();
        readers.into_iter().for_each(|r| r.join().unwrap());
        r.close().unwrap();
        flood.join().unwrap();
    });
}

#[test]
fn test_racy_write() {
    in_runtime(|| {
        let (mut r, w) = pipe().unwrap();
        let w = Arc::new(w);
        let drain = go(move || std::io::copy(&mut r, &mut std::io::sink()).unwrap());
        let writers: Vec<_> = (0..10)
            .map(|_| {
                let w = w.clone();
                go(move || {
                    for _ in 0..10 {
                        if let Err(e) = w.write(&[0; 512]) {
                            assert!(e.timeout(), "{e}");
                        }
                        w.set_write_deadline(Some(Instant::now() + Duration::from_millis(1))).unwrap();
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|w| w.join().unwrap());
        w.close().unwrap();
        drain.join().unwrap();
    });
}

/// A terminal that is read while it closes.
#[test]
fn test_tty_close() {
    in_runtime(|| {
        let open = |path: &str| std::fs::File::options().read(true).write(true).open(path).unwrap();
        let master = open("/dev/ptmx");
        let fd = Arc::new(Fd::new(OwnedFd::from(master)).unwrap());
        // SAFETY: the descriptor of a terminal's master.
        unsafe { libc::unlockpt(fd.as_raw_fd()) };
        let reader = go({
            let fd = fd.clone();
            move || fd.read(&mut [0]).unwrap_err()
        });
        sleep(Duration::from_millis(20));
        // Nobody has the terminal open: the master's read fails at once, or it is parked and close wakes it.
        let _ = fd.close();
        let e = reader.join().unwrap();
        assert!(e.is_closed() || e.raw_os_error() == Some(libc::EIO), "{e}");
    });
}

#[test]
fn test_fifo_eof() {
    in_runtime(|| {
        let fifo = Fifo::new("eof");
        // Opening one side waits for the other: for writing and reading it does not.
        let writer = fifo.open(libc::O_RDWR);
        let mut reader = fifo.open(libc::O_RDONLY);
        let writing = go(move || {
            for i in 0..3 {
                sleep(Duration::from_millis(5));
                writer.write(format!("line {i}\n").as_bytes()).unwrap();
            }
            writer.close().unwrap();
        });
        let mut all = String::new();
        reader.read_to_string(&mut all).unwrap();
        assert_eq!(all, "line 0\nline 1\nline 2\n");
        writing.join().unwrap();
    });
}

/// Files that the poller refuses, many at once.
#[test]
fn test_non_pollable() {
    in_runtime(|| {
        let all: Vec<_> = (0..20)
            .map(|_| {
                go(|| {
                    for _ in 0..50 {
                        let f = File::open("/dev/zero").unwrap();
                        let g = File::open("/dev/null").unwrap();
                        assert_eq!(f.read(&mut [1; 16]).unwrap(), 16);
                        assert_eq!(g.read(&mut [1; 16]).unwrap(), 0);
                        f.close().unwrap();
                    }
                })
            })
            .collect();
        all.into_iter().for_each(|one| one.join().unwrap());
    });
}

fn nonblocking(file: &File) -> bool {
    // SAFETY: takes no pointers.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFL) & libc::O_NONBLOCK != 0 }
}

#[test]
fn test_open_file_non_blocking() {
    in_runtime(|| {
        let me = std::env::current_exe().unwrap();
        let file = File::open_file(me, libc::O_RDONLY | libc::O_NONBLOCK, 0).unwrap();
        assert!(nonblocking(&file));
    });
}

#[test]
fn test_new_file_non_blocking() {
    in_runtime(|| {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors, which are ours then.
        let [r, _w] = unsafe {
            assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK), 0);
            ends.map(|fd| OwnedFd::from_raw_fd(fd))
        };
        let file = File::from_fd(r, "pipe");
        assert!(nonblocking(&file));
        // Its descriptor is given out as it came.
        file.fd();
        assert!(nonblocking(&file));
        file.set_read_deadline(from_now(5)).unwrap();
        assert!(file.read(&mut [0]).unwrap_err().timeout());
    });
}

/// A fifo that was opened non-blocking, whose only writer goes.
#[test]
fn test_fifo_non_blocking_eof() {
    in_runtime(|| {
        let fifo = Fifo::new("nonblocking");
        let mut reader = fifo.open(libc::O_RDONLY | libc::O_NONBLOCK);
        let writer = fifo.open(libc::O_WRONLY);
        let closing = go(move || {
            sleep(Duration::from_millis(10));
            writer.write(b"data").unwrap();
            writer.close().unwrap();
        });
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"data");
        closing.join().unwrap();
    });
}

/// Calls of one's own, repeated while they would block.
#[test]
fn test_raw_conn_read_write() {
    in_runtime(|| {
        let (r, w) = pipe().unwrap();
        let (r, w) = (Fd::new(OwnedFd::from(r)).unwrap(), Fd::new(OwnedFd::from(w)).unwrap());
        let writer = go(move || {
            sleep(Duration::from_millis(10));
            // SAFETY: a buffer and its length.
            w.write_with(|fd| result(unsafe { libc::write(fd, b"boo".as_ptr().cast(), 3) })).unwrap()
        });
        let mut buf = [0u8; 8];
        let mut calls = 0;
        let n = r.read_with(|fd| {
            calls += 1;
            // SAFETY: a buffer and its length.
            result(unsafe { libc::read(fd, buf.as_mut_ptr().cast(), buf.len()) })
        });
        assert_eq!((n.unwrap(), &buf[..3], calls), (3, &b"boo"[..], 2));
        assert_eq!(writer.join().unwrap(), 3);
        // A deadline ends the wait, a close too.
        r.set_read_deadline(from_now(5)).unwrap();
        let again = |_| Err::<(), _>(std::io::ErrorKind::WouldBlock.into());
        assert_eq!(r.read_with(again).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
        r.close().unwrap();
        assert_eq!(r.read_with(again).unwrap_err().to_string(), "file already closed");
    });
}

fn result(n: isize) -> std::io::Result<usize> {
    usize::try_from(n).map_err(|_| std::io::Error::last_os_error())
}

/// Files of the kernel's own, read by many at once.
#[test]
fn test_read() {
    in_runtime(|| {
        let paths = ["/dev/null", "/proc/stat", "/sys/devices/system/cpu/online"];
        let readers: Vec<_> = paths
            .into_iter()
            .cycle()
            .take(12)
            .map(|path| {
                go(move || {
                    for _ in 0..20 {
                        let Ok(mut file) = File::open(path) else { return };
                        let mut all = Vec::new();
                        file.read_to_end(&mut all).unwrap();
                        assert_eq!(all.is_empty(), path == "/dev/null");
                    }
                })
            })
            .collect();
        readers.into_iter().for_each(|one| one.join().unwrap());
    });
}

/// A timer of the kernel's that is read as one reads a connection.
#[test]
fn a_timerfd_parks_its_reader() {
    in_runtime(|| {
        // SAFETY: makes a descriptor that is ours; the value lives as long as the call.
        let timer = unsafe {
            let fd = libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC);
            let every = libc::timespec { tv_sec: 0, tv_nsec: 5_000_000 };
            let value = libc::itimerspec { it_interval: every, it_value: every };
            assert_eq!(libc::timerfd_settime(fd, 0, &value, std::ptr::null_mut()), 0);
            Fd::new(OwnedFd::from_raw_fd(fd)).unwrap()
        };
        let start = Instant::now();
        let mut ticks = 0;
        while ticks < 5 {
            let mut count = [0; 8];
            assert_eq!(timer.read(&mut count).unwrap(), 8);
            ticks += u64::from_ne_bytes(count);
        }
        assert!(start.elapsed() >= Duration::from_millis(24));
    });
}

/// Changes of a folder.
#[test]
fn an_inotify_parks_its_reader() {
    in_runtime(|| {
        let folder = std::env::temp_dir().join(format!("gopark-inotify-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let path = std::ffi::CString::new(folder.to_str().unwrap()).unwrap();
        // SAFETY: makes a descriptor that is ours; a path that ends in NUL.
        let watch = unsafe {
            let fd = libc::inotify_init1(libc::IN_CLOEXEC);
            assert!(libc::inotify_add_watch(fd, path.as_ptr(), libc::IN_CREATE) >= 0);
            Fd::new(OwnedFd::from_raw_fd(fd)).unwrap()
        };
        let watch = Arc::new(watch);
        let reader = go({
            let watch = watch.clone();
            move || {
                let mut buf = [0; 512];
                let n = watch.read(&mut buf).unwrap();
                String::from_utf8_lossy(&buf[16..n]).trim_end_matches('\0').to_owned()
            }
        });
        sleep(Duration::from_millis(10));
        assert!(!reader.is_finished());
        std::fs::write(folder.join("new"), b"").unwrap();
        assert_eq!(reader.join().unwrap(), "new");
        watch.set_read_deadline(from_now(5)).unwrap();
        assert!(watch.read(&mut [0; 512]).unwrap_err().timeout());
        std::fs::remove_dir_all(folder).unwrap();
    });
}
