//! A log as something to look at: its lines with their places, and the lives of its descriptors.
//!
//! Invariants:
//! - I1: the entries are those that the comparison sees, in its order; nothing is added for looks.

use std::collections::HashMap;
use std::path::Path;

use crate::error::Error;
use crate::lines::{Line, Lines, Origin};
use crate::normal::{Loaded, Normal, Variants};
use crate::per_fd::{self, Sequence};
use crate::trace::Fault;

/// What a line means in the life of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Made: socket, accept4, open.
    Made,
    /// EPOLL_CTL_ADD.
    Added,
    /// Tried, and had to wait: EAGAIN, EINPROGRESS.
    Tried,
    /// Waited for, and reported by the poller.
    Waited,
    /// Bytes or a connection came in.
    In,
    /// Bytes went out.
    Out,
    /// EPOLL_CTL_DEL.
    Removed,
    /// Closed.
    Closed,
    /// Anything else: options, addresses.
    Other,
}

impl Step {
    /// One character for it.
    pub fn sign(self) -> char {
        match self {
            Step::Made => '●',
            Step::Added => '+',
            Step::Tried => '?',
            Step::Waited => '~',
            Step::In => '<',
            Step::Out => '>',
            Step::Removed => '-',
            Step::Closed => '✕',
            Step::Other => '·',
        }
    }

    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            Step::Made => "made",
            Step::Added => "ADD",
            Step::Tried => "tried",
            Step::Waited => "wait",
            Step::In => "in",
            Step::Out => "out",
            Step::Removed => "DEL",
            Step::Closed => "close",
            Step::Other => "other",
        }
    }

    /// All of them, for a legend.
    pub const ALL: [Step; 9] = [
        Step::Made,
        Step::Added,
        Step::Tried,
        Step::Waited,
        Step::In,
        Step::Out,
        Step::Removed,
        Step::Closed,
        Step::Other,
    ];

    /// What a line does to the descriptor called `name` in it.
    pub fn of(line: Line<'_>, name: &str) -> Step {
        let result = line.result();
        match line.call() {
            "wait" => Step::Waited,
            "close" => Step::Closed,
            "epoll_ctl" if line.args().contains("EPOLL_CTL_ADD") => Step::Added,
            "epoll_ctl" if line.args().contains("EPOLL_CTL_DEL") => Step::Removed,
            _ if result == name => Step::Made,
            "pipe" | "pipe2" | "socketpair" | "clone" | "clone3" => Step::Made,
            _ if matches!(line.error(), Some("EAGAIN" | "EINPROGRESS")) => Step::Tried,
            "read" | "readv" | "pread64" | "recvfrom" | "recvmsg" | "accept" | "accept4" => Step::In,
            "write" | "writev" | "pwrite64" | "sendto" | "sendmsg" | "write-all" | "sendfile" => Step::Out,
            "splice" if line.names().next().is_some_and(|n| n.whole == name) => Step::In,
            "splice" => Step::Out,
            _ => Step::Other,
        }
    }
}

/// A line of the projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it came from: the line of the log or of the reference, the thread, the time.
    pub origin: Origin,
    /// Its text.
    pub text: String,
}

/// A life of a descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// `tcp6c#1`
    pub name: String,
    /// Its steps: which entry, and what that entry does to it.
    pub steps: Vec<(usize, Step)>,
}

/// A log or a reference, to be looked at.
#[derive(Debug)]
pub struct Story {
    /// What is compared.
    pub normal: Normal,
    /// The lines, in order. Of a reference without an order of all lines: descriptor by descriptor.
    pub entries: Vec<Entry>,
    /// The descriptors, in the order in which they appear.
    pub lives: Vec<Life>,
    /// What is wrong with a log by itself.
    pub faults: Vec<Fault>,
    /// What was odd about the file.
    pub notes: Vec<String>,
}

impl Story {
    /// Reads a log or a reference.
    pub fn load(path: &Path) -> Result<Story, Error> {
        Ok(Story::of(Normal::load(path)?))
    }

    /// What was read, to be looked at; nothing is read again.
    pub fn of(loaded: Loaded) -> Story {
        let Loaded { normal, faults, notes, .. } = loaded;
        let (entries, lives) = match &normal.variants {
            Variants::Global(v) => v.first().map(|v| tell(&v.1)).unwrap_or_default(),
            Variants::PerDescriptor(v) => v.first().map(|v| tell_sequences(&v.1)).unwrap_or_default(),
        };
        Story { normal, entries, lives, faults, notes }
    }
}

fn tell(lines: &Lines) -> (Vec<Entry>, Vec<Life>) {
    let mut lives: Vec<Life> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut entries = Vec::with_capacity(lines.len());
    for (i, line) in lines.lines().enumerate() {
        for name in line.names() {
            let life = *index.entry(name.whole).or_insert_with(|| {
                lives.push(Life { name: name.whole.to_owned(), steps: Vec::new() });
                lives.len() - 1
            });
            let life = &mut lives[life];
            if life.steps.last().is_none_or(|s| s.0 != i) {
                life.steps.push((i, Step::of(line, name.whole)));
            }
        }
        entries.push(Entry { origin: line.origin, text: line.text.to_owned() });
    }
    (entries, lives)
}

fn tell_sequences(all: &[Sequence]) -> (Vec<Entry>, Vec<Life>) {
    let (mut entries, mut lives) = (Vec::new(), Vec::new());
    let mut count: HashMap<&str, usize> = HashMap::new();
    for s in all {
        let n = count.entry(&s.kind).or_default();
        *n += 1;
        let mut steps = Vec::new();
        let typed: Lines = s.lines.iter().map(|l| &**l).collect();
        for (line, &at) in typed.lines().zip(&s.at) {
            steps.push((entries.len(), Step::of(line, "self")));
            entries.push(Entry { origin: Origin { at, ..Origin::default() }, text: line.text.to_owned() });
        }
        let name = if s.kind == per_fd::NO_DESCRIPTOR { s.kind.clone() } else { format!("{}#{n}", s.kind) };
        lives.push(Life { name, steps });
    }
    (entries, lives)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str, name: &str) -> Step {
        let lines: Lines = [line].into_iter().collect();
        Step::of(lines.get(0).expect("one line"), name)
    }

    #[test]
    fn steps_of_a_connection() {
        for (line, step) in [
            ("accept4(tcp6#3, {}, [112 => 28], SOCK_CLOEXEC) = tcp6c#1", Step::Made),
            ("epoll_ctl(epoll#1, EPOLL_CTL_ADD, tcp6c#1, {events=EPOLLIN, data=TAG}) = 0", Step::Added),
            ("read(tcp6c#1, PTR, 32) = -1 EAGAIN", Step::Tried),
            ("wait(tcp6c#1, r) = EPOLLIN", Step::Waited),
            ("read(tcp6c#1, \"asdf\\n\", 32) = 5", Step::In),
            ("write-all(tcp6c#1, DATA, 9) = 9, parked", Step::Out),
            ("epoll_ctl(epoll#1, EPOLL_CTL_DEL, tcp6c#1, PTR) = 0", Step::Removed),
            ("close(tcp6c#1) = 0", Step::Closed),
            ("setsockopt(tcp6c#1, SOL_TCP, TCP_NODELAY, [1], 4) = 0", Step::Other),
        ] {
            assert_eq!(of(line, "tcp6c#1"), step, "{line}");
        }
        assert_eq!(of("accept4(tcp6#3, {}, [112], 0) = tcp6c#1", "tcp6#3"), Step::In);
    }
}
