//! Ports of std's process tests (library/std/src/process/tests.rs) and of Go's os/exec/exec_test.go that apply, under their
//! names, and of what Go's exec texts say.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use crate::common::modes::left_out_when_pinned;
use crate::common::{in_runtime, sh, skipped, stdout};
use gopark_net::os::pipe;
use gopark_net::process::{Child, Command, Stdio, exit_text};
use gopark_runtime::go;

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn smoke() {
    in_runtime(|| {
        let p = sh("exit 0").spawn().unwrap();
        assert!(p.wait().unwrap().success());
        // A second wait gives the same.
        assert!(p.wait().unwrap().success());
    });
}

#[test]
fn smoke_failure() {
    in_runtime(|| {
        let e = Command::new("if-this-is-a-binary-then-the-world-has-ended").spawn().unwrap_err();
        assert_eq!(e.kind(), std::io::ErrorKind::NotFound);
        let e = Command::new("/etc/hostname/x").spawn().unwrap_err();
        assert_eq!(e.raw_os_error(), Some(libc::ENOTDIR));
        let e = Command::new("/etc/passwd").spawn().unwrap_err();
        assert_eq!(e.kind(), std::io::ErrorKind::PermissionDenied);
        let e = sh("exit 0").current_dir("/no/such/dir").spawn().unwrap_err();
        assert_eq!(e.raw_os_error(), Some(libc::ENOENT));
        let e = Command::new("a\0b").spawn().unwrap_err();
        assert_eq!(e.kind(), std::io::ErrorKind::InvalidInput);
    });
}

#[test]
fn exit_reported_right() {
    in_runtime(|| {
        let status = sh("exit 1").status().unwrap();
        assert_eq!((status.code(), exit_text(&status).to_string().as_str()), (Some(1), "exit status 1"));
    });
}

#[test]
fn signal_reported_right() {
    in_runtime(|| {
        let p = sh("read a").stdin(Stdio::piped()).spawn().unwrap();
        p.kill().unwrap();
        let status = p.wait().unwrap();
        assert_eq!(exit_text(&status).to_string(), "signal: killed");
        // It is over: nothing to kill.
        p.kill().unwrap();
    });
}

#[test]
fn stdout_works() {
    in_runtime(|| assert_eq!(stdout(sh("echo foobar")), "foobar\n"));
}

#[test]
fn set_current_dir_works() {
    in_runtime(|| {
        let mut command = sh("pwd");
        command.current_dir("/");
        assert_eq!(stdout(command), "/\n");
    });
}

#[test]
fn stdin_works() {
    in_runtime(|| {
        let mut p = sh("read line; echo $line").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        p.stdin.as_mut().unwrap().write_all(b"foobar").unwrap();
        drop(p.stdin.take());
        let mut out = String::new();
        p.stdout.as_mut().unwrap().read_to_string(&mut out).unwrap();
        assert!(p.wait().unwrap().success());
        assert_eq!(out, "foobar\n");
    });
}

#[test]
fn test_process_output_fail_to_start() {
    in_runtime(|| {
        let e = Command::new("/no-binary-by-this-name-should-exist").output().unwrap_err();
        assert_eq!(e.kind(), std::io::ErrorKind::NotFound);
    });
}

#[test]
fn test_process_output_error() {
    in_runtime(|| {
        let out = sh("echo said >&2; exit 3").output().unwrap();
        assert_eq!((out.status.code(), out.stdout.as_slice()), (Some(3), &b""[..]));
        assert_eq!(out.stderr, b"said\n");
    });
}

#[test]
fn test_finish_once() {
    in_runtime(|| {
        let p: Child = sh("exit 1").spawn().unwrap();
        assert_eq!(p.wait().unwrap().code(), Some(1));
    });
}

#[test]
fn test_wait_with_output_once() {
    in_runtime(|| {
        let p = sh("echo hello").stdout(Stdio::piped()).spawn().unwrap();
        let out = p.wait_with_output().unwrap();
        assert_eq!((out.status.success(), out.stdout.as_slice()), (true, &b"hello\n"[..]));
    });
}

#[test]
fn test_override_env() {
    in_runtime(|| {
        let mut command = sh("echo $GOPARK_TEST_A-$GOPARK_TEST_B-$HOME");
        command.env_clear().env("GOPARK_TEST_A", "1").envs([("GOPARK_TEST_B", "2")]);
        assert_eq!(stdout(command), "1-2-\n");
        let mut command = Command::new("/usr/bin/env");
        command.env("GOPARK_TEST_C", "3").env_remove("GOPARK_TEST_C").env("GOPARK_TEST_D", "4");
        let env = stdout(command);
        assert!(env.contains("GOPARK_TEST_D=4\n") && env.contains("PATH="), "{env}");
        assert!(!env.contains("GOPARK_TEST_C"), "{env}");
    });
}

#[test]
fn try_wait_looks_only() {
    in_runtime(|| {
        let mut p = sh("read a").stdin(Stdio::piped()).spawn().unwrap();
        assert!(p.try_wait().unwrap().is_none());
        p.stdin.take().unwrap().write(b"\n").unwrap();
        let until = Instant::now() + Duration::from_secs(5);
        while p.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until);
            gopark_runtime::time::sleep(Duration::from_millis(1));
        }
    });
}

/// Descriptors in each other's places: the child gets each where it belongs.
#[test]
fn test_files_cross() {
    in_runtime(|| {
        let (out_reader, out_writer) = pipe().unwrap();
        let (err_reader, err_writer) = pipe().unwrap();
        let status = sh("echo out; echo err >&2")
            .stdin(Stdio::null())
            .stdout(out_writer)
            .stderr(err_writer)
            .status()
            .unwrap();
        assert!(status.success());
        let mut buf = [0; 16];
        let n = out_reader.read(&mut buf).unwrap();
        assert_eq!(&buf[..n], b"out\n");
        let n = err_reader.read(&mut buf).unwrap();
        assert_eq!(&buf[..n], b"err\n");
    });
}

#[test]
fn test_extra_files_do_not_leak() {
    in_runtime(|| {
        let (reader, _writer) = pipe().unwrap();
        let ours = std::fs::read_link(format!("/proc/self/fd/{}", reader.as_raw_fd())).unwrap();
        let listed = stdout(sh("ls -l /proc/self/fd"));
        assert!(listed.contains("/dev/null") && !listed.contains(ours.to_str().unwrap()), "{listed}");
    });
}

/// A child does not ignore SIGPIPE, as the parent does, and has no signal blocked.
#[test]
fn test_child_signals() {
    in_runtime(|| {
        let status = stdout(sh("grep -E '^Sig(Blk|Ign)' /proc/self/status"));
        for line in status.lines() {
            let mask = u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap();
            assert_eq!(mask & 1 << (libc::SIGPIPE - 1), 0, "{line}");
            assert!(!line.starts_with("SigBlk") || mask == 0, "{line}");
        }
    });
}

#[test]
fn many_children_at_once() {
    in_runtime(|| {
        sh("exit 0").status().unwrap();
        let before = descriptors();
        let children: Vec<_> =
            (0..20).map(|i| go(move || stdout(sh(&format!("sleep 0.05; echo {i}"))))).collect();
        for (i, child) in children.into_iter().enumerate() {
            assert_eq!(child.join().unwrap(), format!("{i}\n"));
        }
        // Pipes, process descriptors and error pipes are gone. Other tests run beside this one.
        assert!(descriptors() < before + 30, "{} descriptors, {before} before", descriptors());
    });
}

/// As std's: a child that becomes another user keeps none of our groups.
#[test]
fn another_user_keeps_no_groups() {
    in_runtime(|| {
        // SAFETY: takes nothing.
        if unsafe { libc::geteuid() } != 0 {
            // We can only become ourselves, and may not change groups, which is no error.
            // SAFETY: as above.
            let uid = unsafe { libc::getuid() };
            assert!(sh("exit 0").uid(uid).status().unwrap().success());
            return skipped("children of another user need root");
        }
        // The raw call changes this thread only, and the child is made by it. The thread is thrown away.
        let thread = std::thread::spawn(|| {
            let groups: [libc::gid_t; 2] = [4, 27];
            // SAFETY: two numbers to read.
            let ret = unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) };
            assert_eq!(ret, 0);
            assert_eq!(stdout(sh("id -G")), "0 4 27\n");
            let mut command = sh("id -G");
            command.uid(65534).gid(65534);
            stdout(command)
        });
        // It waits for children by the runtime, so this goroutine must not block its thread.
        assert_eq!(gopark_runtime::offload(|| thread.join()).unwrap(), "65534\n");
    });
}

/// Goroutines that compute long run on threads that sysmon makes lighter, and children inherit that: not through `Command`.
#[test]
fn a_child_of_a_hog_weighs_what_it_should() {
    if left_out_when_pinned("a_child_of_a_hog_weighs_what_it_should", "hogs keep their threads and weight") {
        return;
    }
    // `nice` prints the priority that it was started with.
    let own = std::process::Command::new("nice").output().unwrap().stdout;
    in_runtime(move || {
        let lowered = gopark_runtime::metrics().reniced_threads;
        let hogs: Vec<_> = (0..4 * gopark_runtime::gomaxprocs())
            .map(|_| {
                go(move || {
                    let start = Instant::now();
                    // Until sysmon has got to it; bounded, for a machine that is busy otherwise.
                    while start.elapsed() < Duration::from_millis(500)
                        || (gopark_runtime::metrics().reniced_threads == lowered
                            && start.elapsed() < Duration::from_secs(20))
                    {
                        std::hint::spin_loop();
                    }
                    Command::new("nice").output().unwrap().stdout
                })
            })
            .collect();
        for hog in hogs {
            assert_eq!(hog.join().unwrap(), own);
        }
        assert!(gopark_runtime::metrics().reniced_threads > lowered, "no thread was lowered");
    });
}
