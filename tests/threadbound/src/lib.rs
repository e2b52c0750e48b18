//! Crates that keep things in thread-locals, hammered from goroutines.
//!
//! In no case does anything live across a park. In Go's mode an optimised build still corrupts
//! memory, because the compiler keeps a thread-local's address over a call that parks; in pinned
//! mode no goroutine changes its thread, and every case must be clean. `cargo xtask test` and
//! `cargo xtask soak` run them so; `cargo xtask threadbound` runs both modes and prints the table
//! of the guide.
//!
//! ```text
//! threadbound CASE SECONDS pinned|go PROCS
//! threadbound list
//! ```

mod cases;
mod hammer;

pub use cases::{CASES, Case, boxes};
pub use hammer::{Outcome, Plan};

use std::process::ExitCode;

/// A program's `main`: runs the case that its arguments name. Status 0: clean, 2: wrong arguments,
/// 3: not clean.
pub fn main(cases: &[Case]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["list"] {
        cases.iter().for_each(|c| println!("{}\t{}", c.name, c.does));
        return ExitCode::SUCCESS;
    }
    let Some((case, plan)) = parse(cases, &arguments) else {
        let names: Vec<_> = cases.iter().map(|c| c.name).collect();
        eprintln!("usage: CASE SECONDS pinned|go PROCS, where CASE is one of {}", names.join(" "));
        return ExitCode::from(2);
    };
    let outcome = (case.run)(plan);
    println!("{}: {outcome}", case.name);
    if outcome.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(3) }
}

fn parse<'a>(cases: &'a [Case], arguments: &[String]) -> Option<(&'a Case, Plan)> {
    let [name, seconds, mode, procs] = arguments else { return None };
    let case = cases.iter().find(|c| c.name == name)?;
    let pinned = match mode.as_str() {
        "pinned" => true,
        "go" => false,
        _ => return None,
    };
    Some((case, Plan { seconds: seconds.parse().ok()?, procs: procs.parse().ok()?, pinned }))
}
