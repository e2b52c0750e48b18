//! `check`: a folder of logs, each with the trace that it is expected to have, for continuous integration.
//!
//! `NAME.strace` (or `NAME.strace.gz`) is compared with `NAME.trace` beside it. `--bless` writes what the logs say now into the traces.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use stracecmp::judge;
use stracecmp::normal::{Normal, Variants};

use super::showing::{Detail, tell};
use super::{Outcome, reading};

#[derive(Args)]
pub(super) struct Check {
    /// Write what the logs say now into the traces
    #[arg(long)]
    bless: bool,
    /// Say only which logs conform
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    reading: reading::Options,
    /// The folder with NAME.strace and NAME.trace
    dir: PathBuf,
}

pub(super) fn check(args: &Check) -> Result<Outcome> {
    let mut logs: Vec<PathBuf> = std::fs::read_dir(&args.dir)
        .with_context(|| args.dir.display().to_string())?
        .map(|e| Ok(e?.path()))
        .collect::<Result<_>>()?;
    logs.retain(|p| p.to_string_lossy().trim_end_matches(".gz").ends_with(".strace"));
    logs.sort();
    ensure!(!logs.is_empty(), "{}: no NAME.strace in it", args.dir.display());
    let mut outcome = Outcome::Same;
    for log in &logs {
        if one(args, log)? == Outcome::Different {
            outcome = Outcome::Different;
        }
    }
    Ok(outcome)
}

fn one(args: &Check, log: &Path) -> Result<Outcome> {
    let stem = log.to_string_lossy().trim_end_matches(".gz").trim_end_matches(".strace").to_owned();
    let trace = PathBuf::from(format!("{stem}.trace"));
    if args.bless {
        let normal = blessed(args.reading.load_neutral(log)?.normal);
        std::fs::write(&trace, normal.to_bytes()).with_context(|| trace.display().to_string())?;
        anstream::eprintln!("stracecmp: wrote {}", trace.display());
        return Ok(Outcome::Same);
    }
    if !trace.is_file() {
        anstream::println!("{}: has no {} (--bless writes it)", log.display(), trace.display());
        return Ok(Outcome::Different);
    }
    let reference = args.reading.reference(&trace)?;
    let (want, got) = args.reading.last_pair(reference, log)?;
    let report = judge::judge(&want, &got, judge::Options::default());
    tell(log, &report, Detail::of(args.quiet, false))?;
    Ok(if report.conforms() { Outcome::Same } else { Outcome::Different })
}

/// Where several threads do I/O, one run's order of all lines is chance.
fn blessed(mut normal: Normal) -> Normal {
    if normal.threads > 1 {
        normal.variants = Variants::PerDescriptor(vec![(1, normal.variants.first_per_fd())]);
    }
    "".clone_into(&mut normal.program);
    normal
}
