//! Instructions of one operation, counted by callgrind: a figure that does not depend on the machine's mood.
//!
//! Each workload runs twice, with few operations and with more; the difference is the operations' own, without the start
//! and the end of the process. One worker only: under valgrind threads take turns.

use crate::contestants::{Contestant, Family};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;

const FEW: u64 = 20_000;
const MORE: u64 = 100_000;

/// A warm-up of a tenth precedes what is asked for.
const RUN_PER_ASKED: f64 = 1.1;

const WORKLOADS: [(&str, &str); 9] = [
    ("spawn_join", "batch=100"),
    ("spawn_join", "batch=100 join=handles"),
    ("yield", "tasks=2"),
    ("yield", "tasks=1000"),
    ("chan_pingpong", ""),
    ("chan_mpsc", ""),
    ("mutex_contended", ""),
    ("timers", "op=startstop live=100"),
    ("timers", "op=reset live=100"),
];

/// The table, for the Rust contestants of the field.
pub(crate) fn table(field: &[Contestant], dir: &Path) -> Result<String> {
    std::fs::create_dir_all(dir)?;
    let names: Vec<&Contestant> =
        field.iter().filter(|c| c.family != Family::Go && c.keys.is_empty()).collect();
    let mut out = String::from("| instructions of one operation |");
    names.iter().for_each(|c| out += &format!(" {} |", c.name));
    out += &format!("\n|---{}|\n", "|---".repeat(names.len()));
    for (workload, keys) in WORKLOADS {
        out += &format!("| {workload} {keys} |");
        for contestant in &names {
            let each = per_operation(contestant, workload, keys, dir)?;
            out += &each.map_or(" n/a |".to_owned(), |each| format!(" {each:.0} |"));
        }
        out.push('\n');
    }
    Ok(out)
}

/// None where the contestant has nothing for the workload, or does not survive valgrind.
fn per_operation(contestant: &Contestant, workload: &str, keys: &str, dir: &Path) -> Result<Option<f64>> {
    let count = |n| count(contestant, workload, keys, n, dir);
    let (Some(few), Some(more)) = (count(FEW)?, count(MORE)?) else { return Ok(None) };
    Ok(Some((more - few) / (MORE - FEW) as f64 / RUN_PER_ASKED))
}

fn count(contestant: &Contestant, workload: &str, keys: &str, n: u64, dir: &Path) -> Result<Option<f64>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", &format!("--callgrind-out-file={}", dir.join("callgrind.out").display())])
        .args(&contestant.command)
        .arg(workload)
        .args(keys.split_whitespace())
        .args([format!("n={n}"), "workers=1".to_owned()])
        .output()
        .context("valgrind cannot be started: it is what counts the instructions")?;
    if !output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let collected =
        said.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, n)| n.trim().parse());
    ensure!(collected.is_some(), "callgrind has not said what it collected");
    Ok(collected.transpose()?)
}
