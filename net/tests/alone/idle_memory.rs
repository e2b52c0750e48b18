//! What an idle connection costs: a goroutine parked in a read with a buffer of 1 KiB on its stack, and its connection.
//! Memory is counted for the whole process.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::common::in_runtime;
use gopark_net::listen;
use gopark_runtime::go;
use gopark_runtime::time::sleep;

/// Go's connections cost 3.7 to 4.7 KB; ours a page of stack, its page tables (4 608 together), the join record, and 136 bytes for
/// the connection: 40 in the poller, 96 for both addresses and the locks.
const BYTES_EACH: usize = 4_900;

#[test]
fn an_idle_connection_is_small() {
    crate::alone(module_path!(), "an_idle_connection_is_small", || {
        in_runtime(|| {
            let n = raise_limit().saturating_sub(200) / 2;
            let n = n.min(8_000);
            let ln = listen("tcp", "127.0.0.1:0").unwrap();
            let addr = ln.addr().to_string();
            let parked = Arc::new(AtomicUsize::new(0));
            let mut clients = Vec::with_capacity(n);
            let mut before = 0;
            // The first few touch what is not theirs.
            let warm = n / 10;
            for i in 0..n {
                if i == warm {
                    wait_for(&parked, warm);
                    before = resident();
                }
                clients.push(std::net::TcpStream::connect(&addr).unwrap());
                let c = ln.accept().unwrap();
                let parked = parked.clone();
                go(move || {
                    let mut buf = [0u8; 1024];
                    parked.fetch_add(1, Relaxed);
                    let _ = c.read(std::hint::black_box(&mut buf));
                });
            }
            wait_for(&parked, n);
            sleep(Duration::from_millis(100));
            let each = (resident() - before) / (n - warm);
            println!("{n} idle connections: {each} bytes each with page tables");
            if !cfg!(debug_assertions) {
                assert!(each <= BYTES_EACH, "{each} bytes for an idle connection, more than {BYTES_EACH}");
            }
        });
    });
}

fn wait_for(parked: &AtomicUsize, n: usize) {
    while parked.load(Relaxed) < n {
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_millis(20));
}

/// Raises the limit of descriptors as far as it goes; returns it.
fn raise_limit() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is valid for both calls.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit), 0);
        limit.rlim_cur = limit.rlim_max;
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit), 0);
    }
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}

/// Resident bytes of this process, page tables included.
fn resident() -> usize {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    ["VmRSS:", "VmPTE:"]
        .iter()
        .map(|name| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches("kB").trim().parse::<usize>().unwrap() * 1024
        })
        .sum()
}
