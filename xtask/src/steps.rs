//! A list of commands, each announced, timed and summed up at the end, with what they have skipped.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What was skipped so far, and why.
static SKIPPED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Prints that something is skipped, and again at the end of all steps.
pub(crate) fn skipped(what: &str) {
    println!("{SKIPS}{what}");
    note_skipped(what);
}

fn note_skipped(what: &str) {
    let mut all = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    if !all.iter().any(|known| known == what) {
        all.push(what.to_owned());
    }
}

/// How a line begins that says what is skipped.
const SKIPS: &str = "SKIPPED: ";

/// The steps done so far.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration, Option<String>)>,
}

impl Steps {
    /// Runs one step; a failure is noted and the next step still runs.
    pub(crate) fn step(&mut self, name: &str, body: impl FnOnce() -> Result<()>) {
        println!("\n=== {name}");
        let start = Instant::now();
        let failure = body().err().map(|e| format!("{e:#}"));
        let took = start.elapsed();
        match &failure {
            None => println!("=== {name}: {:.1} s", took.as_secs_f64()),
            Some(e) => println!("=== {name}: FAILED after {:.1} s: {e}", took.as_secs_f64()),
        }
        self.done.push((name.to_owned(), took, failure));
    }

    /// Prints the table; an error if a step failed.
    pub(crate) fn finish(self) -> Result<()> {
        println!();
        for (name, took, failure) in &self.done {
            let verdict = if failure.is_some() { "FAILED" } else { "ok" };
            println!("{name:<36} {:>7.1} s  {verdict}", took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, took, _)| *took).sum();
        println!("{:<36} {:>7.1} s", "total", total.as_secs_f64());
        for what in SKIPPED.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            println!("{SKIPS}{what}");
        }
        let failed = self.done.iter().filter(|(_, _, failure)| failure.is_some()).count();
        println!("steps: {} passed, {failed} failed", self.done.len() - failed);
        if failed > 0 {
            bail!("{failed} steps failed");
        }
        Ok(())
    }
}

/// Runs a command; its status must be 0.
pub(crate) fn sh(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    println!("$ {shown}");
    let status = command.status().map_err(|e| anyhow::anyhow!("{shown}: {e}"))?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

/// As [`sh`]; what the command's output says it skips is repeated at the end of all steps.
pub(crate) fn sh_noting_skips(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    println!("$ {shown}");
    let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.with_context(|| shown.clone())?;
    thread::scope(|scope| {
        let (out, err) = (child.stdout.take(), child.stderr.take());
        scope.spawn(|| out.map(pass_on));
        scope.spawn(|| err.map(pass_on));
    });
    let status = child.wait()?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

fn pass_on(from: impl Read) {
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if let Some((_, what)) = line.split_once(SKIPS) {
            note_skipped(what);
        }
    }
}

/// The cargo that runs us, with these arguments.
pub(crate) fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(crate::tools::root()).args(args);
    command
}
