//! Measures all contestants on one machine in one go, and writes what came out.
//!
//! Repetitions are the outer loop and contestants the inner one, so drift of the machine falls on all alike. A cell is
//! the median of its runs with the smallest and the largest. `../../README.md` says what the figures mean.
//!
//! `rows` is what is measured, `contestants` who takes part and how they are built, `once` one run of one of them, `instructions` the count of
//! instructions, `machine` whether the machine was quiet and what it is, `results` the figures gathered, `targets` what
//! gopark set itself, `report` the tables.

mod contestants;
mod instructions;
mod machine;
mod once;
mod placement;
mod report;
mod results;
mod rows;
mod targets;

use anyhow::{Context, Result};
use clap::Parser;
use contestants::{Build, Contestant};
use machine::Quiet;
use results::{Record, Results};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Measures gopark and its rivals. Without a filter the tables go to bench/RESULTS.md too.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Options {
    /// Only these workloads, separated by commas
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only rows whose label contains this
    #[arg(long)]
    label: Option<String>,
    /// Only these contestants, separated by commas
    #[arg(long, value_delimiter = ',')]
    contestants: Vec<String>,
    /// Runs of each cell that have the machine to themselves
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Further rounds for cells whose runs were disturbed
    #[arg(long, default_value_t = 2)]
    extra: usize,
    /// Seconds to wait for a quiet machine, in all
    #[arg(long, default_value_t = 180.0)]
    wait: f64,
    /// One more contestant, this once: NAME=COMMAND
    #[arg(long = "add", value_name = "NAME=COMMAND")]
    added: Vec<String>,
    /// Use what was built before
    #[arg(long)]
    no_build: bool,
    /// Print rows and contestants, and measure nothing
    #[arg(long)]
    list: bool,
    /// Count the instructions of the small operations with callgrind, and measure no time
    #[arg(long)]
    instructions: bool,
    /// Write bench/RESULTS.md although not everything was measured
    #[arg(long)]
    write: bool,
    /// Tables of earlier raw results instead of new ones
    #[arg(long, num_args = 1.., value_name = "JSONL")]
    report: Vec<PathBuf>,
}

impl Options {
    fn everything(&self) -> bool {
        self.only.is_empty() && self.label.is_none() && self.contestants.is_empty() && self.added.is_empty()
    }

    fn wants(&self, row: &rows::Row) -> bool {
        (self.only.is_empty() || self.only.iter().any(|o| o == row.group))
            && self.label.as_ref().is_none_or(|part| row.label.contains(part.as_str()))
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    let rows: Vec<_> = rows::all().into_iter().filter(|r| options.wants(r)).collect();
    let build = Build::new()?;
    let mut field = contestants::all(&build, &options.added)?;
    if !options.contestants.is_empty() {
        field.retain(|c| {
            options.contestants.contains(&c.name) || options.added.iter().any(|a| a.starts_with(&c.name))
        });
    }
    if options.list {
        rows.iter().for_each(|r| println!("{:16} {:44} {} {}", r.group, r.label, r.workload, r.keys));
        field.iter().for_each(|c| println!("contestant {}: {}", c.name, c.command.join(" ")));
        return Ok(());
    }
    if options.report.is_empty() && !options.no_build {
        build.everything(&field)?;
    }
    if options.instructions {
        println!("{}", instructions::table(&field, &build.target.join("bench-results"))?);
        return Ok(());
    }
    let records = if options.report.is_empty() {
        measure(&options, &build, &rows, &field)?
    } else {
        let texts: Result<Vec<_>, _> = options.report.iter().map(fs::read_to_string).collect();
        let lines = texts?.concat();
        lines.lines().map(serde_json::from_str).collect::<Result<Vec<Record>, _>>().context("raw results")?
    };
    let order: Vec<String> = field.iter().map(|c| c.name.clone()).collect();
    let tables = report::markdown(&Results::new(records, &order), &machine::describe());
    println!("{tables}");
    if options.write || (options.report.is_empty() && options.everything()) {
        fs::write(build.root.join("bench/RESULTS.md"), tables)?;
    }
    Ok(())
}

/// The order of the contestants in a round: backwards in every other one, so that who is early in one is late in the next.
fn turns(contestants: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..contestants).collect();
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

/// Runs every cell until it has its quiet runs or the rounds are used up. Each run is also a line of a file.
fn measure(
    options: &Options,
    build: &Build,
    rows: &[rows::Row],
    field: &[Contestant],
) -> Result<Vec<Record>> {
    machine::raise_descriptor_limit();
    let raw_dir = build.target.join("bench-results");
    fs::create_dir_all(&raw_dir)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let raw_path = raw_dir.join(format!("{now}.jsonl"));
    let mut raw = fs::File::create(&raw_path)?;

    let start = Instant::now();
    let mut quiet = Quiet::new(build.load(), options.wait);
    let mut records = Vec::new();
    let mut enough: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut unsupported = BTreeSet::new();
    for round in 0..options.runs + options.extra {
        for (r, row) in rows.iter().enumerate() {
            for c in turns(field.len(), round) {
                let contestant = &field[c];
                let done = enough.entry((r, c)).or_default();
                let Some(keys) = row.keys_for(contestant) else { continue };
                if *done >= options.runs || unsupported.contains(&(row.workload, c)) {
                    continue;
                }
                quiet.wait();
                let outcome = once::run(build, contestant, row, &keys);
                let (was_quiet, foreign) = quiet.was();
                let (figures, error) = match outcome {
                    Ok(figures) => (figures, None),
                    Err(once::Failure::Unsupported) => {
                        unsupported.insert((row.workload, c));
                        continue;
                    }
                    Err(once::Failure::Failed(why)) => (BTreeMap::new(), Some(why)),
                };
                *done += usize::from(was_quiet || error.is_some());
                let record = Record {
                    group: row.group.to_owned(),
                    label: row.label.clone(),
                    name: contestant.name.clone(),
                    round,
                    quiet: was_quiet,
                    foreign,
                    figures,
                    error,
                };
                let line = serde_json::to_string(&record)?;
                writeln!(raw, "{line}")?;
                eprintln!("{:5.0} s {line}", start.elapsed().as_secs_f64());
                records.push(record);
            }
        }
    }
    eprintln!("{} runs, raw in target/bench-results/{now}.jsonl", records.len());
    Ok(records)
}
