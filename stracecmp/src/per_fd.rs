//! The second view of a program: what was done to each descriptor, by itself.
//!
//! Where several goroutines do I/O, the order among descriptors differs from run to run, the sequence of each one does
//! not. From `close(tcp6c#1) = 0` the descriptor's own sequence keeps `close(self) = 0`; others are named by kind alone.
//!
//! Invariants:
//! - I1: names come typed from [`Lines`]; nothing is searched for in text.
//! - I2: chosen ports are numbered anew in each sequence.
//! - I3 (rule P3): the poller's own lines come in the order of the others, so they are sorted.
//! - I4: names and places are for looking at; they decide nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use smallvec::SmallVec;

use crate::lines::{Lines, Name};

/// The sequence of one descriptor. Two are equal if their kinds and lines are (I4).
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    /// What it is: `tcp6`, `epoll`, `(no descriptor)`.
    pub kind: String,
    /// What was done to it; equal lines share their text.
    pub lines: Vec<Arc<str>>,
    /// Its name in the order of all lines: `tcp6c#1`; empty where there is no such order.
    pub name: String,
    /// The line of the file that each of `lines` came from.
    pub at: Vec<u32>,
}

impl Sequence {
    fn key(&self) -> (&str, &[Arc<str>]) {
        (&self.kind, &self.lines)
    }
}

impl PartialEq for Sequence {
    fn eq(&self, other: &Sequence) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Sequence {}

impl PartialOrd for Sequence {
    fn partial_cmp(&self, other: &Sequence) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sequence {
    fn cmp(&self, other: &Sequence) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl std::hash::Hash for Sequence {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// The kind of the sequence of lines that name no descriptor.
pub const NO_DESCRIPTOR: &str = "(no descriptor)";

/// `EPH` and a number, as whole words, numbered by `ports` (I2).
fn renumber_ports(text: &mut String, ports: &mut HashMap<String, usize>) {
    if !text.contains("EPH") {
        return;
    }
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut kept = 0;
    for (at, eph) in text.match_indices("EPH") {
        let from = at + eph.len();
        let end = from + text[from..].bytes().take_while(u8::is_ascii_digit).count();
        if end == from || text[..at].ends_with(word) || text[end..].starts_with(word) {
            continue;
        }
        let next = ports.len() + 1;
        let n = *ports.entry(text[at..end].to_owned()).or_insert(next);
        out.push_str(&text[kept..from]);
        out.push_str(&n.to_string());
        kept = end;
    }
    out.push_str(&text[kept..]);
    *text = out;
}

#[derive(Default)]
struct Growing {
    kind: String,
    name: String,
    lines: Vec<(Arc<str>, u32)>,
    ports: HashMap<String, usize>,
}

/// From numbered lines the sequence of every descriptor, sorted.
///
/// ```
/// use stracecmp::{lines::Lines, per_fd::sequences};
/// let lines: Lines = ["close(tcp6c#1) = 0", "close(tcp6c#2) = 0"].into_iter().collect();
/// let all = sequences(&lines);
/// assert_eq!((all.len(), &all[0].kind[..], &*all[0].lines[0]), (2, "tcp6c", "close(self) = 0"));
/// assert_eq!(all[0], all[1]);
/// ```
pub fn sequences(order: &Lines) -> Vec<Sequence> {
    let mut known: HashSet<Arc<str>> = HashSet::new();
    let mut share = |text: &str| match known.get(text) {
        Some(shared) => shared.clone(),
        None => {
            let shared: Arc<str> = text.into();
            known.insert(shared.clone());
            shared
        }
    };
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut all: Vec<Growing> = Vec::new();
    let mut rest = Vec::new();
    let mut text = String::new();
    for typed in order.lines() {
        let (line, at) = (typed.text, typed.origin.at);
        let found: SmallVec<[Name<'_>; 4]> = typed.names().collect();
        if found.is_empty() {
            rest.push((share(line), at));
        }
        for (i, own) in found.iter().enumerate() {
            if found[..i].iter().any(|n| n.whole == own.whole) {
                continue;
            }
            let life = *index.entry(own.whole).or_insert_with(|| {
                all.push(Growing {
                    kind: own.kind.to_owned(),
                    name: own.whole.to_owned(),
                    ..Growing::default()
                });
                all.len() - 1
            });
            text.clear();
            let mut kept = 0;
            for n in &found {
                text.push_str(&line[kept..n.start]);
                text.push_str(if n.whole == own.whole { "self" } else { n.kind });
                kept = n.start + n.whole.len();
            }
            text.push_str(&line[kept..]);
            renumber_ports(&mut text, &mut all[life].ports);
            all[life].lines.push((share(&text), at));
        }
    }
    let mut out: Vec<Sequence> = all
        .into_iter()
        .map(|mut g| {
            if g.kind == "epoll" {
                g.lines.sort(); // I3
            }
            sequence(g.kind, g.name, g.lines)
        })
        .collect();
    if !rest.is_empty() {
        out.push(sequence(NO_DESCRIPTOR.to_owned(), String::new(), rest));
    }
    out.sort_unstable();
    out
}

fn sequence(kind: String, name: String, lines: Vec<(Arc<str>, u32)>) -> Sequence {
    let (lines, at) = lines.into_iter().unzip();
    Sequence { kind, lines, name, at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_numbered_in_each_sequence() {
        let lines: Lines =
            ["connect(tcp4#1, EPH7, EPH9)", "connect(tcp4#1, EPH9, XEPH9, EPH9x)"].into_iter().collect();
        let all = sequences(&lines);
        let texts: Vec<&str> = all[0].lines.iter().map(|l| &**l).collect();
        assert_eq!(texts, ["connect(self, EPH1, EPH2)", "connect(self, EPH2, XEPH9, EPH9x)"]);
    }
}
