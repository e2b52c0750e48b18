//! The library's own descriptors stay off 0, 1 and 2, which a process may have closed: a child
//! inherits what is there. std says what is right.

use std::io::{Read, Write};
use std::os::fd::RawFd;
use std::process::Command as StdCommand;

use super::alone;
use crate::common::{connect, in_runtime, local, std_pair};
use gopark_net::process::{Command, Stdio};
use gopark_runtime::{go, poll_api};

/// Calls `f` while these descriptors are closed.
fn without<T>(closed: &[RawFd], f: impl FnOnce() -> T) -> T {
    let saved: Vec<RawFd> = closed
        .iter()
        .map(|&fd| {
            // SAFETY: takes no pointers.
            let saved = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 100) };
            // SAFETY: a standard descriptor, put back below.
            assert!(saved >= 100 && unsafe { libc::close(fd) } == 0);
            saved
        })
        .collect();
    let result = f();
    for (&fd, &saved) in closed.iter().zip(&saved) {
        // SAFETY: takes no pointers.
        unsafe { (libc::dup2(saved, fd), libc::close(saved)) };
    }
    result
}

fn is_open(fd: RawFd) -> bool {
    // SAFETY: takes no pointers.
    unsafe { libc::fcntl(fd, libc::F_GETFD) >= 0 }
}

const CASES: [&[RawFd]; 7] = [&[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]];

#[test]
fn children_of_a_process_without_standard_descriptors() {
    alone(module_path!(), "children_of_a_process_without_standard_descriptors", || {
        const TALKS: &str = "echo out; echo err >&2; exit 3";
        // Which of its own are open: the shell's tests make no descriptors of theirs.
        const OPEN: &str = "for i in 0 1 2; do [ -e /proc/$$/fd/$i ] && n=$n$i; done; exit 1$n";
        for closed in CASES {
            let (right, got) = without(closed, || {
                let std_status =
                    |script| StdCommand::new("/bin/sh").args(["-c", script]).status().unwrap().code();
                let right = (std_status(TALKS), std_status(OPEN));
                let got = in_runtime(|| {
                    let status =
                        |script| Command::new("/bin/sh").args(["-c", script]).status().unwrap().code();
                    let got = (status(TALKS), status(OPEN));
                    let output = Command::new("/bin/sh").args(["-c", TALKS]).output().unwrap();
                    assert_eq!(
                        (output.status.code(), &output.stdout[..]),
                        (Some(3), &b"out\n"[..]),
                        "{closed:?}"
                    );
                    assert_eq!(output.stderr, b"err\n", "{closed:?}");
                    // Input and one output by a pipe, the rest inherited.
                    let mut cat = Command::new("cat");
                    let cat = cat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
                    cat.stdin.as_ref().unwrap().write(b"through").unwrap();
                    assert_eq!(cat.wait_with_output().unwrap().stdout, b"through", "{closed:?}");
                    got
                });
                assert!(closed.iter().all(|&fd| !is_open(fd)), "{closed:?}: something is left there");
                (right, got)
            });
            assert_eq!(got, right, "{closed:?}");
        }
    });
}

#[test]
fn poller_and_copies_stay_off_the_standard_numbers() {
    alone(module_path!(), "poller_and_copies_stay_off_the_standard_numbers", || {
        let closed = [0, 1, 2];
        without(&closed, || {
            let poller = in_runtime(|| {
                // Taken by sockets of the user's, as the kernel gives them; the pipes of a copy
                // follow.
                let (mut a, mut b) = std_pair();
                let (mut c, mut d) = std_pair();
                let copying = go(move || gopark_net::io::copy(&mut b, &mut c).unwrap());
                a.write_all(b"through").unwrap();
                drop(a);
                let mut got = String::new();
                let copied = copying.join().unwrap();
                d.read_to_string(&mut got).unwrap();
                assert_eq!((copied, got.as_str()), (7, "through"));
                drop(connect(&local()));
                closed.map(poll_api::is_poll_descriptor)
            });
            assert_eq!(poller, [false; 3]);
            assert_eq!(closed.map(is_open), [false; 3]);
        });
    });
}
