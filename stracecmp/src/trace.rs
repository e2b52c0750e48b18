//! The projection: from the calls of a log to the lines that are compared.
//!
//! What is kept of a log is what the program said to the kernel about descriptors, in the order in which it said it; what
//! only tells how threads happened to be scheduled is taken out. The rules have names, the same everywhere in this crate:
//!
//! | rule | what | where |
//! |---|---|---|
//! | D1 | dropped: calls that are not about descriptors (memory, threads, signals, time) | `log` |
//! | D2 | dropped: calls that are retried (EINTR, ERESTART) | here |
//! | D3 | dropped: the program's own exec, and calls that the end cut off | here |
//! | A1 | abstracted: a descriptor's number becomes a name for one life of it | `fds`, `lives` |
//! | A2 | ports that the kernel chose: `EPH1` | `wording` |
//! | A3 | the data of an event, by which the poller knows a descriptor: `TAG` | `polling` |
//! | A4 | pointers: `PTR` | `wording` |
//! | A5 | what files of the machine hold: `DATA` | `wording` |
//! | A6 | the system's backlog: `SOMAXCONN` | `wording` |
//! | A7 | what belongs to one run: process ids, times, the numbers of DNS messages | `wording` |
//! | W1 | a call that had to wait: `wait(FD, r) = MASK` before the next one of its side | `polling` |
//! | W2 | the parts of one long write: `write-all` | `flow` |
//! | W3 | how often, how and how long the poller was asked | `polling`, `compare` |
//! | P1 | a child is a list of its own, up to its exec | here |
//! | P2 | what a runtime does before the program's first call is apart | `prologue` |
//! | P3 | in the view of each descriptor, the poller's own lines are sorted | `per_fd` |
//! | L1 to L8 | faults that any log can have by itself: [`Lint`] (L5 and L7 are none) | `polling`, `lives` |
//!
//! This file walks over the calls and keeps the descriptors.
//!
//! Invariants:
//! - I1: calls are taken in the order of `position`: a maker where it ended, others where they began.
//! - I2: a line names descriptors by [`FdId`]; numbers are given on rendering, in order of appearance.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use crate::error::Bad;
use crate::fds::{self, FdId, FdTable, Side};
use crate::flow;
use crate::lines::{Lines, Origin};
use crate::log::{Log, View};
use crate::polling::{Polling, is_cut_off};
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
    /// A port that the kernel chose (A2).
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

/// One log, projected.
#[derive(Debug, Default)]
pub struct Trace {
    /// What is wrong with it whatever it is compared with.
    pub faults: Vec<Fault>,
    /// P2: what came before the program's first own call.
    pub prologue: Vec<Line>,
    /// The program.
    pub lines: Vec<Line>,
    /// P1: child processes, each up to its exec.
    pub children: Vec<Vec<Line>>,
    /// How the poller was used.
    pub counts: PollCounts,
    /// The descriptors.
    pub fds: FdTable,
    pub(crate) parts: Vec<Part>,
    pub(crate) texts: Strings,
}

impl Trace {
    /// Projects a log.
    pub fn of(log: &Log) -> Result<Trace, Bad> {
        let mut p = Projector::new(log);
        p.run()?;
        let Projector { mut trace, .. } = p;
        flow::fold_writes(&mut trace, log)?;
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

/// I1: where a call stands in the order of the program.
fn position(c: &crate::log::Call, names: &Strings) -> (u32, u8) {
    let name = names.get(c.name);
    if fds::is_maker(name) || fds::is_poll(name) { (c.exit, 1) } else { (c.entry, 0) }
}

/// Whether the walk is still in what the runtime does before the program's first call (P2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Prologue,
    Program,
}

/// The walk over a log.
pub(crate) struct Projector<'l> {
    pub(crate) log: &'l Log,
    pub(crate) trace: Trace,
    pub(crate) polling: Polling,
    pub(crate) ports: HashSet<u32>,
    pub(crate) somaxconn: Option<String>,
    /// A place to build a text in.
    pub(crate) buf: String,
    /// The text of the line under way that is no part yet.
    pub(crate) pending: String,
    phase: Phase,
}

impl<'l> Projector<'l> {
    fn new(log: &'l Log) -> Self {
        let mut trace = Trace::default();
        for (num, kind) in [(0, "stdin"), (1, "stdout"), (2, "stderr")] {
            let kind = trace.texts.intern(kind);
            trace.fds.make(num, kind, None);
        }
        Projector {
            log,
            trace,
            polling: Polling::default(),
            ports: HashSet::new(),
            somaxconn: None,
            buf: String::new(),
            pending: String::new(),
            phase: Phase::Prologue,
        }
    }

    /// P1: thread id of each child process -> the line on which its exec ended, if it did.
    fn processes(&self) -> HashMap<u32, Option<u32>> {
        let mut all = HashMap::new();
        let texts = &self.log.strings;
        for c in &self.log.calls {
            if fds::is_fork(texts.get(c.name))
                && !texts.get(c.args).contains("CLONE_THREAD")
                && let Ok(kid) = texts.get(c.ret).parse::<u32>()
            {
                all.insert(kid, None);
            }
        }
        for c in &self.log.calls {
            if texts.get(c.name) == "execve" && c.err.is_none() {
                all.entry(c.tid).and_modify(|at| *at = at.or(Some(c.exit)));
            }
        }
        all
    }

    fn run(&mut self) -> Result<(), Bad> {
        let log = self.log;
        let texts = &log.strings;
        let processes = self.processes();
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut kept = Vec::new();
        for (i, c) in log.calls.iter().enumerate() {
            let (name, err) = (texts.get(c.name), c.err.map_or("", |e| texts.get(e)));
            let child = processes.get(&c.tid);
            let own_exec = name == "execve" && child.is_none(); // D3
            let retried = err == "EINTR" || err.starts_with("ERESTART"); // D2
            let unfinished = texts.get(c.ret) == "?" && name != "exit_group";
            let cut_off = unfinished || (fds::is_poll(name) && is_cut_off(&log.view(c))); // D3
            let thread = matches!(name, "clone" | "clone3") && texts.get(c.args).contains("CLONE_THREAD");
            if own_exec || retried || cut_off || thread {
                continue;
            }
            let i = u32::try_from(i).expect("a log has fewer than 2^32 calls");
            match child {
                Some(Some(exec)) if c.entry > *exec => {} // P1: after its exec it is another program
                Some(_) => children.entry(c.tid).or_default().push(i),
                None => kept.push(i),
            }
        }
        self.polling.learn_intervals(log, &kept)?;
        let at = |i: &u32| position(&log.calls[*i as usize], texts);
        kept.sort_by_key(at);
        children.values_mut().for_each(|calls| calls.sort_by_key(at));
        for i in kept {
            let c = log.view(&log.calls[i as usize]);
            let kid =
                if fds::is_fork(c.name) { c.ret.parse().ok().and_then(|k| children.get(&k)) } else { None };
            let before = kid.map(|_| self.trace.fds.now.clone());
            self.step(&c, i)?;
            if let (Some(calls), Some(before)) = (kid, before) {
                self.child(calls, before)?;
            }
        }
        Ok(())
    }

    /// P1: the calls of a child, with the descriptors that its parent had when it forked.
    fn child(&mut self, calls: &[u32], before: HashMap<i64, FdId>) -> Result<(), Bad> {
        let saved = std::mem::replace(&mut self.trace.fds.now, before);
        let mut lines = Vec::new();
        for &i in calls {
            let c = self.log.view(&self.log.calls[i as usize]);
            let start = self.begin_line();
            self.word(&c, &[])?;
            lines.push(self.end_line(start, What::Call(i), c.origin()));
            if c.name == "dup3" && c.err.is_none() {
                let (from, to) = (c.int(0)?, c.int(1)?);
                if let Some(&src) = self.trace.fds.now.get(&from) {
                    self.trace.fds.now.insert(to, src);
                }
            }
        }
        self.trace.children.push(lines);
        self.trace.fds.now = saved;
        Ok(())
    }

    /// The descriptor that an argument names, if it is a number.
    pub(crate) fn fd(&mut self, text: &str) -> Option<FdId> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let num = digits.then(|| text.parse().ok()).flatten()?;
        Some(self.trace.fds.of_number(num, &mut self.trace.texts))
    }

    /// The descriptor that an argument must name.
    pub(crate) fn need_fd(&mut self, c: &View<'_>, i: usize) -> Result<FdId, Bad> {
        let text = c.arg(i)?;
        self.fd(text)
            .ok_or_else(|| c.bad(format!("argument {} of {} is no descriptor: {text}", i + 1, c.name)))
    }

    pub(crate) fn kind(&self, fd: FdId) -> &str {
        self.trace.texts.get(self.trace.fds.get(fd).kind)
    }

    pub(crate) fn path(&self, fd: FdId) -> Option<&str> {
        self.trace.fds.get(fd).path.map(|p| self.trace.texts.get(p)).filter(|p| !p.is_empty())
    }

    fn step(&mut self, c: &View<'l>, index: u32) -> Result<(), Bad> {
        if fds::is_poll(c.name) {
            return self.poll(c);
        }
        let fd = match c.args.first() {
            Some(first)
                if fds::is_on_fd(c.name) || fds::two_fds(c.name).is_some() || c.name == "newfstatat" =>
            {
                self.fd(first)
            }
            _ => None,
        };
        let on_eventfd = fd.is_some_and(|fd| self.kind(fd) == "eventfd");
        self.check_break_is_read(c, on_eventfd && c.name == "read");
        if on_eventfd && matches!(c.name, "read" | "write") {
            return self.check_break(c);
        }
        self.wake(c, fd)?;
        let made = if c.ok() { self.creates(c)? } else { Vec::new() };
        let start = self.begin_line();
        if c.name == "epoll_ctl" {
            self.epoll_ctl(c)?;
        } else {
            self.word(c, &made)?;
        }
        let line = self.end_line(start, What::Call(index), c.origin());
        if self.phase == Phase::Prologue && !self.is_prologue(c, fd)? {
            self.phase = Phase::Program;
        }
        match self.phase {
            Phase::Prologue => self.trace.prologue.push(line),
            Phase::Program => self.trace.lines.push(line),
        }
        self.after(c, fd)
    }
}
