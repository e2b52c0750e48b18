//! `cargo xtask conformance`: every program of the catalogue, several runs each, compared with Go's trace.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use gopark_conformance::{Program, Verdict, catalogue, conform, programs};

use crate::steps::{cargo, sh};
use crate::{packages, tools};

/// What can be said on the command line.
#[derive(clap::Args)]
pub struct Options {
    /// Runs of each program.
    #[arg(long, default_value_t = 5)]
    pub runs: u32,
    /// Keep every core busy meanwhile.
    #[arg(long)]
    pub busy: bool,
    /// Run Go's twins instead of ours: do the references hold on this machine?
    #[arg(long)]
    pub go: bool,
    /// Stop at a program's first difference.
    #[arg(long)]
    pub quick: bool,
    /// The programs; all if none is named.
    pub names: Vec<String>,
}

/// Runs them, prints a table, fails if any run differs.
pub fn run(options: &Options) -> Result<()> {
    packages::provide(&[packages::STRACE])?;
    let programs = programs(&options.names)?;
    let built = if options.go { build_go(&programs)? } else { build_ours()? };
    let logs = tools::target().join("conformance");
    let table = with_load(options.busy, || {
        programs
            .iter()
            .map(|p| row(p, &built.join(&p.name), &logs.join(&p.name), options))
            .collect::<Result<Vec<_>>>()
    })?;
    summarise(&table, options)
}

/// One line of the table.
struct Row {
    name: String,
    conform: u32,
    skipped: Option<String>,
    failure: Option<String>,
}

fn row(program: &Program, exe: &Path, logs: &Path, options: &Options) -> Result<Row> {
    std::fs::create_dir_all(logs)?;
    let start = Instant::now();
    let mut row = Row { name: program.name.clone(), conform: 0, skipped: None, failure: None };
    for k in 0..options.runs {
        let log = logs.join(format!("run-{k}.strace"));
        let failure = match conform(program, exe, &log) {
            Ok(Verdict::Conforms) => {
                row.conform += 1;
                continue;
            }
            Ok(Verdict::Skipped(why)) => {
                row.skipped = Some(why);
                break;
            }
            Ok(Verdict::Differs(how)) => format!("{how}\nlog: {}", log.display()),
            Err(e) => format!("{e:#}\nlog: {}", log.display()),
        };
        row.failure.get_or_insert(failure);
        if options.quick {
            break;
        }
    }
    let verdict = match (&row.skipped, &row.failure) {
        (Some(why), _) => format!("SKIPPED: {why}"),
        (_, Some(_)) => "DIFFERS".into(),
        _ => "conforms".into(),
    };
    let took = start.elapsed().as_secs_f64();
    println!("{:<18} {:>3} of {:<3} {verdict}  ({took:.1} s)", row.name, row.conform, options.runs);
    Ok(row)
}

fn summarise(table: &[Row], options: &Options) -> Result<()> {
    for (name, failure) in table.iter().filter_map(|row| Some((&row.name, row.failure.as_ref()?))) {
        println!("\n--- {name}\n{failure}");
    }
    let failed: Vec<_> =
        table.iter().filter(|row| row.failure.is_some()).map(|row| row.name.as_str()).collect();
    let skipped = table.iter().filter(|row| row.skipped.is_some()).count();
    let passed = table.len() - failed.len() - skipped;
    let load = if options.busy { ", every core busy" } else { "" };
    println!("\nconformance: {} programs, {} runs each{load}", table.len(), options.runs);
    println!("{passed} passed, {} failed, {skipped} skipped", failed.len());
    if !failed.is_empty() {
        bail!("not like Go: {}", failed.join(" "));
    }
    Ok(())
}

/// Builds our programs, as examples of the root package in release mode; gives the folder they lie in.
fn build_ours() -> Result<PathBuf> {
    sh(&mut cargo(["build", "--release", "--package", "gopark", "--examples"]))?;
    Ok(tools::target().join("release/examples"))
}

fn build_go(programs: &[Program]) -> Result<PathBuf> {
    let go = tools::go().context("Go is needed for this")?;
    let built = tools::target().join("conformance-go");
    std::fs::create_dir_all(&built)?;
    for program in programs {
        let mut build = Command::new(&go);
        build
            .current_dir(catalogue::home())
            .args(["build", "-trimpath", "-o"])
            .arg(built.join(&program.name));
        sh(build.arg(format!("./{}", program.name)).env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0"))?;
    }
    Ok(built)
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
