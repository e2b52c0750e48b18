//! `cargo xtask`: the project's own commands. `demo` and `test` are the two that a newcomer needs.

mod aarch64;
mod bench;
mod conformance;
mod demo;
mod packages;
mod soak;
mod steps;
mod tests;
mod threadbound;
mod tools;
mod twins;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "gopark's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs the sample under strace, plays its client, shows its trace beside Go's and says whether they conform.
    Demo,
    /// Sets up what the tests need and runs every test.
    Test(tests::Options),
    /// Runs the programs of tests/conformance under strace and compares each run with Go's trace.
    Conformance(conformance::Options),
    /// Crates that use thread-locals, in both modes: the table of the guide.
    Threadbound(threadbound::Options),
    /// The stress tests in their long form.
    Soak(soak::Options),
    /// Measures gopark, Go, tokio, may and a bare epoll loop, and prints the tables.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Task::Demo => demo::run(),
        Task::Test(options) => tests::run(&options),
        Task::Conformance(options) => conformance::run(&options),
        Task::Threadbound(options) => threadbound::run(&options),
        Task::Soak(options) => soak::run(&options),
        Task::Bench(options) => bench::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}
