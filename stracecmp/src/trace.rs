//! The projection: from the calls of a log to the lines that are compared.
//!
//! What is kept of a log is what the program said to the kernel about descriptors, in the order in which it said it; what
//! only tells how threads happened to be scheduled is taken out. The rules have names, the same everywhere in this crate:
//!
//! | rule | what | where |
//! |---|---|---|
//! | D1 | dropped: calls that are not about descriptors (memory, threads, signals, time) | `noise` |
//! | D2 | dropped: calls that are retried (EINTR, ERESTART) | `projector` |
//! | D3 | dropped: the program's own exec, and calls that the end cut off | `projector` |
//! | A1 | abstracted: a descriptor's number becomes a name for one life of it | `fds`, `lives` |
//! | A2 | ports that the kernel chose: `EPH1` | `wording` |
//! | A3 | the data of an event, by which the poller knows a descriptor: `TAG` | `polling` |
//! | A4 | pointers: `PTR` | `wording` |
//! | A5 | what files of the machine hold: `DATA` | `wording` |
//! | A6 | the system's backlog: `SOMAXCONN` | `wording` |
//! | A7 | what belongs to one run: process ids, times, the numbers of DNS messages | `wording`, `neutral` |
//! | W1 | a call that had to wait: `wait(FD, r) = MASK` before the next one of its side | `polling` |
//! | W2 | the parts of one long write: `write-all` | `flow` |
//! | W3 | how often, how and how long the poller was asked | `polling`, `compare` |
//! | P1 | a child is a process of its own; in the suite's format up to its exec | `projector`, `process` |
//! | P2 | what a runtime does before the program's first call is apart | `prologue` |
//! | P3 | in the view of each descriptor, the poller's own lines are sorted | `per_fd` |
//! | L1 to L8 | faults that any log can have by itself: [`Lint`] (L5 and L7 are none) | `polling`, `lives` |
//!
//! This file holds what comes out; the walk over the calls is in `projector`.
//!
//! Invariants:
//! - I2: a line names descriptors by [`FdId`]; numbers are given on rendering, in order of appearance.

use std::collections::HashMap;
use std::fmt::Write;

use crate::error::Bad;
use crate::fds::{FdId, FdTable, Side};
use crate::flow;
use crate::lines::{Lines, Origin};
use crate::log::Log;
use crate::process::Ending;
use crate::projector::Projector;
use crate::rules::Rules;
use crate::text::{Strings, Sym};

/// Which rule a log breaks by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lint {
    /// Polls of two shapes, or a poll that failed.
    L1,
    /// An event with a tag that nobody gave, or of a descriptor removed before.
    L2,
    /// A tag used by an earlier ADD.
    L3,
    /// The eventfd: 8 bytes, the number 1, EPOLLIN, read by whom it woke.
    L4,
    /// Two threads block in the poller at once.
    L6,
    /// A descriptor made twice.
    L8,
}

/// A fault that the log has whatever it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The rule.
    pub lint: Lint,
    /// The line of the log.
    pub line: u32,
    /// What is wrong.
    pub text: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.lint, self.text)
    }
}

/// A piece of a line.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Plain text.
    Text(Sym),
    /// A descriptor.
    Fd(FdId),
    /// A port that the kernel chose (A2), by the number of the choice.
    Port(u32),
}

/// What a line stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A call: its index in [`Log::calls`].
    Call(u32),
    /// W1: the descriptor was waited for.
    Wait(Side),
    /// W2: the parts of one long write.
    WriteAll,
}

/// One line of the projection.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Where its parts are in [`Trace::parts`].
    pub(crate) parts: (u32, u32),
    /// What it stands for.
    pub what: What,
    /// Where in the log it came from.
    pub origin: Origin,
}

/// How often the poller was asked, and how (W3).
#[derive(Clone, Debug, Default)]
pub struct PollCounts {
    /// All calls.
    pub polls: u64,
    /// Those that would wait for ever.
    pub unlimited: u64,
    /// Those with a limit.
    pub limited: u64,
    /// How many limits expired.
    pub expired: u64,
    /// The longest limit that expired, in ms.
    pub longest_ms: Option<i64>,
    /// The shape of the call.
    pub signature: Option<String>,
}

/// One child process, projected (P1).
#[derive(Debug)]
pub struct Child {
    /// Up to its first exec, which is the last of these lines.
    pub lines: Vec<Line>,
    /// After it; `None` where only what comes before it is compared.
    pub after: Option<Vec<Line>>,
    /// How it ended.
    pub ending: Ending,
    /// What it was blocked in when it ended, if it did not end by itself.
    pub blocked: Vec<String>,
}

/// One log, projected.
#[derive(Debug)]
pub struct Trace {
    /// What is wrong with it whatever it is compared with.
    pub faults: Vec<Fault>,
    /// P2: what came before the program's first own call.
    pub prologue: Vec<Line>,
    /// The program.
    pub lines: Vec<Line>,
    /// P1: child processes.
    pub children: Vec<Child>,
    /// How the poller was used.
    pub counts: PollCounts,
    /// How the program ended.
    pub ending: Ending,
    /// What it was blocked in when it ended, if it did not end by itself.
    pub blocked: Vec<String>,
    /// How many threads made the lines.
    pub threads: usize,
    /// Calls that were not understood: how many, and the first.
    pub odd: (u64, Option<Bad>),
    /// The descriptors.
    pub fds: FdTable,
    pub(crate) parts: Vec<Part>,
    pub(crate) texts: Strings,
}

impl Trace {
    /// Projects a log by the rules of the conformance suite.
    pub fn of(log: &Log) -> Result<Trace, Bad> {
        Trace::with(log, &Rules::suite())
    }

    /// Projects a log.
    pub fn with(log: &Log, rules: &Rules) -> Result<Trace, Bad> {
        let mut trace = Projector::new(log, rules).run()?;
        flow::fold_writes(&mut trace, log)?;
        let mut tids: Vec<u32> = trace.lines.iter().map(|l| l.origin.tid).collect();
        tids.sort_unstable();
        tids.dedup();
        trace.threads = tids.len();
        Ok(trace)
    }

    /// The pieces of a line.
    pub fn parts(&self, line: &Line) -> &[Part] {
        &self.parts[line.parts.0 as usize..line.parts.1 as usize]
    }

    /// The descriptors that a line names.
    pub fn fds_of(&self, line: &Line) -> impl Iterator<Item = FdId> {
        self.parts(line).iter().filter_map(|p| match p {
            Part::Fd(fd) => Some(*fd),
            _ => None,
        })
    }

    pub(crate) fn fault(&mut self, lint: Lint, line: u32, text: String) {
        self.faults.push(Fault { lint, line, text });
    }

    /// The typed lines; descriptors are numbered in the order in which they appear (I2).
    pub fn render(&mut self, lines: &[Line]) -> Lines {
        let (mut numbers, mut ports) = (HashMap::<Sym, u32>::new(), HashMap::new());
        let (mut out, mut text, mut names) = (Lines::default(), String::new(), Vec::new());
        for line in lines {
            text.clear();
            names.clear();
            for part in &self.parts[line.parts.0 as usize..line.parts.1 as usize] {
                match *part {
                    Part::Text(sym) => text.push_str(self.texts.get(sym)),
                    Part::Fd(id) => {
                        let fd = self.fds.get_mut(id);
                        let number = *fd.number.get_or_insert_with(|| {
                            let n = numbers.entry(fd.kind).or_insert(0);
                            *n += 1;
                            *n
                        });
                        let (kind, start) = (self.texts.get(fd.kind), text.len());
                        text.push_str(kind);
                        write!(text, "#{number}").expect("text takes anything");
                        names.push((start, kind.len(), text.len() - start));
                    }
                    Part::Port(port) => {
                        let next = ports.len() + 1;
                        write!(text, "EPH{}", ports.entry(port).or_insert(next))
                            .expect("text takes anything");
                    }
                }
            }
            out.push_typed(&text, names.iter().copied(), line.origin);
        }
        out
    }
}
