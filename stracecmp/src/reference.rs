//! The reader of references (the format is in [`crate::normal`]).

use crate::error::{Bad, clip};
use crate::lines::Lines;
use crate::normal::{Child, MAGIC, Normal, Range, Runs, Variants};
use crate::per_fd::Sequence;
use crate::process::Ending;
use crate::rules::Profile;

enum Section {
    Head,
    Prologue,
    Runs,
    Child,
    Exec,
}

enum Order {
    Global,
    PerDescriptor,
}

/// Reads a reference.
pub(crate) fn read(text: &str) -> Result<Normal, Bad> {
    let mut n = Normal {
        program: String::new(),
        source: String::new(),
        variants: Variants::Global(Vec::new()),
        prologue: Vec::new(),
        children: Vec::new(),
        signature: None,
        polls: Range::default(),
        unlimited: Runs::default(),
        limited: Runs::default(),
        expired: Runs::default(),
        longest_ms: None,
        profile: Profile::Generic,
        suite: true,
        single: false,
        ending: Ending::Unknown,
        blocked: Vec::new(),
        threads: 0,
    };
    if !text.starts_with(MAGIC) {
        return Err(Bad::new(1, format!("a reference begins with \"{MAGIC}\"")));
    }
    let (mut section, mut order) = (Section::Head, Order::Global);
    let (mut global, mut per_fd) = (Vec::new(), Vec::<(u64, Vec<Sequence>)>::new());
    for (i, line) in text.split('\n').map(|l| l.trim_end_matches('\r')).enumerate() {
        let bad = |reason: String| Bad::new(i + 1, reason);
        let at = u32::try_from(i + 1).unwrap_or(u32::MAX);
        if let Some(head) = line.strip_prefix("# ") {
            if let Some(("order", which)) = head.split_once(' ') {
                order = if which == "global" { Order::Global } else { Order::PerDescriptor };
            }
            header(&mut n, head).map_err(bad)?;
        } else if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = open_section(name, &order, &mut n, &mut global, &mut per_fd).map_err(bad)?;
        } else if !line.is_empty() {
            match (&section, &order) {
                (Section::Head, _) => return Err(bad("not a normalised trace".to_owned())),
                (Section::Prologue, _) => push(&mut n.prologue, line, at),
                (Section::Child, _) => {
                    n.children
                        .last_mut()
                        .map(|c| &mut c.lines)
                        .into_iter()
                        .for_each(|l| l.push_read(line, at));
                }
                (Section::Exec, _) => {
                    n.children
                        .last_mut()
                        .and_then(|c| c.after.as_mut())
                        .into_iter()
                        .for_each(|l| l.push_read(line, at));
                }
                (Section::Runs, Order::Global) => {
                    let Some((_, lines)) = global.last_mut() else {
                        return Err(bad("the order is stated after the runs".to_owned()));
                    };
                    lines.push_read(line, at);
                }
                (Section::Runs, Order::PerDescriptor) => {
                    let Some((_, sequences)) = per_fd.last_mut() else {
                        return Err(bad("the order is stated after the runs".to_owned()));
                    };
                    match (line.strip_prefix("- "), sequences.last_mut()) {
                        (Some(kind), _) => {
                            sequences.push(Sequence { kind: kind.to_owned(), ..Sequence::default() });
                        }
                        (None, Some(s)) => {
                            s.lines.push(line.get(2..).unwrap_or("").into());
                            s.at.push(at);
                        }
                        (None, None) => {
                            return Err(bad(format!("a line before any descriptor: {}", clip(line))));
                        }
                    }
                }
            }
        }
    }
    n.variants = match order {
        Order::Global => Variants::Global(global),
        Order::PerDescriptor => Variants::PerDescriptor(per_fd),
    };
    if n.suite {
        // The suite's references are Go's, and say so.
        n.profile = if n.source.starts_with("go") { Profile::Go } else { Profile::Generic };
    }
    if n.variants.is_empty() {
        return Err(Bad::new(0, "no runs in the normalised trace"));
    }
    Ok(n)
}

fn push(all: &mut [Lines], line: &str, at: u32) {
    if let Some(last) = all.last_mut() {
        last.push_read(line, at);
    }
}

fn open_section(
    name: &str,
    order: &Order,
    n: &mut Normal,
    global: &mut Vec<(u64, Lines)>,
    per_fd: &mut Vec<(u64, Vec<Sequence>)>,
) -> Result<Section, String> {
    let mut words = name.split_whitespace();
    match (words.next(), words.next()) {
        (Some("prologue"), None) => {
            n.prologue.push(Lines::default());
            Ok(Section::Prologue)
        }
        (Some("child"), None) => {
            n.children.push(Child::default());
            Ok(Section::Child)
        }
        (Some("exec"), None) => {
            let child = n.children.last_mut().ok_or("an exec before any child")?;
            child.after = Some(Lines::default());
            Ok(Section::Exec)
        }
        (Some("runs"), Some(count)) => {
            let count = count.parse().map_err(|_| format!("not a number of runs: {}", clip(count)))?;
            match order {
                Order::Global => global.push((count, Lines::default())),
                Order::PerDescriptor => per_fd.push((count, Vec::new())),
            }
            Ok(Section::Runs)
        }
        _ => Err(format!("section [{}]", clip(name))),
    }
}

fn header(n: &mut Normal, head: &str) -> Result<(), String> {
    let (key, rest) = head.split_once(' ').unwrap_or((head, ""));
    match key {
        "program" => n.program = rest.to_owned(),
        "source" => n.source = rest.to_owned(),
        "end" => {
            n.ending = match rest.split_once(' ') {
                Some(("exit", status)) => {
                    Ending::Exited(status.parse().map_err(|_| format!("end: {}", clip(rest)))?)
                }
                Some(("signal", signal)) => Ending::Killed(signal.to_owned()),
                _ => return Err(format!("end: {}", clip(rest))),
            };
        }
        "profile" => {
            n.suite = false;
            n.profile = if rest == "go" { Profile::Go } else { Profile::Generic };
        }
        "poll" => n.signature = (rest != "none").then(|| rest.to_owned()),
        "polls" => n.polls = range(rest).ok_or_else(|| format!("polls: {}", clip(rest)))?,
        "waits" => waits(n, rest).ok_or_else(|| format!("waits: {}", clip(rest)))?,
        _ => {}
    }
    Ok(())
}

fn range<T: std::str::FromStr>(text: &str) -> Option<Range<T>> {
    let (min, max) = text.split_once("..")?;
    Some(Range { min: min.parse().ok()?, max: max.parse().ok()? })
}

/// `unlimited 10/10, limited 0/10, expired 0/10, longest 79..79 ms`
fn waits(n: &mut Normal, text: &str) -> Option<()> {
    let mut fields = text.split(", ");
    let mut runs = |name: &str| {
        let (with, of) = fields.next()?.strip_prefix(name)?.strip_prefix(' ')?.split_once('/')?;
        Some(Runs { with: with.parse().ok()?, of: of.parse().ok()? })
    };
    (n.unlimited, n.limited, n.expired) = (runs("unlimited")?, runs("limited")?, runs("expired")?);
    n.longest_ms = match fields.next() {
        Some(last) => Some(range(last.strip_prefix("longest ")?.strip_suffix(" ms")?)?),
        None => None,
    };
    fields.next().is_none().then_some(())
}
