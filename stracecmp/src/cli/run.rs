//! `run`: two programs recorded with one client, and compared.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use stracecmp::isolate;
use stracecmp::judge;
use stracecmp::record::Stdout;

use super::recording::{Place, Setting, ending, find_program};
use super::showing::{Showing, write_page};
use super::{Outcome, reading};

#[derive(Args)]
pub(crate) struct Run {
    #[command(flatten)]
    setting: Setting,
    #[command(flatten)]
    place: Place,
    /// Record each program so often. The second conforms if each of its runs is like one of the first's
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Keep the logs in this folder
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
    #[command(flatten)]
    showing: Showing,
    #[command(flatten)]
    reading: reading::Options,
    /// The two programs and their arguments, with -- between them: A ... -- B ...
    #[arg(last = true, required = true, value_name = "A -- B")]
    programs: Vec<OsString>,
}

pub(super) fn run(args: &Run) -> Result<Outcome> {
    isolate::become_able();
    let mut sides = args.programs.splitn(2, |a| a == "--");
    let (a, b) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
    ensure!(!a.is_empty() && !b.is_empty(), "run wants two programs: stracecmp run ... -- A ... -- B ...");
    let scratch = tempfile::Builder::new().prefix("stracecmp-run-").tempdir()?;
    let place = args.logs.as_deref().unwrap_or(scratch.path());
    std::fs::create_dir_all(place).with_context(|| place.display().to_string())?;
    let first = record(args, a, place, "a")?;
    let second = record(args, b, place, "b")?;
    let options = judge::Options { order: args.showing.order(), ..judge::Options::default() };
    let steady = first[1..].iter().try_fold(1, |n, log| -> Result<usize> {
        let (want, got) = args.reading.last_pair(args.reading.reference(&first[0])?, log)?;
        Ok(n + usize::from(judge::judge(&want, &got, options).conforms()))
    })?;
    if first.len() > 1 {
        anstream::eprintln!(
            "stracecmp: {steady} of {} runs of the first program are like its first",
            first.len()
        );
    }
    let mut outcome = Outcome::Same;
    for log in &second {
        one(args, &first, log, options, &mut outcome)?;
    }
    Ok(outcome)
}

fn record(args: &Run, program: &[OsString], place: &Path, name: &str) -> Result<Vec<PathBuf>> {
    let exe = find_program(&program[0])?;
    let mut logs = Vec::new();
    for run in 1..=args.repeat {
        let log = place.join(format!("{name}-{run}.strace"));
        let recording = args.setting.recording(&exe, &program[1..])?;
        let recorded = args.place.of(recording, Stdout::Error).run(&log)?;
        anstream::eprintln!("stracecmp: {}: {}", exe.display(), ending(&recorded));
        logs.push(log);
    }
    Ok(logs)
}

/// Compares a run of the second program with the runs of the first, to the one that it is like.
fn one(
    args: &Run,
    first: &[PathBuf],
    log: &Path,
    options: judge::Options,
    outcome: &mut Outcome,
) -> Result<()> {
    let mut shown = None;
    for of in first {
        let (want, got) = args.reading.last_pair(args.reading.reference(of)?, log)?;
        let report = judge::judge(&want, &got, options);
        let conforms = report.conforms();
        if conforms || shown.is_none() {
            shown = Some((want, got, report));
        }
        if conforms {
            break;
        }
    }
    let (want, got, report) = shown.expect("there is a first run");
    let differs = !report.conforms();
    args.showing.tell(log, &report)?;
    if let Some(page) = args.showing.html.as_ref().filter(|_| *outcome == Outcome::Same) {
        write_page(page, want, got, &report)?;
    }
    if differs {
        *outcome = Outcome::Different;
    }
    Ok(())
}
