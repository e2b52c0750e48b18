//! The commands: what they take, and what they do with it.

mod check;
mod reading;
mod recording;
mod run;
mod shell;
mod showing;

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use stracecmp::compare::{Prologue, Report};
use stracecmp::error::{Bad, Error};
use stracecmp::judge;
use stracecmp::log::Log;
use stracecmp::normal::{Loaded, Normal, Variants};
use stracecmp::story::Story;
use stracecmp::text::visible;
use stracecmp::trace::Trace;
use stracecmp::{show, stat, timeline};

use self::showing::{Showing, write_page};

/// Compares the system calls of two programs, as strace saw them.
///
/// A program's strace log differs from run to run: descriptor numbers, ports, pointers, threads. What it says to the
/// kernel about each descriptor, and in which order, does not. stracecmp takes the first out and compares the second.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a program under strace, with a peer beside it
    Record(recording::Record),
    /// Record two programs with one client, and compare them
    Run(run::Run),
    /// Show one log as the comparison sees it
    Show(Show),
    /// Compare logs with a reference, or with another log
    Compare(Compare),
    /// Compare every log of a folder with the trace beside it; --bless writes the traces
    Check(check::Check),
    /// Make a reference from several runs of a program, and say what was stable
    Normalise(Normalise),
    /// Build a Go source, record it and another binary, and compare them
    Go(recording::Go),
    /// Write a completion script for a shell to the standard output
    Completions(shell::Completions),
    /// Write the manual page to the standard output, or one for each command into a folder
    Man(shell::Man),
}

#[derive(Args)]
struct Show {
    /// Draw descriptors as columns, time downward
    #[arg(long, conflicts_with = "plain")]
    timeline: bool,
    /// Write the form that references have
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    reading: reading::Options,
    /// What strace wrote (a file, also compressed, a folder of -ff, or -), or a reference
    log: PathBuf,
}

#[derive(Args)]
struct Compare {
    /// Compare what comes before the program's first own call too
    #[arg(long)]
    prologue: bool,
    #[command(flatten)]
    showing: Showing,
    /// Count calls, errors and time (-T) on both sides
    #[arg(long, conflicts_with = "json")]
    stat: bool,
    #[command(flatten)]
    reading: reading::Options,
    /// A normalised reference, or a log (a file, also compressed, a folder of -ff, or -)
    reference: PathBuf,
    /// The logs to be judged; with --html the page shows the first that differs
    #[arg(required = true)]
    logs: Vec<PathBuf>,
}

#[derive(Args)]
struct Normalise {
    /// The program's name
    #[arg(long, default_value = "")]
    name: String,
    /// Where the runs were recorded
    #[arg(long, default_value = "")]
    source: String,
    /// Where the reference goes; otherwise to the standard output
    #[arg(short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The logs of the runs
    #[arg(required = true)]
    logs: Vec<PathBuf>,
}

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All the same.
    Same,
    /// Something differs, or has faults.
    Different,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        match outcome {
            Outcome::Same => ExitCode::SUCCESS,
            Outcome::Different => ExitCode::from(1),
        }
    }
}

/// Runs a command.
pub(crate) fn run(cli: &Cli) -> Result<Outcome> {
    match &cli.command {
        Command::Record(args) => recording::record(args),
        Command::Run(args) => run::run(args),
        Command::Show(args) => show_log(args),
        Command::Compare(args) => compare_logs(args),
        Command::Check(args) => check::check(args),
        Command::Normalise(args) => normalise(args),
        Command::Go(args) => recording::go(args),
        Command::Completions(args) => shell::completions(args),
        Command::Man(args) => shell::man(args),
    }
}

fn show_log(args: &Show) -> Result<Outcome> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    if args.plain {
        let loaded = args.reading.load(&args.log)?;
        out.write_all(&loaded.normal.to_bytes())?;
        loaded.faults.iter().try_for_each(|f| writeln!(out, "lint {f}"))?;
    } else {
        let story = Story::of(args.reading.load(&args.log)?);
        if args.timeline { timeline::draw(&mut out, &story)? } else { show::blocks(&mut out, &story)? }
    }
    out.flush()?;
    Ok(Outcome::Same)
}

fn compare_logs(args: &Compare) -> Result<Outcome> {
    let mut reference = Some(args.reading.reference(&args.reference)?);
    let prologue = if args.prologue { Prologue::Compare } else { Prologue::Ignore };
    let options = judge::Options { prologue, order: args.showing.order() };
    let mut outcome = Outcome::Same;
    let mut on_page: Option<(Loaded, Loaded, Report)> = None;
    for (i, path) in args.logs.iter().enumerate() {
        let last = i + 1 == args.logs.len();
        let (want, got) = match (reference.take(), last) {
            (Some(of), true) => args.reading.last_pair(of, path)?,
            (Some(of), false) => {
                let pair = args.reading.pair(&of, path)?;
                reference = Some(of);
                pair
            }
            (None, _) => unreachable!("the reference goes with the last log"),
        };
        let told = [(args.reference.as_path(), &want.notes), (path.as_path(), &got.notes)];
        for (path, notes) in told.into_iter().skip(usize::from(i > 0)) {
            notes.iter().for_each(|n| anstream::eprintln!("{}: {}", path.display(), visible(n)));
        }
        let report = judge::judge(&want, &got, options);
        args.showing.tell(path, &report)?;
        if args.stat {
            stat::write(&mut anstream::stdout().lock(), &want, &got)?;
        }
        if !report.conforms() {
            outcome = Outcome::Different;
        }
        let first = on_page.as_ref().is_none_or(|p| p.2.conforms() && !report.conforms());
        if args.showing.html.is_some() && first {
            on_page = Some((want, got, report));
        }
    }
    if let (Some(file), Some((want, got, report))) = (&args.showing.html, on_page) {
        write_page(file, want, got, &report)?;
    }
    Ok(outcome)
}

/// The traces of several logs; their faults are told.
fn traces(logs: &[PathBuf]) -> Result<(Vec<Trace>, Outcome)> {
    let (mut traces, mut outcome) = (Vec::new(), Outcome::Same);
    for path in logs {
        let log = Log::load(path)?;
        let trace = Trace::of(&log).map_err(|bad: Bad| Error::Bad { path: path.clone(), bad })?;
        for fault in &trace.faults {
            anstream::eprintln!("{}:{}: lint {fault}", path.display(), fault.line);
            outcome = Outcome::Different;
        }
        traces.push(trace);
    }
    Ok((traces, outcome))
}

fn normalise(args: &Normalise) -> Result<Outcome> {
    let (traces, outcome) = traces(&args.logs)?;
    let n = Normal::of_traces(traces, &args.name, &args.source)?;
    match &args.out {
        Some(path) => std::fs::write(path, n.to_bytes()).with_context(|| path.display().to_string())?,
        None => std::io::stdout().write_all(&n.to_bytes())?,
    }
    let name = if args.name.is_empty() { "normalised" } else { &args.name };
    anstream::eprintln!("{name}: {}", stability(&n, args.logs.len()));
    Ok(outcome)
}

/// What the runs had in common.
fn stability(n: &Normal, runs: usize) -> String {
    let mut text = match &n.variants {
        Variants::Global(v) => {
            let lines = v.first().map_or(0, |v| v.1.len());
            format!("all {lines} lines and their order were the same in {runs} runs")
        }
        Variants::PerDescriptor(v) if v.len() == 1 => format!(
            "the sequences of all {} descriptors were the same in {runs} runs, the order among them was not",
            v[0].1.len()
        ),
        Variants::PerDescriptor(v) => {
            let common = v[0].1.iter().filter(|s| v[1..].iter().all(|o| o.1.contains(s))).count();
            format!(
                "{} variants in {runs} runs: {common} of {} descriptor sequences were in all of them. \
                 A program with one variant makes a better reference",
                v.len(),
                v[0].1.len()
            )
        }
    };
    let polls = n.polls;
    text.push_str(&format!("; {} to {} polls", polls.min, polls.max));
    for (what, r) in
        [("without limit", n.unlimited), ("with a limit", n.limited), ("that expired", n.expired)]
    {
        if r.with > 0 {
            text.push_str(&format!("; waits {what} in {} of {} runs", r.with, r.of));
        }
    }
    text
}
