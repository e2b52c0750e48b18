//! The conformance catalogue: small programs, each written twice (Go and Rust), and the traces that Go's leave.
//!
//! A folder per program in `programs/src/bin`: `main.rs`, `main.go` (its twin), `spec.json` (what it is about, what else to
//! trace), `go1.23.9.trace` (the reference: ten runs of Go's, normalised). The peers are in [`peer`].
//!
//! Invariants:
//! - I1: only the program is traced; its peer runs in this process.
//! - I2: each run has a network and a mount namespace of its own, so runs may go side by side. Where that is not permitted,
//!   runs exclude one another ([`isolate`]).

pub mod build;
pub mod catalogue;
pub mod isolate;
pub mod live;
pub mod peer;
pub mod record;
pub mod verdict;

use std::path::Path;

use anyhow::{Context, Result};

pub use catalogue::{Program, programs};
pub use live::Live;
pub use verdict::Verdict;

/// Runs one program once under strace, beside its peer, and compares the log with the stored reference, and with what Go
/// leaves on this machine if that is known.
pub fn conform(program: &Program, exe: &Path, log: &Path, live: Option<&Live>) -> Result<Verdict> {
    match record::record(program, exe, log).with_context(|| format!("recording {}", program.name))? {
        record::Recorded::Log => judge(program, log, live),
        record::Recorded::Skipped(why) => Ok(Verdict::Skipped(why)),
    }
}

fn judge(program: &Program, log: &Path, live: Option<&Live>) -> Result<Verdict> {
    if let Some(live) = live {
        let verdict = verdict::compare_with(&live.normal, log)?;
        if let Verdict::Differs(how) = verdict {
            return Ok(Verdict::Differs(format!("compared with Go on this machine:\n{how}")));
        }
        if live.unlike_stored.is_some() {
            return Ok(verdict);
        }
    }
    verdict::compare(&program.reference(), log)
}
