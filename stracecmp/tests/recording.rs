//! Recording: the program, its peer, its namespaces, and what happens when something goes wrong.
//!
//! Needs strace and python3; namespaces and Go where they can be had. What cannot be tested says so.

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use stracecmp::catalogue::Program;
use stracecmp::compare::{Prologue, compare};
use stracecmp::golang;
use stracecmp::isolate;
use stracecmp::normal::Normal;
use stracecmp::record::{Peer, Recording};
use stracecmp::story::Story;

fn runs(command: &str, arg: &str) -> bool {
    let there = Command::new(command).arg(arg).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = there.is_ok_and(|s| s.success());
    if !there {
        eprintln!("SKIPPED: {command} is not there");
    }
    there
}

fn ready() -> bool {
    runs("strace", "--version") && runs("python3", "--version")
}

fn isolated() -> bool {
    let possible = isolate::possible();
    if !possible {
        eprintln!("SKIPPED: no right to make namespaces (run as root)");
    }
    possible
}

fn python() -> PathBuf {
    let out =
        Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().expect("python3");
    String::from_utf8(out.stdout).expect("a path").trim().into()
}

fn script(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::File::create(&path).and_then(|mut f| f.write_all(text.as_bytes())).expect("written");
    path
}

const SERVER: &str = "\
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', 20777))
s.listen(4)
c, _ = s.accept()
print('got', c.recv(64).decode().strip())
c.sendall(b'bye')
c.close()
";

#[test]
fn a_server_is_recorded_with_its_client() {
    if !ready() || !isolated() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let server = script(dir.path(), "server.py", SERVER);
    let peer = Peer::Send { text: b"hello\n".to_vec(), to: "127.0.0.1:20777".parse().expect("an address") };
    // Two at once, on one port: each has a network of its own.
    std::thread::scope(|s| {
        let jobs: Vec<_> = (0..2)
            .map(|i| {
                let (log, server, peer) = (dir.path().join(format!("{i}.strace")), &server, peer.clone());
                s.spawn(move || {
                    let done = Recording::new(python())
                        .args([server])
                        .peer(peer)
                        .exit(0)
                        .run(&log)
                        .expect("recorded");
                    assert_eq!(done.stdout, b"got hello\n");
                    let story = Story::load(&log).expect("reads");
                    let life = story.lives.iter().find(|l| l.name == "tcp4c#1").expect("the connection");
                    let calls: Vec<&str> = life.steps.iter().map(|s| s.1.word()).collect();
                    assert_eq!(calls.first(), Some(&"made"), "{calls:?}");
                    assert!(
                        calls.contains(&"in") && calls.contains(&"out") && calls.last() == Some(&"close"),
                        "{calls:?}"
                    );
                })
            })
            .collect();
        jobs.into_iter().for_each(|j| j.join().expect("no panic"));
    });
    let free = std::net::TcpListener::bind("127.0.0.1:20777");
    assert!(free.is_ok(), "the caller's network was never used");
}

#[test]
fn files_lie_over_etc_only_for_the_program() {
    if !ready() || !isolated() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let before = std::fs::read("/etc/hosts").expect("there is one");
    let reader = script(dir.path(), "reader.py", "print(open('/etc/hosts').read())");
    let done = Recording::new(python())
        .args([reader])
        .etc("hosts", "10.9.8.7 elsewhere\n")
        .run(&dir.path().join("x.strace"))
        .expect("recorded");
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), "10.9.8.7 elsewhere");
    assert_eq!(std::fs::read("/etc/hosts").expect("still there"), before);
}

#[test]
fn failures_are_told_and_nothing_is_left_behind() {
    if !ready() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let log = dir.path().join("x.strace");
    let error = |r: Recording| format!("{:#}", r.run(&log).expect_err("it fails"));
    assert!(error(Recording::new("/no/such/program")).contains("no such program"));
    let three = script(dir.path(), "three.py", "import sys; sys.exit('reason')");
    let text = error(Recording::new(python()).args([three]).exit(0));
    assert!(text.contains("exit status 1 instead of 0") && text.contains("reason"), "{text}");
    let lazy = script(dir.path(), "lazy.py", "print('never')");
    let text = error(Recording::new(python()).args(["-c", "pass"]).peer(Peer::Script(lazy)));
    assert!(text.contains("did not say that it is ready"), "{text}");
    // A program that hangs is ended, and with it strace.
    let mark = format!("hang-{}", std::process::id());
    let hang = script(dir.path(), &mark, "import time; time.sleep(60)");
    let begin = Instant::now();
    let text = error(Recording::new(python()).args([hang]).limit(Duration::from_secs(2)));
    assert!(text.contains("did not end within 2 s"), "{text}");
    assert!(begin.elapsed() < Duration::from_secs(20), "it took {:?}", begin.elapsed());
    assert!(!is_running(&mark), "the program still runs");
}

#[test]
fn the_record_command_writes_a_log() {
    if !ready() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let log = dir.path().join("x.strace");
    let out = Command::new(env!("CARGO_BIN_EXE_stracecmp"))
        .args(["record", "-o"])
        .arg(&log)
        .arg("--")
        .arg(python())
        .args(["-c", "print('hello')"])
        .output()
        .expect("it starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.stdout, b"hello\n");
    let story = Story::load(&log).expect("reads");
    // In two writes where the environment has PYTHONUNBUFFERED.
    assert!(story.entries.iter().any(|e| e.text.starts_with(r#"write(stdout#1, "hello"#)));
}

/// Runs the tool in a folder.
fn tool<A: AsRef<std::ffi::OsStr>>(
    dir: &Path,
    args: impl IntoIterator<Item = A>,
) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stracecmp"));
    let out = command.args(args).current_dir(dir).stdin(Stdio::null()).output().expect("it starts");
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

/// A server that never ends, has a child, and answers with its folder and a word of its environment.
const ENDLESS: &str = "\
import os, socket, sys, time
host, reply = sys.argv[1], sys.argv[2]
if os.fork() == 0:
    time.sleep(300)
s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((host, 20779))
s.listen(4)
while True:
    c, _ = s.accept()
    c.recv(64)
    c.sendall(f'{reply} {os.getcwd()}'.encode())
    c.close()
";

/// Whether a process runs that has a word in its command line.
fn is_running(mark: &str) -> bool {
    std::fs::read_dir("/proc").expect("there is one").flatten().any(|p| {
        std::fs::read(p.path().join("cmdline")).is_ok_and(|c| String::from_utf8_lossy(&c).contains(mark))
    })
}

#[test]
fn two_servers_that_never_end_are_run_with_one_client() {
    if !ready() || !isolated() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let python = python();
    let python = python.to_str().expect("text");
    for host in ["127.0.0.1", "::1"] {
        let mark = format!("endless-{}-{}.py", host.len(), std::process::id());
        script(dir.path(), &mark, ENDLESS);
        let run = |client: &[&str], second: &str| {
            let (a, b) = ([python, &mark, host, "yes"], [python, &mark, host, second]);
            let args = ["run", "--logs", "logs"].iter().chain(client).chain(["--"].iter());
            tool(dir.path(), args.chain(&a).chain(["--"].iter()).chain(&b))
        };
        let (code, out, err) = run(&["--send", "x", "--to", ":20779"], "yes");
        assert_eq!(code, Some(0), "{out}{err}");
        assert_eq!(err.matches("stopped after its peer was done").count(), 2, "{err}");
        let (code, out, err) = run(&["--send", "x", "--to", ":20779"], "no");
        assert_eq!(code, Some(1), "{out}{err}");
        assert!(out.contains("other data"), "{out}");
        let log = std::fs::read_to_string(dir.path().join("logs/a-1.strace")).expect("kept");
        let cwd = dir.path().canonicalize().expect("is there");
        assert!(log.contains(&format!("\"yes {}\"", cwd.display())), "in its user's folder");
        assert!(!is_running(&mark), "neither server nor its child outlive the run");
    }
}

#[test]
fn a_client_is_a_command_that_learns_the_port() {
    if !ready() || !isolated() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let python = python();
    let python = python.to_str().expect("text");
    script(dir.path(), "server.py", ENDLESS);
    let client = format!(
        "{python} -c 'import os, socket; c = socket.create_connection((\"127.0.0.1\", os.environ[\"STRACECMP_PORT\"])); c.send(b\"x\"); print(c.recv(99).decode())'"
    );
    let args = ["run", "--repeat", "2", "--client", &client, "--", python, "server.py", "127.0.0.1", "yes"];
    let (code, out, err) =
        tool(dir.path(), args.iter().chain(&["--", python, "server.py", "127.0.0.1", "yes"]));
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!((out.matches("conforms").count(), err.matches("yes /").count()), (2, 4), "{out}{err}");
    assert!(err.contains("2 of 2 runs of the first program are like its first"), "{err}");
    let failing = ["run", "--client", "exit 3", "--", python, "server.py", "127.0.0.1", "yes"];
    let (code, _, err) =
        tool(dir.path(), failing.iter().chain(&["--", python, "server.py", "127.0.0.1", "yes"]));
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("the client failed"), "{err}");
    let (code, _, err) = tool(dir.path(), ["run", "--", "true"]);
    assert!(code == Some(2) && err.contains("two programs"), "{err}");
}

#[test]
fn a_log_that_is_not_whole_is_a_failure() {
    if !ready() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    for out in ["/dev/full", "/no/such/folder/log"] {
        let (code, _, err) = tool(dir.path(), ["record", "-o", out, "--", "true"]);
        assert_eq!(code, Some(2), "{out}: {err}");
    }
    let (code, _, err) = tool(dir.path(), ["record", "-o", "x", "--limit", "1", "--", "sleep", "60"]);
    assert!(code == Some(2) && err.contains("did not end within 1 s"), "{err}");
}

#[test]
fn an_ordinary_user_records_with_a_network_of_its_own() {
    if !ready() || !isolated() || !nix::unistd::geteuid().is_root() || !runs("setpriv", "--version") {
        return;
    }
    // The folder and the tool must be readable to nobody.
    let dir = tempfile::tempdir().expect("a folder");
    let open = |path: &Path| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).expect("ours");
    };
    open(dir.path());
    let copy = dir.path().join("tool");
    std::fs::copy(env!("CARGO_BIN_EXE_stracecmp"), &copy).expect("copied");
    let out = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&copy)
        .args(["record", "-o", "x", "--limit", "5", "--send", "x", "--to", ":20781", "--"])
        .args(["sh", "-c", "cat /proc/self/net/dev; id -u"])
        .current_dir(dir.path())
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&out.stdout);
    let interfaces = text.lines().filter(|l| l.contains(':')).count();
    if interfaces != 1 {
        eprintln!("SKIPPED: an ordinary user may not make namespaces here");
        return;
    }
    assert!(text.contains("65534"), "the user stays who it is: {text}");
}

fn go() -> Option<PathBuf> {
    let go = golang::find(golang::VERSION);
    if go.is_none() {
        eprintln!("SKIPPED: no Go {} (STRACECMP_GO names one)", golang::VERSION);
    }
    go
}

/// Go's own programs, built and recorded here, conform to the references: recorder and comparison agree with the suite.
#[test]
fn go_conforms_to_its_references_live() {
    let (Some(suite), true) = (support::suite(), ready() && isolated()) else { return };
    let Some(go) = go() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let every = std::env::var("STRACECMP_LIVE").is_ok_and(|v| v == "all");
    let mut seen = 0;
    for program in Program::all(&suite).expect("reads") {
        let some = ["tcp_sample", "dns_lookup", "exec_child", "signal_notify", "sendfile_copy"];
        if !every && !some.contains(&program.name.as_str()) {
            continue;
        }
        let (exe, log) = (dir.path().join(&program.name), dir.path().join("x.strace"));
        golang::build(&go, &program.go_source(), &exe).expect("it builds");
        program.recording(&exe).expect("a recording").run(&log).expect(&program.name);
        let wanted = Normal::load(program.reference()).expect("reads").normal;
        let got = Normal::load(&log).expect("reads");
        let report = compare(&wanted, &got.normal, &got.faults, Prologue::Compare);
        assert!(report.conforms(), "{}:\n{}", program.name, report.plain());
        seen += 1;
    }
    assert!(seen >= 5);
}

#[test]
fn the_go_command_builds_records_and_compares() {
    let (Some(suite), true) = (support::suite(), ready() && isolated()) else { return };
    let Some(go) = go() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let source = suite.join("tcp_sample/main.go");
    let run = |binary: &Path| {
        let out = Command::new(env!("CARGO_BIN_EXE_stracecmp"))
            .args(["go", "--runs", "2", "--send", "asdf\\n", "--to", ":9999", "--go"])
            .args([&go, &source])
            .arg("--")
            .arg(binary)
            .output()
            .expect("it starts");
        (
            out.status.code(),
            String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr),
        )
    };
    let module = dir.path().join("module/cmd/sample");
    std::fs::create_dir_all(&module).expect("made");
    std::fs::write(dir.path().join("module/go.mod"), "module example.org/sample\n\ngo 1.23\n")
        .expect("written");
    std::fs::copy(&source, module.join("main.go")).expect("copied");
    let twin = dir.path().join("twin");
    golang::build(&go, &module, &twin).expect("a package of a module builds");
    let (code, text) = run(&twin);
    assert!(code == Some(0) && text.contains("go1.23.9 linux/"), "{text}");
    golang::build(&go, &source, &twin).expect("it builds");
    let (code, text) = run(&twin);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("conforms") && text.contains("were the same in 2 runs"), "{text}");
    let other = dir.path().join("other.go");
    let changed =
        std::fs::read_to_string(&source).expect("reads").replace("make([]byte, 32)", "make([]byte, 33)");
    std::fs::write(&other, changed).expect("written");
    golang::build(&go, &other, &twin).expect("it builds");
    let (code, text) = run(&twin);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("a buffer of another size"), "{text}");
}
