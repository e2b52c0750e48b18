//! The grammar of one line of strace output.
//!
//! ```text
//! line     = [pid] [time] [position] body
//! pid      = 1234 | 1234<comm> | [pid 1234]             -f, --decode-pids=comm
//! time     = 10:11:12[.345678] | 1700000000.345678 | (+ 0.000123) | 0.000123       -t -tt -ttt -r
//! position = [ 257] | [00007f1203450123]                -n, -i
//! body     = name(args) = result                        a finished call
//!          | name(args <unfinished ...>                 its first half; <detached ...>, <pid changed to 8 ...>
//!          | <... name resumed>args) = result           its second half
//!          | --- SIGURG ... --- | +++ exited with 0 +++ | +++ killed by SIGKILL +++
//!          | [ Process PID=8 runs in 32 bit mode. ]
//!          | strace: ... | Process 8 attached | ???( | > stack line | | bytes of -e write | % time ...   no call
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

/// How a thread ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End<'a> {
    /// With this exit status.
    Exited(i32),
    /// By this signal.
    Killed(&'a str),
}

/// What one line says.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Nothing about a call: a blank line, a stack, a row of a summary.
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
    /// A thread ended.
    Ended(End<'a>),
    /// A signal arrived.
    Signal(&'a str),
    /// What the traced program is: `32 bit`.
    Personality(&'a str),
}

/// What stands before a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefix {
    /// The thread's id; 0 if the log has none.
    pub tid: u32,
    /// The stamp in nanoseconds; 0 if there is none.
    pub time_ns: u64,
    /// Whether the stamp is the time since the line before (`-r`).
    pub relative: bool,
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

/// Lines about anything but calls.
const NO_CALLS: [&str; 10] = [
    "System call usage summary",
    "strace:",
    "???",
    "<... ???",
    "> ",
    "| ",
    "Process ",
    "% time",
    "%% time",
    "------",
];

/// Reads one line: what stands before it, and what it says.
pub fn line(text: &str) -> Result<(Prefix, Item<'_>), Bad> {
    let text = text.trim_end_matches(['\n', '\r']).trim_start();
    if text.trim().is_empty() {
        return Ok((Prefix::default(), Item::Nothing));
    }
    let (tid, body) = thread_of(text)?;
    let (mut prefix, body) = skip_decorations(body);
    prefix.tid = tid;
    if let Some(rest) = body.strip_prefix("[ Process PID=") {
        let runs = rest.split_once(" runs in ").and_then(|r| r.1.split_once(" mode"));
        return Ok((prefix, runs.map_or(Item::Nothing, |r| Item::Personality(r.0))));
    }
    if let Some(rest) = body.strip_prefix("+++ ") {
        return Ok((prefix, end_of(rest).map_or(Item::Nothing, Item::Ended)));
    }
    if let Some(rest) = body.strip_prefix("--- ") {
        let name = rest.split(' ').next().filter(|n| n.starts_with("SIG"));
        return Ok((prefix, name.map_or(Item::Nothing, Item::Signal)));
    }
    if NO_CALLS.iter().any(|p| body.starts_with(p)) {
        return Ok((prefix, Item::Nothing));
    }
    if let Some(rest) = body.strip_prefix("<... ") {
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        if end > 0
            && let Some(tail) = rest[end..].strip_prefix(" resumed>")
        {
            return Ok((prefix, Item::Resumed { name: &rest[..end], rest: tail.trim_start() }));
        }
    }
    if let Some(name) = call_name(body) {
        return Ok((
            prefix,
            match without_marker(body) {
                Some(head) => Item::Unfinished { name, head: head.trim_end() },
                None => Item::Call(body),
            },
        ));
    }
    if is_row_of_summary(text) {
        return Ok((prefix, Item::Nothing));
    }
    Err(Bad::new(0, format!("does not read as strace output: {}", clip(text))))
}

/// The stamp of a line, if it has one.
pub(crate) fn stamp(text: &str) -> Option<u64> {
    let (_, body) = thread_of(text.trim_start()).ok()?;
    Some(skip_decorations(body).0.time_ns).filter(|t| *t > 0)
}

/// `exited with 3 +++`, `killed by SIGSEGV (core dumped) +++`
fn end_of(text: &str) -> Option<End<'_>> {
    if let Some(rest) = text.strip_prefix("exited with ") {
        return rest.split(' ').next()?.parse().ok().map(End::Exited);
    }
    text.strip_prefix("killed by ").and_then(|r| r.split(' ').next()).map(End::Killed)
}

/// A call without `<unfinished ...>`, `<detached ...>` or `<pid changed to 8 ...>` at its end.
fn without_marker(body: &str) -> Option<&str> {
    if let Some((head, _)) = body.strip_suffix("No such process>").and_then(|h| h.rsplit_once("<ptrace(")) {
        return Some(head);
    }
    let (head, mark) = body.trim_end().strip_suffix(" ...>")?.rsplit_once('<')?;
    let known = matches!(mark, "unfinished" | "detached") || mark.starts_with("pid changed to ");
    known.then_some(head)
}

/// ` 50.00    0.000123           5        24         3 read`, as `-c` and `-C` write it at the end.
fn is_row_of_summary(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |w: &&&str| w.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (4..=9).contains(&words.len())
        && !text.contains('(')
        && words.iter().take_while(number).count() >= 3
        && words.last().is_some_and(|w| w.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

/// Whether the second half of a call says that it never came back.
pub fn never_returned(rest: &str) -> bool {
    rest.starts_with(UNFINISHED)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The name that a call begins with. Capitals come only in the names of an architecture's own calls: `ARM_set_tls`, `SYS_318`.
fn call_name(body: &str) -> Option<&str> {
    let end = body.find(|c: char| !is_name(c))?;
    let name = &body[..end];
    let first = name.bytes().take_while(u8::is_ascii_uppercase).count();
    let fits = first == 0 || first == name.len() || name.as_bytes()[first] == b'_';
    let lower = name.bytes().skip(first).all(|b| !b.is_ascii_uppercase());
    (end > 0
        && fits
        && lower
        && body[end..].starts_with('(')
        && !body.starts_with(|c: char| c.is_ascii_digit()))
    .then_some(name)
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
    // A command's name may hold a `>` too; what ends it is the space after it.
    let inside = rest.strip_prefix('<').and_then(|r| Some((r, r.find("> ").or_else(|| r.find('>'))?)));
    match inside {
        Some((r, close)) if end > 0 => (digits, &r[close + 1..]),
        _ => (digits, rest),
    }
}

/// Leaves out times, instruction pointers and call numbers; the last time is kept.
fn skip_decorations(mut body: &str) -> (Prefix, &str) {
    let mut prefix = Prefix::default();
    loop {
        let shorter = if let Some(rest) = body.strip_prefix('[') {
            match rest.split_once(']') {
                Some((inside, rest))
                    if inside.bytes().all(|b| b.is_ascii_hexdigit() || b == b' ' || b == b'?')
                        || is_security_context(inside) =>
                {
                    rest
                }
                _ => return (prefix, body),
            }
        } else if let Some(rest) = body.strip_prefix("(+") {
            match rest.split_once(')') {
                Some((_, rest)) => rest,
                None => return (prefix, body),
            }
        } else {
            let end =
                body.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(body.len());
            let (stamp, rest) = body.split_at(end);
            if !stamp.contains([':', '.']) || !stamp.starts_with(|c: char| c.is_ascii_digit()) {
                return (prefix, body);
            }
            if rest.starts_with(char::is_whitespace)
                && let Some(ns) = nanoseconds(stamp)
            {
                prefix.relative = !stamp.contains(':') && ns < 1_000_000_000_000_000;
                prefix.time_ns = ns;
            }
            rest
        };
        if !shorter.starts_with(char::is_whitespace) {
            return (prefix, body);
        }
        body = shorter.trim_start();
    }
}

/// `unconfined_t` or `system_u:object_r:etc_t:s0`, of `--secontext`.
fn is_security_context(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b"_:.,-".contains(&b);
    text.bytes().all(word) && (text.ends_with("_t") || text.contains("_t:"))
}

/// `10:11:12.5` or `1700000000.5` in nanoseconds.
fn nanoseconds(stamp: &str) -> Option<u64> {
    let (whole, part) = stamp.split_once('.').unwrap_or((stamp, "0"));
    let seconds =
        whole.split(':').try_fold(0u64, |all, n| all.checked_mul(60)?.checked_add(n.parse().ok()?))?;
    let digits: String = part.chars().chain("000000000".chars()).take(9).collect();
    seconds.checked_mul(1_000_000_000)?.checked_add(digits.parse().ok()?)
}

/// Reads a finished call. `text` is what [`without_fd_notes`] left of it.
pub fn call(text: &str) -> Result<RawCall<'_>, Bad> {
    let name = call_name(text).ok_or_else(|| Bad::new(0, format!("not a call: {}", clip(text))))?;
    let inside = &text[name.len() + 1..];
    let end = scan_args(inside, |_| ())?;
    let (ret, err, note) =
        result(&inside[end + 1..]).ok_or_else(|| Bad::new(0, format!("no result: {}", clip(text))))?;
    Ok(RawCall { name, args: inside[..end].trim_end(), ret, err, note })
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
    let end = word
        .find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .unwrap_or(word.len());
    let ends_here = !word[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (end > 1 && ends_here).then(|| &word[..end])
}

/// The `<0.000123>` of `-T` at the end of a call, in nanoseconds.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let (_, secs) = text.trim_end().strip_suffix('>')?.rsplit_once('<')?;
    secs.bytes().all(|b| b.is_ascii_digit() || b == b'.').then(|| nanoseconds(secs)).flatten()
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

/// The length of `<...>`. A path may hold anything, also quotes and `>`: the end is where an argument can go on.
fn note_len(b: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'>', b)
        .find(|&i| {
            let rest = &b[i + 1..];
            let ends =
                rest.first().is_none_or(|c| b",)]} \t|=\n\r".contains(c)) || rest.starts_with(b"(deleted)");
            ends && b.get(i.wrapping_sub(1)) != Some(&b'-')
        })
        .map(|i| i + 1)
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
