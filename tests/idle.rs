//! Idle means idle: a server with nothing to do makes no system call at all. One thread waits in `epoll_pwait(-1)`, each other in a
//! futex, sysmon too.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gopark_conformance::build;
use gopark_conformance::isolate::on_stage;

#[test]
fn an_idle_server_makes_no_system_call() -> Result<()> {
    if Command::new("strace").arg("-V").output().is_err() {
        let why = "SKIPPED: idleness: strace is not installed (`cargo xtask test` installs it)";
        let _ = writeln!(std::io::stderr(), "{why}"); // past the capture of a test's output
        return Ok(());
    }
    let watched = std::env::var("GOPARK_IDLE_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(3);
    on_stage(|_| {
        let exe = build::examples().join("echo");
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("idle.strace");
        let mut strace = Command::new("strace")
            .args(["-f", "-o"])
            .arg(&log)
            .arg(exe)
            .arg("127.0.0.1:7777")
            .env("GOMAXPROCS", "2")
            .stdout(Stdio::null())
            .spawn()?;
        let checked = watch(&log, Duration::from_secs(watched));
        let server = fs::read_to_string(format!("/proc/{0}/task/{0}/children", strace.id()))?;
        for id in server.split_whitespace() {
            // the traced program dies, strace ends with it
            nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(id.parse()?),
                nix::sys::signal::Signal::SIGKILL,
            )?;
        }
        strace.wait()?;
        checked
    })
}

/// Gives the server something to do, lets it come to rest, and compares the log before and after the time.
fn watch(log: &Path, time: Duration) -> Result<()> {
    let mut connections = Vec::new();
    for _ in 0..5 {
        let mut s = connect()?;
        s.write_all(b"hello")?;
        s.read_exact(&mut [0; 5])?;
        connections.push(s);
    }
    std::thread::sleep(Duration::from_secs(1));
    let before = fs::read_to_string(log)?;
    std::thread::sleep(time);
    let after = fs::read_to_string(log)?;
    ensure!(before == after, "calls while idle:\n{}", &after[before.len()..]);
    let waits = unfinished(&after);
    let polls = waits.values().filter(|call| call.starts_with("epoll_pwait(")).count();
    let futexes = waits.values().filter(|call| call.starts_with("futex(") && call.contains("NULL")).count();
    println!("idle for {time:?}: {polls} thread in epoll_pwait, {futexes} in futex");
    ensure!(polls == 1 && polls + futexes == waits.len(), "waiting threads: {waits:#?}");
    // strace shows the limit of a poll when it returns
    connections.push(connect()?);
    std::thread::sleep(Duration::from_millis(200));
    let more = fs::read_to_string(log)?.split_off(after.len());
    let returned =
        more.lines().find(|line| line.contains("<... epoll_pwait resumed>")).context("it wakes")?;
    ensure!(returned.contains(", 128, -1, NULL, 0)"), "a limited poll: {returned}");
    Ok(())
}

/// The last call of each thread that has not ended.
fn unfinished(log: &str) -> BTreeMap<&str, &str> {
    let mut last = BTreeMap::new();
    for (thread, call) in log.lines().filter_map(|line| line.split_once(char::is_whitespace)) {
        let call = call.trim_start();
        match call.starts_with("+++") {
            true => last.remove(thread),
            false => last.insert(thread, call),
        };
    }
    last
}

fn connect() -> Result<TcpStream> {
    for _ in 0..200 {
        if let Ok(s) = TcpStream::connect("127.0.0.1:7777") {
            return Ok(s);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    TcpStream::connect("127.0.0.1:7777").context("the server")
}
