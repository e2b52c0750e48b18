//! Go's twin of a program, run here and now: what Go says to this kernel, beside the stored reference.
//!
//! Invariants:
//! - I1: fewer runs than the stored reference has may agree by chance on an order that is not fixed, or on few polls. Where
//!   the stored reference has no order, neither has the live one; what the stored one allows in polls, the live one does.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use stracecmp::error::Error;
use stracecmp::log::Log;
use stracecmp::normal::{Normal, Variants};
use stracecmp::trace::Trace;

use crate::catalogue::{self, Program};
use crate::record::{Recorded, record};
use crate::verdict::{Verdict, compare};

/// Whose traces the references are.
pub const SOURCE: &str = "go1.23.9 linux/amd64";

/// Go's trace of one program on this machine.
#[derive(Debug)]
pub struct Live {
    /// What the runs have in common.
    pub normal: Normal,
    /// How Go's first run that differs from the stored reference differs from it: then this machine is not like the one
    /// of the reference, and the live trace alone decides.
    pub unlike_stored: Option<String>,
}

/// What came of an attempt.
#[derive(Debug)]
pub enum Attempt {
    /// Go's trace.
    Live(Box<Live>),
    /// It cannot be recorded here, for this reason.
    Skipped(String),
}

/// Builds Go's twins of all these programs; gives the folder they lie in.
pub fn build(go: &Path, programs: &[Program], out: &Path) -> Result<()> {
    std::fs::create_dir_all(out)?;
    let mut build = Command::new(go);
    build.current_dir(catalogue::home()).args(["build", "-trimpath", "-o"]).arg(out.join(""));
    build.args(programs.iter().map(|p| format!("./src/bin/{}", p.name)));
    build.envs([("GOTOOLCHAIN", "local"), ("CGO_ENABLED", "0"), ("GOFLAGS", "-mod=mod")]);
    build.envs([("GO111MODULE", "on"), ("GOWORK", "off")]);
    let status = build.status().with_context(|| go.display().to_string())?;
    ensure!(status.success(), "Go's twins do not build");
    Ok(())
}

/// Runs Go's twin `exe` so often and sets what it leaves beside the stored reference. Logs go below `logs`.
pub fn observe(program: &Program, exe: &Path, logs: &Path, runs: u32) -> Result<Attempt> {
    let logs = log_names(logs, runs);
    let mut normal = match record_all(program, exe, &logs)? {
        Recorded::Log => normalise(program, &logs)?,
        Recorded::Skipped(why) => return Ok(Attempt::Skipped(why)),
    };
    loosen(&mut normal, &Normal::load(program.reference())?.normal);
    let mut unlike_stored = None;
    for log in &logs {
        if let Verdict::Differs(how) = compare(&program.reference(), log)? {
            unlike_stored = Some(how);
            break;
        }
    }
    Ok(Attempt::Live(Box::new(Live { normal, unlike_stored })))
}

/// Makes the stored reference from so many runs of Go's twin `exe`; gives the number of variants. One is a good number.
///
/// # Errors
/// The twin cannot be recorded, here or at all.
pub fn write_reference(program: &Program, exe: &Path, logs: &Path, runs: u32) -> Result<usize> {
    let logs = log_names(logs, runs);
    if let Recorded::Skipped(why) = record_all(program, exe, &logs)? {
        bail!("{}: {why}", program.name);
    }
    let normal = normalise(program, &logs)?;
    std::fs::write(program.reference(), normal.to_bytes())?;
    Ok(normal.variants.len())
}

fn log_names(folder: &Path, runs: u32) -> Vec<PathBuf> {
    (0..runs).map(|k| folder.join(format!("go-{k}.strace"))).collect()
}

/// The runs go side by side, a few at a time.
fn record_all(program: &Program, exe: &Path, logs: &[PathBuf]) -> Result<Recorded> {
    const AT_ONCE: usize = 5;
    for logs in logs.chunks(AT_ONCE) {
        let recorded: Vec<Result<Recorded>> = thread::scope(|scope| {
            let runs: Vec<_> = logs.iter().map(|log| scope.spawn(|| record(program, exe, log))).collect();
            runs.into_iter().map(|run| run.join().expect("a recording returns its errors")).collect()
        });
        for run in recorded {
            let run = run.with_context(|| format!("Go's {}", program.name))?;
            if matches!(run, Recorded::Skipped(_)) {
                return Ok(run);
            }
        }
    }
    Ok(Recorded::Log)
}

fn normalise(program: &Program, logs: &[PathBuf]) -> Result<Normal> {
    let traces = logs.iter().map(|log| {
        let read = Log::load(log)?;
        Trace::of(&read).map_err(|bad| Error::Bad { path: log.clone(), bad })
    });
    let traces = traces.collect::<Result<Vec<_>, _>>()?;
    Normal::of_traces(traces, &program.name, SOURCE)
        .map_err(|bad| anyhow::anyhow!("Go's runs of {}: {bad}", program.name))
}

/// I1.
fn loosen(live: &mut Normal, stored: &Normal) {
    live.polls.max = live.polls.max.max(stored.polls.max);
    if let (Variants::Global(all), Variants::PerDescriptor(_)) = (&live.variants, &stored.variants) {
        let runs = all.iter().map(|(n, _)| n).sum();
        live.variants = Variants::PerDescriptor(vec![(runs, live.variants.first_per_fd())]);
    }
}
