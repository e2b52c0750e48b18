//! The server workloads, a goroutine for each connection with the read buffer on its stack, and the goroutines that
//! stand by or compute while another workload is measured.

use bench_contract::{Job, READ_BUFFER, ready};
use gopark::net::{Conn, listen};
use gopark::{go, gosched};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

pub(crate) fn serve(job: &'static Job, connection: fn(&Conn)) {
    let address = format!("127.0.0.1:{}", job.get::<u16>("port", 0));
    let listener = listen("tcp4", &address).expect("the port is free");
    ready();
    loop {
        let conn = listener.accept().expect("accept"); // TCP_NODELAY is what Go's face sets by itself
        go(move || connection(&conn));
    }
}

pub(crate) fn echo(conn: &Conn) {
    let mut buf = [0; READ_BUFFER];
    while let Ok(n @ 1..) = conn.read(&mut buf) {
        if conn.write(&buf[..n]).is_err() {
            return;
        }
    }
}

pub(crate) fn one_line(conn: &Conn) {
    let mut buf = [0; READ_BUFFER];
    let mut len = 0;
    while !buf[..len].contains(&b'\n') {
        let Ok(n @ 1..) = conn.read(&mut buf[len..]) else { return };
        len += n;
    }
    _ = conn.write(&buf[..len]); // the client may have left
}

/// Parks `n` goroutines for ever, to see whether the rest grows slower by them. Returns when all have had their first turn.
pub(crate) fn park_bystanders(n: usize) {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    let never = gopark::chan::never::<()>();
    for _ in 0..n {
        let never = never.clone();
        go(move || {
            STARTED.fetch_add(1, Relaxed);
            never.recv()
        });
    }
    while STARTED.load(Relaxed) < n {
        gosched();
    }
}

/// Starts `n` goroutines that compute and never enter the runtime by themselves.
pub(crate) fn start_hogs(n: usize) {
    for _ in 0..n {
        go(|| {
            let mut x = 1_u64;
            loop {
                x = black_box(x).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            }
        });
    }
}

/// Starts `n` goroutines that sleep as threads do, in the kernel and without a word to the runtime, 5 s at a time.
pub(crate) fn start_asleep(n: usize) {
    for _ in 0..n {
        go(|| {
            loop {
                std::thread::sleep(Duration::from_secs(5));
            }
        });
    }
}

/// Starts `n` goroutines that compute for some 20 us and yield, so that the run queues are never empty.
pub(crate) fn start_yielders(n: usize) {
    for _ in 0..n {
        go(|| {
            loop {
                (0..20_000).for_each(|i| _ = black_box(i));
                gosched();
            }
        });
    }
}
