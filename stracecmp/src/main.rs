//! The command line of `stracecmp`. Exit status: 0 all the same, 1 differences, 2 not readable.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use stracecmp::compare::{Prologue, compare};
use stracecmp::normal::Normal;

/// Compares a program's system calls with those of another, above all Go's.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compare logs with a reference (or with another log).
    Compare(Compare),
}

#[derive(Args)]
struct Compare {
    /// Compare what comes before the program's first own call too.
    #[arg(long)]
    prologue: bool,
    /// A normalised reference, or a log.
    reference: PathBuf,
    /// The logs to be judged.
    #[arg(required = true)]
    logs: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Compare(args) => run_compare(&args),
    };
    result.unwrap_or_else(|e| {
        anstream::eprintln!("stracecmp: {e:#}");
        ExitCode::from(2)
    })
}

fn run_compare(args: &Compare) -> Result<ExitCode> {
    let reference = Normal::load(&args.reference)?.normal;
    let prologue = if args.prologue { Prologue::Compare } else { Prologue::Ignore };
    let mut code = ExitCode::SUCCESS;
    for path in &args.logs {
        let log = Normal::load(path)?;
        log.notes.iter().for_each(|note| anstream::eprintln!("{}: {note}", path.display()));
        let report = compare(&reference, &log.normal, &log.faults, prologue);
        anstream::println!("{}: {}", path.display(), if report.conforms() { "conforms" } else { "differs" });
        anstream::print!("{report}");
        if !report.conforms() {
            code = ExitCode::from(1);
        }
    }
    Ok(code)
}
