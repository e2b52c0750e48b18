//! How a call is written down: descriptors, chosen ports, pointers and the machine's own data replaced (A1 to A7).

use std::sync::LazyLock;

use regex::Regex;
use smallvec::SmallVec;

use crate::error::Bad;
use crate::fds::{self, FdId};
use crate::lines::Origin;
use crate::log::View;
use crate::ports::{End, Holder};
use crate::projector::Projector;
use crate::trace::{Line, Part, What};

/// A2: ports from here on are the kernel's choice.
const EPHEMERAL: u32 = 32768;
/// A5: files whose contents belong to the machine.
const MACHINE: [&str; 3] = ["/proc/", "/sys/", "/etc/"];

macro_rules! pattern {
    ($name:ident, $text:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("a constant that was tried"));
    };
}
pattern!(SIZE, r"st_size=\d+");
pattern!(HEX, r"0x[0-9a-f]+");
pattern!(RUSAGE, r"\{ru_utime=.*\}$");
pattern!(SI_PID, r"si_pid=\d+");
pattern!(SI_UID, r"si_uid=\d+");
pattern!(SI_TIME, r"si_([us]time)=\d+");
pattern!(IOV_BASE, r"iov_base=0x[0-9a-f]{5,}");
pattern!(MSG_PTR, r"msg_(name|control|iov)=0x[0-9a-f]{5,}");
pattern!(MADE_PIDFD, r"^(parent_tid|pidfd)=");
pattern!(DNS_BYTE, r#"^(?:\\[0-7]{1,3}|\\x[0-9a-f]{2}|\\.|[^\\])"#);

impl Projector<'_> {
    pub(crate) fn begin_line(&mut self) -> usize {
        self.trace.parts.len()
    }

    pub(crate) fn end_line(&mut self, start: usize, what: What, origin: Origin) -> Line {
        self.flush();
        let index = |n: usize| u32::try_from(n).expect("a log has fewer than 2^32 parts");
        Line { parts: (index(start), index(self.trace.parts.len())), what, origin }
    }

    /// Writes plain text. It is one part with what is written next to it.
    pub(crate) fn txt(&mut self, text: &str) {
        self.pending.push_str(text);
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            let sym = self.trace.texts.intern(&self.pending);
            self.trace.parts.push(Part::Text(sym));
            self.pending.clear();
        }
    }

    /// Writes a descriptor's name.
    pub(crate) fn name(&mut self, fd: FdId) {
        self.flush();
        self.trace.parts.push(Part::Fd(fd));
    }

    /// Writes a port that the kernel chose (see [`crate::ports`]).
    pub(crate) fn port(&mut self, port: u32) {
        self.flush();
        let choice = self.ports.choice(port);
        self.trace.parts.push(Part::Port(choice));
    }

    /// Who the addresses of a call belong to; `made` are the descriptors it made.
    fn holder(&mut self, c: &View<'_>, made: &[FdId]) -> Holder {
        if let ("accept" | "accept4", Some(&fd)) = (c.name, made.first()) {
            if let Some(listener) = c.args.first().and_then(|a| self.fd(a)) {
                self.ports.accepted(listener, fd);
            }
            return Holder::Accepted(fd);
        }
        if !matches!(c.name, "getsockname" | "getpeername" | "bind" | "connect") {
            return Holder::Nobody;
        }
        let Some(fd) = c.args.first().and_then(|a| self.fd(a)) else { return Holder::Nobody };
        // What came from elsewhere may be a socket that is known by another descriptor, too.
        let kind = self.kind(fd);
        let socket = ["tcp4", "tcp6", "udp4", "udp6", "socket"].iter().any(|k| kind.starts_with(k));
        let accepted = kind.trim_end_matches('+').ends_with('c');
        match c.name {
            _ if !socket => Holder::Nobody,
            "getsockname" if !accepted => Holder::Given(fd),
            "getsockname" | "bind" => Holder::Names(fd, End::Local),
            _ => Holder::Names(fd, End::Peer),
        }
    }

    /// Writes the result of a call.
    pub(crate) fn result(&mut self, c: &View<'_>) {
        let flags = c.note.strip_prefix("(flags ").and_then(|n| n.strip_suffix(')'));
        let (before, text, after) = match (c.err, flags) {
            (Some(err), _) => (" = -1 ", err, ""),
            (None, Some(flags)) => (" = (flags ", flags, ")"),
            (None, None) => (" = ", c.ret, ""),
        };
        self.txt(before);
        self.txt(text);
        self.txt(after);
    }

    /// Which arguments are descriptors.
    fn descriptors(&mut self, c: &View<'_>) -> Result<SmallVec<[(usize, FdId); 2]>, Bad> {
        let mut at: SmallVec<[usize; 2]> = SmallVec::new();
        if let Some(first) = c.args.first()
            && (fds::is_on_fd(c.name)
                || (c.name == "newfstatat" && first.bytes().all(|b| b.is_ascii_digit()) && !first.is_empty()))
        {
            at.push(0);
        }
        if let Some([a, b]) = fds::two_fds(c.name) {
            c.arg(b)?;
            at.push(a);
            if !matches!(c.name, "dup2" | "dup3") {
                at.push(b); // the second one of dup2 is a number that is wanted, not one that is
            }
        }
        if c.name == "waitid" && c.arg(0)? == "P_PIDFD" {
            c.arg(1)?;
            at.push(1);
        }
        Ok(at.into_iter().filter_map(|i| Some((i, self.fd(c.args[i])?))).collect())
    }

    /// Writes a call; `made` are the descriptors it made.
    pub(crate) fn word(&mut self, c: &View<'_>, made: &[FdId]) -> Result<(), Bad> {
        self.ports.holder = self.holder(c, made);
        if !self.rules.suite {
            self.neutral_word(c, made);
            return Ok(());
        }
        let own = self.descriptors(c)?;
        let first = own.iter().find(|o| o.0 == 0).map(|o| o.1);
        let machine =
            first.and_then(|fd| self.path(fd)).is_some_and(|p| MACHINE.iter().any(|m| p.starts_with(m)));
        self.txt(c.name);
        self.txt("(");
        for i in 0..c.args.len() {
            if i > 0 {
                self.txt(", ");
            }
            match own.iter().find(|o| o.0 == i) {
                Some(&(_, fd)) => self.name(fd),
                None => self.argument(c, i, made, first, machine)?,
            }
        }
        self.txt(")");
        let process = fds::is_fork(c.name) || c.name == "wait4";
        let machine_read = machine && matches!(c.name, "read" | "pread64");
        match made.first() {
            _ if process && c.err.is_none() && c.ret != "0" => self.txt(" = PID"),
            Some(&fd) if !matches!(c.name, "pipe" | "pipe2" | "socketpair") => {
                self.txt(" = ");
                self.name(fd);
            }
            _ if machine_read && c.err.is_none() && c.ret != "0" => self.txt(" = N"),
            _ => self.result(c),
        }
        Ok(())
    }

    fn argument(
        &mut self,
        c: &View<'_>,
        i: usize,
        made: &[FdId],
        first: Option<FdId>,
        machine: bool,
    ) -> Result<(), Bad> {
        let a = c.args[i];
        let dns = first.is_some_and(|fd| self.trace.fds.get(fd).dns);
        match c.name {
            "pipe" | "pipe2" if i == 0 && made.len() == 2 => {
                self.txt("[");
                self.name(made[0]);
                self.txt(", ");
                self.name(made[1]);
                self.txt("]");
            }
            "listen" if i == 1 && self.somaxconn.as_deref() == Some(a) => self.txt("SOMAXCONN"), // A6
            "read" | "write" if dns && i == 1 => self.txt(&without_id(a)),                       // A7
            "read" | "pread64" if machine && i == 1 => self.txt(if c.ret == "0" { "\"\"" } else { "DATA" }), // A5
            "read" if machine && i == 2 && self.is_rest_of_buffer(c, first)? => {
                let room = first.map_or(0, |fd| self.trace.fds.get(fd).room);
                self.txt(&format!("{room}-GOT"));
            }
            "fstat" | "newfstatat" if a.contains("st_mode") => self.txt(&SIZE.replace_all(a, "st_size=N")),
            "clone" | "clone3" => match MADE_PIDFD.captures(a).zip(made.first()) {
                Some((m, &fd)) => {
                    self.txt(&format!("{}=[", &m[1]));
                    self.name(fd);
                    self.txt("]");
                }
                None => self.txt(&HEX.replace_all(a, "PTR")),
            },
            _ if i == 1 && first.is_some_and(|fd| matches!(self.kind(fd), "stdout" | "stderr")) => {
                self.printed(a)
            }
            "pidfd_open" if i == 0 => self.txt("PID"),
            "execve" if i == 2 => self.txt("ENV"),
            _ => self.value(a),
        }
        Ok(())
    }

    /// A5: whether a read asks for what its file's first read left of the buffer.
    fn is_rest_of_buffer(&self, c: &View<'_>, fd: Option<FdId>) -> Result<bool, Bad> {
        let Some(fd) = fd.map(|fd| self.trace.fds.get(fd)).filter(|fd| fd.got != 0) else {
            return Ok(false);
        };
        Ok(c.int(2)?.saturating_add(fd.got) == fd.room)
    }

    /// A2 in what the program prints: ports that were seen in an address before.
    pub(crate) fn printed(&mut self, a: &str) {
        let mut kept = 0;
        for (i, _) in a.match_indices(':') {
            let digits = a[i + 1..].bytes().take_while(u8::is_ascii_digit).count();
            if digits == 5
                && let Ok(port) = a[i + 1..i + 6].parse()
                && self.ports.chosen.contains(&port)
            {
                self.txt(&a[kept..=i]);
                self.port(port);
                kept = i + 6;
            }
        }
        self.txt(&a[kept..]);
    }

    /// Any other argument: pointers (A4), process data (A7), chosen ports (A2).
    fn value(&mut self, a: &str) {
        if a.len() >= 7
            && a.starts_with("0x")
            && a[2..].bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        {
            return self.txt("PTR");
        }
        let mut text = std::borrow::Cow::Borrowed(a);
        for (mark, pattern, with) in [
            ("ru_utime", &RUSAGE, "RUSAGE"),
            ("si_pid", &SI_PID, "si_pid=PID"),
            ("si_uid", &SI_UID, "si_uid=0"),
            ("time=", &SI_TIME, "si_$1=T"),
            ("iov_base=0x", &IOV_BASE, "iov_base=PTR"),
            ("=0x", &MSG_PTR, "msg_$1=PTR"),
        ] {
            if text.contains(mark) {
                text = pattern.replace_all(&text, with).into_owned().into();
            }
        }
        let mut kept = 0;
        for (i, open) in text.match_indices("htons(") {
            let from = i + open.len();
            let digits = text[from..].bytes().take_while(u8::is_ascii_digit).count();
            if text[from + digits..].starts_with(')')
                && let Ok(port) = text[from..from + digits].parse::<u32>()
                && port >= EPHEMERAL
            {
                self.ports.chosen.insert(port);
                self.txt(&text[kept..from]);
                self.port(port);
                kept = from + digits;
            }
        }
        self.txt(&text[kept..]);
    }
}

/// A7: a DNS message without its first two bytes, the random identifier.
fn without_id(text: &str) -> String {
    if !text.starts_with('"') {
        return if text.starts_with("0x") { "PTR".to_owned() } else { text.to_owned() };
    }
    let mut end = text.len().max(2) - 1;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut inside = &text[1..end.max(1)];
    for _ in 0..2 {
        inside = DNS_BYTE.find(inside).map_or("", |m| &inside[m.end()..]);
    }
    format!("\"ID{inside}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_identifiers() {
        assert_eq!(without_id(r#""\3\242\1\0\0\1""#), r#""ID\1\0\0\1""#);
        assert_eq!(without_id(r#""a\tbc""#), r#""IDbc""#);
        assert_eq!(without_id("0xc000123456"), "PTR");
        assert_eq!(without_id("NULL"), "NULL");
    }
}
