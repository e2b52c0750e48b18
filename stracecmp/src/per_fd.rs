//! The second view of a program: what was done to each descriptor, by itself.
//!
//! Where several goroutines do I/O, the order among descriptors differs from run to run, the sequence of each one does
//! not. From `close(tcp6c#1) = 0` the descriptor's own sequence keeps `close(self) = 0`; others are named by kind alone.
//!
//! Invariants:
//! - I1: names inside quoted strings are data, not names.
//! - I2: chosen ports are numbered anew in each sequence.
//! - I3 (rule P3): the poller's own lines come in the order of the others, so they are sorted.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::text::{Lines, Piece, pieces};

/// The sequence of one descriptor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence {
    /// What it is: `tcp6`, `epoll`, `(no descriptor)`.
    pub kind: String,
    /// What was done to it; equal lines share their text.
    pub lines: Vec<Arc<str>>,
}

/// The kind of the sequence of lines that name no descriptor.
pub const NO_DESCRIPTOR: &str = "(no descriptor)";

/// A descriptor's name in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// `tcp6#1`
    pub whole: &'a str,
    /// `tcp6`
    pub kind: &'a str,
    /// Where it begins.
    pub start: usize,
}

/// The names in text that is not quoted.
fn names_in(text: &str, mut found: impl FnMut(Name<'_>)) {
    let b = text.as_bytes();
    let mut from = 0;
    for hash in memchr::memchr_iter(b'#', b) {
        let digits = b[hash + 1..].iter().take_while(|c| c.is_ascii_digit()).count();
        if digits == 0 || hash < from {
            continue;
        }
        let is_path = |c: char| c != '"' && c != '#' && !c.is_whitespace();
        let word = &text[from..hash];
        let path =
            word.len() - word.chars().rev().take_while(|c| is_path(*c)).map(char::len_utf8).sum::<usize>();
        let plain = word.bytes().rev().take_while(|c| c.is_ascii_alphanumeric() || *c == b'+').count();
        let start = match word[path..].find("file:") {
            Some(at) if path + at + "file:".len() < word.len() => from + path + at,
            _ if plain > 0 => hash - plain,
            _ => continue,
        };
        let end = hash + 1 + digits;
        found(Name { whole: &text[start..end], kind: &text[start..hash], start });
        from = end;
    }
}

/// The names in a line, outside quoted strings (I1).
pub fn names(line: &str) -> Vec<Name<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    for piece in pieces(line) {
        let (Piece::Plain(text) | Piece::Quoted(text)) = piece;
        if matches!(piece, Piece::Plain(_)) && text.contains('#') {
            names_in(text, |n| {
                let start = at + n.start;
                let whole = &line[start..start + n.whole.len()];
                out.push(Name { whole, kind: &whole[..n.kind.len()], start });
            });
        }
        at += text.len();
    }
    out
}

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
    lines: Vec<Arc<str>>,
    ports: HashMap<String, usize>,
}

/// From numbered lines the sequence of every descriptor, sorted.
///
/// ```
/// use stracecmp::{per_fd::sequences, text::Lines};
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
    for line in order.iter() {
        let found = names(line);
        if found.is_empty() {
            rest.push(share(line));
        }
        for (i, own) in found.iter().enumerate() {
            if found[..i].iter().any(|n| n.whole == own.whole) {
                continue;
            }
            let at = *index.entry(own.whole).or_insert_with(|| {
                all.push(Growing { kind: own.kind.to_owned(), ..Growing::default() });
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
            renumber_ports(&mut text, &mut all[at].ports);
            all[at].lines.push(share(&text));
        }
    }
    let mut out: Vec<Sequence> = all
        .into_iter()
        .map(|g| {
            let mut lines = g.lines;
            if g.kind == "epoll" {
                lines.sort_unstable(); // I3
            }
            lines.shrink_to_fit();
            Sequence { kind: g.kind, lines }
        })
        .collect();
    if !rest.is_empty() {
        out.push(Sequence { kind: NO_DESCRIPTOR.to_owned(), lines: rest });
    }
    out.sort_unstable();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(line: &str) -> Vec<&str> {
        names(line).into_iter().map(|n| n.whole).collect()
    }

    #[test]
    fn names_are_found() {
        assert_eq!(whole("splice(tcp6c#1, NULL, pipeW#12, 5)"), ["tcp6c#1", "pipeW#12"]);
        assert_eq!(whole("read(file:/etc/a,b.txt#3, \"x#1\", 3)"), ["file:/etc/a,b.txt#3"]);
        assert_eq!(whole("dup(tcp6+#1)"), ["tcp6+#1"]);
        assert_eq!(whole("file:#1 # #1 a#b x#"), ["", ""][..0].to_vec());
        assert_eq!(whole("[pipeR#1, pipeW#2]"), ["pipeR#1", "pipeW#2"]);
        assert_eq!(whole("a#1b#2"), ["a#1", "b#2"]);
    }

    #[test]
    fn ports_are_numbered_in_each_sequence() {
        let lines: Lines =
            ["connect(tcp4#1, EPH7, EPH9)", "connect(tcp4#1, EPH9, XEPH9, EPH9x)"].into_iter().collect();
        let all = sequences(&lines);
        let texts: Vec<&str> = all[0].lines.iter().map(|l| &**l).collect();
        assert_eq!(texts, ["connect(self, EPH1, EPH2)", "connect(self, EPH2, XEPH9, EPH9x)"]);
    }
}
