//! What `Command` tells of itself and what it can do on Unix only: ports of std's tests of `CommandExt` (tests/ui/command, library/std/src/process/
//! tests.rs), under their names, and of the ways a descriptor becomes a child's.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::common::{in_runtime, sh, stdout};
use gopark_net::UnixStream;
use gopark_net::os::pipe;
use gopark_net::process::{Command, Stdio};
use gopark_runtime::{go, time};

/// library/std/src/process/tests.rs; `{:#?}` names std's own fields there.
#[test]
fn debug_print() {
    let mut command = Command::new("some-boring-name");
    assert_eq!(format!("{command:?}"), r#""some-boring-name""#);
    command.args(["1", "2", "3"]);
    assert_eq!(format!("{command:?}"), r#""some-boring-name" "1" "2" "3""#);
    command.arg0("exciting-name");
    assert_eq!(format!("{command:?}"), r#"["some-boring-name"] "exciting-name" "1" "2" "3""#);
    assert!(format!("{command:#?}").starts_with("Command {\n    program: \"some-boring-name\",\n"));
    let mut command = Command::new("boring-name");
    command.current_dir("/some/path").env("FOO", "bar");
    assert_eq!(format!("{command:?}"), r#"cd "/some/path" && FOO="bar" "boring-name""#);
    let mut command = Command::new("boring-name");
    command.env_remove("FOO").env_remove("BAR").env("A", "b c");
    assert_eq!(format!("{command:?}"), r#"env -u BAR -u FOO A="b c" "boring-name""#);
    let mut command = Command::new("boring-name");
    command.env_clear().env("BAR", "val").env_remove("FOO");
    assert_eq!(format!("{command:?}"), r#"env -i BAR="val" "boring-name""#);
}

#[test]
fn a_command_tells_what_it_was_told() {
    let mut command = Command::new("some");
    assert_eq!((command.get_program(), command.get_args().len()), (OsStr::new("some"), 0));
    assert_eq!((command.get_envs().len(), command.get_current_dir()), (0, None));
    command.args(["a", "b"]).current_dir("/").arg0("not an argument");
    command.env("B", "2").env("A", "1").env_remove("C").env("B", "3");
    assert!(command.get_args().eq(["a", "b"]));
    assert_eq!(format!("{:?}", command.get_args()), r#"["a", "b"]"#);
    assert_eq!(format!("{:?}", command.get_envs()), r#"{"A": Some("1"), "B": Some("3"), "C": None}"#);
    assert_eq!(command.get_current_dir(), Some(Path::new("/")));
    // Nothing is there to be removed from.
    command.env_clear().env_remove("A").env("D", "4");
    let changes: Vec<_> = command.get_envs().collect();
    assert_eq!(changes, [(OsStr::new("D"), Some(OsStr::new("4")))]);
}

/// tests/ui/command/command-argv0.rs
#[test]
fn command_argv0() {
    in_runtime(|| {
        assert_eq!(stdout(Command::new("/bin/sh").arg0("zero").args(["-c", "echo $0"])), "zero\n");
        assert_eq!(stdout(Command::new("sh").args(["-c", "echo $0"])), "sh\n");
        for mut with_nul in [Command::new("a\0b"), std::mem::replace(sh("true").arg0("a\0b"), sh(""))] {
            let e = with_nul.status().unwrap_err();
            assert_eq!((e.kind(), e.raw_os_error()), (ErrorKind::InvalidInput, None));
            assert_eq!(e.to_string(), "nul byte found in provided data");
        }
    });
}

/// tests/ui/command/command-exec.rs: this program, started again, becomes another.
#[test]
fn command_exec() {
    if std::env::var_os("GOPARK_TEST_EXEC").is_some() {
        in_runtime(|| {
            // Threads and goroutines that go with us.
            go(|| time::sleep(std::time::Duration::from_secs(60)));
            let e = Command::new("/no/such/program").exec();
            assert_eq!(e.raw_os_error(), Some(libc::ENOENT));
            let script = "echo passed $X; grep -E '^Sig(Blk|Ign)|^Name|^NSpid' /proc/self/status; echo err >&2; exit 7";
            let e = sh(script).env("X", "on").stderr(Stdio::null()).exec();
            unreachable!("exec failed: {e}");
        });
    }
    in_runtime(|| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "unix::command_exec", "--nocapture"]).env("GOPARK_TEST_EXEC", "1");
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("passed on\n"), "{said}");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(7), &b""[..]), "{said}");
        for line in said.lines().filter(|line| line.starts_with("Sig")) {
            let mask = u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap();
            assert_eq!(mask & 1 << (libc::SIGPIPE - 1), 0, "{line}");
            assert!(!line.starts_with("SigBlk") || mask == 0, "{line}");
        }
    });
}

/// A failed exec leaves signals as they were: the write below would end the process.
#[test]
fn after_a_failed_exec_the_program_goes_on() {
    in_runtime(|| {
        let e = Command::new("/etc/passwd").exec();
        assert_eq!(e.kind(), ErrorKind::PermissionDenied);
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        // A child of another test may have the reader, too, until it is another program.
        let e = loop {
            match writer.write(b"x") {
                Ok(_) => time::sleep(std::time::Duration::from_millis(5)),
                Err(e) => break e,
            }
        };
        assert_eq!(e.raw_os_error(), Some(libc::EPIPE));
        assert_eq!(go(|| 5).join().unwrap(), 5);
    });
}

/// tests/ui/command/command-pre-exec.rs, as far as it is about children.
#[test]
fn command_pre_exec() {
    in_runtime(|| {
        // SAFETY: system calls, and for the errors an allocation, which fork(2) provides for.
        unsafe {
            let mut command = sh("umask; pwd");
            command.pre_exec(|| {
                libc::umask(0o027);
                Ok(())
            });
            command.pre_exec(|| match libc::chdir(c"/".as_ptr()) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            });
            assert_eq!(stdout(&mut command), "0027\n/\n");
            // Once more: a command can be used again.
            assert_eq!(stdout(&mut command), "0027\n/\n");
            let e = sh("true").pre_exec(|| Err(io::Error::from_raw_os_error(42))).status().unwrap_err();
            assert_eq!(e.raw_os_error(), Some(42));
            let e = sh("true").pre_exec(|| Err(io::Error::other("no number"))).status().unwrap_err();
            assert_eq!(e.raw_os_error(), Some(libc::EINVAL));
            let mut later_fails = Command::new("/etc/passwd");
            later_fails.pre_exec(|| Ok(()));
            assert_eq!(later_fails.status().unwrap_err().kind(), ErrorKind::PermissionDenied);
        }
    });
}

/// What a function does to memory stays in the child, in the order the functions were given.
#[test]
fn pre_exec_has_memory_of_its_own() {
    in_runtime(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let [first, second] = [calls.clone(), calls.clone()];
        let mut command = sh("exit 0");
        // SAFETY: an atomic.
        unsafe {
            command.pre_exec(move || {
                first.fetch_add(1, Relaxed);
                Ok(())
            });
            command.pre_exec(move || match second.load(Relaxed) {
                1 => Ok(()),
                _ => Err(io::Error::from_raw_os_error(libc::EDOM)),
            });
        }
        for _ in 0..3 {
            assert!(command.status().unwrap().success());
        }
        assert_eq!(calls.load(Relaxed), 0);
        drop(command);
        assert_eq!(Arc::strong_count(&calls), 1);
    });
}

/// The goroutine parks or its thread is given up for as long as the functions take: others go on.
#[test]
fn a_slow_pre_exec_holds_nobody_up() {
    in_runtime(|| {
        let children: Vec<_> = (0..2 * gopark_runtime::gomaxprocs())
            .map(|_| {
                go(|| {
                    let mut command = sh("exit 3");
                    // SAFETY: a system call.
                    unsafe {
                        command.pre_exec(|| {
                            libc::usleep(50_000);
                            Ok(())
                        })
                    };
                    command.status().unwrap().code()
                })
            })
            .collect();
        for _ in 0..20 {
            go(|| time::sleep(std::time::Duration::from_millis(1))).join().unwrap();
        }
        for child in children {
            assert_eq!(child.join().unwrap(), Some(3));
        }
    });
}

/// tests/ui/command/command-uid-gid.rs
#[test]
fn command_uid_gid() {
    in_runtime(|| {
        // SAFETY: takes nothing.
        let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
        assert!(sh("true").uid(uid).gid(gid).status().unwrap().success());
        if uid != 0 {
            let e = sh("true").uid(0).gid(0).status().unwrap_err();
            assert_eq!(e.kind(), ErrorKind::PermissionDenied);
        }
    });
}

/// library/std/src/sys/process/unix/common/tests.rs
#[test]
fn test_process_group() {
    in_runtime(|| {
        let mut cat = Command::new("cat");
        let mut child = cat.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // SAFETY: a signal to the child's group, of which we are none.
        assert_eq!(unsafe { libc::kill(-(child.id() as i32), libc::SIGINT) }, 0);
        // What the child was told meanwhile, if it still lives.
        let _ = child.stdin.take().unwrap().write_all(b"echo");
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGINT));
    });
}

/// Without a PATH of its own the child's program is looked for where the C library looks; with one, there.
#[test]
fn the_childs_path_is_searched() {
    in_runtime(|| {
        let status = |command: &mut Command| command.args(["-c", "exit 5"]).status();
        assert_eq!(status(Command::new("sh").env_clear()).unwrap().code(), Some(5));
        assert_eq!(status(Command::new("sh").env_remove("PATH")).unwrap().code(), Some(5));
        assert_eq!(status(Command::new("sh").env("PATH", "/bin")).unwrap().code(), Some(5));
        let e = status(Command::new("sh").env("PATH", "/nowhere")).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::NotFound);
        let e = Command::new("").status().unwrap_err();
        assert_eq!(e.kind(), ErrorKind::NotFound);
    });
}

/// Everything that std's `Stdio` is made from.
#[test]
fn stdio_is_made_from_descriptors() {
    in_runtime(|| {
        let (r, w) = io::pipe().unwrap();
        assert!(sh("echo by std").stdout(w).status().unwrap().success());
        assert_eq!(stdout(Command::new("cat").stdin(r)), "by std\n");
        let null: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
        assert_eq!(stdout(Command::new("cat").stdin(null)), "");
        let null = std::fs::File::open("/dev/null").unwrap().into_raw_fd();
        // SAFETY: open, and given up to us.
        let null = unsafe { Stdio::from_raw_fd(null) };
        assert_eq!(stdout(Command::new("cat").stdin(null)), "");
        // Ours, crosswise.
        let ours = |fd: i32| std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
        let crossed =
            "[ \"$(readlink /proc/$$/fd/1)\" = \"$ERR\" ] && [ \"$(readlink /proc/$$/fd/2)\" = \"$OUT\" ]";
        let mut child = sh(crossed);
        child.env("OUT", ours(1)).env("ERR", ours(2)).stdout(io::stderr()).stderr(io::stdout());
        assert!(child.status().unwrap().success());
        let mut echo = sh("echo err >&2").stderr(Stdio::piped()).spawn().unwrap();
        assert_eq!(stdout(Command::new("cat").stdin(echo.stderr.take().unwrap())), "err\n");
        echo.wait().unwrap();
        // A socket, which the child finds blocking.
        let (ours, its) = UnixStream::pair().unwrap();
        let its = OwnedFd::from(std::os::unix::net::UnixStream::from(its));
        let through = go(move || stdout(Command::new("cat").stdin(its)));
        time::sleep(std::time::Duration::from_millis(20));
        (&ours).write_all(b"through a socket").unwrap();
        drop(ours);
        assert_eq!(through.join().unwrap(), "through a socket");
    });
}

/// Another user or group does not keep our supplementary groups; those that are asked for are set or are an error.
#[test]
fn supplementary_groups() {
    // SAFETY: takes nothing.
    if unsafe { libc::geteuid() } != 0 {
        in_runtime(|| {
            let refused = sh("true").groups(&[10, 20]).spawn().unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        });
        return;
    }
    in_runtime(|| {
        let groups = |change: &dyn Fn(&mut Command)| {
            let mut id = Command::new("id");
            id.arg("-G");
            change(&mut id);
            stdout(id).trim().to_owned()
        };
        assert_eq!(groups(&|id| _ = id.gid(65534)), "65534");
        assert_eq!(groups(&|id| _ = id.uid(65534).gid(65534)), "65534");
        assert_eq!(groups(&|id| _ = id.gid(5).groups(&[10, 20])), "5 10 20");
    });
}
