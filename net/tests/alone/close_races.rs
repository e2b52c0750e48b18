//! Close racing read, write, accept and set_deadline on one descriptor, with descriptor numbers reused all the time.
//!
//! Each pair of ends has a byte of its own, so that data or an event that reaches the wrong descriptor is found. The test runs
//! itself as a child for each number of Ps; a child that hangs is killed and fails the test. Long form: `GOPARK_SOAK_SECONDS=60`.

use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::arguments_for;
use gopark_net::{Conn, Listener, OpError, dial, listen};
use gopark_runtime::time::sleep;
use gopark_runtime::{go, gosched};

/// Set for a child: it is to run the races itself.
const CHILD: &str = "GOPARK_CLOSE_RACES_CHILD";

#[test]
fn close_races_with_2_procs() {
    races_in_a_child("close_races_with_2_procs", 2);
}

#[test]
fn close_races_with_8_procs() {
    races_in_a_child("close_races_with_8_procs", 8);
}

fn seconds() -> u64 {
    std::env::var("GOPARK_SOAK_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(3)
}

fn races_in_a_child(test: &str, procs: usize) {
    if std::env::var_os(CHILD).is_some() {
        // SAFETY: nothing thread-bound lives across a parking call.
        return unsafe { gopark_runtime::run(races) };
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(arguments_for(module_path!(), test))
        .env(CHILD, "1")
        .env("GOMAXPROCS", procs.to_string())
        .spawn()
        .unwrap();
    let limit = Instant::now() + Duration::from_secs(seconds() + 30);
    assert!(ends_well(&mut child, limit), "the races with {procs} procs failed or hung");
}

/// Waits for the child; one that is late is killed.
fn ends_well(child: &mut Child, limit: Instant) -> bool {
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return status.success(),
            None if Instant::now() > limit => {
                // A dump of its goroutines first.
                // SAFETY: a signal to a child that has not been waited for.
                unsafe { libc::kill(child.id() as i32, libc::SIGQUIT) };
                thread::sleep(Duration::from_secs(1));
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn races() {
    // Makes the poller and reads what is read once.
    drop(Pair::new(&listen("tcp", "127.0.0.1:0").unwrap(), 0));
    let before = open_descriptors();
    let end = Instant::now() + Duration::from_secs(seconds());
    let rounds = Arc::new(AtomicU64::new(0));
    let workers: Vec<_> = (0..8u64)
        .map(|w| {
            let rounds = rounds.clone();
            go(move || {
                let mut random = Random(w + 1);
                let ln = listen("tcp", "127.0.0.1:0").unwrap();
                while Instant::now() < end {
                    conn_race(&ln, &mut random);
                    accept_race(&mut random);
                    rounds.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    // The last goroutines' ends may still be on their way out.
    let limit = Instant::now() + Duration::from_secs(5);
    while open_descriptors() != before && Instant::now() < limit {
        sleep(Duration::from_millis(1));
    }
    assert_eq!(open_descriptors(), before, "descriptors leaked");
    let rounds = rounds.load(Relaxed);
    println!("{rounds} rounds");
    assert!(rounds > 20, "only {rounds} rounds: something is stuck");
}

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Two ends of a connection, and the byte that is theirs.
struct Pair {
    client: Conn,
    server: Conn,
    byte: u8,
}

impl Pair {
    fn new(ln: &Listener, byte: u8) -> Pair {
        let client = dial("tcp", &ln.addr().to_string()).unwrap();
        let server = ln.accept().unwrap();
        assert_eq!(server.remote_addr(), client.local_addr());
        Pair { client, server, byte }
    }
}

/// Readers, writers, setters and closers on both ends.
fn conn_race(ln: &Listener, random: &mut Random) {
    let pair = Pair::new(ln, random.next() as u8);
    let mut all = Vec::new();
    for conn in [&pair.client, &pair.server] {
        for _ in 0..2 {
            let (c, byte) = (conn.clone(), pair.byte);
            all.push(go(move || read_to_the_end(&c, byte)));
        }
        let (c, byte) = (conn.clone(), pair.byte);
        all.push(go(move || write_to_the_end(&c, byte)));
        let (c, seed) = (conn.clone(), random.next());
        all.push(go(move || set_deadlines_to_the_end(&c, seed)));
        let (c, pause) = (conn.clone(), random.pause());
        all.push(go(move || {
            pause.take();
            c.close().unwrap();
            assert!(c.close().unwrap_err().is_closed());
        }));
    }
    for goroutine in all {
        goroutine.join().unwrap();
    }
}

fn read_to_the_end(c: &Conn, byte: u8) {
    let mut buf = [!byte; 4096];
    loop {
        match c.read(&mut buf) {
            Ok(0) => return,
            Ok(n) => assert!(buf[..n].iter().all(|b| *b == byte), "somebody else's data"),
            Err(e) if e.timeout() => gosched(),
            Err(e) => return assert_closed_or_reset(&e),
        }
    }
}

fn write_to_the_end(c: &Conn, byte: u8) {
    let data = [byte; 16384];
    loop {
        match c.write(&data) {
            Ok(n) => assert_eq!(n, data.len()),
            Err(e) if e.timeout() => gosched(),
            Err(e) => return assert_closed_or_reset(&e),
        }
    }
}

fn set_deadlines_to_the_end(c: &Conn, seed: u64) {
    let mut random = Random(seed | 1);
    loop {
        let in_us = |us| Some(Instant::now() + Duration::from_micros(us));
        let at = match random.next() % 4 {
            0 => None,
            1 => in_us(0),
            _ => in_us(random.next() % 300),
        };
        let result = match random.next() % 3 {
            0 => c.set_deadline(at),
            1 => c.set_read_deadline(at),
            _ => c.set_write_deadline(at),
        };
        match result {
            Ok(()) => random.pause().take(),
            Err(e) => return assert!(e.is_closed(), "{e}"),
        }
    }
}

fn assert_closed_or_reset(e: &OpError) {
    let reset = matches!(e.raw_os_error(), Some(libc::ECONNRESET | libc::EPIPE));
    assert!(e.is_closed() || reset, "{e}");
}

/// Acceptors and a dialer against the listener's close.
fn accept_race(random: &mut Random) {
    let ln = Arc::new(listen("tcp", "127.0.0.1:0").unwrap());
    let addr = ln.addr().to_string();
    let mut all = Vec::new();
    for _ in 0..2 {
        let ln = ln.clone();
        all.push(go(move || {
            loop {
                match ln.accept() {
                    Ok(c) => drop(c),
                    Err(e) if e.timeout() => gosched(),
                    Err(e) => return assert!(e.is_closed(), "{e}"),
                }
            }
        }));
    }
    all.push(go(move || {
        while let Ok(c) = dial("tcp", &addr) {
            // Without waiting: the port is not to run out.
            let _ = c.set_linger(Some(Duration::ZERO));
        }
    }));
    let (setter, pause) = (ln.clone(), random.pause());
    all.push(go(move || {
        while setter.set_deadline(Some(Instant::now() + Duration::from_micros(50))).is_ok() {
            pause.take();
        }
    }));
    random.pause().take();
    ln.close().unwrap();
    for goroutine in all {
        goroutine.join().unwrap();
    }
}

/// xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pause(&mut self) -> Pause {
        match self.next() % 3 {
            0 => Pause::None,
            1 => Pause::Yield,
            _ => Pause::Sleep(Duration::from_micros(self.next() % 500)),
        }
    }
}

#[derive(Clone, Copy)]
enum Pause {
    None,
    Yield,
    Sleep(Duration),
}

impl Pause {
    fn take(self) {
        match self {
            Pause::None => {}
            Pause::Yield => gosched(),
            Pause::Sleep(d) => sleep(d),
        }
    }
}
