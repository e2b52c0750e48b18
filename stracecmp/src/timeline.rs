//! Descriptors as columns, time downward, as a history of branches is drawn.
//!
//! ```text
//!      41 ┌ + │     epoll_ctl(epoll#1, EPOLL_CTL_ADD, tcp6#3, ...) = 0
//! ```
//!
//! Invariants:
//! - I1: a column belongs to one open descriptor at a time and is given to the next one after its close.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::show::{head, style};
use crate::story::{Step, Story};
use crate::text::visible;

/// More columns than this are not drawn.
const WIDEST: usize = 24;

/// Draws a story.
pub fn draw(out: &mut impl Write, story: &Story) -> io::Result<()> {
    head(out, story)?;
    write!(out, "\n        ")?;
    for step in Step::ALL {
        let s = style(step);
        write!(out, "{s}{} {}{s:#}  ", step.sign(), step.word())?;
    }
    writeln!(out, "\n")?;
    let mut by_entry: BTreeMap<usize, Vec<(usize, Step)>> = BTreeMap::new();
    for (life, l) in story.lives.iter().enumerate() {
        for &(i, step) in &l.steps {
            by_entry.entry(i).or_default().push((life, step));
        }
    }
    // The last entry of each life: its column is free after it.
    let last: Vec<usize> = story.lives.iter().map(|l| l.steps.last().map_or(0, |s| s.0)).collect();
    let width = widest(story, &last).min(WIDEST);
    let mut columns: Vec<Option<usize>> = Vec::new();
    for (i, entry) in story.entries.iter().enumerate() {
        let none = Vec::new();
        let steps = by_entry.get(&i).unwrap_or(&none);
        let mut born = Vec::new();
        for &(life, _) in steps {
            if !columns.contains(&Some(life)) {
                born.push(life);
                match columns.iter().position(Option::is_none) {
                    Some(free) => columns[free] = Some(life),
                    None => columns.push(Some(life)),
                }
            }
        }
        write!(out, "{:>7} ", entry.origin.at)?;
        for n in 0..width {
            let column = columns.get(n).copied().flatten();
            match column.and_then(|life| steps.iter().find(|s| s.0 == life).map(|s| s.1)) {
                Some(step) => write!(out, "{0}{1}{0:#} ", style(step), step.sign())?,
                None => write!(out, "{} ", if column.is_some() { '│' } else { ' ' })?,
            }
        }
        if columns.iter().skip(WIDEST).any(Option::is_some) {
            write!(out, "… ")?;
        }
        let of = steps.iter().map(|s| s.1).find(|s| *s != Step::Other).unwrap_or(Step::Other);
        writeln!(out, " {0}{1}{0:#}", style(of), visible(&entry.text))?;
        for column in &mut columns {
            if column.is_some_and(|life| last[life] <= i) {
                *column = None; // I1
            }
        }
    }
    Ok(())
}

/// How many descriptors are open at once, as far as the columns know.
fn widest(story: &Story, last: &[usize]) -> usize {
    let mut changes: Vec<(usize, i32)> = Vec::new();
    for (life, last) in story.lives.iter().zip(last) {
        changes.extend(life.steps.first().map(|s| (s.0, 1)));
        changes.push((last + 1, -1));
    }
    changes.sort_unstable();
    let (mut open, mut most) = (0, 0);
    for (_, by) in changes {
        open += by;
        most = most.max(open);
    }
    usize::try_from(most).unwrap_or(0)
}
