//! The grammar of one line of strace output.
//!
//! ```text
//! line     = [pid] [time] [position] body
//! pid      = 1234 | 1234<comm> | [pid 1234]             -f, --decode-pids=comm
//! time     = 10:11:12[.345678] | 1700000000.345678 | (+ 0.000123) | 0.000123       -t -tt -ttt -r
//! position = [ 257] | [00007f1203450123]                -n, -i
//! body     = name(args) = result                        a finished call
//!          | name(args <unfinished ...>                 its first half
//!          | <... name resumed>args) = result           its second half
//!          | --- SIGURG ... --- | +++ exited ... +++ | strace: ... | ???( | > stack line       no call (rule D1)
//! result   = (? | number | 0xnumber) [ERRNO] [note] [<seconds>]                       <seconds>: -T
//! ```
//!
//! Invariants:
//! - I1: nothing here keeps state; halves are put together in [`crate::log`].
//! - I2: text inside double quotes is never interpreted.
//! - I3: what `-y` and `-yy` add after descriptors (`3</etc/hosts>`, `4<TCP:[...]>`) is taken away before anything
//!   else looks at a call, so a log with it compares with one without.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::error::{Bad, clip};
use crate::text::quoted_len;

/// What one line says.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Nothing about a call: a blank line, a signal, the end of a thread.
    Nothing,
    /// A whole call.
    Call(&'a str),
    /// The first half of a call: its name and all text up to the marker.
    Unfinished {
        /// The call's name.
        name: &'a str,
        /// `name(args so far`
        head: &'a str,
    },
    /// The second half of a call.
    Resumed {
        /// The call's name.
        name: &'a str,
        /// What follows the marker.
        rest: &'a str,
    },
}

/// A finished call, still text.
#[derive(Debug, PartialEq, Eq)]
pub struct RawCall<'a> {
    /// The call's name.
    pub name: &'a str,
    /// The arguments as one text, without the parentheses.
    pub args: &'a str,
    /// The result: `?`, a number or a hexadecimal number.
    pub ret: &'a str,
    /// The error's name, if it failed.
    pub err: Option<&'a str>,
    /// What strace says after the result, without the time of `-T`.
    pub note: &'a str,
}

const UNFINISHED: &str = "<unfinished ...>";

/// Reads one line: the thread's id (0 if the log has none) and what it says.
pub fn line(text: &str) -> Result<(u32, Item<'_>), Bad> {
    let text = text.trim_end_matches(['\n', '\r']);
    if text.trim().is_empty() {
        return Ok((0, Item::Nothing));
    }
    let (tid, body) = thread_of(text)?;
    let body = skip_decorations(body);
    if ["+++", "---", "strace:", "???", "<... ???", "> "].iter().any(|p| body.starts_with(p)) {
        return Ok((tid, Item::Nothing));
    }
    if let Some(rest) = body.strip_prefix("<... ") {
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        if end > 0
            && let Some(tail) = rest[end..].strip_prefix(" resumed>")
        {
            return Ok((tid, Item::Resumed { name: &rest[..end], rest: tail.trim_start() }));
        }
    }
    if let Some(name) = call_name(body) {
        return Ok((
            tid,
            match body.strip_suffix(UNFINISHED) {
                Some(head) => Item::Unfinished { name, head: head.trim_end() },
                None => Item::Call(body),
            },
        ));
    }
    Err(Bad::new(0, format!("does not read as strace output: {}", clip(text))))
}

/// Whether the second half of a call says that it never came back.
pub fn never_returned(rest: &str) -> bool {
    rest.starts_with(UNFINISHED)
}

fn is_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

fn call_name(body: &str) -> Option<&str> {
    let end = body.find(|c: char| !is_name(c))?;
    (end > 0 && body[end..].starts_with('(') && !body.starts_with(|c: char| c.is_ascii_digit()))
        .then(|| &body[..end])
}

fn thread_of(text: &str) -> Result<(u32, &str), Bad> {
    let (digits, rest) = match text.strip_prefix("[pid") {
        Some(rest) => match rest.split_once(']') {
            Some((inside, rest)) if rest.starts_with(char::is_whitespace) => {
                (without_comm(inside.trim()).0, rest)
            }
            _ => return Ok((0, text.trim())),
        },
        None => without_comm(text),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    if end == 0 || end < digits.len() || !rest.starts_with(char::is_whitespace) {
        return Ok((0, text.trim()));
    }
    let tid = digits.parse().map_err(|_| Bad::new(0, format!("not a thread id: {}", clip(digits))))?;
    Ok((tid, rest.trim()))
}

/// The leading digits, and what follows them and the `<comm>` that may be there.
fn without_comm(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    match rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
        Some((_, after)) if end > 0 => (digits, after),
        _ => (digits, rest),
    }
}

/// Leaves out times, instruction pointers and call numbers.
fn skip_decorations(mut body: &str) -> &str {
    loop {
        let shorter = if let Some(rest) = body.strip_prefix('[') {
            match rest.split_once(']') {
                Some((inside, rest))
                    if inside.bytes().all(|b| b.is_ascii_hexdigit() || b == b' ' || b == b'?') =>
                {
                    rest
                }
                _ => return body,
            }
        } else if let Some(rest) = body.strip_prefix("(+") {
            match rest.split_once(')') {
                Some((_, rest)) => rest,
                None => return body,
            }
        } else {
            let end =
                body.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(body.len());
            let (stamp, rest) = body.split_at(end);
            if !stamp.contains([':', '.']) || !stamp.starts_with(|c: char| c.is_ascii_digit()) {
                return body;
            }
            rest
        };
        if !shorter.starts_with(char::is_whitespace) {
            return body;
        }
        body = shorter.trim_start();
    }
}

/// Reads a finished call. `text` is what [`without_fd_notes`] left of it.
pub fn call(text: &str) -> Result<RawCall<'_>, Bad> {
    let name = call_name(text).ok_or_else(|| Bad::new(0, format!("not a call: {}", clip(text))))?;
    let inside = &text[name.len() + 1..];
    let end = scan_args(inside, |_| ())?;
    let (ret, err, note) =
        result(&inside[end + 1..]).ok_or_else(|| Bad::new(0, format!("no result: {}", clip(text))))?;
    Ok(RawCall { name, args: &inside[..end], ret, err, note })
}

/// The arguments of a call, apart.
pub fn split_args(args: &str) -> SmallVec<[&str; 8]> {
    let mut out = SmallVec::new();
    let mut start = 0;
    // A call that was read has balanced arguments; the closing parenthesis stays for the scan to stop at.
    let end = scan_args(args, |comma| {
        out.push(args[start..comma].trim());
        start = comma + 1;
    })
    .unwrap_or(args.len());
    let last = args[start..end].trim();
    if !last.is_empty() || !out.is_empty() {
        out.push(last);
    }
    out
}

/// Walks over arguments, reports the commas at the outer level and returns where the call's `)` is.
fn scan_args(text: &str, mut comma: impl FnMut(usize)) -> Result<usize, Bad> {
    let b = text.as_bytes();
    let (mut depth, mut i) = (0usize, 0);
    while i < b.len() {
        match b[i] {
            b'"' => match quoted_len(&b[i..]) {
                Some(n) => i += n - 1,
                None => break,
            },
            b'/' if b[i..].starts_with(b"/*") => match text[i..].find("*/") {
                Some(n) => i += n + 1,
                None => break,
            },
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth > 0 => depth -= 1,
            b')' => return Ok(i),
            b']' | b'}' => return Err(Bad::new(0, format!("unbalanced: {}", clip(text)))),
            b',' if depth == 0 => comma(i),
            _ => {}
        }
        i += 1;
    }
    Err(Bad::new(0, format!("no end of call: {}", clip(text))))
}

/// ` = -1 EAGAIN (Resource temporarily unavailable) <0.000012>` in its parts.
fn result(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let text = text.trim_start().strip_prefix('=')?;
    if !text.starts_with(char::is_whitespace) {
        return None;
    }
    let text = text.trim_start();
    let ret_len = if text.starts_with('?') {
        1
    } else {
        let b = text.as_bytes();
        let hex = text
            .strip_prefix("0x")
            .map_or(0, |h| h.bytes().take_while(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b)).count());
        let sign = usize::from(b.first() == Some(&b'-'));
        let digits = b[sign..].iter().take_while(|b| b.is_ascii_digit()).count();
        match (hex, digits) {
            (0, 0) => return None,
            (0, n) => sign + n,
            (n, _) => n + 2,
        }
    };
    let (ret, rest) = text.split_at(ret_len);
    let (err, note) = match errno(rest) {
        Some(err) => (Some(err), &rest.trim_start()[err.len()..]),
        None => (None, rest),
    };
    Some((ret, err, without_duration(note.trim())))
}

/// The `EAGAIN` in ` EAGAIN (Resource temporarily unavailable)`.
fn errno(rest: &str) -> Option<&str> {
    let word = rest.trim_start();
    if word.len() == rest.len() || !word.starts_with('E') {
        return None;
    }
    let end = word.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit())).unwrap_or(word.len());
    let ends_here = !word[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (end > 1 && ends_here).then(|| &word[..end])
}

/// A note without the `<0.000123>` of `-T` at its end.
fn without_duration(note: &str) -> &str {
    match note.strip_suffix('>').and_then(|n| n.rsplit_once('<')) {
        Some((before, secs)) if !secs.is_empty() && secs.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
            before.trim_end()
        }
        Some((before, "unavailable")) => before.trim_end(),
        _ => note,
    }
}

/// Takes away what `-y` and `-yy` write after descriptors (I3).
///
/// ```
/// use stracecmp::parse::without_fd_notes;
/// let text = r#"dup2(3<TCP:[127.0.0.1:80->127.0.0.1:9]>, 4</dev/null<char 1:3>>) = 4</dev/null<char 1:3>>"#;
/// assert_eq!(without_fd_notes(text), "dup2(3, 4) = 4");
/// ```
pub fn without_fd_notes(text: &str) -> Cow<'_, str> {
    let b = text.as_bytes();
    if memchr::memchr(b'<', b).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let (mut kept, mut i) = (0, 0);
    while i < b.len() {
        match b[i] {
            b'"' => i += quoted_len(&b[i..]).unwrap_or(1),
            b'<' if follows_descriptor(&b[..i]) && b.get(i + 1) != Some(&b'<') => match note_len(&b[i..]) {
                Some(n) => {
                    out.push_str(&text[kept..i]);
                    i += n;
                    if text[i..].starts_with("(deleted)") {
                        i += "(deleted)".len();
                    }
                    kept = i;
                }
                None => i += 1,
            },
            _ => i += 1,
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

fn follows_descriptor(before: &[u8]) -> bool {
    before.ends_with(b"AT_FDCWD")
        || (before.last().is_some_and(u8::is_ascii_digit)
            && before
                .iter()
                .rev()
                .find(|b| !b.is_ascii_digit())
                .is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_' && *b != b'<'))
}

/// The length of `<...>`, which may hold others and arrows.
fn note_len(b: &[u8]) -> Option<usize> {
    let (mut depth, mut i) = (0usize, 0);
    while i < b.len() {
        match b[i] {
            b'"' => i += quoted_len(&b[i..])? - 1,
            b'<' => depth += 1,
            b'>' if i > 0 && b[i - 1] == b'-' => {}
            b'>' if depth == 1 => return Some(i + 1),
            b'>' => depth -= 1,
            _ => {}
        }
        i += 1;
    }
    None
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
