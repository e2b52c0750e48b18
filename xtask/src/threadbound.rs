//! `cargo xtask threadbound`: crates that use thread-locals, in both modes, as the table of the
//! guide. And what the tests and the soak run of it: pinned mode, where every case must be clean.
//!
//! A case is a process of its own, since what goes wrong in Go's mode is a signal or a hang.
//! Several run at once.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{fmt, thread};

use anyhow::{Context, Result, bail};

use crate::steps::{cargo, sh};
use crate::tools;

const PACKAGE: &str = "gopark-threadbound";
const PROGRAMS: &[&str] = &["threadbound", "threadbound-mimalloc", "threadbound-jemalloc"];
pub(crate) const PROFILES: &[&str] = &["release", "fat-lto"];
const PROCS: &[u32] = &[1, 2, 8];
/// The cases that were seen to fail in Go's mode: the tests give them the full time with each
/// number of Ps.
const FAIL_IN_GOS_MODE: &[&str] =
    &["std-thread-local", "arc-swap", "crossbeam-epoch", "thread_local", "sharded-slab", "rand"];
/// Cases that run at once. They sleep a part of their time.
const AT_ONCE: usize = 4;

/// What can be said on the command line.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Seconds for each run of a case.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Only these cases.
    names: Vec<String>,
}

/// How a case is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pinned,
    Go,
}

impl Mode {
    fn argument(self) -> &'static str {
        match self {
            Mode::Pinned => "pinned",
            Mode::Go => "go",
        }
    }
}

/// A case and the program that has it.
#[derive(Debug, Clone)]
struct Case {
    program: PathBuf,
    name: String,
    does: String,
}

/// One run of a case.
#[derive(Debug, Clone)]
struct Job {
    case: Case,
    seconds: f64,
    mode: Mode,
    procs: u32,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Clean,
    /// The program's own words.
    Wrong(String),
    Signal(i32),
    Hang,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Clean => f.write_str("clean"),
            Verdict::Wrong(words) => f.write_str(words),
            Verdict::Signal(number) => f.write_str(&signal_name(*number)),
            Verdict::Hang => f.write_str("hangs"),
        }
    }
}

fn signal_name(number: i32) -> String {
    match number {
        4 => "SIGILL".into(),
        6 => "SIGABRT".into(),
        7 => "SIGBUS".into(),
        11 => "SIGSEGV".into(),
        other => format!("signal {other}"),
    }
}

/// Both modes with two Ps and prints the table, in Markdown.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut rows = Vec::new();
    for profile in PROFILES {
        let cases = chosen(build(profile)?, &options.names)?;
        for mode in [Mode::Go, Mode::Pinned] {
            let jobs: Vec<_> = cases
                .iter()
                .map(|case| Job { case: case.clone(), seconds: options.seconds, mode, procs: 2 })
                .collect();
            rows.push(run_all(&jobs));
        }
    }
    println!(
        "| case | a step | Go's mode, release | Go's mode, fat LTO | pinned, release | pinned, fat LTO |"
    );
    println!("|---|---|---|---|---|---|");
    let [go, pinned, go_fat, pinned_fat] = &rows[..] else { unreachable!("two profiles, two modes") };
    for (i, (job, _)) in go.iter().enumerate() {
        let [go, go_fat, pinned, pinned_fat] = [go, go_fat, pinned, pinned_fat].map(|column| &column[i].1);
        println!("| {} | {} | {go} | {go_fat} | {pinned} | {pinned_fat} |", job.case.name, job.case.does);
    }
    Ok(())
}

/// Every case in pinned mode, built like this, with each number of Ps: `seconds` in all, or each
/// for those that fail in Go's mode.
pub(crate) fn check(profile: &str, seconds: f64) -> Result<()> {
    pinned(profile, |case| {
        let thorough = FAIL_IN_GOS_MODE.contains(&case.name.as_str());
        if thorough { seconds } else { seconds / PROCS.len() as f64 }
    })
}

/// The same, each case for `seconds` in all.
pub(crate) fn soak(profile: &str, seconds: f64) -> Result<()> {
    pinned(profile, |_| seconds / PROCS.len() as f64)
}

fn pinned(profile: &str, seconds: impl Fn(&Case) -> f64) -> Result<()> {
    let job =
        |case: &Case, procs| Job { case: case.clone(), seconds: seconds(case), mode: Mode::Pinned, procs };
    let cases = build(profile)?;
    let jobs: Vec<_> = cases.iter().flat_map(|case| PROCS.iter().map(|&p| job(case, p))).collect();
    all_clean(&run_all(&jobs))
}

fn all_clean(runs: &[(Job, Verdict)]) -> Result<()> {
    let failed = runs.iter().filter(|(_, verdict)| *verdict != Verdict::Clean).count();
    println!("thread-bound crates: {} runs clean, {failed} not", runs.len() - failed);
    if failed > 0 {
        bail!("{failed} runs in pinned mode were not clean");
    }
    Ok(())
}

/// Builds the programs and asks them for their cases.
fn build(profile: &str) -> Result<Vec<Case>> {
    sh(&mut cargo(["build", "--quiet", "--profile", profile, "--package", PACKAGE]))?;
    let mut cases = Vec::new();
    for name in PROGRAMS {
        let program = tools::target().join(profile).join(name);
        let out =
            Command::new(&program).arg("list").output().with_context(|| format!("{}", program.display()))?;
        let list = String::from_utf8(out.stdout)?;
        cases.extend(list.lines().filter_map(|line| line.split_once('\t')).map(|(name, does)| Case {
            program: program.clone(),
            name: name.to_owned(),
            does: does.to_owned(),
        }));
    }
    Ok(cases)
}

fn chosen(mut cases: Vec<Case>, names: &[String]) -> Result<Vec<Case>> {
    if let Some(unknown) = names.iter().find(|name| cases.iter().all(|c| c.name != **name)) {
        bail!("no case is called {unknown}");
    }
    cases.retain(|case| names.is_empty() || names.contains(&case.name));
    Ok(cases)
}

/// Runs the jobs, some at once, and returns them in their order.
fn run_all(jobs: &[Job]) -> Vec<(Job, Verdict)> {
    let queue = Mutex::new(jobs.iter().enumerate());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("nobody panics under it").next();
                    let Some((i, job)) = next else { break };
                    let verdict = run_one(job);
                    println!("{} P, {}: {}: {verdict}", job.procs, job.mode.argument(), job.case.name);
                    done.lock().expect("nobody panics under it").push((i, job.clone(), verdict));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("nobody panicked under it");
    done.sort_by_key(|(i, ..)| *i);
    done.into_iter().map(|(_, job, verdict)| (job, verdict)).collect()
}

fn run_one(job: &Job) -> Verdict {
    let mut command = Command::new(&job.case.program);
    command
        .arg(&job.case.name)
        .arg(job.seconds.to_string())
        .arg(job.mode.argument())
        .arg(job.procs.to_string());
    // The panics of Go's mode would fill the screen.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let spawned = command.env_remove("GOPARK_PINNED").env_remove("GOMAXPROCS").spawn();
    match spawned.and_then(|child| wait(child, Duration::from_secs_f64(job.seconds * 2.0 + 30.0))) {
        Ok(Some(out)) => verdict(&out),
        Ok(None) => Verdict::Hang,
        Err(e) => Verdict::Wrong(e.to_string()),
    }
}

fn verdict(out: &Output) -> Verdict {
    match (out.status.success(), out.status.signal()) {
        (true, _) => Verdict::Clean,
        (false, Some(signal)) => Verdict::Signal(signal),
        (false, None) => {
            let words = String::from_utf8_lossy(&out.stdout);
            let words = words.lines().last().and_then(|line| line.split_once(": "));
            Verdict::Wrong(words.map_or_else(|| out.status.to_string(), |(_, words)| words.to_owned()))
        }
    }
}

/// `None`: it was not over after `limit`, and is no more.
fn wait(mut child: Child, limit: Duration) -> std::io::Result<Option<Output>> {
    let end = Instant::now() + limit;
    while child.try_wait()?.is_none() {
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
    // It writes one line, which waits in the pipe.
    child.wait_with_output().map(Some)
}
