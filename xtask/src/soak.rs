//! `cargo xtask soak`: the stress tests for minutes instead of seconds, a thousand endless hogs, and the crates that use
//! thread-locals for ten minutes each.

use anyhow::Result;

use crate::steps::{Steps, cargo, sh};
use crate::threadbound;

/// What can be said on the command line.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each stress test runs.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// How long each case of the thread-bound crates runs, with all numbers of Ps together, in each of the two builds.
    #[arg(long, default_value_t = 600)]
    crate_seconds: u32,
}

/// Runs each stress test for the time given.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::default();
    steps.step("stress", || {
        let mut test =
            cargo(["test", "--release", "--test", "stress", "--", "--nocapture", "--test-threads=1"]);
        sh(test.env("GOPARK_SOAK_SECONDS", options.seconds.to_string()))
    });
    steps.step("close races", || {
        let mut test = cargo(["test", "--release", "--package", "gopark-net", "--test", "alone", "--"]);
        test.args(["close_races", "--nocapture", "--test-threads=1"]);
        sh(test.env("GOPARK_SOAK_SECONDS", options.seconds.to_string()))
    });
    steps.step("a thousand endless hogs", || {
        let mut test = cargo(["test", "--release", "--package", "gopark-runtime", "--test", "health"]);
        sh(test.args(["--", "endless_hogs"]).env("GOPARK_HOGS", "1000"))
    });
    for profile in threadbound::PROFILES {
        steps.step(&format!("thread-bound crates, {profile}"), || {
            threadbound::soak(profile, f64::from(options.crate_seconds))
        });
    }
    steps.finish()
}
