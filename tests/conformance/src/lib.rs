//! The conformance catalogue: small programs, each written twice (Go and Rust), and the traces that Go's leave.
//!
//! A folder per program: `main.rs` (an example target of the root package), `main.go` (its twin), `spec.json` (what it is
//! about, what else to trace), `go1.23.9.trace` (the reference: ten runs of Go's, normalised). The peers are in [`peer`].
//!
//! Invariants:
//! - I1: only the program is traced; its peer runs in this process.
//! - I2: as root each run has a network and a mount namespace of its own, so runs may go side by side. Otherwise runs
//!   exclude one another ([`isolate`]).

pub mod build;
pub mod catalogue;
pub mod isolate;
pub mod peer;
pub mod record;
pub mod verdict;

use std::path::Path;

use anyhow::{Context, Result};

pub use catalogue::{Program, programs};
pub use verdict::Verdict;

/// Runs one program once under strace, beside its peer, and compares the log with the reference.
pub fn conform(program: &Program, exe: &Path, log: &Path) -> Result<Verdict> {
    match record::record(program, exe, log).with_context(|| format!("recording {}", program.name))? {
        record::Recorded::Log => verdict::compare(&program.reference(), log),
        record::Recorded::Skipped(why) => Ok(Verdict::Skipped(why)),
    }
}
