//! `cargo xtask conformance`: every program of the catalogue, several runs each, compared with Go's trace: the stored one,
//! and the one that Go leaves on this machine in the same command where Go is to be had.
//!
//! Invariants:
//! - I1: what differs from a few runs of Go's is no difference if Go does the same here, now, under the same load: some
//!   orders and waits are a matter of timing. So Go is asked again, many times, before a run is said to differ.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use gopark_conformance::isolate::become_root;
use gopark_conformance::live::write_reference;
use gopark_conformance::verdict::compare_with;
use gopark_conformance::{Live, Program, Verdict, conform, programs};

use crate::steps::{cargo, sh};
use crate::twins::Twins;
use crate::{packages, steps, tools};

/// Runs that make a stored reference.
const REFERENCE_RUNS: u32 = 10;
/// Runs of Go's twin that decide about a run that differs from fewer (I1).
const DECIDING_RUNS: u32 = 40;

/// What can be said on the command line.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs of each program.
    #[arg(long, default_value_t = 5)]
    pub runs: u32,
    /// Runs of Go's twin of each program; 0: compare with the stored references only.
    #[arg(long, default_value_t = 3)]
    pub go_runs: u32,
    /// Programs side by side. Each has a network of its own; where that is not permitted they wait for one another.
    #[arg(long, default_value_t = 2)]
    pub jobs: usize,
    /// Keep every core busy meanwhile.
    #[arg(long)]
    pub busy: bool,
    /// Run Go's twins instead of ours: do the references hold on this machine?
    #[arg(long)]
    pub go: bool,
    /// Write the stored references of the programs named, from ten runs of Go's twins each.
    #[arg(long, requires = "names")]
    pub write_references: bool,
    /// Stop at a program's first difference.
    #[arg(long)]
    pub quick: bool,
    /// The programs; all if none is named.
    pub names: Vec<String>,
}

/// Sets up what a round needs, and makes one.
pub(crate) fn run(options: &Options) -> Result<()> {
    packages::provide(&[packages::STRACE])?;
    let programs = programs(&options.names)?;
    if options.write_references {
        return write_references(&programs);
    }
    let twins =
        if options.go || options.go_runs > 0 { Twins::set_up(&programs, options.go_runs)? } else { None };
    round(options, twins.as_ref())
}

/// Runs the programs, prints a table, fails if any run differs.
pub(crate) fn round(options: &Options, twins: Option<&Twins>) -> Result<()> {
    let programs = programs(&options.names)?;
    let built = if options.go { None } else { Some(build_ours(&options.names)?) };
    become_root();
    let turn = Turn { options, twins, built: built.as_deref() };
    let table = with_load(options.busy, || turn.all(&programs))?;
    summarise(&table, options, twins)
}

/// One line of the table.
struct Row {
    name: String,
    conform: u32,
    /// How many of them are like Go only since it was asked again (I1).
    rare: u32,
    skipped: Option<String>,
    failure: Option<String>,
    /// How Go here differs from the stored reference.
    go_differs: Option<String>,
}

/// What all programs of a round share.
struct Turn<'a> {
    options: &'a Options,
    twins: Option<&'a Twins>,
    /// Where ours lie; `None`: Go's run instead.
    built: Option<&'a Path>,
}

impl Turn<'_> {
    /// The rows, in the order of the programs; so many programs side by side as asked.
    fn all(&self, programs: &[Program]) -> Result<Vec<Row>> {
        let next = AtomicUsize::new(0);
        let rows = Mutex::new(Vec::new());
        let worker = || {
            // Relaxed: the counter only hands out numbers, the scope's end orders the rest.
            while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let row = self.row(program);
                rows.lock().expect("no worker panics with it").push((program.name.clone(), row));
            }
        };
        thread::scope(|scope| {
            for _ in 0..self.options.jobs.max(1) {
                scope.spawn(worker);
            }
        });
        let mut rows = rows.into_inner().expect("no worker panicked with it");
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn row(&self, program: &Program) -> Result<Row> {
        let logs = tools::target().join("conformance").join(&program.name);
        std::fs::create_dir_all(&logs)?;
        let start = Instant::now();
        let mut row = Row {
            name: program.name.clone(),
            conform: 0,
            rare: 0,
            skipped: None,
            failure: None,
            go_differs: None,
        };
        let (live, exe) = match (self.twins, self.built) {
            (Some(twins), Some(ours)) => (twins.live(program, &logs)?, ours.join(&program.name)),
            (None, Some(ours)) => (None, ours.join(&program.name)),
            (Some(twins), None) => (None, twins.exe(program)),
            (None, None) => bail!("Go is needed for this"),
        };
        row.go_differs = live.as_ref().and_then(|live| live.unlike_stored.clone());
        self.runs(program, &exe, &logs, live.as_deref(), &mut row);
        row.print(self.options.runs, start.elapsed().as_secs_f64());
        Ok(row)
    }

    fn runs(&self, program: &Program, exe: &Path, logs: &Path, live: Option<&Live>, row: &mut Row) {
        let again = OnceCell::new();
        for k in 0..self.options.runs {
            let log = logs.join(format!("run-{k}.strace"));
            let failure = match conform(program, exe, &log, live) {
                Ok(Verdict::Conforms) => {
                    row.conform += 1;
                    continue;
                }
                Ok(Verdict::Differs(_)) if self.go_does_so_too(program, logs, &log, &again) => {
                    row.conform += 1;
                    row.rare += 1;
                    continue;
                }
                Ok(Verdict::Skipped(why)) => {
                    row.skipped = Some(why);
                    return;
                }
                Ok(Verdict::Differs(how)) => format!("{how}\nlog: {}", log.display()),
                Err(e) => format!("{e:#}\nlog: {}", log.display()),
            };
            row.failure.get_or_insert(failure);
            if self.options.quick {
                return;
            }
        }
    }

    /// I1. `again` keeps Go's runs for the next run that differs.
    fn go_does_so_too(
        &self,
        program: &Program,
        logs: &Path,
        log: &Path,
        again: &OnceCell<Option<Box<Live>>>,
    ) -> bool {
        let (Some(twins), Some(_)) = (self.twins, self.built) else { return false };
        let ask = || {
            let logs = logs.join("go-again");
            std::fs::create_dir_all(&logs).ok()?;
            twins.record(program, &logs, DECIDING_RUNS).ok()?
        };
        let Some(live) = again.get_or_init(ask) else { return false };
        matches!(compare_with(&live.normal, log), Ok(Verdict::Conforms))
    }
}

impl Row {
    fn print(&self, runs: u32, seconds: f64) {
        let verdict = match (&self.skipped, &self.failure) {
            (Some(why), _) => format!("SKIPPED: {why}"),
            (_, Some(_)) => "DIFFERS".into(),
            _ => "conforms".into(),
        };
        let stored = if self.go_differs.is_some() { "; GO DIFFERS from its stored reference" } else { "" };
        let rare = match self.rare {
            0 => String::new(),
            n => format!("; {n} as some of {DECIDING_RUNS} more runs of Go's"),
        };
        println!(
            "{:<18} {:>3} of {runs:<3} {verdict}{rare}{stored}  ({seconds:.1} s)",
            self.name, self.conform
        );
    }
}

fn summarise(table: &[Row], options: &Options, twins: Option<&Twins>) -> Result<()> {
    for (name, how) in table.iter().filter_map(|row| Some((&row.name, row.go_differs.as_ref()?))) {
        println!(
            "\n--- {name}: Go on this machine is not like the stored reference; Go on this machine decides\n{how}"
        );
    }
    for (name, failure) in table.iter().filter_map(|row| Some((&row.name, row.failure.as_ref()?))) {
        println!("\n--- {name}\n{failure}");
    }
    let failed: Vec<_> =
        table.iter().filter(|row| row.failure.is_some()).map(|row| row.name.as_str()).collect();
    let mut skipped = 0;
    for (name, why) in table.iter().filter_map(|row| Some((&row.name, row.skipped.as_ref()?))) {
        steps::skipped(&format!("{name}: {why}"));
        skipped += 1;
    }
    let passed = table.len() - failed.len() - skipped;
    let load = if options.busy { ", every core busy" } else { "" };
    println!("\nconformance: {} programs, {} runs each{load}", table.len(), options.runs);
    match twins {
        Some(_) if options.go => println!("Go's twins, compared with the stored references"),
        Some(twins) => println!(
            "compared with Go on this machine ({} runs of each twin) and with the stored references",
            twins.runs()
        ),
        None => println!("compared with the stored references only: Go did not run"),
    }
    println!("{passed} passed, {} failed, {skipped} skipped", failed.len());
    if !failed.is_empty() {
        bail!("not like Go: {}", failed.join(" "));
    }
    Ok(())
}

/// Builds our programs in release mode; returns the folder they lie in.
fn build_ours(names: &[String]) -> Result<PathBuf> {
    let mut build = cargo(["build", "--release", "--package", "gopark-conformance-programs"]);
    if names.is_empty() {
        build.arg("--bins");
    }
    for name in names {
        build.args(["--bin", name]);
    }
    sh(&mut build)?;
    Ok(tools::target().join("release"))
}

fn write_references(programs: &[Program]) -> Result<()> {
    let twins = Twins::set_up(programs, REFERENCE_RUNS)?.context("Go is needed for this")?;
    become_root();
    for program in programs {
        let logs = tools::target().join("conformance").join(&program.name);
        std::fs::create_dir_all(&logs)?;
        let variants = write_reference(program, &twins.exe(program), &logs, REFERENCE_RUNS)?;
        println!("{:<18} variants in {REFERENCE_RUNS} runs: {variants}", program.name);
    }
    Ok(())
}

/// Runs `body`, with a spinning thread per core beside it if asked.
fn with_load<T>(busy: bool, body: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    let cores = if busy { thread::available_parallelism().map_or(2, usize::from) } else { 0 };
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                // Relaxed: nothing is published with the flag, the scope's join orders the rest.
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let out = body();
        over.store(true, Ordering::Relaxed);
        out
    })
}
