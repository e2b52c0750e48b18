//! Text helpers that every layer shares: bytes that are no UTF-8, quoted strings, interned strings.
//!
//! Invariants:
//! - I1: `encode(decode(bytes)) == bytes` for every log, so a reference is written back byte for byte.
//! - I2: a [`Sym`] is only ever resolved by the [`Strings`] that made it.

use std::borrow::Cow;

use string_interner::{StringInterner, backend::StringBackend, symbol::SymbolU32};

/// Where a byte that is no UTF-8 is kept: the last 256 code points of private plane 16.
const RAW_BYTE: u32 = 0x10_FF00;

/// The bytes of a log as text; a byte that is no UTF-8 becomes one private character of its own (I1).
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for &b in chunk.invalid() {
            out.extend(char::from_u32(RAW_BYTE + u32::from(b)));
        }
    }
    Cow::Owned(out)
}

/// The inverse of [`decode`].
pub fn encode(text: &str) -> Cow<'_, [u8]> {
    if !text.chars().any(|c| u32::from(c) >= RAW_BYTE) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c).checked_sub(RAW_BYTE).map(u8::try_from) {
            Some(Ok(b)) => out.push(b),
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(out)
}

/// The length of the quoted string that `text` begins with, quotes included; `None` if it does not end.
pub fn quoted_len(text: &[u8]) -> Option<usize> {
    let mut i = 1;
    while i < text.len() {
        match text[i] {
            b'"' => return Some(i + 1),
            b'\\' => i += 2,
            _ => i += 1,
        }
    }
    None
}

/// A stretch of a line: inside double quotes or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A quoted string, quotes included.
    Quoted(&'a str),
    /// Everything between two quoted strings.
    Plain(&'a str),
}

/// Splits a line into quoted strings and the rest, in order.
///
/// ```
/// use stracecmp::text::{Piece, pieces};
/// let all: Vec<_> = pieces(r#"write(1, "a b", 4)"#).collect();
/// assert_eq!(all, [Piece::Plain("write(1, "), Piece::Quoted(r#""a b""#), Piece::Plain(", 4)")]);
/// ```
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if rest.starts_with('"')
            && let Some(n) = quoted_len(rest.as_bytes())
        {
            let (quoted, tail) = rest.split_at(n);
            rest = tail;
            return Some(Piece::Quoted(quoted));
        }
        // A quote that never ends is plain text.
        let mut from = usize::from(rest.starts_with('"'));
        let end = loop {
            match memchr::memchr(b'"', &rest.as_bytes()[from..]) {
                None => break rest.len(),
                Some(i) if quoted_len(&rest.as_bytes()[from + i..]).is_some() => break from + i,
                Some(i) => from += i + 1,
            }
        };
        let (plain, tail) = rest.split_at(end);
        rest = tail;
        Some(Piece::Plain(plain))
    })
}

/// The characters of the inside of a quoted string: what each is written as, and the byte it stands for.
pub(crate) fn chars(inside: &str) -> impl Iterator<Item = (&str, u32)> {
    let mut rest = inside;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let octal = |t: &str| t.bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
        let second = if first == '\\' { rest[1..].chars().next() } else { None };
        let (len, value) = match second {
            Some('x') => {
                let n = rest[2..].bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
                (2 + n, u32::from_str_radix(&rest[2..2 + n], 16).unwrap_or(0))
            }
            Some(c) if octal(&rest[1..]) > 0 => {
                let n = octal(&rest[1..]);
                (1 + n, u32::from_str_radix(&rest[1..1 + n], 8).unwrap_or(u32::from(c)))
            }
            Some(c) => {
                let plain = [('n', 10), ('t', 9), ('r', 13), ('v', 11), ('f', 12)];
                let value = plain.iter().find(|p| p.0 == c).map_or(u32::from(c), |p| p.1);
                (1 + c.len_utf8(), value)
            }
            None => (first.len_utf8(), u32::from(first)),
        };
        let (written, tail) = rest.split_at(len);
        rest = tail;
        Some((written, value))
    })
}

/// How many bytes a quoted string shows.
pub(crate) fn shown_len(quoted: &str) -> usize {
    chars(&quoted[1..quoted.len() - 1]).count()
}

/// A string of `-x` or `-xx` as strace writes it without them.
pub(crate) fn without_hex(quoted: &str) -> String {
    let all: Vec<u32> = chars(&quoted[1..quoted.len() - 1]).map(|c| c.1).collect();
    let mut out = String::from("\"");
    for (i, &c) in all.iter().enumerate() {
        match char::from_u32(c).filter(char::is_ascii) {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\t') => out.push_str("\\t"),
            Some('\r') => out.push_str("\\r"),
            Some('\u{b}') => out.push_str("\\v"),
            Some('\u{c}') => out.push_str("\\f"),
            Some(c) if !c.is_ascii_control() => out.push(c),
            // As short as can be, unless a digit follows.
            _ if all.get(i + 1).is_some_and(|n| (0x30..=0x39).contains(n)) => {
                out.push_str(&format!("\\{c:03o}"))
            }
            _ => out.push_str(&format!("\\{c:o}")),
        }
    }
    out + "\""
}

/// A string cut off after `limit` bytes, as `-s` would have done.
pub(crate) fn cut(quoted: &str, limit: usize) -> Option<String> {
    let inside = &quoted[1..quoted.len() - 1];
    let mut at = 0;
    for (n, (written, _)) in chars(inside).enumerate() {
        if n == limit {
            return Some(format!("\"{}\"...", &inside[..at]));
        }
        at += written.len();
    }
    None
}

/// Text of a log for a terminal: control characters are shown, never sent.
pub fn visible(text: &str) -> Cow<'_, str> {
    let control = |c: char| c.is_control() && c != '\n' && c != '\t';
    // 0xc2 begins the control characters above ASCII.
    let plain = |b: u8| (b >= 0x20 && b != 0x7f && b != 0xc2) || b == b'\n' || b == b'\t';
    if text.bytes().all(plain) || !text.contains(control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if control(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// The names in `EPOLLIN|EPOLLOUT`.
pub fn bits(text: &str) -> impl Iterator<Item = &str> {
    text.split('|').map(str::trim).filter(|b| !b.is_empty())
}

const ORDER_OF_BITS: [&str; 9] = [
    "EPOLLIN",
    "EPOLLPRI",
    "EPOLLOUT",
    "EPOLLERR",
    "EPOLLHUP",
    "EPOLLRDHUP",
    "EPOLLEXCLUSIVE",
    "EPOLLONESHOT",
    "EPOLLET",
];

/// A mask in a fixed order, so that two that mean the same read the same.
pub fn show_bits<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<(usize, &str)> = names
        .map(|n| (ORDER_OF_BITS.iter().position(|b| *b == n).unwrap_or(ORDER_OF_BITS.len()), n))
        .collect();
    all.sort_unstable();
    all.dedup();
    if all.is_empty() {
        return "0".to_owned();
    }
    all.into_iter().map(|(_, n)| n).collect::<Vec<_>>().join("|")
}

/// An interned string of one [`Strings`].
pub type Sym = SymbolU32;

/// Strings kept once each: logs repeat themselves, and a million lines must fit in memory.
#[derive(Debug, Default)]
pub struct Strings {
    inner: StringInterner<StringBackend<Sym>>,
}

impl Strings {
    /// The symbol of `text`, which is stored if it is new.
    pub fn intern(&mut self, text: &str) -> Sym {
        self.inner.get_or_intern(text)
    }

    /// The text of a symbol.
    pub fn get(&self, sym: Sym) -> &str {
        self.inner.resolve(sym).expect("I2: the symbol was made by this table")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive() {
        let bytes = b"read(3, \xff\xfe ok \xc3\xa9)";
        assert_eq!(&*encode(&decode(bytes)), bytes);
    }

    #[test]
    fn hexadecimal_strings_are_rewritten() {
        assert_eq!(without_hex(r#""\x68\x69\x0a\x00\x31\x22""#), r#""hi\n\0001\"""#);
        assert_eq!(without_hex(r#""a\\x""#), r#""a\\x""#);
    }

    #[test]
    fn strings_are_cut_by_the_bytes_they_show() {
        assert_eq!(cut(r#""a\n\0\377bc""#, 4).as_deref(), Some(r#""a\n\0\377"..."#));
        assert_eq!(cut(r#""abc""#, 3), None);
        assert_eq!(shown_len(r#""a\n\177\"""#), 4);
    }

    #[test]
    fn escapes_never_reach_a_terminal() {
        assert_eq!(visible("a\u{1b}[31mb\u{9b}"), "a\\u{1b}[31mb\\u{9b}");
    }

    #[test]
    fn unterminated_quote_is_plain() {
        let all: Vec<_> = pieces(r#"a "b" c "d"#).collect();
        assert_eq!(all, [Piece::Plain("a "), Piece::Quoted("\"b\""), Piece::Plain(" c \"d")]);
    }

    #[test]
    fn masks_have_one_spelling() {
        assert_eq!(show_bits(bits("EPOLLET|EPOLLIN|0x20|EPOLLIN")), "EPOLLIN|EPOLLET|0x20");
        assert_eq!(show_bits(bits("")), "0");
    }
}
