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
//! traced program's process id. A peer command is started once the program serves: when a process of its has a socket that
//! listens, or a bound UDP socket.
//!
//! A program runs on a stage (an empty folder, a short environment, its output caught), so that recordings of different
//! places are alike, or in its user's own surroundings.
//!
//! Invariants:
//! - I1: namespaces belong to a thread: the recording runs in one of its own, so the caller keeps its network, and ports
//!   of two recordings never clash. Without the right to make them the program shares the machine's network.
//! - I2: nothing outlives a recording: peer, program and strace are ended and waited for on every way out.
//! - I3: only the program is traced, never the peer.
//! - I4: a recording that succeeds has a whole log: its last lines say how the program ended.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;

use crate::isolate::{self, Isolation};
use crate::peer;
use crate::tracer::Tracer;

/// What is traced unless more is asked for.
const BASE_TRACE: [&str; 2] = ["%network", "%desc"];
/// What is traced besides in the user's own surroundings, where nobody chose the program for its descriptors.
const OWN_TRACE: [&str; 2] = ["%file", "%process"];
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
    /// A command for the shell, run once the program serves. `STRACECMP_PORT` is the port that it listens on, if there is one.
    Command(String),
    /// A connection that is opened once somebody listens there, sends the text, and reads to the end.
    Send {
        /// What it sends.
        text: Vec<u8>,
        /// Where to.
        to: SocketAddr,
    },
}

/// Where the standard output of a program goes that runs in its user's own surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdout {
    /// To the standard output of this process.
    Own,
    /// To its standard error, so that a report is alone on the standard output.
    Error,
}

/// How a program is run in its user's own surroundings.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// Where its standard output goes.
    pub stdout: Stdout,
    /// Whether it uses the machine's network although it has a peer.
    pub machines_network: bool,
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
    maxprocs: Option<u32>,
    own: Option<Own>,
    stop: Option<Stop>,
}

/// How a program is stopped that does not end by itself.
#[derive(Clone, Copy, Debug)]
struct Stop {
    linger: Duration,
    signal: Signal,
}

/// What the program left besides its system calls.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// Its exit status; 128 and the signal's number, if one ended it.
    pub status: i32,
    /// Whether it was stopped, because it did not end after its peer was done.
    pub stopped: bool,
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
            maxprocs: None,
            own: None,
            stop: None,
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

    /// On how many threads the program runs goroutines: `GOMAXPROCS` (on a stage 2 otherwise).
    #[must_use]
    pub fn maxprocs(mut self, n: u32) -> Self {
        self.maxprocs = Some(n);
        self
    }

    /// The program, and what it left behind, is stopped by a signal if it goes on for `linger` after its peer is done.
    ///
    /// Errors: there is no signal of that number.
    pub fn stop_after(mut self, linger: Duration, signal: i32) -> Result<Self> {
        let signal = Signal::try_from(signal).with_context(|| format!("there is no signal {signal}"))?;
        self.stop = Some(Stop { linger, signal });
        Ok(self)
    }

    /// The program runs in the folder, with the environment, the standard input and the standard error of this process, instead
    /// of on a stage.
    #[must_use]
    pub fn own_surroundings(mut self, own: Own) -> Self {
        self.own = Some(own);
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
        let work = match self.own {
            Some(_) => std::env::current_dir()?,
            None => scratch.path().join("cwd"),
        };
        std::fs::create_dir_all(&work)?;
        self.isolate(scratch.path())?;
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
        let mut command = self.strace(exe, log);
        match self.own {
            Some(own) => self.surround(&mut command, own)?,
            None => self.stage(&mut command, &work, &out, &err)?,
        }
        let mut strace = Tracer::start(command)?;
        strace.find_program(exe, end)?;
        if let Some(pid) = strace.traced {
            // Written beside and renamed: the peer must not see half of it.
            let new = scratch.path().join("pid.new");
            std::fs::write(&new, pid.to_string())?;
            std::fs::rename(&new, &pidfile)?;
        }
        let mut talked = match &self.peer {
            Peer::Send { text, to } => peer::send(text, *to, end),
            Peer::Command(line) => peer::run_command(line, &work, &mut strace, end),
            Peer::Script(_) | Peer::Nobody => Ok(()),
        };
        let mut stopped = false;
        if let Some(stop) = self.stop {
            if let Some(script) = &mut script {
                talked = talked.and(script.finish(end));
            }
            stopped = self.wait_or_stop(&mut strace, stop, end)?;
        }
        let status = strace.wait(end.max(Instant::now() + Duration::from_secs(1)));
        let read = |path: &Path| if self.own.is_some() { Ok(Vec::new()) } else { std::fs::read(path) };
        let recorded = Recorded {
            stdout: read(&out)?,
            stderr: read(&err)?,
            status: status.with_context(|| format!("did not end within {} s", self.limit.as_secs()))?,
            stopped,
        };
        is_whole(log)?; // I4
        if let Some(want) = self.exit.filter(|want| *want != recorded.status) {
            let text = String::from_utf8_lossy(&recorded.stderr).chars().take(400).collect::<String>();
            bail!("exit status {} instead of {want}: {text}", recorded.status);
        }
        talked?;
        if self.stop.is_none() {
            script.as_mut().map_or(Ok(()), |s| s.finish(end))?;
        }
        Ok(recorded)
    }

    /// I1: a network of its own for a program on a stage, or with a peer.
    fn isolate(&self, scratch: &Path) -> Result<()> {
        let alone = matches!(self.peer, Peer::Nobody);
        if self.etc.is_empty() && self.own.is_some_and(|own| alone || own.machines_network) {
            return Ok(());
        }
        match isolate::enter()? {
            Isolation::Own => isolate::overlay_etc(&self.etc, scratch),
            Isolation::Shared => {
                ensure!(
                    self.etc.is_empty(),
                    "needs a mount namespace of its own (run as root, or allow user namespaces)"
                );
                Ok(())
            }
        }
    }

    /// Waits for the program's end, or stops it when its peer is done; also what it left behind. Whether it was stopped.
    fn wait_or_stop(&self, strace: &mut Tracer, stop: Stop, end: Instant) -> Result<bool> {
        let alone = matches!(self.peer, Peer::Nobody);
        let until = if alone { end } else { end.min(Instant::now() + stop.linger) };
        while Instant::now() < until && !strace.program_is_gone() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let goes_on = !strace.program_is_gone();
        if goes_on || strace.wait(Instant::now() + Duration::from_millis(200)).is_none() {
            strace.stop(stop.signal);
        }
        ensure!(!(goes_on && alone), "did not end within {} s; it was stopped", self.limit.as_secs());
        Ok(goes_on)
    }

    fn strace(&self, exe: &Path, log: &Path) -> Command {
        let mut trace = BASE_TRACE.map(str::to_owned).to_vec();
        if self.own.is_some() {
            trace.extend(OWN_TRACE.map(str::to_owned));
        }
        trace.extend(self.trace.iter().cloned());
        let mut command = Command::new("strace");
        command.args(["-f", "-s", "512", "-e", &format!("trace={}", trace.join(",")), "-o"]).arg(log);
        if self.own.is_some() {
            command.args(["-ttt", "-T"]);
        }
        command.arg(exe).args(&self.args);
        command
    }

    fn stage(&self, command: &mut Command, work: &Path, out: &Path, err: &Path) -> Result<()> {
        let maxprocs = std::env::var("CONF_GOMAXPROCS").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
        command
            .current_dir(work)
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("HOME", "/"), ("LANG", "C")])
            .env("GOMAXPROCS", self.maxprocs.unwrap_or(maxprocs).to_string())
            .stdin(std::fs::File::options().read(true).write(true).open("/dev/null")?) // as Python's DEVNULL: O_RDWR
            .stdout(std::fs::File::create(out)?)
            .stderr(std::fs::File::create(err)?);
        Ok(())
    }

    fn surround(&self, command: &mut Command, own: Own) -> Result<()> {
        use std::os::fd::AsFd;
        if let Some(n) = self.maxprocs {
            command.env("GOMAXPROCS", n.to_string());
        }
        command.stdout(match own.stdout {
            Stdout::Own => Stdio::inherit(),
            Stdout::Error => Stdio::from(std::io::stderr().as_fd().try_clone_to_owned()?),
        });
        Ok(())
    }
}

/// I4: whether the log says at its end how the program ended. It does not where strace could not trace or not write.
fn is_whole(log: &Path) -> Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(log).with_context(|| format!("{}: no log", log.display()))?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(4096)))?;
    let mut tail = Vec::new();
    file.take(4096).read_to_end(&mut tail)?;
    let tail = String::from_utf8_lossy(&tail);
    ensure!(
        tail.contains("+++ exited with ") || tail.contains("+++ killed by "),
        "{}: the log is not whole: strace could not trace the program, or not write",
        log.display()
    );
    Ok(())
}
