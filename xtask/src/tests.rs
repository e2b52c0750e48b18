//! `cargo xtask test`: sets up what the tests need and runs every one, in the order of what fails
//! soonest.

use anyhow::{Result, bail, ensure};
use gopark_conformance::programs;

use crate::steps::{Steps, cargo, sh, sh_noting_skips, skipped};
use crate::twins::Twins;
use crate::{aarch64, conformance, packages, threadbound, tools};

/// What can be said on the command line.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs of each conformance program.
    #[arg(long, default_value_t = 2)]
    runs: u32,
    /// Runs of Go's twin of each.
    #[arg(long, default_value_t = 3)]
    go_runs: u32,
    /// Runs the suites for another target, under emulation: aarch64-unknown-linux-gnu.
    #[arg(long)]
    target: Option<String>,
}

/// Runs all steps, prints their times, fails if one failed.
pub(crate) fn run(options: &Options) -> Result<()> {
    match options.target.as_deref() {
        None => {}
        Some(aarch64::TARGET) => return aarch64::run(),
        Some(other) => bail!("no runner for {other}: only {} has one", aarch64::TARGET),
    }
    let mut steps = Steps::default();
    let mut twins = None;
    steps.step("set up: strace, clients, Go", || {
        packages::provide(&[packages::STRACE])?;
        packages::clients();
        twins = Twins::set_up(&programs(&[])?, options.go_runs)?;
        Ok(())
    });
    steps.step("format", || {
        component("rustfmt", "fmt")?;
        sh(&mut cargo(["fmt", "--all", "--check"]))
    });
    steps.step("clippy", || {
        component("clippy", "clippy")?;
        sh(&mut cargo(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
        let mut bare = cargo(["clippy", "--package", "gopark-runtime", "--no-default-features", "--quiet"]);
        sh(bare.args(["--", "-D", "warnings"]))
    });
    steps.step("dependencies", dependencies);
    steps.step("tests", || {
        // Not `--bins`: that links each conformance program twice, once as a test without tests.
        let mut test = cargo(["test", "--workspace", "--no-fail-fast", "--lib", "--test", "*"]);
        sh_noting_skips(test.args(["--bin", "gopark-bench-runner", "--bin", "stracecmp"]))
    });
    steps.step("documentation's examples", || sh(&mut cargo(["test", "--workspace", "--doc"])));
    steps.step("documentation", || {
        let mut doc = cargo(["doc", "--workspace", "--no-deps", "--quiet"]);
        sh(doc.env("RUSTDOCFLAGS", "-D warnings"))
    });
    steps.step("packages", || {
        let mut package = cargo(["package", "--offline", "--no-verify", "--allow-dirty", "--quiet"]);
        sh(package.args(["-p", "gopark-runtime", "-p", "gopark-net", "-p", "gopark-http", "-p", "gopark"]))
    });
    for procs in ["1", "2"] {
        steps.step(&format!("tests, pinned, {procs} Ps"), || pinned(procs));
    }
    steps.step("loom", loom);
    steps.step("tests, optimised", || {
        sh(&mut cargo(["test", "--release", "--test", "stress", "--test", "memory"]))
    });
    steps.step("migration under fat LTO", || {
        sh(&mut cargo(["test", "--profile", "fat-lto", "--test", "migration"]))
    });
    for profile in threadbound::PROFILES {
        steps.step(&format!("thread-bound crates, {profile}"), || threadbound::check(profile, 10.0));
    }
    aarch64::steps(&mut steps, true);
    for busy in [false, true] {
        let name = if busy { "conformance, cores busy" } else { "conformance" };
        let options = conformance::Options {
            runs: options.runs,
            go_runs: options.go_runs,
            jobs: 2,
            busy,
            go: false,
            write_references: false,
            quick: false,
            names: vec![],
        };
        steps.step(name, || conformance::round(&options, twins.as_ref()));
    }
    steps.finish()
}

/// A part of the tool chain that cargo runs as `command`.
fn component(name: &str, command: &str) -> Result<()> {
    let there = cargo([command, "--version"]).output().is_ok_and(|output| output.status.success());
    ensure!(there, "{name} is missing: rustup component add {name}, or your system's package of that name");
    Ok(())
}

/// Licences, sources and duplicates of what we depend on; advisories need a network, and are not
/// asked for.
fn dependencies() -> Result<()> {
    if !cargo(["deny", "--version"]).output().is_ok_and(|output| output.status.success()) {
        skipped("the check of dependencies: cargo-deny is not installed");
        return Ok(());
    }
    // It reads the manifests of other systems' crates, too.
    if sh(&mut cargo(["fetch", "--quiet", "--locked"])).is_err() {
        skipped("the check of dependencies: not all of them can be downloaded");
        return Ok(());
    }
    sh(&mut cargo(["deny", "--offline", "--all-features", "check", "licenses", "bans", "sources"]))
}

/// The suites in pinned mode. Tests of what only Go's mode has say so and do nothing.
fn pinned(procs: &str) -> Result<()> {
    let mut test = cargo(["test", "--workspace", "--no-fail-fast"]);
    for suite in PINNED {
        test.args(["--test", suite]);
    }
    sh_noting_skips(test.env("GOPARK_PINNED", "1").env("GOMAXPROCS", procs))
}

/// The suites' programs: crossbeam's, std's and Go's tests, the network, children, stress.
const PINNED: &[&str] = &[
    "goroutines",
    "context",
    "sync",
    "time",
    "chan",
    "hostile",
    "signal",
    "plain_threads",
    "deadlock",
    "health",
    "alone",
    "crates",
    "files",
    "names",
    "process",
    "server",
    "std_face",
    "tcp",
    "udp",
    "unix",
    "stress",
];

/// The protocols under the model checker. Its `cfg` changes what every crate is, so it builds in a
/// folder of its own.
fn loom() -> Result<()> {
    let mut test = cargo(["test", "--package", "gopark-runtime", "--release", "--lib"]);
    test.arg("--target-dir").arg(tools::target().join("loom"));
    sh(test.arg("loom_").env("RUSTFLAGS", "--cfg loom"))
}
