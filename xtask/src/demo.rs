//! `cargo xtask demo`: the main job on a fresh machine, in one command.

use std::path::Path;

use anyhow::{Result, bail};
use gopark_conformance::{Verdict, programs, record, verdict};

use crate::steps::{cargo, sh};
use crate::{packages, tools};

/// Builds the sample, runs it under strace with a client, shows both traces and the verdict.
pub(crate) fn run() -> Result<()> {
    packages::provide(&[packages::STRACE])?;
    sh(&mut cargo(["build", "--release", "--package", "gopark", "--example", "sample"]))?;
    let sample = programs(&["tcp_sample".into()])?.remove(0);
    let log = tools::target().join("demo.strace");
    println!("running examples/sample.rs under strace; a client connects to :9999 and sends asdf");
    let exe = tools::target().join("release/examples/sample");
    if let record::Recorded::Skipped(why) = record::record(&sample, &exe, &log)? {
        bail!("the sample cannot be recorded here: {why}");
    }
    let verdict = verdict::compare(&sample.reference(), &log)?;
    show(&sample.reference(), &log)?;
    println!("\nlog: {}", log.display());
    match verdict {
        Verdict::Conforms => {
            println!(
                "VERDICT: strace cannot tell it from Go: same calls, arguments, results and order as Go 1.23.9"
            );
            Ok(())
        }
        other => bail!("VERDICT: {other}"),
    }
}

/// Prints Go's trace and ours side by side, in the terminal's width.
fn show(reference: &Path, log: &Path) -> Result<()> {
    let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(160_usize);
    let column = width.saturating_sub(3) / 2;
    let cell = |line: Option<&String>| -> String {
        let text = line.map_or("", String::as_str);
        if text.chars().count() <= column {
            return format!("{text:column$}");
        }
        text.chars().take(column - 1).chain(['\u{2026}']).collect()
    };
    println!("\n{} | gopark", cell(Some(&"Go 1.23.9".into())));
    println!("{0}-+-{0}", "-".repeat(column));
    for (go, ours) in verdict::side_by_side(reference, log)? {
        let mark = if go == ours { '|' } else { 'X' };
        println!("{} {mark} {}", cell(go.as_ref()), cell(ours.as_ref()).trim_end());
    }
    Ok(())
}
