//! What the comparison says about one log. The comparison itself is stracecmp's.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use stracecmp::compare::{Prologue, compare as compare_traces};
use stracecmp::normal::{Normal, Variants};

/// The outcome of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The same calls with the same arguments and results in the same order as Go's.
    Conforms,
    /// What is different, for people to read.
    Differs(String),
    /// It could not be recorded here, for this reason.
    Skipped(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Conforms => write!(f, "conforms"),
            Verdict::Differs(how) => write!(f, "DIFFERS\n{how}"),
            Verdict::Skipped(why) => write!(f, "SKIPPED: {why}"),
        }
    }
}

/// Compares a log with a stored reference.
pub fn compare(reference: &Path, log: &Path) -> Result<Verdict> {
    compare_with(&Normal::load(reference)?.normal, log)
}

/// Compares a log with a reference.
pub fn compare_with(want: &Normal, log: &Path) -> Result<Verdict> {
    let got = Normal::load(log)?;
    let report = compare_traces(want, &got.normal, &got.faults, Prologue::Ignore);
    Ok(if report.conforms() { Verdict::Conforms } else { Verdict::Differs(report.to_string()) })
}

/// One line of two traces laid side by side: Go's, ours; `None` where the other one has an extra line.
pub type Pair = (Option<String>, Option<String>);

/// The reference's lines and the log's, aligned, as the comparison sees them.
pub fn side_by_side(reference: &Path, log: &Path) -> Result<Vec<Pair>> {
    let (want, got) = (lines(&Normal::load(reference)?.normal), lines(&Normal::load(log)?.normal));
    let ops = capture_diff_slices(Algorithm::Myers, &want, &got);
    Ok(ops.into_iter().flat_map(|op| pairs(op, &want, &got)).collect())
}

fn pairs(op: DiffOp, want: &[String], got: &[String]) -> Vec<Pair> {
    let (want, got) = (&want[op.old_range()], &got[op.new_range()]);
    let line = |side: &[String], i: usize| side.get(i).cloned();
    (0..want.len().max(got.len())).map(|i| (line(want, i), line(got, i))).collect()
}

/// The most frequent variant as a list of lines.
fn lines(trace: &Normal) -> Vec<String> {
    match &trace.variants {
        Variants::Global(all) => {
            all.first().map(|(_, lines)| lines.as_vec().into_iter().map(String::from).collect())
        }
        Variants::PerDescriptor(all) => all
            .first()
            .map(|(_, fds)| fds.iter().flat_map(|fd| fd.lines.iter().map(|l| l.to_string())).collect()),
    }
    .unwrap_or_default()
}
