//! `cargo xtask bench`: builds and runs the runner of `bench/`, which takes the options.

use anyhow::Result;

use crate::steps::{cargo, sh};

/// Whatever the runner understands; `--help` asks it.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut runner = cargo(["run", "--quiet", "--release", "--package", "gopark-bench-runner", "--"]);
    sh(runner.args(&options.args))
}
