//! Calls that a sandbox refuses (EPERM), or an older kernel does not know (ENOSYS): what has
//! another way goes that way. A filter refuses them in a process of the test's.

use std::io::{Read, Write};
use std::process::Command as StdCommand;
use std::time::Duration;

use crate::common::{arguments_for, assert_passed, in_runtime, local, pattern, std_pair};
use gopark_net::os::{File, pipe};
use gopark_net::process::{Command, Stdio, exit_text};
use gopark_runtime::signal::Signal;
use gopark_runtime::{go, time};

const INSIDE: &str = "GOPARK_TEST_REFUSED";
/// Which call, and perhaps which value of which of its arguments.
type Call = (&'static str, libc::c_long, Option<(u32, u32)>);

const WITH_ANOTHER_WAY: [Call; 11] = [
    ("pidfd_open", libc::SYS_pidfd_open, None),
    ("pidfd_send_signal", libc::SYS_pidfd_send_signal, None),
    ("waitid(P_PIDFD)", libc::SYS_waitid, Some((0, libc::P_PIDFD))),
    ("waitid", libc::SYS_waitid, None),
    ("epoll_pwait2", libc::SYS_epoll_pwait2, None),
    ("copy_file_range", libc::SYS_copy_file_range, None),
    ("splice", libc::SYS_splice, None),
    ("sendfile", libc::SYS_sendfile, None),
    ("madvise(MADV_GUARD_INSTALL)", libc::SYS_madvise, Some((2, 102))),
    ("membarrier", libc::SYS_membarrier, None),
    ("process_madvise", libc::SYS_process_madvise, None),
];

/// Has the kernel refuse a call to this thread and those that it starts.
fn refuse((_, number, argument): Call, errno: i32) {
    let code = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let load = |offset| code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset);
    let unless = |k, skipped| code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, skipped, k);
    let result = |k| code(libc::BPF_RET | libc::BPF_K, 0, 0, k);
    let mut filter = vec![load(0), unless(number as u32, if argument.is_some() { 3 } else { 1 })];
    if let Some((index, value)) = argument {
        // The lower half of the argument (little endian).
        filter.extend([load(16 + 8 * index), unless(value, 1)]);
    }
    filter.extend([result(libc::SECCOMP_RET_ERRNO | errno as u32), result(libc::SECCOMP_RET_ALLOW)]);
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: a program that lives over the call.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
    }
}

/// Runs the test again for each call and errno, and `body` there.
fn with_each(test: &str, calls: &[Call], body: fn(&str)) {
    if let Ok(which) = std::env::var(INSIDE) {
        let (index, errno) = which.split_once(' ').unwrap();
        let call = calls[index.parse::<usize>().unwrap()];
        refuse(call, errno.parse().unwrap());
        return in_runtime(|| body(call.0));
    }
    for (index, call) in calls.iter().enumerate() {
        for errno in [libc::EPERM, libc::ENOSYS] {
            println!("{} is refused by {errno}", call.0);
            let mut again = StdCommand::new(std::env::current_exe().unwrap());
            again.args(arguments_for(module_path!(), test)).env(INSIDE, format!("{index} {errno}"));
            assert_passed(&again.output().unwrap());
        }
    }
}

fn children() {
    let output = Command::new("/bin/sh").args(["-c", "echo hello; exit 3"]).output().unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(3), &b"hello\n"[..]));
    let child = Command::new("sleep").arg("60").spawn().unwrap();
    assert!(child.try_wait().unwrap().is_none());
    child.signal(Signal::TERMINATED).unwrap();
    assert_eq!(exit_text(&child.wait().unwrap()).to_string(), "signal: terminated");
    // Nobody is signalled any more.
    child.kill().unwrap();
    assert_eq!(exit_text(&child.try_wait().unwrap().unwrap()).to_string(), "signal: terminated");
    let child = std::sync::Arc::new(Command::new("cat").stdin(Stdio::piped()).spawn().unwrap());
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let child = child.clone();
            go(move || child.wait().unwrap().code())
        })
        .collect();
    for waited in waiting {
        assert_eq!(waited.join().unwrap(), Some(0));
    }
    let child = Command::new("true").spawn().unwrap();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => time::sleep(Duration::from_millis(2)),
        }
    };
    assert!(status.success());
    let mut forked = Command::new("true");
    // SAFETY: nothing is called.
    unsafe { forked.pre_exec(|| Ok(())) };
    assert!(forked.status().unwrap().success());
    assert_eq!(Command::new("/no/such/program").spawn().unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

fn copies() {
    let data = pattern(300_000);
    let path = std::env::temp_dir().join(format!("gopark-refused-{}", std::process::id()));
    let copied = path.with_extension("copy");
    std::fs::write(&path, &data).unwrap();
    let mut file = File::open(&path).unwrap();
    let mut to = File::create(&copied).unwrap();
    assert_eq!(gopark_net::io::copy(&mut file, &mut to).unwrap(), 300_000);
    assert_eq!(std::fs::read(&copied).unwrap(), data);
    let (mut a, mut b) = std_pair();
    let (mut c, mut d) = std_pair();
    let sent = path.clone();
    let sending = go(move || gopark_net::io::copy(&mut File::open(&sent).unwrap(), &mut a).unwrap());
    let copying = go(move || gopark_net::io::copy(&mut b, &mut c).unwrap());
    let mut got = Vec::new();
    d.read_to_end(&mut got).unwrap();
    assert_eq!((sending.join().unwrap(), copying.join().unwrap()), (300_000, 300_000));
    assert!(got == data);
    std::fs::remove_file(path).unwrap();
    std::fs::remove_file(copied).unwrap();
}

fn goroutines() {
    let all: Vec<_> = (0..500).map(|n| go(move || (time::sleep(Duration::from_millis(5)), n).1)).collect();
    assert_eq!(all.into_iter().map(|g| g.join().unwrap()).sum::<i32>(), 499 * 500 / 2);
    // A goroutine that computes loses its P.
    let hog = go(|| {
        let until = std::time::Instant::now() + Duration::from_millis(60);
        while std::time::Instant::now() < until {
            std::hint::spin_loop();
        }
    });
    go(|| time::sleep(Duration::from_millis(1))).join().unwrap();
    hog.join().unwrap();
}

#[test]
fn what_has_another_way_goes_that_way() {
    with_each("what_has_another_way_goes_that_way", &WITH_ANOTHER_WAY, |_| {
        children();
        copies();
        goroutines();
    });
}

/// Go and std have no other way either: an error, in the caller's hands, and the rest works.
#[test]
fn what_has_no_other_way_is_an_error() {
    const CALLS: [Call; 3] = [
        ("accept4", libc::SYS_accept4, None),
        ("pipe2", libc::SYS_pipe2, None),
        ("netlink", libc::SYS_socket, Some((0, libc::AF_NETLINK as u32))),
    ];
    with_each("what_has_no_other_way_is_an_error", &CALLS, |call| {
        let refused = [Some(libc::EPERM), Some(libc::ENOSYS)];
        match call {
            "accept4" => assert!(refused.contains(&local().accept().unwrap_err().raw_os_error())),
            "pipe2" => {
                assert!(refused.contains(&pipe().unwrap_err().raw_os_error()));
                assert!(refused.contains(&Command::new("true").spawn().unwrap_err().raw_os_error()));
                copies();
            }
            // A zone is a number then.
            _ => assert!(gopark_net::dial("udp", "[fe80::1%no-such-zone]:9").is_err()),
        }
        if call != "pipe2" {
            children();
        }
        if call != "accept4" {
            let (mut a, mut b) = std_pair();
            a.write_all(b"x").unwrap();
            b.read_exact(&mut [0]).unwrap();
        }
        goroutines();
    });
}
