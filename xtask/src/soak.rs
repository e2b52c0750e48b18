//! `cargo xtask soak`: the stress tests for minutes instead of seconds, and a thousand endless hogs.

use anyhow::Result;

use crate::steps::{Steps, cargo, sh};

/// What can be said on the command line.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each stress test runs.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
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
    steps.finish()
}
