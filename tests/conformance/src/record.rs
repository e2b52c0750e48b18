//! One traced run: scratch directory, peer, strace, and the limits that end it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use stracecmp::isolate::overlay_etc;

use crate::catalogue::Program;
use crate::isolate::{Isolation, is_root, on_stage};
use crate::peer::{Cue, LIMIT, peer_of};

/// The calls that are always traced.
const TRACE: &str = "trace=%network,%desc";
/// A program that has not ended by then is killed, and the run failed.
const RUN_LIMIT: Duration = Duration::from_secs(30);

/// What became of a run that did not fail.
#[derive(Debug)]
pub enum Recorded {
    /// The log is where it should be.
    Log,
    /// It cannot be done here, for this reason.
    Skipped(String),
}

/// Runs the program `exe` under strace beside the peer of `program`; the log goes to `log`.
pub fn record(program: &Program, exe: &Path, log: &Path) -> Result<Recorded> {
    on_stage(|stage| {
        if program.spec.root && !is_root() {
            return Ok(Recorded::Skipped(
                "its reference is root's, and no user namespace is permitted here".into(),
            ));
        }
        let scratch = tempfile::Builder::new().prefix("conf-").tempdir()?;
        if !program.spec.etc.is_empty() {
            if stage == Isolation::Shared {
                return Ok(Recorded::Skipped("needs a mount namespace, which is not permitted here".into()));
            }
            overlay_etc(&program.spec.etc, scratch.path())?;
        }
        let work = scratch.path().join("cwd");
        fs::create_dir(&work)?;
        for file in fs::read_dir(&program.dir)? {
            let path = file?.path();
            if path.extension() == Some(OsStr::new("txt")) {
                fs::copy(&path, work.join(path.file_name().expect("a file has a name")))?;
            }
        }
        // This thread left the process's working directory when it entered the stage.
        std::env::set_current_dir(&work)?;
        play(program, exe, log, scratch.path())?;
        Ok(Recorded::Log)
    })
}

fn play(program: &Program, exe: &Path, log: &Path, scratch: &Path) -> Result<()> {
    let (ready, is_ready) = mpsc::channel();
    let (pid_tx, pid) = mpsc::channel();
    let cue = Cue { ready, pid };
    thread::scope(|scope| {
        let peer = peer_of(&program.name).map(|peer| scope.spawn(move || peer(&cue)));
        if let Some(peer) = peer {
            if is_ready.recv_timeout(LIMIT).is_err() {
                return peer.join().expect("a peer returns its errors").context("the peer did not get ready");
            }
            trace(program, exe, log, scratch, &pid_tx)?;
            peer.join().expect("a peer returns its errors").context("the peer")
        } else {
            trace(program, exe, log, scratch, &pid_tx)
        }
    })
}

fn trace(program: &Program, exe: &Path, log: &Path, scratch: &Path, pid: &mpsc::Sender<i32>) -> Result<()> {
    let mut filter = String::from(TRACE);
    for more in &program.spec.trace {
        filter.push(',');
        filter.push_str(more);
    }
    let stderr = scratch.join("stderr");
    let mut strace = Command::new("strace");
    // SAFETY: a system call that takes no pointer.
    unsafe { strace.pre_exec(inherit_nothing) };
    let mut strace = strace
        .args(["-f", "-s", "512", "-e", &filter, "-o"])
        .arg(log)
        .arg(exe)
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("HOME", "/"), ("LANG", "C")])
        .env("GOMAXPROCS", std::env::var("CONF_GOMAXPROCS").unwrap_or("2".into()))
        .stdin(Stdio::null())
        .stdout(fs::File::create(scratch.join("stdout"))?)
        .stderr(fs::File::create(&stderr)?)
        .spawn()
        .context("starting strace")?;
    let end = Instant::now() + RUN_LIMIT;
    let status = follow(&mut strace, exe, end, pid);
    let said = fs::read_to_string(&stderr).unwrap_or_default();
    let said = said.trim();
    let Some(status) = status? else { bail!("did not end within {RUN_LIMIT:?}: {said}") };
    ensure!(status.code() == Some(program.spec.exit), "{}: {said}", outcome(status));
    Ok(())
}

/// Leaves the standard descriptors alone: numbers of descriptors are in the traces, and depend on what was open before.
fn inherit_nothing() -> std::io::Result<()> {
    // SAFETY: takes no pointer; marks descriptors of this process, which is about to become another program.
    match unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Waits for strace's end, tells the traced process's id as soon as it is known. `None`: killed at the limit.
fn follow(
    strace: &mut Child,
    exe: &Path,
    end: Instant,
    pid: &mpsc::Sender<i32>,
) -> Result<Option<ExitStatus>> {
    let mut tracee = None;
    loop {
        if let Some(status) = strace.try_wait()? {
            return Ok(Some(status));
        }
        if tracee.is_none() {
            tracee = find_tracee(strace.id(), exe);
            if let Some(found) = tracee {
                // a program without a peer, or whose peer does not ask, has nobody listening
                let _ = pid.send(found);
            }
        }
        if Instant::now() > end {
            // the traced program dies first; strace ends with it
            match tracee {
                Some(id) => drop(kill(Pid::from_raw(id), Signal::SIGKILL)),
                None => strace.kill()?,
            }
            strace.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// strace has short-lived children of its own before it runs the program: look for the right executable.
fn find_tracee(strace: u32, exe: &Path) -> Option<i32> {
    let exe = exe.canonicalize().ok()?;
    let children = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).ok()?;
    children
        .split_whitespace()
        .find(|id| fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|path| path == exe))
        .and_then(|id| id.parse().ok())
}

fn outcome(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (_, Some(signal)) => format!("killed by signal {signal}"),
        _ => status.to_string(),
    }
}
