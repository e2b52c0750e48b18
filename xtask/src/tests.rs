//! `cargo xtask test`: sets up what the tests need and runs every one, in the order of what fails soonest.

use anyhow::Result;

use crate::steps::{Steps, cargo, sh};
use crate::{conformance, packages, tools};

/// What can be said on the command line.
#[derive(clap::Args)]
pub struct Options {
    /// Runs of each conformance program.
    #[arg(long, default_value_t = 2)]
    runs: u32,
}

/// Runs all steps, prints their times, fails if one failed.
pub fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::default();
    steps.step("set up: strace, clients, Go", || {
        packages::provide(&[packages::STRACE])?;
        packages::clients();
        if let Some(go) = tools::go() {
            println!("Go: {}", go.display());
        }
        Ok(())
    });
    steps.step("format", || sh(&mut cargo(["fmt", "--all", "--check"])));
    steps.step("clippy", || {
        sh(&mut cargo(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))
    });
    steps.step("tests", || {
        sh(&mut cargo(["test", "--workspace", "--lib", "--bins", "--tests", "--examples", "--no-fail-fast"]))
    });
    steps.step("documentation's examples", || sh(&mut cargo(["test", "--workspace", "--doc"])));
    steps.step("documentation", || {
        let mut doc = cargo(["doc", "--workspace", "--no-deps", "--quiet"]);
        sh(doc.env("RUSTDOCFLAGS", "-D warnings"))
    });
    steps.step("loom", loom);
    steps.step("tests, optimised", || {
        sh(&mut cargo(["test", "--release", "--test", "stress", "--test", "memory"]))
    });
    steps.step("migration under fat LTO", || {
        sh(&mut cargo(["test", "--profile", "fat-lto", "--test", "migration"]))
    });
    for busy in [false, true] {
        let name = if busy { "conformance, cores busy" } else { "conformance" };
        let options =
            conformance::Options { runs: options.runs, busy, go: false, quick: false, names: vec![] };
        steps.step(name, || conformance::run(&options));
    }
    steps.finish()
}

/// The protocols under the model checker. Its `cfg` changes what every crate is, so it builds in a folder of its own.
fn loom() -> Result<()> {
    let mut test = cargo(["test", "--package", "gopark-runtime", "--release", "--lib"]);
    test.arg("--target-dir").arg(tools::target().join("loom"));
    sh(test.arg("loom_").env("RUSTFLAGS", "--cfg loom"))
}
