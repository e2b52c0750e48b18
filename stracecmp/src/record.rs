//! Recording: a program under strace, with its peer beside it, in namespaces of its own.
//!
//! ```no_run
//! use stracecmp::record::{Peer, Recording};
//! # fn main() -> anyhow::Result<()> {
//! Recording::new("target/release/examples/echo")
//!     .peer(Peer::Send { text: b"hello\n".to_vec(), to: "127.0.0.1:9999".parse()? })
//!     .run("echo.strace".as_ref())?;
//! # Ok(()) }
//! ```
//!
//! The program must have parked before the peer acts, or every recording differs by its timing. So a peer waits for an
//! observable state (a listening socket) and then lets a pace go by. A peer script says `ready` on its standard output
//! once its own listeners stand; only then the program starts. `CONF_PIDFILE` names a file in which the script finds the
//! traced program's process id.
//!
//! Invariants:
//! - I1: namespaces belong to a thread: the recording runs in one of its own, so the caller keeps its network, and ports
//!   of two recordings never clash. Without the right to make them the program shares the machine's network.
//! - I2: nothing outlives a recording: peer, program and strace are ended and waited for on every way out.
//! - I3: only the program is traced, never the peer.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::isolate::{self, Isolation};
use crate::peer;

/// What is traced unless more is asked for.
const BASE_TRACE: [&str; 2] = ["%network", "%desc"];
/// How long a recording may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Who talks to the program.
#[derive(Clone, Debug, Default)]
pub enum Peer {
    /// Nobody.
    #[default]
    Nobody,
    /// A script: Python if it ends in `.py`, else run by itself. It prints `ready` when the program may start.
    Script(PathBuf),
    /// A connection that is opened once somebody listens there, sends the text, and reads to the end.
    Send {
        /// What it sends.
        text: Vec<u8>,
        /// Where to.
        to: SocketAddr,
    },
}

/// A recording to be made.
#[derive(Clone, Debug)]
pub struct Recording {
    exe: PathBuf,
    args: Vec<OsString>,
    peer: Peer,
    trace: Vec<String>,
    etc: BTreeMap<String, String>,
    files: Vec<PathBuf>,
    exit: Option<i32>,
    limit: Duration,
    maxprocs: u32,
}

/// What the program left besides its system calls.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// Its exit status.
    pub status: i32,
}

impl Recording {
    /// A recording of a program.
    pub fn new(exe: impl Into<PathBuf>) -> Self {
        Recording {
            exe: exe.into(),
            args: Vec::new(),
            peer: Peer::Nobody,
            trace: Vec::new(),
            etc: BTreeMap::new(),
            files: Vec::new(),
            exit: None,
            limit: LIMIT,
            maxprocs: std::env::var("CONF_GOMAXPROCS").ok().and_then(|n| n.parse().ok()).unwrap_or(2),
        }
    }

    /// The program's arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Who talks to the program.
    #[must_use]
    pub fn peer(mut self, peer: Peer) -> Self {
        self.peer = peer;
        self
    }

    /// More calls to trace than those on sockets and descriptors, as `strace -e trace=` takes them: `%process`.
    #[must_use]
    pub fn trace(mut self, what: impl Into<String>) -> Self {
        self.trace.push(what.into());
        self
    }

    /// A file to lie over one of `/etc` while the program runs. Needs a mount namespace (root).
    #[must_use]
    pub fn etc(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.etc.insert(name.into(), text.into());
        self
    }

    /// A file to be copied into the program's working directory, which is empty otherwise.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// The exit status that the program must have; without it any will do.
    #[must_use]
    pub fn exit(mut self, status: i32) -> Self {
        self.exit = Some(status);
        self
    }

    /// How long the recording may take (30 s otherwise).
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// On how many threads the program runs goroutines: `GOMAXPROCS` (2 otherwise).
    #[must_use]
    pub fn maxprocs(mut self, n: u32) -> Self {
        self.maxprocs = n;
        self
    }

    /// Runs the program and writes the log to `log`.
    pub fn run(&self, log: &Path) -> Result<Recorded> {
        let exe = std::path::absolute(&self.exe)?;
        ensure!(exe.is_file(), "{}: no such program", exe.display());
        let log = std::path::absolute(log)?;
        // I1: the namespaces are those of this thread, and of what it starts.
        std::thread::scope(|s| {
            let thread = std::thread::Builder::new().name("record".to_owned());
            thread.spawn_scoped(s, || self.run_here(&exe, &log))?.join().expect("a recording does not panic")
        })
        .with_context(|| format!("recording {}", self.exe.display()))
    }

    fn run_here(&self, exe: &Path, log: &Path) -> Result<Recorded> {
        let scratch = tempfile::Builder::new().prefix("stracecmp-").tempdir()?;
        let work = scratch.path().join("cwd");
        std::fs::create_dir(&work)?;
        match isolate::enter()? {
            Isolation::Own => isolate::overlay_etc(&self.etc, scratch.path())?,
            Isolation::Shared => {
                ensure!(self.etc.is_empty(), "needs a mount namespace of its own (run as root)")
            }
        }
        for file in &self.files {
            let name = file.file_name().with_context(|| format!("{}: no file name", file.display()))?;
            std::fs::copy(file, work.join(name)).with_context(|| file.display().to_string())?;
        }
        let pidfile = scratch.path().join("pid");
        let mut script = match &self.peer {
            Peer::Script(path) => Some(peer::start_script(path, &work, &pidfile)?),
            _ => None,
        };
        let end = Instant::now() + self.limit;
        let (out, err) = (scratch.path().join("stdout"), scratch.path().join("stderr"));
        let mut strace = Tracer { child: self.strace(exe, log, &work, &out, &err)?, traced: None };
        strace.find_program(exe, end)?;
        if let Some(pid) = strace.traced {
            // Written beside and renamed: the peer must not see half of it.
            let new = scratch.path().join("pid.new");
            std::fs::write(&new, pid.to_string())?;
            std::fs::rename(&new, &pidfile)?;
        }
        let peer_error = match &self.peer {
            Peer::Send { text, to } => peer::send(text, *to, end).err(),
            _ => None,
        };
        let status = strace.wait(end);
        let recorded = Recorded {
            stdout: std::fs::read(&out)?,
            stderr: std::fs::read(&err)?,
            status: status.with_context(|| format!("did not end within {} s", self.limit.as_secs()))?,
        };
        if let Some(want) = self.exit.filter(|want| *want != recorded.status) {
            let text = String::from_utf8_lossy(&recorded.stderr).chars().take(400).collect::<String>();
            bail!("exit status {} instead of {want}: {text}", recorded.status);
        }
        if let Some(e) = peer_error {
            return Err(e);
        }
        script.as_mut().map_or(Ok(()), |s| s.finish(end))?;
        Ok(recorded)
    }

    fn strace(&self, exe: &Path, log: &Path, work: &Path, out: &Path, err: &Path) -> Result<Child> {
        let mut trace = BASE_TRACE.map(str::to_owned).to_vec();
        trace.extend(self.trace.iter().cloned());
        Command::new("strace")
            .args(["-f", "-s", "512", "-e", &format!("trace={}", trace.join(",")), "-o"])
            .arg(log)
            .arg(exe)
            .args(&self.args)
            .current_dir(work)
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("HOME", "/"), ("LANG", "C")])
            .env("GOMAXPROCS", self.maxprocs.to_string())
            .stdin(std::fs::File::options().read(true).write(true).open("/dev/null")?) // as Python's DEVNULL: O_RDWR
            .stdout(std::fs::File::create(out)?)
            .stderr(std::fs::File::create(err)?)
            .spawn()
            .context("strace does not start; is it installed?")
    }
}

/// A running strace, and the program below it (I2).
struct Tracer {
    child: Child,
    traced: Option<i32>,
}

impl Tracer {
    /// Waits until strace has started the program. strace has short-lived children of its own before.
    fn find_program(&mut self, exe: &Path, end: Instant) -> Result<()> {
        let id = self.child.id();
        let children = format!("/proc/{id}/task/{id}/children");
        let exe = std::fs::canonicalize(exe)?;
        let patient_until = Instant::now() + Duration::from_millis(500);
        while Instant::now() < end && self.child.try_wait()?.is_none() {
            let kids = std::fs::read_to_string(&children).unwrap_or_default();
            // A script runs as its interpreter: after a while any child that lasts will do.
            let any = Instant::now() > patient_until;
            let is_it =
                |pid: &&str| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|p| any || p == exe);
            if let Some(pid) = kids.split_whitespace().find(is_it) {
                self.traced = pid.parse().ok();
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn wait(&mut self, end: Instant) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt;
        let status = wait_until(&mut self.child, end)?;
        Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // The traced program dies first, strace ends with it.
            if let Some(pid) = self.traced {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::SIGKILL);
                if wait_until(&mut self.child, Instant::now() + Duration::from_secs(2)).is_some() {
                    return;
                }
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Waits for a child until a time.
pub(crate) fn wait_until(child: &mut Child, end: Instant) -> Option<std::process::ExitStatus> {
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
