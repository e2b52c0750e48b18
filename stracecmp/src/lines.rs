//! Typed lines: what is compared, kept from the projection to the page.
//!
//! A line is made once, by the projection or by the reader of references. From then on everybody asks it what it is (which
//! call, which descriptors, which result, where in the log, which thread, when) and nobody takes its text apart again.
//!
//! Invariants:
//! - I1: two [`Lines`] are equal exactly when their texts are: places, threads and times are not compared.
//! - I2: names inside quoted strings are data, not names.
//! - I3: the text of all lines is one allocation; a line costs a few numbers besides.

use crate::text::{Piece, pieces};

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

/// Where a name is in its line.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    kind: u32,
    whole: u32,
}

/// Where a line came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The line of the file on which it began, from 1; 0 if it is of no file.
    pub at: u32,
    /// The thread; 0 if the log has no thread ids.
    pub tid: u32,
    /// When, in nanoseconds by the log's own stamps; 0 if it has none.
    pub time_ns: u64,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    end: usize,
    names_end: u32,
    result: u32,
    at: u32,
    tid: u32,
}

/// Many typed lines.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    text: String,
    rows: Vec<Row>,
    names: Vec<Span>,
    /// Empty where the log has no stamps.
    times: Vec<u64>,
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// As it is written.
    pub text: &'a str,
    /// Where it came from.
    pub origin: Origin,
    names: &'a [Span],
    result: usize,
}

impl<'a> Line<'a> {
    /// The call's name: `read`, or `wait` and `write-all` for what stands for several calls.
    pub fn call(&self) -> &'a str {
        self.text.split('(').next().unwrap_or(self.text)
    }

    /// What stands between the parentheses.
    pub fn args(&self) -> &'a str {
        let from = self.call().len() + 1;
        self.text.get(from..self.result).and_then(|a| a.strip_suffix(") = ")).unwrap_or("")
    }

    /// The result: `0`, `tcp6c#1`, `-1 EAGAIN`, or the readiness that ended a wait.
    pub fn result(&self) -> &'a str {
        &self.text[self.result..]
    }

    /// The name of the error, if it failed.
    pub fn error(&self) -> Option<&'a str> {
        self.result().strip_prefix("-1 ")
    }

    /// The descriptors it names, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = Name<'a>> + use<'a> {
        let text = self.text;
        self.names.iter().map(move |s| {
            let start = s.start as usize;
            Name {
                whole: &text[start..start + s.whole as usize],
                kind: &text[start..start + s.kind as usize],
                start,
            }
        })
    }
}

impl Lines {
    /// Appends a line that is text only; it has no place.
    pub fn push(&mut self, line: &str) {
        self.push_read(line, 0);
    }

    /// Appends a line that a reader found in line `at` of its file.
    pub(crate) fn push_read(&mut self, line: &str, at: u32) {
        let mut found = Vec::new();
        names(line, |n| found.push((n.start, n.kind.len(), n.whole.len())));
        self.push_typed(line, found.into_iter(), Origin { at, ..Origin::default() });
    }

    /// Appends a line whose names are known: where each begins, and how long its kind and the whole are.
    pub(crate) fn push_typed(
        &mut self,
        line: &str,
        names: impl Iterator<Item = (usize, usize, usize)>,
        origin: Origin,
    ) {
        let short = |n: usize| u32::try_from(n).expect("a line is shorter than 4 GiB");
        self.text.push_str(line);
        self.names.extend(names.map(|(start, kind, whole)| Span {
            start: short(start),
            kind: short(kind),
            whole: short(whole),
        }));
        let result = line.rfind(") = ").map_or(line.len(), |i| i + ") = ".len());
        self.rows.push(Row {
            end: self.text.len(),
            names_end: short(self.names.len()),
            result: short(result),
            at: origin.at,
            tid: origin.tid,
        });
        if origin.time_ns > 0 || !self.times.is_empty() {
            self.times.resize(self.rows.len() - 1, 0);
            self.times.push(origin.time_ns);
        }
    }

    /// Appends a line of another list.
    pub(crate) fn push_line(&mut self, line: Line<'_>) {
        let names = line.names.iter().map(|s| (s.start as usize, s.kind as usize, s.whole as usize));
        self.push_typed(line.text, names, line.origin);
    }

    /// Line `i`.
    pub fn get(&self, i: usize) -> Option<Line<'_>> {
        let row = self.rows.get(i)?;
        let (start, names) = match i.checked_sub(1).map(|p| self.rows[p]) {
            Some(before) => (before.end, before.names_end as usize),
            None => (0, 0),
        };
        Some(Line {
            text: &self.text[start..row.end],
            origin: Origin { at: row.at, tid: row.tid, time_ns: self.times.get(i).copied().unwrap_or(0) },
            names: &self.names[names..row.names_end as usize],
            result: row.result as usize,
        })
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines in order.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = Line<'_>> {
        (0..self.len()).map(|i| self.get(i).expect("i is below the length"))
    }

    /// The texts in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.lines().map(|l| l.text)
    }

    /// The texts as a vector, for a diff.
    pub fn as_vec(&self) -> Vec<&str> {
        self.iter().collect()
    }
}

impl PartialEq for Lines {
    fn eq(&self, other: &Lines) -> bool {
        self.text == other.text
            && self.rows.len() == other.rows.len()
            && self.rows.iter().zip(&other.rows).all(|(a, b)| a.end == b.end)
    }
}

impl Eq for Lines {}

impl<'a> FromIterator<&'a str> for Lines {
    fn from_iter<T: IntoIterator<Item = &'a str>>(iter: T) -> Self {
        let mut lines = Lines::default();
        iter.into_iter().for_each(|l| lines.push(l));
        lines
    }
}

/// The names in a line of a reference, outside quoted strings (I2).
fn names(line: &str, mut found: impl FnMut(Name<'_>)) {
    if !line.contains('#') {
        return;
    }
    let mut at = 0;
    for piece in pieces(line) {
        let (Piece::Plain(text) | Piece::Quoted(text)) = piece;
        if matches!(piece, Piece::Plain(_)) && text.contains('#') {
            names_in(text, |n| {
                let start = at + n.start;
                let whole = &line[start..start + n.whole.len()];
                found(Name { whole, kind: &whole[..n.kind.len()], start });
            });
        }
        at += text.len();
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(line: &str) -> Vec<String> {
        let lines: Lines = [line].into_iter().collect();
        lines.get(0).expect("one line").names().map(|n| n.whole.to_owned()).collect()
    }

    #[test]
    fn names_are_found() {
        assert_eq!(whole("splice(tcp6c#1, NULL, pipeW#12, 5)"), ["tcp6c#1", "pipeW#12"]);
        assert_eq!(whole("read(file:/etc/a,b.txt#3, \"x#1\", 3)"), ["file:/etc/a,b.txt#3"]);
        assert_eq!(whole("dup(tcp6+#1)"), ["tcp6+#1"]);
        assert_eq!(whole("file:#1 # #1 a#b x#"), [""; 0]);
        assert_eq!(whole("[pipeR#1, pipeW#2]"), ["pipeR#1", "pipeW#2"]);
        assert_eq!(whole("a#1b#2"), ["a#1", "b#2"]);
    }

    #[test]
    fn a_line_says_what_it_is() {
        let lines: Lines = [
            "read(tcp6c#1, \") = 0\", 32) = 5",
            "accept4(tcp6#1, PTR, [112], 0) = -1 EAGAIN",
            "wait(tcp6#1, r) = EPOLLIN",
        ]
        .into_iter()
        .collect();
        let said: Vec<_> = lines.lines().map(|l| (l.call(), l.args(), l.result(), l.error())).collect();
        assert_eq!(said[0], ("read", "tcp6c#1, \") = 0\", 32", "5", None));
        assert_eq!(said[1], ("accept4", "tcp6#1, PTR, [112], 0", "-1 EAGAIN", Some("EAGAIN")));
        assert_eq!(said[2], ("wait", "tcp6#1, r", "EPOLLIN", None));
    }

    #[test]
    fn only_texts_are_compared() {
        let (mut a, mut b) = (Lines::default(), Lines::default());
        a.push_typed("close(x#1) = 0", [(6, 1, 3)].into_iter(), Origin { at: 3, tid: 7, time_ns: 9 });
        b.push("close(x#1) = 0");
        assert_eq!(a, b);
        b.push("");
        assert_ne!(a, b);
        assert_eq!(a.get(0).expect("one").origin.time_ns, 9);
    }
}
