//! One log as the comparison sees it: a head, then a block for each descriptor's life.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::normal::{Normal, Variants};
use crate::story::{Step, Story};
use crate::text::visible;

const HEAD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The colour of a step.
pub fn style(step: Step) -> Style {
    match step {
        Step::Made => AnsiColor::Green.on_default().bold(),
        Step::Added => AnsiColor::Cyan.on_default(),
        Step::Tried => AnsiColor::Yellow.on_default(),
        Step::Waited => AnsiColor::Magenta.on_default().bold(),
        Step::In => AnsiColor::Blue.on_default(),
        Step::Out => AnsiColor::BrightBlue.on_default(),
        Step::Removed => AnsiColor::Cyan.on_default(),
        Step::Closed => AnsiColor::Red.on_default(),
        Step::Other => Style::new(),
    }
}

/// Writes the summary that stands before blocks and timelines.
pub fn head(out: &mut impl Write, story: &Story) -> io::Result<()> {
    let n: &Normal = &story.normal;
    writeln!(out, "{HEAD}{}{HEAD:#}  {DIM}{}{DIM:#}", n.program, n.source)?;
    let order = match &n.variants {
        Variants::Global(_) => "one order of all lines",
        Variants::PerDescriptor(_) => "an order for each descriptor",
    };
    writeln!(out, "{} lines, {} descriptors, {order}", story.entries.len(), story.lives.len())?;
    let polls = match (n.polls.min, n.polls.max) {
        (a, b) if a == b => format!("{a}"),
        (a, b) => format!("{a} to {b}"),
    };
    writeln!(out, "{polls} polls: {}", n.signature.as_deref().unwrap_or("none"))?;
    let waits =
        [("without limit", n.unlimited), ("with a limit", n.limited), ("with one that expired", n.expired)];
    let waits: Vec<String> = waits
        .iter()
        .filter(|w| w.1.with > 0)
        .map(
            |(what, r)| {
                if r.of > 1 { format!("{what} ({} of {} runs)", r.with, r.of) } else { (*what).to_owned() }
            },
        )
        .collect();
    let longest = n.longest_ms.map_or(String::new(), |r| format!(", longest {} ms", r.max));
    writeln!(
        out,
        "waits in the poller: {}{longest}",
        if waits.is_empty() { "none".to_owned() } else { waits.join(", ") }
    )?;
    for fault in &story.faults {
        let bad = AnsiColor::Red.on_default().bold();
        writeln!(out, "{bad}lint{bad:#} {fault} {DIM}(line {}){DIM:#}", fault.line)?;
    }
    story.notes.iter().try_for_each(|note| writeln!(out, "{DIM}note: {note}{DIM:#}"))
}

/// Writes a log with a block for each descriptor's life.
pub fn blocks(out: &mut impl Write, story: &Story) -> io::Result<()> {
    head(out, story)?;
    let mut told = vec![false; story.entries.len()];
    for life in &story.lives {
        let of = |step| life.steps.iter().filter(|s| s.1 == step).count();
        let mut facts = Vec::new();
        for (step, what) in [(Step::Waited, "waited"), (Step::In, "in"), (Step::Out, "out")] {
            match of(step) {
                0 => {}
                n => facts.push(format!("{what} {n}")),
            }
        }
        if of(Step::Made) > 0 && of(Step::Closed) == 0 {
            facts.push("never closed".to_owned());
        }
        writeln!(out, "\n{HEAD}{}{HEAD:#}  {DIM}{}{DIM:#}", life.name, facts.join(", "))?;
        for &(i, step) in &life.steps {
            told[i] = true;
            entry(out, story, i, step)?;
        }
    }
    let rest: Vec<usize> = (0..told.len()).filter(|i| !told[*i]).collect();
    if !rest.is_empty() {
        writeln!(out, "\n{HEAD}about no descriptor{HEAD:#}")?;
        rest.into_iter().try_for_each(|i| entry(out, story, i, Step::Other))?;
    }
    for (n, child) in story.normal.children.iter().enumerate() {
        writeln!(out, "\n{HEAD}child process {}{HEAD:#}", n + 1)?;
        child
            .all()
            .try_for_each(|l| writeln!(out, "{DIM}{:>7}{DIM:#} · {}", l.origin.at, visible(l.text)))?;
    }
    Ok(())
}

fn entry(out: &mut impl Write, story: &Story, i: usize, step: Step) -> io::Result<()> {
    let e = &story.entries[i];
    let s = style(step);
    writeln!(out, "{DIM}{:>7}{DIM:#} {s}{} {}{s:#}", e.origin.at, step.sign(), visible(&e.text))
}
