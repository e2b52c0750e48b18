//! How a log was recorded, read off the log itself: the options of strace that change how calls look.
//!
//! Invariants:
//! - I1: what `-x`, `-xx`, `-X verbose` and `--arg-names` write is rewritten to what strace writes without them.

use std::sync::LazyLock;

use memchr::memmem;
use regex::Regex;

use crate::text::{Piece, pieces, shown_len, without_hex};

/// What the options of strace left in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// How long strings may be (`-s`), if one was cut off.
    pub limit: Option<usize>,
    /// The longest string that was not cut off.
    pub longest: usize,
    /// Strings in hexadecimal (`-x`, `-xx`).
    pub hex: bool,
    /// Flags as numbers (`-X raw`).
    pub raw: bool,
    /// What strace said of the program: `32 bit`.
    pub personality: Option<String>,
    /// Calls that only some architectures have were seen: `mmap2`.
    pub foreign: Option<String>,
}

static VERBOSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:0x[0-9a-f]+|[0-9]+) /\* ([A-Z][A-Z0-9_]*(?:\|[A-Z0-9_]+)*) \*/")
        .expect("a constant that was tried")
});
static RAW: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(?:socket\(0x|openat\(-0x|openat\([^"]*"[^"]*", 0x|mmap\([^,]*, [^,]*, 0x)"#)
        .expect("a constant that was tried")
});
impl Facts {
    pub(crate) fn personality(&mut self, mode: &str) {
        self.personality = Some(mode.to_owned());
    }

    /// Learns from a call; gives the call rewritten if it was written in another way (I1).
    pub(crate) fn learn(&mut self, text: &str) -> Option<String> {
        let b = text.as_bytes();
        let may_be_raw = ["socket(", "openat(", "mmap("].iter().any(|c| text.starts_with(c));
        if may_be_raw && !self.raw && RAW.is_match(text) {
            self.raw = true;
        }
        if self.foreign.is_none() {
            let name = text.split('(').next().unwrap_or("");
            let foreign =
                ["mmap2", "fstat64", "_llseek", "fcntl64", "ARM_set_tls", "set_thread_area", "socketcall"];
            self.foreign = foreign.contains(&name).then(|| name.to_owned());
        }
        let mut at = 0;
        while let Some(quote) = memchr::memchr(b'"', &b[at..]).map(|i| at + i) {
            let Some(len) = crate::text::quoted_len(&b[quote..]) else { break };
            at = quote + len;
            let cut = b[at..].starts_with(b"...");
            if (cut && self.limit.is_none()) || len - 2 > self.longest {
                let shown = shown_len(&text[quote..at]);
                if cut {
                    self.limit = Some(shown);
                } else {
                    self.longest = self.longest.max(shown);
                }
            }
        }
        let hex = memmem::find(b, b"\\x").is_some();
        let verbose = memmem::find(b, b" /* ").is_some() && VERBOSE.is_match(text);
        if hex || verbose {
            return Some(self.rewritten(text));
        }
        without_names(text)
    }

    fn rewritten(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Quoted(q) if q.contains("\\x") => {
                    let plain = without_hex(q);
                    // Random bytes are in hexadecimal without any option.
                    self.hex |= plain != q && !text.starts_with("getrandom(");
                    out.push_str(&plain);
                }
                Piece::Quoted(q) => out.push_str(q),
                Piece::Plain(p) => out.push_str(&VERBOSE.replace_all(p, "$1")),
            }
        }
        out
    }
}

/// A call of `--arg-names` without the names: `openat(dirfd=AT_FDCWD, pathname="x")`.
fn without_names(text: &str) -> Option<String> {
    let name = text.split('(').next().unwrap_or("");
    // clone names its arguments in every version.
    let first = text.get(name.len() + 1..)?;
    let word =
        first.bytes().take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_').count();
    if name.starts_with("clone") || word == 0 || first.as_bytes().get(word) != Some(&b'=') {
        return None;
    }
    let inside = text.get(name.len() + 1..)?;
    let end = inside.rfind(") ").or_else(|| inside.rfind(')')).unwrap_or(inside.len());
    let args = crate::parse::split_args(&inside[..end]);
    let bare: Vec<&str> = args
        .iter()
        .map(|a| match a.split_once('=') {
            Some((n, value))
                if n.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') =>
            {
                value
            }
            _ => a,
        })
        .collect();
    Some(format!("{name}({}{}", bare.join(", "), &inside[end..]))
}

/// What is different between two recordings that makes calls look different.
pub fn differences(want: &Facts, got: &Facts) -> Vec<String> {
    let mut out = Vec::new();
    let word = |hex: bool| if hex { "in hexadecimal" } else { "as text" };
    if want.hex != got.hex {
        out.push(format!(
            "strings (-x): {} in the reference, {} in the candidate; both are read as text",
            word(want.hex),
            word(got.hex)
        ));
    }
    if let Some(limit) = common_limit(want, got) {
        let said = |f: &Facts| f.limit.map_or(format!("at least {}", f.longest), |l| l.to_string());
        out.push(format!(
            "length of strings (-s): {} in the reference, {} in the candidate; only the first {limit} bytes are compared",
            said(want),
            said(got)
        ));
    }
    if want.raw != got.raw {
        let side = if want.raw { "reference" } else { "candidate" };
        out.push(format!(
            "flags (-X raw): the {side} shows numbers, the other one names; they cannot be compared"
        ));
    }
    let arch =
        |f: &Facts| f.personality.clone().or_else(|| f.foreign.as_ref().map(|n| format!("one with {n}")));
    let (a, b) = (arch(want), arch(got));
    if a != b {
        let said = |a: Option<String>| a.unwrap_or_else(|| "64 bit".to_owned());
        out.push(format!("architecture: {} in the reference, {} in the candidate", said(a), said(b)));
    }
    out
}

/// To how many bytes strings are cut if the two logs were recorded with different `-s`.
pub fn common_limit(want: &Facts, got: &Facts) -> Option<usize> {
    let limit = match (want.limit, got.limit) {
        (Some(a), Some(b)) if a != b => a.min(b),
        (Some(a), None) if got.longest > a => a,
        (None, Some(b)) if want.longest > b => b,
        _ => return None,
    };
    Some(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_are_rewritten() {
        let mut f = Facts::default();
        assert_eq!(f.learn(r#"write(1, "\x68\x69", 2) = 2"#).as_deref(), Some(r#"write(1, "hi", 2) = 2"#));
        assert!(f.hex);
        assert_eq!(
            f.learn("socket(0x2 /* AF_INET */, 0x801 /* SOCK_STREAM|SOCK_NONBLOCK */, 0) = 3").as_deref(),
            Some("socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0) = 3")
        );
        assert_eq!(
            f.learn(r#"openat(dirfd=AT_FDCWD, pathname="a=b", flags=O_RDONLY) = 3"#).as_deref(),
            Some(r#"openat(AT_FDCWD, "a=b", O_RDONLY) = 3"#)
        );
        assert_eq!(f.learn("clone(child_stack=NULL, flags=SIGCHLD) = 8"), None);
        assert_eq!(f.learn("execve(\"x\", [], 0x7ffd /* 35 vars */) = 0"), None);
    }

    #[test]
    fn the_limit_of_strings() {
        let (mut a, mut b) = (Facts::default(), Facts::default());
        a.learn(r#"write(1, "hell"..., 11) = 11"#);
        b.learn(r#"write(1, "hello world", 11) = 11"#);
        assert_eq!((a.limit, b.longest, common_limit(&a, &b)), (Some(4), 11, Some(4)));
        assert!(differences(&a, &b)[0].contains("only the first 4 bytes"));
        assert!(differences(&b, &b).is_empty());
    }

    #[test]
    fn raw_flags_are_seen() {
        let mut f = Facts::default();
        f.learn("socket(0x2, 0x1, 0) = 3");
        assert!(f.raw);
    }
}
