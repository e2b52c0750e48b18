//! A report as text, short first: how it ended, what the differences mean and which lines show it; the details after that.

use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::causes::Cause;
use crate::compare::{Finding, NoiseRow, Report};
use crate::diff::{Change, FdChange, Mark, Row};
use crate::explain;
use crate::text::visible;

const GONE: Style = AnsiColor::Red.on_default();
const NEW: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();
const HEAD: Style = Style::new().bold();
const WHY: Style = AnsiColor::Yellow.on_default().bold();

/// A row in its colour. Styles are taken out where output is no terminal.
fn row(f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
    let style = match row.mark {
        Mark::At => AnsiColor::Cyan.on_default(),
        Mark::Same => DIM,
        Mark::Gone => GONE,
        Mark::New => NEW,
    };
    writeln!(f, "  {style}{}{style:#}", visible(&row.to_string()))
}

/// So many rows of one difference are shown, unless all are asked for (`{:#}`).
const ROWS: usize = 80;

fn shown<'a>(f: &fmt::Formatter<'_>, all: &'a [Row]) -> (&'a [Row], usize) {
    let n = if f.alternate() { all.len() } else { all.len().min(ROWS) };
    (&all[..n], all.len() - n)
}

fn rows(f: &mut fmt::Formatter<'_>, all: &[Row]) -> fmt::Result {
    let (some, more) = shown(f, all);
    some.iter().try_for_each(|r| row(f, r))?;
    left_out(f, more)
}

fn left_out(f: &mut fmt::Formatter<'_>, more: usize) -> fmt::Result {
    if more > 0 {
        writeln!(f, "  {DIM}and {more} rows more (--full shows them){DIM:#}")?;
    }
    Ok(())
}

fn fd_change(f: &mut fmt::Formatter<'_>, c: &FdChange) -> fmt::Result {
    let (kind, n) = (visible(&c.kind), c.times);
    let (subject, s) = if n == 1 { (format!("a {kind}"), "s") } else { (format!("{n} {kind}"), "") };
    let side = |f: &mut fmt::Formatter<'_>, lines: &[Row], style: Style, sign| {
        let (some, more) = shown(f, lines);
        some.iter().try_for_each(|l| writeln!(f, "  {style}{sign} {}{style:#}", visible(&l.text)))?;
        left_out(f, more)
    };
    match &c.change {
        Change::Differs(all) => {
            writeln!(f, "  {HEAD}{subject} differ{s}:{HEAD:#}")?;
            rows(f, all)
        }
        Change::Missing(lines) => {
            let verb = if n == 1 { "is" } else { "are" };
            writeln!(f, "  {HEAD}{subject} of the reference {verb} missing:{HEAD:#}")?;
            side(f, lines, GONE, '-')
        }
        Change::Extra(lines) => {
            writeln!(f, "  {HEAD}{subject} that the reference does not have:{HEAD:#}")?;
            side(f, lines, NEW, '+')
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Lint(fault) => {
                writeln!(f, "  lint {} (line {})", visible(&fault.to_string()), fault.line)
            }
            Finding::Order { whole, by_fd } => {
                writeln!(f, "  {HEAD}the program as a whole:{HEAD:#}")?;
                rows(f, whole)?;
                if by_fd.is_empty() {
                    return writeln!(
                        f,
                        "  {HEAD}by descriptor they are the same: only the order differs{HEAD:#}"
                    );
                }
                writeln!(f, "  {HEAD}by descriptor:{HEAD:#}")?;
                by_fd.iter().try_for_each(|c| fd_change(f, c))
            }
            Finding::Sequences(all) => {
                writeln!(f, "  {HEAD}by descriptor (the order among them is free):{HEAD:#}")?;
                all.iter().try_for_each(|c| fd_change(f, c))
            }
            Finding::Child(n, all) => {
                writeln!(f, "  {HEAD}child process {n}:{HEAD:#}")?;
                rows(f, all)
            }
            Finding::PollShape { want, got } => writeln!(f, "  polls: reference {want}, candidate {got}"),
            Finding::PollCount { want, got } => {
                writeln!(f, "  polls: {got}, the reference has at most {want}")
            }
            Finding::NoWait(wait) => {
                writeln!(f, "  waits: not {wait} wait in the poller, every reference run has one")
            }
            Finding::UnwantedWait(wait) => {
                writeln!(f, "  waits: {wait} wait in the poller, no reference run has one")
            }
            Finding::Limit { want, got } => {
                writeln!(
                    f,
                    "  waits: the longest limit is {got} ms, the reference's {}..{} ms",
                    want.0, want.1
                )
            }
            Finding::Ending { process, want, got } => {
                writeln!(f, "  end of process {process}: the reference {want}, the candidate {got}")
            }
            Finding::Blocked { process, want, got } => {
                let said =
                    |all: &[String]| if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
                writeln!(
                    f,
                    "  process {process} was blocked in: reference {}, candidate {}",
                    said(want),
                    said(got)
                )
            }
            Finding::Prologue(all) => {
                writeln!(f, "  {HEAD}before the program's first call:{HEAD:#}")?;
                rows(f, all)
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for text in &self.before {
            writeln!(f, "  {WHY}recorded differently:{WHY:#} {}", visible(text))?;
        }
        for text in &self.headline {
            writeln!(f, "  {HEAD}{}{HEAD:#}", visible(text))?;
        }
        for why in explain::explain(self) {
            let times = if why.times > 1 { format!(" ({} times)", why.times) } else { String::new() };
            writeln!(f, "  {WHY}why:{WHY:#} {HEAD}{}{HEAD:#}{times}", why.class.title())?;
            writeln!(f, "       {}", why.class.text(self.profile))?;
            why.evidence.iter().try_for_each(|e| evidence(f, e))?;
        }
        if !self.findings.is_empty() {
            writeln!(f, "  {HEAD}in detail:{HEAD:#}")?;
        }
        self.findings.iter().try_for_each(|finding| finding.fmt(f))?;
        for text in &self.notes {
            writeln!(f, "  {DIM}note: {text}{DIM:#}")?;
        }
        noise(f, &self.noise)
    }
}

/// What each program does, and the lines that show it.
fn evidence(f: &mut fmt::Formatter<'_>, e: &Cause) -> fmt::Result {
    let kind = if e.kind.is_empty() { String::new() } else { format!("{}: ", e.kind) };
    writeln!(f, "       {}{}", visible(&kind), visible(&e.says))?;
    for (side, place, style) in [("reference", &e.want, GONE), ("candidate", &e.got, NEW)] {
        if let Some(p) = place {
            let line = if p.line > 0 { format!(" {}", p.line) } else { String::new() };
            writeln!(f, "         {DIM}{side}{line}:{DIM:#} {style}{}{style:#}", visible(&p.text))?;
        }
    }
    Ok(())
}

/// The table of what was left out.
fn noise(f: &mut fmt::Formatter<'_>, rows: &[NoiseRow]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(f, "  {DIM}left out as noise   reference candidate{DIM:#}")?;
    for row in rows {
        let (group, calls) = (row.group.word(), row.calls.join(" "));
        writeln!(f, "  {DIM}  {group:<18}{:>9}{:>10}  {calls}{DIM:#}", row.want, row.got)?;
    }
    Ok(())
}
