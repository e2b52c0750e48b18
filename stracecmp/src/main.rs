//! The command line of `stracecmp`. Exit status: 0 all the same, 1 differences, 2 not readable or not possible.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::run(&cli::Cli::parse()) {
        Ok(outcome) => outcome.into(),
        // The reader of our output went away: that is no fault.
        Err(e)
            if e.downcast_ref::<std::io::Error>()
                .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe) =>
        {
            ExitCode::SUCCESS
        }
        Err(e) => {
            let bad = anstyle::AnsiColor::Red.on_default().bold();
            anstream::eprintln!("{bad}stracecmp:{bad:#} {e:#}");
            ExitCode::from(2)
        }
    }
}
