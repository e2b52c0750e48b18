//! Differences of two lists of lines, and of two sets of sequences.
//!
//! Invariants:
//! - I1: a diff is empty exactly when its two sides are equal: equality is tested first, not concluded from an edit script.
//! - I2: time is bounded: past `PATIENCE` a diff gets coarser, not slower.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use similar::{ChangeTag, DiffTag, TextDiff};

use crate::lines::Lines;
use crate::per_fd::Sequence;

const PATIENCE: Duration = Duration::from_millis(500);
/// A longer diff is cut off, and says so.
const ROWS: usize = 10_000;
/// Lines of context around a change.
const CONTEXT: usize = 2;
/// Above this many pairs, sequences are paired in order instead of by likeness.
const PAIRS: usize = 4096;

/// What a row of a diff is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Where the next rows are: `@@ -1,3 +1,2 @@`.
    At,
    /// In both.
    Same,
    /// Only in the reference.
    Gone,
    /// Only in the candidate.
    New,
}

/// One row of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub mark: Mark,
    /// The line.
    pub text: String,
    /// Its place in the reference's file; 0 if it is not there.
    pub want: u32,
    /// Its place in the candidate's file; 0 if it is not there.
    pub got: u32,
}

impl Row {
    pub(crate) fn at(text: impl Into<String>) -> Row {
        Row { mark: Mark::At, text: text.into(), want: 0, got: 0 }
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = match self.mark {
            Mark::At => "",
            Mark::Same => " ",
            Mark::Gone => "-",
            Mark::New => "+",
        };
        write!(f, "{sign}{}", self.text)
    }
}

/// One side of a diff: lines, and the place of each in its file.
#[derive(Clone, Debug, Default)]
pub struct Side<'a> {
    texts: Vec<&'a str>,
    at: Vec<u32>,
}

impl<'a> From<&'a Lines> for Side<'a> {
    fn from(lines: &'a Lines) -> Side<'a> {
        let (texts, at) = lines.lines().map(|l| (l.text, l.origin.at)).unzip();
        Side { texts, at }
    }
}

impl<'a> From<&'a Sequence> for Side<'a> {
    fn from(s: &'a Sequence) -> Side<'a> {
        Side { texts: texts(&s.lines), at: s.at.clone() }
    }
}

impl Side<'_> {
    fn place(&self, i: Option<usize>) -> u32 {
        i.and_then(|i| self.at.get(i)).copied().unwrap_or(0)
    }
}

/// The differences of two lists of lines, with some context; nothing if they are equal (I1).
pub fn diff(want: &Side<'_>, got: &Side<'_>) -> Vec<Row> {
    if want.texts == got.texts {
        return Vec::new();
    }
    let (plain_want, plain_got) = (without_ports(&want.texts), without_ports(&got.texts));
    let numbers_only = plain_want == plain_got;
    let keys = |texts: &[&'_ str], plain: &'_ [Cow<'_, str>]| -> Vec<String> {
        if numbers_only {
            texts.iter().map(|t| t.to_string()).collect()
        } else {
            plain.iter().map(|t| t.to_string()).collect()
        }
    };
    let (a, b) = (keys(&want.texts, &plain_want), keys(&got.texts, &plain_got));
    let (a, b): (Vec<&str>, Vec<&str>) =
        (a.iter().map(String::as_str).collect(), b.iter().map(String::as_str).collect());
    let diff = TextDiff::configure().timeout(PATIENCE).diff_slices(&a, &b);
    let mut rows = Vec::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        if rows.len() >= ROWS {
            rows.push(Row::at("@@ and more: the rest is left out @@"));
            break;
        }
        rows.push(Row::at(hunk.header().to_string()));
        rows.extend(hunk.iter_changes().take(ROWS).map(|c| Row {
            mark: match c.tag() {
                ChangeTag::Equal => Mark::Same,
                ChangeTag::Delete => Mark::Gone,
                ChangeTag::Insert => Mark::New,
            },
            text: match (c.old_index(), c.new_index()) {
                (Some(i), _) => want.texts[i].to_owned(),
                (None, Some(i)) => got.texts[i].to_owned(),
                (None, None) => String::new(),
            },
            want: want.place(c.old_index()),
            got: got.place(c.new_index()),
        }));
    }
    rows
}

/// The texts with `EPH` for `EPH1`: one line more must not make all later ports other ones.
fn without_ports<'a>(texts: &[&'a str]) -> Vec<Cow<'a, str>> {
    let plain = |t: &&'a str| {
        if !t.contains("EPH") {
            return Cow::Borrowed(*t);
        }
        let mut parts = t.split("EPH");
        let mut out = parts.next().unwrap_or("").to_owned();
        for part in parts {
            out.push_str("EPH");
            out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
        }
        Cow::Owned(out)
    };
    texts.iter().map(plain).collect()
}

/// What happened to a descriptor's sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The candidate does not have it.
    Missing(Vec<Row>),
    /// The reference does not have it.
    Extra(Vec<Row>),
    /// It differs.
    Differs(Vec<Row>),
}

/// The difference in one descriptor's sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FdChange {
    /// What the descriptor is.
    pub kind: String,
    /// What happened to it.
    pub change: Change,
    /// How many descriptors show exactly this.
    pub times: usize,
}

/// Sequences of the two sides that belong together: equal ones, then the likest of one kind, then what is left.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The reference's.
    pub want: Option<&'a Sequence>,
    /// The candidate's.
    pub got: Option<&'a Sequence>,
    /// How many such pairs there are.
    pub times: usize,
}

/// Pairs the sequences of two sets.
pub fn pairs<'a>(want: &'a [Sequence], got: &'a [Sequence]) -> Vec<Pair<'a>> {
    let mut count: HashMap<&Sequence, (usize, usize)> = HashMap::new();
    want.iter().for_each(|s| count.entry(s).or_default().0 += 1);
    got.iter().for_each(|s| count.entry(s).or_default().1 += 1);
    let mut all: Vec<_> = count.into_iter().collect();
    all.sort_unstable();
    let mut out = Vec::new();
    let (mut missing, mut surplus) = (Vec::new(), Vec::new());
    for (s, (w, g)) in all {
        match w.min(g) {
            0 => {}
            times => out.push(Pair { want: Some(s), got: Some(s), times }),
        }
        if w > g {
            missing.push((s, w - g));
        } else if g > w {
            surplus.push((s, g - w));
        }
    }
    let by_likeness = missing.len() * surplus.len() <= PAIRS;
    for (s, mut count) in missing {
        while count > 0 {
            let alike = surplus.iter().enumerate().filter(|(_, o)| o.0.kind == s.kind && o.1 > 0);
            let best = if by_likeness {
                // The first of those that are equally like it.
                alike.rev().max_by(|a, b| likeness(s, a.1.0).total_cmp(&likeness(s, b.1.0))).map(|a| a.0)
            } else {
                alike.map(|a| a.0).next()
            };
            let times = best.map_or(count, |i| count.min(surplus[i].1));
            if let Some(i) = best {
                surplus[i].1 -= times;
            }
            out.push(Pair { want: Some(s), got: best.map(|i| surplus[i].0), times });
            count -= times;
        }
    }
    let left = surplus.into_iter().filter(|s| s.1 > 0);
    out.extend(left.map(|(s, times)| Pair { want: None, got: Some(s), times }));
    out
}

/// Differences of two sets of sequences; what matches exactly is left out.
pub fn diff_sequences(want: &[Sequence], got: &[Sequence]) -> Vec<FdChange> {
    let mut out = Vec::new();
    for Pair { want, got, times } in pairs(want, got) {
        let (kind, change) = match (want, got) {
            (Some(w), Some(g)) if w == g => continue,
            (Some(w), Some(g)) => (&w.kind, Change::Differs(diff(&w.into(), &g.into()))),
            (Some(w), None) => (&w.kind, Change::Missing(whole(w, Mark::Gone))),
            (None, Some(g)) => (&g.kind, Change::Extra(whole(g, Mark::New))),
            (None, None) => continue,
        };
        out.push(FdChange { kind: kind.clone(), change, times });
    }
    out
}

/// A whole sequence as rows.
fn whole(s: &Sequence, mark: Mark) -> Vec<Row> {
    let rows = s.lines.iter().zip(&s.at).map(|(text, &at)| {
        let (want, got) = if mark == Mark::Gone { (at, 0) } else { (0, at) };
        Row { mark, text: text.to_string(), want, got }
    });
    rows.collect()
}

/// A row of two texts side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aligned {
    /// The line of the reference.
    pub want: Option<usize>,
    /// The line of the candidate.
    pub got: Option<usize>,
    /// Whether both are there and equal.
    pub same: bool,
}

/// Aligns two lists of lines: equal lines, then lines with the same call.
pub fn align(want: &[&str], got: &[&str]) -> Vec<Aligned> {
    let mut rows = Vec::new();
    for op in TextDiff::configure().timeout(PATIENCE).diff_slices(want, got).ops() {
        let (w, g) = (op.old_range(), op.new_range());
        if op.tag() == DiffTag::Equal {
            rows.extend(w.zip(g).map(|(w, g)| Aligned { want: Some(w), got: Some(g), same: true }));
            continue;
        }
        let call = |l: &&str| l.split('(').next().unwrap_or("").to_owned();
        let calls = |all: &[&str]| all.iter().map(call).collect::<Vec<_>>();
        let (a, b) = (calls(&want[w.clone()]), calls(&got[g.clone()]));
        let (a, b): (Vec<&str>, Vec<&str>) =
            (a.iter().map(|s| &**s).collect(), b.iter().map(|s| &**s).collect());
        for op in TextDiff::configure().timeout(PATIENCE).diff_slices(&a, &b).ops() {
            let (cw, cg) = (op.old_range(), op.new_range());
            let at = |base: usize, i: usize| Some(base + i);
            if op.tag() == DiffTag::Equal {
                let both = cw.zip(cg);
                rows.extend(both.map(|(i, j)| Aligned {
                    want: at(w.start, i),
                    got: at(g.start, j),
                    same: false,
                }));
            } else {
                rows.extend(cw.map(|i| Aligned { want: at(w.start, i), got: None, same: false }));
                rows.extend(cg.map(|j| Aligned { want: None, got: at(g.start, j), same: false }));
            }
        }
    }
    rows
}

fn texts(lines: &[Arc<str>]) -> Vec<&str> {
    lines.iter().map(|l| &**l).collect()
}

/// How much two sequences have in common, from 0 to 1: of what each has, in any order.
fn likeness(a: &Sequence, b: &Sequence) -> f64 {
    let mut count: HashMap<&str, i64> = HashMap::new();
    a.lines.iter().for_each(|l| *count.entry(l).or_default() += 1);
    let mut common = 0;
    for l in &b.lines {
        if let Some(n) = count.get_mut(&**l).filter(|n| **n > 0) {
            *n -= 1;
            common += 1;
        }
    }
    2.0 * f64::from(common) / (a.lines.len() + b.lines.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(kind: &str, lines: &[&str]) -> Sequence {
        let at = (1..).take(lines.len()).collect();
        Sequence {
            kind: kind.to_owned(),
            lines: lines.iter().map(|l| (*l).into()).collect(),
            name: String::new(),
            at,
        }
    }

    #[test]
    fn equal_sets_have_no_differences() {
        let (a, b) = (seq("tcp4", &["x"]), seq("tcp6", &["y"]));
        assert!(
            diff_sequences(&[a.clone(), b.clone(), b.clone()], &[b.clone(), a.clone(), b.clone()]).is_empty()
        );
        assert_eq!(diff_sequences(&[a.clone(), b.clone(), b.clone()], &[b, a.clone(), a]).len(), 2);
    }

    #[test]
    fn the_likest_are_paired() {
        let want = [seq("tcp4", &["a", "b", "c"]), seq("tcp4", &["x", "y", "z"])];
        let got = [seq("tcp4", &["x", "y"]), seq("tcp4", &["a", "b"]), seq("tcp4", &["q"])];
        let all = diff_sequences(&want, &got);
        assert_eq!(all.len(), 3);
        let Change::Differs(rows) = &all[0].change else { panic!("{all:?}") };
        assert_eq!(rows.last(), Some(&Row { mark: Mark::Gone, text: "c".to_owned(), want: 3, got: 0 }));
        assert_eq!(
            all[2].change,
            Change::Extra(vec![Row { mark: Mark::New, text: "q".to_owned(), want: 0, got: 1 }])
        );
    }

    #[test]
    fn rows_with_the_same_call_stand_side_by_side() {
        let rows = align(&["a(1)", "b(1)", "c(1)"], &["a(1)", "c(2)", "d(1)"]);
        let flat: Vec<_> = rows.iter().map(|r| (r.want, r.got, r.same)).collect();
        let want = [
            (Some(0), Some(0), true),
            (Some(1), None, false),
            (Some(2), Some(1), false),
            (None, Some(2), false),
        ];
        assert_eq!(flat, want);
    }

    #[test]
    fn same_differences_are_counted() {
        let want = vec![seq("tcp6c", &["a", "b"]); 5];
        let got = vec![seq("tcp6c", &["a"]); 5];
        let all = diff_sequences(&want, &got);
        assert_eq!((all.len(), all[0].times), (1, 5));
    }
}
