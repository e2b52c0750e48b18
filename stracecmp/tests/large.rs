//! A log of a million lines: under 5 s and 300 MB in a release build; less of it otherwise.

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const OPTIMISED: bool = !cfg!(debug_assertions);
const LINES: usize = if OPTIMISED { 1_000_000 } else { 20_000 };

/// A busy server: connections come, echo data that never repeats, and go; calls of threads are torn apart.
fn busy_server(lines: usize) -> String {
    let mut random = 88_172_645_463_325_252u64;
    let mut next = move |n: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 33).expect("31 bits") % n
    };
    let mut log = String::from(
        "100 epoll_create1(EPOLL_CLOEXEC) = 4\n\
         100 socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP) = 3\n\
         100 epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET, data={u32=2, u64=2}}) = 0\n",
    );
    let (mut n, mut tag, mut free, mut open) = (3, 10, (6..400).collect::<Vec<usize>>(), Vec::new());
    while n < lines {
        let t = 100 + next(4);
        if open.is_empty() || (!free.is_empty() && next(7) == 0) {
            let fd = free.pop().expect("checked");
            tag += 1;
            writeln!(log, "{t} accept4(3, {{sa_family=AF_INET6, sin6_port=htons({}), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"::ffff:127.0.0.1\", &sin6_addr), sin6_scope_id=0}}, [112 => 28], SOCK_CLOEXEC|SOCK_NONBLOCK) = {fd}\n{t} epoll_ctl(4, EPOLL_CTL_ADD, {fd}, {{events=EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET, data={{u32={tag}, u64={tag}}}}}) = 0\n{t} setsockopt({fd}, SOL_TCP, TCP_NODELAY, [1], 4) = 0", 33000 + next(20000)).expect("in memory");
            open.push((fd, tag));
            n += 3;
            continue;
        }
        let i = next(open.len());
        let (fd, tag) = open[i];
        if next(10) == 0 {
            writeln!(log, "{t} epoll_ctl(4, EPOLL_CTL_DEL, {fd}, 0xc{:09x}) = 0\n{t} close({fd} <unfinished ...>\n199 futex(0x55d0, FUTEX_WAKE_PRIVATE, 1) = 1\n{t} <... close resumed>) = 0", next(1 << 30)).expect("in memory");
            open.swap_remove(i);
            free.push(fd);
            n += 4;
            continue;
        }
        let text = format!("message {n} of many, some text that differs from line to line\\n");
        let len = text.len() - 1;
        writeln!(log, "{t} read({fd}, 0xc{:09x}, 4096) = -1 EAGAIN (Resource temporarily unavailable)\n{t} epoll_pwait(4, [{{events=EPOLLIN|EPOLLOUT, data={{u32={tag}, u64={tag}}}}}], 128, -1, NULL, 0) = 1\n{t} read({fd}, \"{text}\", 4096) = {len}\n{t} write({fd}, \"{text}\", {len}) = {len}", next(1 << 30)).expect("in memory");
        n += 4;
    }
    log
}

/// What the children so far used.
fn usage() -> libc::rusage {
    // SAFETY: all bytes zero is a valid rusage.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: getrusage writes only into the rusage, which lives on this stack.
    let done = unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage) };
    assert_eq!(done, 0);
    usage
}

/// The most memory that any child so far had, in MB.
fn peak() -> i64 {
    usage().ru_maxrss / 1024
}

/// The processor time of all children so far. It is what the tool needs, whatever else the machine does meanwhile.
fn processor_time() -> Duration {
    let of =
        |t: libc::timeval| Duration::from_secs(t.tv_sec as u64) + Duration::from_micros(t.tv_usec as u64);
    let usage = usage();
    of(usage.ru_utime) + of(usage.ru_stime)
}

/// Runs the tool and returns the processor time it took, and the time on the wall.
fn timed(args: &[&Path], want: i32) -> (Duration, Duration) {
    let (before, begin) = (processor_time(), Instant::now());
    let mut command = Command::new(env!("CARGO_BIN_EXE_stracecmp"));
    let status = command.args(args).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it starts");
    assert_eq!(status.code(), Some(want), "{args:?}");
    (processor_time() - before, begin.elapsed())
}

#[test]
fn a_million_lines() {
    let dir = tempfile::tempdir().expect("a folder");
    let (log, reference) = (dir.path().join("big.strace"), dir.path().join("big.trace"));
    std::fs::write(&log, busy_server(LINES)).expect("written");
    let small = dir.path().join("small.strace");
    std::fs::write(&small, busy_server(1000)).expect("written");
    let words: [&Path; 4] = ["show".as_ref(), "normalise".as_ref(), "compare".as_ref(), "-o".as_ref()];
    let [show, normalise, compare, out] = words;
    let jobs: [(&str, Vec<&Path>, i32); 4] = [
        ("show", vec![show, &log], 0),
        ("normalise", vec![normalise, out, &reference, &log], 0),
        ("compare with a short log", vec![compare, &small, &log], 1),
        ("compare with itself", vec![compare, &reference, &log], 0),
    ];
    for (name, args, want) in jobs {
        let (mut took, wall) = timed(&args, want);
        if OPTIMISED && took > Duration::from_secs(5) {
            took = timed(&args, want).0; // a crowded machine slows processors too
        }
        println!("{LINES} lines, {name}: {took:.2?} ({wall:.2?} on the wall), peak so far {} MB", peak());
        assert!(!OPTIMISED || took < Duration::from_secs(5), "{name}: {took:?}");
        assert!(peak() < 300, "{name}: {} MB", peak());
    }
    if !OPTIMISED {
        eprintln!("SKIPPED: times, and the whole million, are for release builds");
    }
}
