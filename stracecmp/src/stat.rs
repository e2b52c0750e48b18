//! Calls in numbers, on both sides: how often each was made, how often it failed, how long it took (`-T`); lines and errors of each
//! kind of descriptor.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::loaded::Loaded;
use crate::log::Cost;
use crate::normal::{Normal, Variants};
use crate::text::visible;

/// Writes the tables.
pub fn write(out: &mut impl Write, want: &Loaded, got: &Loaded) -> io::Result<()> {
    let mut names: Vec<&String> = want.costs.keys().chain(got.costs.keys()).collect();
    names.sort();
    names.dedup();
    if !names.is_empty() {
        writeln!(
            out,
            "  {:<24}{:>28}{:>28}",
            "call", "reference: n / errors / ms", "candidate: n / errors / ms"
        )?;
    }
    for name in names {
        let side = |l: &Loaded| cost(l.costs.get(name));
        writeln!(out, "  {:<24}{:>28}{:>28}", name, side(want), side(got))?;
    }
    let (a, b) = (by_kind(&want.normal), by_kind(&got.normal));
    let mut kinds: Vec<&String> = a.keys().chain(b.keys()).collect();
    kinds.sort();
    kinds.dedup();
    writeln!(out, "  {:<40}{:>20}{:>20}", "descriptor", "reference: n / errors", "candidate: n / errors")?;
    for kind in kinds {
        let side = |m: &BTreeMap<String, (u64, u64)>| {
            m.get(kind).map_or("-".to_owned(), |n| format!("{} / {}", n.0, n.1))
        };
        writeln!(out, "  {:<40}{:>20}{:>20}", visible(kind), side(&a), side(&b))?;
    }
    Ok(())
}

fn cost(cost: Option<&Cost>) -> String {
    match cost {
        None => "-".to_owned(),
        Some(c) if c.time_ns == 0 => format!("{} / {} / -", c.calls, c.errors),
        Some(c) => {
            format!("{} / {} / {}.{:03}", c.calls, c.errors, c.time_ns / 1_000_000, c.time_ns / 1000 % 1000)
        }
    }
}

/// Lines, and those that failed, by the kind of descriptor that they name first.
fn by_kind(normal: &Normal) -> BTreeMap<String, (u64, u64)> {
    let mut all: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    if let Variants::Global(v) = &normal.variants
        && let Some((_, lines)) = v.first()
    {
        for line in lines.lines() {
            let kind = line.names().next().map_or("(no descriptor)", |n| n.kind);
            let row = all.entry(kind.to_owned()).or_default();
            row.0 += 1;
            row.1 += u64::from(line.error().is_some());
        }
    }
    all
}
