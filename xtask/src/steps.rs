//! A list of commands, each announced, timed and summed up at the end.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The steps done so far.
#[derive(Default)]
pub struct Steps {
    done: Vec<(String, Duration, Option<String>)>,
}

impl Steps {
    /// Runs one step; a failure is noted and the next step still runs.
    pub fn step(&mut self, name: &str, body: impl FnOnce() -> Result<()>) {
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
    pub fn finish(self) -> Result<()> {
        println!();
        for (name, took, failure) in &self.done {
            let verdict = if failure.is_some() { "FAILED" } else { "ok" };
            println!("{name:<36} {:>7.1} s  {verdict}", took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, took, _)| *took).sum();
        println!("{:<36} {:>7.1} s", "total", total.as_secs_f64());
        let failed = self.done.iter().filter(|(_, _, failure)| failure.is_some()).count();
        println!("steps: {} passed, {failed} failed", self.done.len() - failed);
        if failed > 0 {
            bail!("{failed} steps failed");
        }
        Ok(())
    }
}

/// Runs a command; its status must be 0.
pub fn sh(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    println!("$ {shown}");
    let status = command.status().map_err(|e| anyhow::anyhow!("{shown}: {e}"))?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

/// The cargo that runs us, with these arguments.
pub fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(crate::tools::root()).args(args);
    command
}
