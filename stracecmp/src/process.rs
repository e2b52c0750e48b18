//! Which process each call belongs to, and how each process ended (P1).
//!
//! Invariants:
//! - I1: process 0 is the program; each later one was made by a call of one before it.
//! - I2: a thread's id may be used again: what counts is the last birth before a line.

use std::collections::HashMap;

use crate::fds;
use crate::log::{Ended, Log};

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this exit status.
    Exited(i32),
    /// By this signal.
    Killed(String),
    /// The log does not say.
    Unknown,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ending::Exited(status) => write!(f, "exits with {status}"),
            Ending::Killed(signal) => write!(f, "is killed by {signal}"),
            Ending::Unknown => f.write_str("has no end in the log"),
        }
    }
}

/// A process of a log.
#[derive(Debug)]
pub(crate) struct Process {
    /// The call that made it; none of the first.
    pub(crate) made_by: Option<u32>,
    /// Its calls, in the order in which they ended.
    pub(crate) calls: Vec<u32>,
    /// How it ended.
    pub(crate) ending: Ending,
    /// Its calls that never came back: indices into [`Log::blocked`].
    pub(crate) blocked: Vec<usize>,
}

struct Birth {
    line: u32,
    call: u32,
    parent: u32,
    thread: bool,
}

/// The birth of every thread and process that the log saw.
struct Births {
    all: HashMap<u32, Vec<Birth>>,
    /// The process that a call made (I1).
    of_call: HashMap<u32, usize>,
}

impl Births {
    fn of(log: &Log) -> Births {
        let texts = &log.strings;
        let mut all: HashMap<u32, Vec<Birth>> = HashMap::new();
        for (i, c) in log.calls.iter().enumerate() {
            if c.err.is_none()
                && fds::is_fork(texts.get(c.name))
                && let Ok(tid) = texts.get(c.ret).parse::<u32>()
                && tid > 0
            {
                let call = u32::try_from(i).expect("a log has fewer than 2^32 calls");
                let thread = texts.get(c.args).contains("CLONE_THREAD");
                all.entry(tid).or_default().push(Birth { line: c.entry, call, parent: c.tid, thread });
            }
        }
        all.values_mut().for_each(|b| b.sort_by_key(|b| b.line));
        Births { all, of_call: HashMap::new() }
    }

    /// The last birth of a thread before a line (I2).
    fn before(&self, tid: u32, line: u32) -> Option<&Birth> {
        let all = self.all.get(&tid)?;
        all[..all.partition_point(|b| b.line < line)].last()
    }

    /// The process of a thread at a line.
    fn owner(&self, mut tid: u32, mut line: u32) -> usize {
        while let Some(birth) = self.before(tid, line) {
            if !birth.thread {
                return self.of_call.get(&birth.call).copied().unwrap_or(0);
            }
            (tid, line) = (birth.parent, birth.line);
        }
        0
    }
}

/// The processes of a log.
pub(crate) fn processes(log: &Log) -> Vec<Process> {
    let mut births = Births::of(log);
    let new = |made_by| Process { made_by, calls: Vec::new(), ending: Ending::Unknown, blocked: Vec::new() };
    let mut all = vec![new(None)];
    let mut made: Vec<u32> = births.all.values().flatten().filter(|b| !b.thread).map(|b| b.call).collect();
    made.sort_unstable();
    for call in made {
        births.of_call.insert(call, all.len());
        all.push(new(Some(call)));
    }
    for (i, c) in log.calls.iter().enumerate() {
        let i = u32::try_from(i).expect("a log has fewer than 2^32 calls");
        all[births.owner(c.tid, c.entry)].calls.push(i);
    }
    let first = log.calls.first().map(|c| c.tid);
    for end in &log.ends {
        let of = births.owner(end.tid, end.line);
        let leader = births.before(end.tid, end.line).map_or(Some(end.tid) == first, |b| !b.thread);
        if leader || all[of].ending == Ending::Unknown {
            all[of].ending = ending(log, end);
        }
    }
    for (i, b) in log.blocked.iter().enumerate() {
        all[births.owner(b.tid, b.line)].blocked.push(i);
    }
    all
}

fn ending(log: &Log, end: &Ended) -> Ending {
    match end.how {
        Ok(status) => Ending::Exited(status),
        Err(signal) => Ending::Killed(log.strings.get(signal).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Reading;

    #[test]
    fn grandchildren_threads_and_ids_used_again() {
        let text = b"7 fork() = 8\n8 fork() = 9\n9 close(3) = 0\n\
            9 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD) = 10\n10 close(4) = 0\n9 +++ exited with 3 +++\n\
            7 vfork( <unfinished ...>\n9 close(5) = 0\n7 <... vfork resumed>) = 9\n9 +++ killed by SIGSEGV +++\n\
            7 close(6) = 0\n7 +++ exited with 0 +++\n";
        let log = Log::parse_with(text, &Reading::default()).expect("reads");
        let all = processes(&log);
        let calls = |p: &Process| {
            p.calls
                .iter()
                .map(|&c| log.strings.get(log.calls[c as usize].args).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(all.len(), 4);
        assert_eq!(calls(&all[0]), ["", "", "6"]);
        assert_eq!(calls(&all[1]), [""]);
        assert_eq!(calls(&all[2]), ["3", "child_stack=0x1, flags=CLONE_VM|CLONE_THREAD", "4"]);
        assert_eq!(calls(&all[3]), ["5"]);
        let ends: Vec<String> = all.iter().map(|p| p.ending.to_string()).collect();
        assert_eq!(ends, ["exits with 0", "has no end in the log", "exits with 3", "is killed by SIGSEGV"]);
    }
}
