//! `completions` and `man`: what a shell and `man` know of the commands, made from their definitions.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Outcome};

#[derive(Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Args)]
pub(super) struct Man {
    /// Write a page for each command into this folder, instead of the first to the standard output
    dir: Option<PathBuf>,
}

pub(super) fn completions(args: &Completions) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "stracecmp", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Outcome::Same)
}

pub(super) fn man(args: &Man) -> Result<Outcome> {
    match &args.dir {
        Some(dir) => {
            std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
            clap_mangen::generate_to(Cli::command(), dir).with_context(|| dir.display().to_string())?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            std::io::stdout().write_all(&page)?;
        }
    }
    Ok(Outcome::Same)
}
