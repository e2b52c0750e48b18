//! The walk over the calls of a log, process by process: what each call means at its moment, and which line it becomes.
//!
//! Invariants:
//! - I1: calls are taken in the order of `position`: a maker where it ended, others where they began.
//! - I2: a child begins with the descriptors and registrations that its parent had when it made it.

use std::collections::{HashMap, HashSet};

use crate::error::Bad;
use crate::fds::{self, FdId};
use crate::flow;
use crate::log::{Log, View};
use crate::masks::Temporary;
use crate::noise;
use crate::polling::{Polling, is_cut_off};
use crate::ports::Ports;
use crate::process::{Ending, Process, processes};
use crate::rules::Rules;
use crate::syscalls;
use crate::text::{Strings, Sym};
use crate::trace::{Child, Line, PollCounts, Trace, What};

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

/// What a process inherits from the one that makes it (I2).
struct Inherited {
    now: HashMap<i64, FdId>,
    polling: Polling,
}

/// The walk over a log.
pub(crate) struct Projector<'l> {
    pub(crate) log: &'l Log,
    pub(crate) rules: &'l Rules,
    pub(crate) trace: Trace,
    pub(crate) polling: Polling,
    pub(crate) ports: Ports,
    pub(crate) temporary: Temporary,
    /// Process and thread ids of the log.
    pub(crate) tids: HashSet<u32>,
    pub(crate) somaxconn: Option<String>,
    /// A place to build a text in.
    pub(crate) buf: String,
    /// The text of the line under way that is no part yet.
    pub(crate) pending: String,
    phase: Phase,
    /// Whether the call that everything begins with has been seen.
    begun: bool,
    processes: Vec<Process>,
    made: HashMap<u32, usize>,
}

impl<'l> Projector<'l> {
    pub(crate) fn new(log: &'l Log, rules: &'l Rules) -> Self {
        let mut trace = Trace {
            faults: Vec::new(),
            prologue: Vec::new(),
            lines: Vec::new(),
            children: Vec::new(),
            counts: PollCounts::default(),
            ending: Ending::Unknown,
            blocked: Vec::new(),
            threads: 0,
            odd: (0, None),
            fds: fds::FdTable::default(),
            parts: Vec::new(),
            texts: Strings::default(),
        };
        for (num, kind) in [(0, "stdin"), (1, "stdout"), (2, "stderr")] {
            let kind = trace.texts.intern(kind);
            trace.fds.make(num, kind, None);
        }
        let processes = processes(log);
        let made = processes.iter().enumerate().filter_map(|(p, of)| Some((of.made_by?, p))).collect();
        Projector {
            log,
            rules,
            trace,
            polling: Polling::default(),
            ports: Ports::default(),
            temporary: Temporary::default(),
            tids: log.calls.iter().map(|c| c.tid).filter(|t| *t > 999).collect(),
            somaxconn: None,
            buf: String::new(),
            pending: String::new(),
            phase: Phase::Prologue,
            begun: rules.from_first.is_none(),
            processes,
            made,
        }
    }

    /// Walks over everything.
    pub(crate) fn run(mut self) -> Result<Trace, Bad> {
        self.walk(0)?;
        self.trace.ending = self.processes[0].ending.clone();
        self.trace.blocked = self.blocked(0);
        Ok(self.trace)
    }

    /// The calls of a process that are looked at, in the order in which they ended.
    fn kept(&self, process: usize) -> Vec<u32> {
        let (log, texts) = (self.log, &self.log.strings);
        let mut first_exec = process == 0;
        let mut kept = Vec::new();
        for &i in &self.processes[process].calls {
            let c = &log.calls[i as usize];
            let (name, err) = (texts.get(c.name), c.err.map_or("", |e| texts.get(e)));
            // D3: the exec that strace made, or in the suite's format any of the program's own.
            let own_exec = name == "execve" && process == 0 && (self.rules.suite || first_exec);
            first_exec &= name != "execve" && kept.is_empty();
            let retried = err == "EINTR" || err.starts_with("ERESTART"); // D2
            let unfinished = texts.get(c.ret) == "?" && name != "exit_group";
            let cut_off = unfinished || (fds::is_poll(name) && is_cut_off(&log.view(c))); // D3
            let clones = matches!(name, "clone" | "clone3") && texts.get(c.args).contains("CLONE_THREAD");
            let thread = clones && (self.rules.suite || c.err.is_none());
            if !(own_exec || retried || cut_off || thread) {
                kept.push(i);
            }
        }
        if !self.rules.suite {
            self.drop_idle_rounds(&mut kept);
        }
        kept
    }

    /// How often a loop waited in vain is a matter of time: a limit that expired is kept before another call only.
    fn drop_idle_rounds(&self, kept: &mut Vec<u32>) {
        let (log, texts) = (self.log, &self.log.strings);
        let mut next: HashMap<u32, (Sym, Sym)> = HashMap::new();
        let mut idle = Vec::new();
        for &i in kept.iter().rev() {
            let c = &log.calls[i as usize];
            let again = next.insert(c.tid, (c.name, c.args)) == Some((c.name, c.args));
            let waits = matches!(
                texts.get(c.name),
                "poll" | "ppoll" | "ppoll_time64" | "select" | "_newselect" | "pselect6" | "pselect6_time64"
            );
            if waits && again && texts.get(c.ret) == "0" && c.err.is_none() {
                idle.push(i);
            }
        }
        idle.sort_unstable();
        kept.retain(|i| idle.binary_search(i).is_err());
    }

    /// Walks over the calls of a process and of those that it makes.
    fn walk(&mut self, process: usize) -> Result<(), Bad> {
        let (log, texts) = (self.log, &self.log.strings);
        let mut kept = self.kept(process);
        self.polling.learn_intervals(log, &kept);
        kept.sort_by_cached_key(|i| position(&log.calls[*i as usize], texts));
        for i in kept {
            let c = log.at(i);
            let child = self.made.get(&i).copied();
            let inherited = child
                .map(|_| Inherited { now: self.trace.fds.now.clone(), polling: self.polling.inherited() });
            self.step(&c, i)?;
            let Some((child, from)) = child.zip(inherited) else { continue };
            if !self.rules.suite {
                self.child(child, from)?;
            } else if process == 0 {
                self.child_up_to_exec(child, from.now)?;
            }
        }
        Ok(())
    }

    fn is_exec(&self, i: u32) -> bool {
        let c = &self.log.calls[i as usize];
        self.log.strings.get(c.name) == "execve" && c.err.is_none()
    }

    /// P1 in the suite's format: the calls of a child up to its exec, with the descriptors that its parent had.
    fn child_up_to_exec(&mut self, child: usize, now: HashMap<i64, FdId>) -> Result<(), Bad> {
        let (log, texts) = (self.log, &self.log.strings);
        let mut calls = self.kept(child);
        let exec = calls.iter().copied().find(|i| self.is_exec(*i)).map(|i| log.calls[i as usize].exit);
        calls.retain(|i| exec.is_none_or(|exec| log.calls[*i as usize].entry <= exec));
        if calls.is_empty() {
            return Ok(());
        }
        calls.sort_by_cached_key(|i| position(&log.calls[*i as usize], texts));
        let saved = std::mem::replace(&mut self.trace.fds.now, now);
        let mut lines = Vec::new();
        for i in calls {
            let c = self.log.at(i);
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
        self.trace.children.push(Child { lines, after: None, ending: Ending::Unknown, blocked: Vec::new() });
        self.trace.fds.now = saved;
        Ok(())
    }

    /// P1: a child is a whole process: its descriptors, its poller, what it executes.
    fn child(&mut self, child: usize, from: Inherited) -> Result<(), Bad> {
        let now = std::mem::replace(&mut self.trace.fds.now, from.now);
        let polling = std::mem::replace(&mut self.polling, from.polling);
        let lines = std::mem::take(&mut self.trace.lines);
        let prologue = std::mem::take(&mut self.trace.prologue);
        let phase = std::mem::replace(&mut self.phase, Phase::Program);
        let counts = self.trace.counts.clone();
        let at = self.trace.children.len();
        let ending = self.processes[child].ending.clone();
        self.trace.children.push(Child { lines: Vec::new(), after: None, ending, blocked: Vec::new() });
        self.walk(child)?;
        flow::fold_writes(&mut self.trace, self.log)?;
        let blocked = self.blocked(child);
        let mut own = std::mem::replace(&mut self.trace.lines, lines);
        let is_exec = |l: &Line| matches!(l.what, What::Call(i) if self.is_exec(i));
        let exec = own.iter().position(is_exec).map_or(own.len(), |i| i + 1);
        let after = own.split_off(exec);
        let child = &mut self.trace.children[at];
        (child.lines, child.after, child.blocked) = (own, Some(after), blocked);
        self.trace.prologue = prologue;
        self.trace.fds.now = now;
        self.trace.counts = counts;
        self.polling = polling;
        self.phase = phase;
        Ok(())
    }

    /// What a process was blocked in when it ended, if it did not end by itself: `read(tcp4c)`.
    fn blocked(&mut self, process: usize) -> Vec<String> {
        let of = &self.processes[process];
        if matches!(of.ending, Ending::Exited(_)) {
            return Vec::new();
        }
        let mut out: Vec<String> = Vec::new();
        for i in of.blocked.clone() {
            let b = self.log.blocked[i];
            let (name, args) = (self.log.strings.get(b.name), self.log.strings.get(b.args));
            if noise::group_of(name).is_some() || matches!(name, "exit_group" | "exit" | "restart_syscall") {
                continue;
            }
            let first = args.split(',').next().unwrap_or("").trim();
            let on_fd = syscalls::argument(name, &[first], 0) == syscalls::Role::Fd;
            let of = match self.fd(first).filter(|_| on_fd) {
                Some(fd) => self.kind(fd).to_owned(),
                None => String::new(),
            };
            out.push(format!("{name}({of})"));
        }
        out.sort();
        out.dedup();
        out
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

    /// One call. What is not understood is a line all the same, unless the rules are strict.
    fn step(&mut self, c: &View<'l>, index: u32) -> Result<(), Bad> {
        let start = self.trace.parts.len();
        let Err(bad) = self.understand(c, index) else { return Ok(()) };
        if self.rules.strict {
            return Err(bad);
        }
        // What the kernel refuses may look as it likes.
        if c.err.is_none() {
            self.trace.odd.0 += 1;
            self.trace.odd.1.get_or_insert(bad);
        }
        // What was begun of the line is taken back.
        self.pending.clear();
        self.trace.parts.truncate(start);
        let kept = self.trace.lines.partition_point(|l| l.parts.1 as usize <= start);
        self.trace.lines.truncate(kept);
        self.plain(c);
        let line = self.end_line(start, What::Call(index), c.origin());
        self.keep(line);
        Ok(())
    }

    fn understand(&mut self, c: &View<'l>, index: u32) -> Result<(), Bad> {
        if fds::is_poll(c.name) {
            return self.poll(c);
        }
        let fd = match c.args.first() {
            Some(first) if self.is_on_fd(c) => self.fd(first),
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
        self.begun |= self.rules.from_first.as_deref() == Some(c.name);
        self.keep(line);
        self.after(c, fd)?;
        if c.name == "execve" && c.ok() && !self.rules.suite {
            self.exec();
        }
        Ok(())
    }

    fn keep(&mut self, line: Line) {
        match self.phase {
            Phase::Prologue => self.trace.prologue.push(line),
            Phase::Program if self.begun => self.trace.lines.push(line),
            Phase::Program => {}
        }
    }

    /// A new program in the same process: descriptors that close themselves are gone, a loader begins.
    fn exec(&mut self) {
        let fds = &self.trace.fds;
        let stay: HashMap<i64, FdId> =
            fds.now.iter().filter(|(_, id)| !fds.get(**id).cloexec).map(|(n, id)| (*n, *id)).collect();
        self.trace.fds.now = stay;
        self.polling = Polling::default();
        self.phase = Phase::Prologue;
    }

    fn is_on_fd(&self, c: &View<'_>) -> bool {
        if self.rules.suite {
            return fds::is_on_fd(c.name) || fds::two_fds(c.name).is_some() || c.name == "newfstatat";
        }
        matches!(syscalls::argument(c.name, &c.args, 0), syscalls::Role::Fd | syscalls::Role::DirFd)
    }
}
