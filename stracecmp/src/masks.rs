//! What stands inside an argument: strings, addresses, structures. The masks of [`crate::neutral`].

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::projector::Projector;
use crate::text::{Piece, chars, cut, pieces};

/// A2: ports from here on may be the kernel's choice.
const EPHEMERAL: u32 = 32768;

/// Temporary files by path, numbered in order of appearance.
#[derive(Debug, Default)]
pub(crate) struct Temporary {
    names: HashMap<String, usize>,
}

impl Temporary {
    /// Remembers a path that the program made for itself alone.
    pub(crate) fn made(&mut self, path: &str) {
        if ["/tmp/", "/var/tmp/", "/dev/shm/", "/run/"].iter().any(|d| path.starts_with(d)) {
            let next = self.names.len() + 1;
            self.names.entry(path.to_owned()).or_insert(next);
        }
    }

    /// A path below a temporary one, with its name replaced.
    fn replaced(&self, path: &str) -> Option<String> {
        if self.names.is_empty() || !path.starts_with('/') {
            return None;
        }
        let mut known = path;
        loop {
            if let Some(n) = self.names.get(known) {
                let dir = known.rsplit_once('/').map_or("", |p| p.0);
                return Some(format!("{dir}/TEMP{n}{}", &path[known.len()..]));
            }
            known = known.rsplit_once('/')?.0;
        }
    }
}

macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("a constant that was tried"));
    };
}
pattern!(
    TOKEN,
    concat!(
        r"\b(?P<fd>[a-z_]*fd=|aio_fildes=)(?P<num>\d+)",
        r"|htons\((?P<port>\d+)\)",
        r"|\b(?P<key>si_pid|si_uid|nl_pid|nlmsg_pid|nlmsg_seq|pid|uid|gid|si_[us]time|si_utime",
        r"|st_(?:uid|gid|size|ino|dev|nlink|blocks|blksize|[amc]time(?:_nsec)?)",
        r"|stx_(?:uid|gid|size|ino|nlink|blocks|blksize|attributes|[abcm]time|dev_major|dev_minor|mnt_id)",
        r"|l_pid|[ct]stamp|shm_[cl]pid|tid|sigev_notify_thread_id|f_bfree|f_bavail|f_blocks|f_files|f_ffree|f_fsid)=(?:makedev\([^)]*\)|\{[^}]*\}|[^,}\]\s]*)(?: /\* [^*]* \*/)?",
        r"|\b(?P<when>tv_sec=1[0-9]{9}, tv_[nu]sec=\d+)",
        r"|(?P<date> /\* \d{4}-\d\d-\d\dT[^*]*\*/)",
        r"|\b(?P<base>iov_base=)0x[0-9a-f]+",
        r"|(?P<ptr>0x[0-9a-f]{5,})"
    )
);
pattern!(AUTOBIND, r#"sun_path=@"[0-9a-f]{5}""#);
pattern!(PROC, r"^/proc/(\d+|self)(/task/\d+)?");
pattern!(ISO, r"(?:19|20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?");
pattern!(BRACKETED, r"\[\d{2,}\]");
pattern!(OWN_FD, r"^(/proc/self/fd/|/dev/fd/|/proc/PID/fd/)(\d+)$");
pattern!(HTTP_DATE, r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT");
pattern!(
    DAY,
    r"\b(?:(?:19|20)\d\d[-/.]\d\d[-/.]\d\d|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d)\b"
);
pattern!(CLOCK, r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?");
pattern!(SINCE_1970, r"\b1[0-9]{9}(?:\.\d+)?\b");
pattern!(RIGHTS, r"(cmsg_type=SCM_RIGHTS, cmsg_data=|\bfds=)\[([\d, ]*)\]");

/// What the strings and addresses of a call are.
#[derive(Clone, Copy, Default)]
pub(crate) struct Context {
    /// To the standard output or the standard error.
    pub(crate) printed: bool,
    /// The strings are data, not paths.
    pub(crate) data: bool,
    /// To or from port 53.
    pub(crate) dns: Dns,
    /// The address is one that the kernel filled in.
    pub(crate) answer: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Dns {
    #[default]
    No,
    /// The id is the first two bytes.
    Message,
    /// A length of two bytes comes first.
    WithLength,
}

impl Projector<'_> {
    /// Any other argument, or what stands after a result.
    pub(crate) fn neutral_value(&mut self, a: &str, context: Context) {
        let masked = AUTOBIND.replace_all(a, "sun_path=@AUTO");
        let masked = if masked.contains("SCM_RIGHTS") { masked } else { masked.into_owned().into() };
        let mut skip = false;
        // A message begins an argument, or a part of one.
        let mut begins = true;
        for piece in pieces(&masked) {
            match piece {
                Piece::Quoted(q) => {
                    let dns = if begins && q.len() > 2 { context.dns } else { Dns::No };
                    skip = self.quoted(q, context, dns);
                }
                Piece::Plain(p) => {
                    let p = if skip { p.strip_prefix("...").unwrap_or(p) } else { p };
                    (skip, begins) = (false, p.ends_with("iov_base="));
                    self.unquoted(p, context);
                }
            }
        }
    }

    /// Text outside of strings: descriptors, ports, ids, pointers.
    pub(crate) fn unquoted(&mut self, text: &str, context: Context) {
        let mut kept = 0;
        for m in RIGHTS.captures_iter(text) {
            let (Some(all), Some(list)) = (m.get(0), m.get(2)) else { continue };
            self.tokens(&text[kept..all.start() + m[1].len()], context);
            self.set(list.as_str());
            kept = all.end();
        }
        self.tokens(&text[kept..], context);
    }

    fn tokens(&mut self, text: &str, context: Context) {
        if !text.contains('=') && !text.contains("0x") && !text.contains("htons(") {
            return self.txt(text);
        }
        let mut kept = 0;
        for m in TOKEN.captures_iter(text) {
            let Some(all) = m.get(0) else { continue };
            self.txt(&text[kept..all.start()]);
            kept = all.end();
            self.token(&m, all.as_str(), context);
        }
        self.txt(&text[kept..]);
    }

    fn token(&mut self, m: &Captures<'_>, all: &str, context: Context) {
        if let (Some(key), Some(num)) = (m.name("fd"), m.name("num")) {
            self.txt(key.as_str());
            match self.fd(num.as_str()) {
                Some(fd) => self.name(fd),
                None => self.txt(num.as_str()),
            }
        } else if let Some(port) = m.name("port") {
            self.txt("htons(");
            self.address_port(port.as_str(), context.answer);
            self.txt(")");
        } else if let Some(key) = m.name("key") {
            self.txt(key.as_str());
            let zero =
                all.ends_with("=0") && matches!(key.as_str(), "nl_pid" | "nlmsg_pid" | "nlmsg_seq" | "pid");
            self.txt(if zero { "=0" } else { "=ID" });
        } else if m.name("when").is_some() {
            self.txt("TIME");
        } else if m.name("date").is_some() {
            // It says the same as the number before it.
        } else if let Some(base) = m.name("base") {
            self.txt(base.as_str());
            self.txt("PTR");
        } else if m.name("ptr").is_some() {
            self.txt("PTR");
        } else {
            self.txt(all);
        }
    }

    /// A port in an address.
    fn address_port(&mut self, text: &str, answer: bool) {
        let Ok(port) = text.parse::<u32>() else { return self.txt(text) };
        let chosen = self.ports.chosen.contains(&port);
        if chosen || (answer && port >= EPHEMERAL && !self.ports.fixed.contains(&port)) {
            self.ports.chosen.insert(port);
            return self.port(port);
        }
        if !answer && port > 0 {
            self.ports.fixed.insert(port);
        }
        self.txt(text);
    }

    /// A string. Whether it was cut, so that dots after it are to be left out.
    fn quoted(&mut self, q: &str, context: Context, dns: Dns) -> bool {
        let text = self.neutral_path(q).unwrap_or_else(|| q.to_owned());
        let text = match dns {
            Dns::No => text,
            Dns::Message => without_bytes(&text, 0),
            Dns::WithLength => without_bytes(&text, 2),
        };
        let mut text =
            if text.contains(" GMT") { HTTP_DATE.replace_all(&text, "DATE").into_owned() } else { text };
        if context.data {
            text = self.without_tids(&text);
        }
        if context.printed {
            text = ISO.replace_all(&text, "TIME").into_owned();
            text = BRACKETED.replace_all(&text, "[PID]").into_owned();
            text = DAY.replace_all(&text, "DATE").into_owned();
            text = CLOCK.replace_all(&text, "TIME").into_owned();
            text = SINCE_1970.replace_all(&text, "TIME").into_owned();
        }
        let short = self.rules.limit.and_then(|limit| cut(&text, limit));
        let text = short.as_deref().unwrap_or(&text);
        if context.printed {
            self.printed(text)
        } else {
            self.txt(text)
        }
        short.is_some()
    }

    /// A path of this run's process, descriptor or temporary file.
    fn neutral_path(&mut self, q: &str) -> Option<String> {
        let inside = &q[1..q.len() - 1];
        if let Some(path) = self.temporary.replaced(inside) {
            return Some(format!("\"{path}\""));
        }
        if !inside.starts_with("/proc/") && !inside.starts_with("/dev/fd/") {
            return None;
        }
        let path = Self::machine_path(inside);
        if let Some(m) = OWN_FD.captures(&path) {
            let kind = self.fd(&m[2]).map(|fd| self.kind(fd).to_owned()).unwrap_or_default();
            return Some(format!("\"{}{kind}\"", &m[1]));
        }
        Some(format!("\"{path}\""))
    }

    /// `/proc/4321/status` is `/proc/PID/status`.
    pub(crate) fn machine_path(path: &str) -> String {
        let of = |m: &Captures<'_>| {
            let process = if &m[1] == "self" { "self" } else { "PID" };
            format!("/proc/{process}{}", if m.get(2).is_some() { "/task/PID" } else { "" })
        };
        PROC.replace(path, of).into_owned()
    }

    /// The name of a file for the kind of its descriptor.
    pub(crate) fn neutral_file(&mut self, path: &str) -> String {
        match self.neutral_path(&format!("\"{path}\"")) {
            Some(quoted) => quoted.trim_matches('"').to_owned(),
            None => path.to_owned(),
        }
    }

    /// What is printed, without the ids of this run's processes and threads.
    fn without_tids(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let digits = rest[at..].bytes().take_while(u8::is_ascii_digit).count();
            let word = &rest[at..at + digits];
            let alone = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '\\')
                && !rest[at + digits..].starts_with(|c: char| c.is_alphanumeric());
            out.push_str(&rest[..at]);
            let is_tid = alone && word.parse().is_ok_and(|n| self.tids.contains(&n));
            out.push_str(if is_tid { "PID" } else { word });
            rest = &rest[at + digits..];
        }
        out + rest
    }
}

/// A7: a DNS message without its two bytes of identifier, which stand after `skip` bytes.
fn without_bytes(quoted: &str, skip: usize) -> String {
    let inside = &quoted[1..quoted.len() - 1];
    let mut lengths = chars(inside).map(|c| c.0.len());
    let before: usize = lengths.by_ref().take(skip).sum();
    let id: usize = lengths.take(2).sum();
    if id == 0 {
        return quoted.to_owned();
    }
    format!("\"{}ID{}\"", &inside[..before], &inside[before + id..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_dns_messages() {
        assert_eq!(without_bytes(r#""\3\242\1\0\0\1""#, 0), r#""ID\1\0\0\1""#);
        assert_eq!(without_bytes(r#""\0\35\3\242\1\0""#, 2), r#""\0\35ID\1\0""#);
        assert_eq!(without_bytes(r#""\0\35""#, 2), r#""\0\35""#);
    }

    #[test]
    fn temporary_files_are_numbered() {
        let mut t = Temporary::default();
        t.made("/tmp/a8Xz");
        t.made("/home/x");
        assert_eq!(t.replaced("/tmp/a8Xz/b").as_deref(), Some("/tmp/TEMP1/b"));
        assert_eq!(t.replaced("/home/x"), None);
    }
}
