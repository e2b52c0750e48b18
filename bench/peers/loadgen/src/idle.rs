//! What idle connections cost in memory.

use crate::sockets::{connect_all, receive_exactly, send};
use bench_contract::{Job, Memory};
use rustix::fd::OwnedFd;
use std::time::Duration;

pub fn run(job: &Job) {
    let (port, pid, n): (u16, _, usize) = (job.get("port", 0), job.word("pid", ""), job.get("conns", 10_000));
    let first = connect_all(port, pid, 1);
    echo_once(&first); // whatever the server starts late has started now
    let before = settled(pid);
    let connections = connect_all(port, pid, n);
    let idle = settled(pid);
    echo_once(&connections);
    let used = settled(pid);

    let mut figures = vec![("n", n as f64)];
    figures.extend(idle.growth_per(&before, n as u64));
    let [rss, pss, ..] = used.growth_per(&before, n as u64);
    figures.extend([("rss_per_after_echo", rss.1), ("pss_per_after_echo", pss.1)]);
    job.answer(&figures);
}

fn echo_once(connections: &[OwnedFd]) {
    for connection in connections {
        send(connection, &[b'x'; 64]);
        receive_exactly(connection, 64);
    }
}

fn settled(pid: &str) -> Memory {
    std::thread::sleep(Duration::from_millis(200));
    Memory::of(pid)
}
