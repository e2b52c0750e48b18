//! How a command shows what it found: on the terminal, as JSON, as a page.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use stracecmp::compare::Report;
use stracecmp::judge::Order;
use stracecmp::normal::Loaded;
use stracecmp::story::Story;
use stracecmp::{html, json};

/// What the commands that compare two logs can be told.
#[derive(Args)]
pub(super) struct Showing {
    /// Write a page with both traces side by side
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Say only which logs conform
    #[arg(short, long)]
    quiet: bool,
    /// Show all rows of a difference, however many there are
    #[arg(long)]
    full: bool,
    /// Write one JSON object for each log instead of text
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Which order is demanded of two logs: auto is all if one thread made the lines, else fd
    #[arg(long, value_enum, default_value_t, value_name = "ORDER")]
    order: Demanded,
}

impl Showing {
    /// The order that is demanded.
    pub(super) fn order(&self) -> Order {
        self.order.into()
    }

    /// Says what a report holds.
    pub(super) fn tell(&self, log: &Path, report: &Report) -> Result<()> {
        if self.json {
            writeln!(std::io::stdout(), "{}", json::report(&log.display().to_string(), report))?;
            return Ok(());
        }
        tell(log, report, Detail::of(self.quiet, self.full))
    }
}

/// Which order is demanded of two logs.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Demanded {
    /// Of all lines if one thread made them, else of each descriptor's
    #[default]
    Auto,
    /// Of each descriptor's lines
    Fd,
    /// Of all lines
    All,
}

impl From<Demanded> for Order {
    fn from(demanded: Demanded) -> Order {
        match demanded {
            Demanded::Auto => Order::Auto,
            Demanded::Fd => Order::Fd,
            Demanded::All => Order::All,
        }
    }
}

/// How much of a report is said.
#[derive(Clone, Copy)]
pub(super) enum Detail {
    Quiet,
    Short,
    Full,
}

impl Detail {
    pub(super) fn of(quiet: bool, full: bool) -> Detail {
        match (quiet, full) {
            (true, _) => Detail::Quiet,
            (false, true) => Detail::Full,
            (false, false) => Detail::Short,
        }
    }
}

/// Says what a report holds.
pub(super) fn tell(path: &Path, report: &Report, detail: Detail) -> Result<()> {
    use anstyle::AnsiColor;
    let (word, color) =
        if report.conforms() { ("conforms", AnsiColor::Green) } else { ("differs", AnsiColor::Red) };
    let style = color.on_default().bold();
    let mut out = BufWriter::new(anstream::stdout().lock());
    writeln!(out, "{}: {style}{word}{style:#} (profile {})", path.display(), report.profile)?;
    match detail {
        Detail::Quiet => {}
        Detail::Short => write!(out, "{report}")?,
        Detail::Full => write!(out, "{report:#}")?,
    }
    out.flush()?;
    Ok(())
}

/// Writes the page about one comparison.
pub(super) fn write_page(file: &Path, reference: Loaded, log: Loaded, report: &Report) -> Result<()> {
    let page = html::page(&Story::of(reference), &Story::of(log), report);
    std::fs::write(file, page).with_context(|| file.display().to_string())?;
    anstream::eprintln!("stracecmp: wrote {}", file.display());
    Ok(())
}
