//! More ports of std's process tests and of Go's os/exec/exec_test.go and os/pidfd_linux_test.go, under their names.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::{in_runtime, sh, stdout};
use gopark_net::os::{File, pipe};
use gopark_net::process::{Command, Stdio, exit_text};
use gopark_runtime::go;
use gopark_runtime::signal::Signal;

#[test]
fn test_process_status() {
    in_runtime(|| {
        assert_eq!(Command::new("false").status().unwrap().code(), Some(1));
        assert!(Command::new("true").status().unwrap().success());
    });
}

#[test]
fn test_process_output_output() {
    in_runtime(|| {
        let out = sh("echo hello").output().unwrap();
        assert!(out.status.success());
        assert_eq!((out.stdout.as_slice(), out.stderr.as_slice()), (&b"hello\n"[..], &b""[..]));
    });
}

#[test]
fn test_finish_twice() {
    in_runtime(|| {
        let p = Command::new("false").spawn().unwrap();
        assert_eq!(p.wait().unwrap().code(), Some(1));
        assert_eq!(p.wait().unwrap().code(), Some(1));
        assert_eq!(p.try_wait().unwrap().unwrap().code(), Some(1));
    });
}

#[test]
fn test_add_to_env() {
    in_runtime(|| {
        let mut env = Command::new("env");
        env.env("GOPARK_ADDED", "123");
        let out = stdout(env);
        assert!(out.contains("GOPARK_ADDED=123\n") && out.contains("PATH="), "{out}");
    });
}

/// A variable that is set twice has its last value.
#[test]
fn test_dedup_env_echo() {
    in_runtime(|| {
        let mut command = sh("echo $FOO");
        command.env("FOO", "bad").env("FOO", "good");
        assert_eq!(stdout(command), "good\n");
    });
}

#[test]
fn test_inherit_env() {
    in_runtime(|| {
        let out = stdout(Command::new("env"));
        for (name, value) in std::env::vars().filter(|(_, value)| !value.contains('\n')) {
            assert!(out.contains(&format!("{name}={value}\n")), "{name}");
        }
    });
}

#[test]
fn env_empty() {
    in_runtime(|| {
        let mut env = Command::new("/usr/bin/env");
        env.env_clear();
        assert_eq!(stdout(env), "");
    });
}

#[test]
fn interior_nul_is_an_error() {
    in_runtime(|| {
        let kind = |command: &mut Command| command.spawn().map(drop).unwrap_err().kind();
        for mut command in [
            // Of the program's name, an argument, a folder, a variable's name and its value.
            Command::new("has-some-\0\0s-inside"),
            std::mem::replace(Command::new("echo").arg("has-some-\0\0s"), Command::new("x")),
            std::mem::replace(Command::new("echo").current_dir("has-some-\0\0s"), Command::new("x")),
            std::mem::replace(Command::new("env").env("has-some-\0\0s", "value"), Command::new("x")),
            std::mem::replace(Command::new("env").env("key", "has-some-\0\0s"), Command::new("x")),
        ] {
            assert_eq!(kind(&mut command), std::io::ErrorKind::InvalidInput);
        }
    });
}

#[test]
fn test_command_implements_send_sync() {
    fn take<T: Send + Sync>(_: T) {}
    take(Command::new(""));
}

/// Who has ended cannot be killed, and killing him is no error.
#[test]
fn terminate_exited_process() {
    in_runtime(|| {
        let p = Command::new("true").spawn().unwrap();
        p.wait().unwrap();
        p.kill().unwrap();
        p.kill().unwrap();
    });
}

#[test]
fn test_cat_stdin() {
    in_runtime(|| {
        let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input: Vec<u8> = (0..1 << 20).map(|i| (i % 251) as u8).collect();
        let mut stdin = cat.stdin.take().unwrap();
        let sent = input.clone();
        let writer = go(move || stdin.write_all(&sent).unwrap());
        assert!(cat.wait_with_output().unwrap().stdout == input);
        writer.join().unwrap();
    });
}

#[test]
fn test_cat_good_and_bad_file() {
    in_runtime(|| {
        let out = Command::new("cat").args(["/bogus/file.foo", "/etc/passwd"]).output().unwrap();
        assert_eq!(exit_text(&out.status).to_string(), "exit status 1");
        assert!(String::from_utf8_lossy(&out.stderr).starts_with("cat: /bogus/file.foo: "));
        assert!(out.stdout == std::fs::read("/etc/passwd").unwrap());
    });
}

/// Lines to the child, each answered on both of its outputs.
#[test]
fn test_pipes() {
    in_runtime(|| {
        let script = "while read l; do echo \"O:$l\"; echo \"E:$l\" >&2; done";
        let piped = Stdio::piped;
        let mut child = sh(script).stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
        let (mut i, mut o, mut e) =
            (child.stdin.take().unwrap(), child.stdout.take().unwrap(), child.stderr.take().unwrap());
        for word in ["O", "E"] {
            i.write_all(format!("{word}\n").as_bytes()).unwrap();
            let mut buf = [0; 4];
            o.read_exact(&mut buf).unwrap();
            assert_eq!(&buf, format!("O:{word}\n").as_bytes());
            e.read_exact(&mut buf).unwrap();
            assert_eq!(&buf, format!("E:{word}\n").as_bytes());
        }
        drop(i);
        assert!(child.wait().unwrap().success());
    });
}

/// Input that closes while the child ends and another goroutine writes.
#[test]
fn test_stdin_close_race() {
    in_runtime(|| {
        for _ in 0..10 {
            let mut child = sh("read l; exit 0").stdin(Stdio::piped()).spawn().unwrap();
            let stdin = std::sync::Arc::new(child.stdin.take().unwrap());
            let writer = go({
                let stdin = stdin.clone();
                move || {
                    let _ = stdin.write(b"some stdin\n");
                }
            });
            let closer = go(move || drop(stdin.close()));
            let _ = child.kill();
            child.wait().unwrap();
            writer.join().unwrap();
            closer.join().unwrap();
        }
    });
}

/// A child that does not read its input is no error of the program's.
#[test]
fn test_ignore_pipe_error_on_success() {
    in_runtime(|| {
        let mut child = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let written = stdin.write_all(&[b'x'; 1 << 20]);
        assert!(written.is_err_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe));
        assert!(child.wait().unwrap().success());
    });
}

/// One pipe for both outputs, inherited from us.
#[test]
fn test_same_pipe_for_both_outputs() {
    in_runtime(|| {
        let (mut r, w) = pipe().unwrap();
        let copy = File::from(std::os::fd::AsFd::as_fd(&w).try_clone_to_owned().unwrap());
        let child = sh("echo out; echo err >&2").stdout(w).stderr(copy).spawn().unwrap();
        let mut all = String::new();
        let read = go(move || {
            r.read_to_string(&mut all).unwrap();
            all
        });
        child.wait().unwrap();
        assert_eq!(read.join().unwrap(), "out\nerr\n");
    });
}

/// A wait parks its goroutine; who kills meanwhile ends it.
#[test]
fn test_wait_interrupt() {
    in_runtime(|| {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id() as i32;
        let waiter = go(move || child.wait().unwrap());
        gopark_runtime::time::sleep(Duration::from_millis(20));
        assert!(!waiter.is_finished());
        // SAFETY: a signal to our child, which nobody has waited for.
        unsafe { libc::kill(pid, libc::SIGINT) };
        assert_eq!(exit_text(&waiter.join().unwrap()).to_string(), "signal: interrupt");
    });
}

/// A child is signalled, killed and asked for by several goroutines while one waits for it; each gets the status.
#[test]
fn a_child_is_shared() {
    in_runtime(|| {
        let child = Arc::new(Command::new("sleep").arg("60").spawn().unwrap());
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let child = child.clone();
                go(move || child.wait().unwrap())
            })
            .collect();
        gopark_runtime::time::sleep(Duration::from_millis(20));
        assert_eq!(child.try_wait().unwrap(), None);
        child.signal(0).unwrap();
        child.signal(Signal::TERMINATED).unwrap();
        for waiter in waiters {
            assert_eq!(exit_text(&waiter.join().unwrap()).to_string(), "signal: terminated");
        }
        child.signal(Signal::SIGKILL).expect("no signal, and no error, once its end is known");
        assert!(child.try_wait().unwrap().is_some());
        let killed = Command::new("sleep").arg("60").spawn().unwrap();
        killed.kill().unwrap();
        assert_eq!(exit_text(&killed.wait().unwrap()).to_string(), "signal: killed");
    });
}

/// Children by the dozen, in goroutines, and no descriptor is left. Go: TestConcurrentExec, TestPidfdLeak.
#[test]
fn test_concurrent_exec() {
    in_runtime(|| {
        let start = Instant::now();
        let all: Vec<_> =
            (0..24).map(|i| go(move || sh(&format!("exit {i}")).status().unwrap().code())).collect();
        for (i, one) in all.into_iter().enumerate() {
            assert_eq!(one.join().unwrap(), Some(i as i32));
        }
        assert!(start.elapsed() < Duration::from_secs(30));
    });
}
