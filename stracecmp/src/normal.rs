//! What is compared: one log, or a reference made of many runs. Read and written as text.
//!
//! ```text
//! # tracecmp 1
//! [# profile go | generic]         worded for any program; without it as the conformance suite words lines
//! [# end exit 0 | signal SIGSEGV]  how the program ended
//! # program NAME
//! # source WHERE
//! # order global | per-descriptor
//! # poll epoll_pwait(epoll, EVENTS, 128, MS, NULL, 0)
//! # polls 4..5
//! # waits unlimited 10/10, limited 0/10, expired 0/10[, longest 79..79 ms]
//!
//! [prologue]          the lines before the program's first call
//! [runs N]            the lines that N runs had; or `- kind` and its lines, indented, for each descriptor
//! [child]             the lines of a child process, up to its exec
//! [exec]              the lines of that child after its exec
//! ```
//!
//! Invariants:
//! - I1: all variants have the form that `order` says.
//! - I2: `Normal::read(normal.write())` is the same but for what the format does not hold (further prologues).

use std::collections::HashSet;
use std::path::Path;

use crate::error::{Bad, Error};
use crate::lines::{Line, Lines};
use crate::loaded::Source;
use crate::log::Reading;
use crate::per_fd::{self, Sequence};
use crate::process::Ending;
use crate::rules::{Profile, Rules};
use crate::text::encode;
use crate::trace::Trace;

pub use crate::loaded::Loaded;

/// The first line of a reference.
pub const MAGIC: &str = "# tracecmp 1";

/// In how many runs something was, of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// Runs that had it.
    pub with: u64,
    /// All runs.
    pub of: u64,
}

impl Runs {
    /// Every run had it.
    pub fn always(self) -> bool {
        self.with == self.of
    }

    /// No run had it.
    pub fn never(self) -> bool {
        self.with == 0
    }
}

/// The smallest and the largest of the runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range<T> {
    /// The smallest.
    pub min: T,
    /// The largest.
    pub max: T,
}

/// What the runs said, and how many runs said each (I1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variants {
    /// One order of all lines.
    Global(Vec<(u64, Lines)>),
    /// A set of sequences, one for each descriptor.
    PerDescriptor(Vec<(u64, Vec<Sequence>)>),
}

impl Variants {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Variants::Global(v) => v.len(),
            Variants::PerDescriptor(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether some line of them contains a text.
    pub fn mention(&self, text: &str) -> bool {
        match self {
            Variants::Global(v) => v.iter().any(|v| v.1.iter().any(|l| l.contains(text))),
            Variants::PerDescriptor(v) => {
                v.iter().any(|v| v.1.iter().any(|s| s.lines.iter().any(|l| l.contains(text))))
            }
        }
    }

    /// The sequences of each descriptor in the most frequent variant.
    pub fn first_per_fd(&self) -> Vec<Sequence> {
        match self {
            Variants::Global(v) => v.first().map(|v| per_fd::sequences(&v.1)).unwrap_or_default(),
            Variants::PerDescriptor(v) => v.first().map(|v| v.1.clone()).unwrap_or_default(),
        }
    }
}

/// A log, or a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normal {
    /// What was run.
    pub program: String,
    /// Where it was recorded.
    pub source: String,
    /// The lines, with the most frequent variant first.
    pub variants: Variants,
    /// P2: the variants of what came before the program's first call.
    pub prologue: Vec<Lines>,
    /// P1: the child processes.
    pub children: Vec<Child>,
    /// The shape of a poll, if there was one.
    pub signature: Option<String>,
    /// How often the poller was asked.
    pub polls: Range<u64>,
    /// Runs that waited without limit.
    pub unlimited: Runs,
    /// Runs that waited with a limit.
    pub limited: Runs,
    /// Runs in which a limit expired.
    pub expired: Runs,
    /// The longest limits that expired, in ms.
    pub longest_ms: Option<Range<i64>>,
    /// What kind of program it is.
    pub profile: Profile,
    /// Whether the lines are worded as the conformance suite words them.
    pub suite: bool,
    /// Whether it is one log, not a reference that was stored or made of several runs.
    pub single: bool,
    /// How the program ended.
    pub ending: Ending,
    /// What it was blocked in when it ended, if it did not end by itself.
    pub blocked: Vec<String>,
    /// How many threads made the lines; 0 if nobody knows.
    pub threads: usize,
}

/// A child process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Up to its first exec.
    pub lines: Lines,
    /// After it; `None` if only what comes before it is known.
    pub after: Option<Lines>,
    /// How it ended.
    pub ending: Ending,
    /// What it was blocked in when it ended, if it did not end by itself.
    pub blocked: Vec<String>,
}

impl Default for Child {
    fn default() -> Child {
        Child { lines: Lines::default(), after: None, ending: Ending::Unknown, blocked: Vec::new() }
    }
}

impl Child {
    /// All its lines that are known.
    pub fn all(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines.lines().chain(self.after.iter().flat_map(|a| a.lines()))
    }
}

impl Normal {
    /// Reads a reference or a log from a file, by the rules of the conformance suite.
    pub fn load(path: impl AsRef<Path>) -> Result<Loaded, Error> {
        let path = path.as_ref();
        Source::read(path, &Reading::suite())?.into_loaded(&Rules::suite(), path)
    }

    /// The calls that the lines name.
    pub fn calls(&self) -> HashSet<String> {
        let mut all = HashSet::new();
        let mut add = |line: &str| {
            let call = line.trim_start().split('(').next().unwrap_or("");
            if !all.contains(call) {
                all.insert(call.to_owned());
            }
        };
        match &self.variants {
            Variants::Global(v) => v.iter().for_each(|v| v.1.iter().for_each(&mut add)),
            Variants::PerDescriptor(v) => {
                v.iter().flat_map(|v| &v.1).for_each(|s| s.lines.iter().for_each(|l| add(l)));
            }
        }
        self.prologue.iter().for_each(|p| p.iter().for_each(&mut add));
        self.children.iter().for_each(|c| c.all().for_each(|l| add(l.text)));
        all
    }

    /// What several runs of one program have in common.
    pub fn of_traces(traces: Vec<Trace>, program: &str, source: &str) -> Result<Normal, Bad> {
        let runs = traces.len() as u64;
        let (mut orders, mut counts) = (Vec::new(), Vec::new());
        let (mut prologue, mut children): (Vec<Lines>, Option<Vec<Child>>) = (Vec::new(), None);
        let (mut ending, mut blocked, mut threads) = (None, Vec::new(), 0);
        for mut trace in traces {
            let (lines, before) = (std::mem::take(&mut trace.lines), std::mem::take(&mut trace.prologue));
            orders.push(trace.render(&lines));
            let kids = rendered(&mut trace);
            match &mut children {
                None => children = Some(kids),
                Some(known) => agree(known, &kids)?,
            }
            threads = threads.max(trace.threads);
            ending = match ending {
                None => Some(trace.ending.clone()),
                Some(known) if known == trace.ending => Some(known),
                Some(_) => Some(Ending::Unknown),
            };
            blocked = std::mem::take(&mut trace.blocked);
            let before = trace.render(&before);
            if !prologue.contains(&before) {
                prologue.push(before);
            }
            counts.push(trace.counts);
        }
        let mut shapes: Vec<&String> = counts.iter().filter_map(|c| c.signature.as_ref()).collect();
        shapes.sort_unstable();
        shapes.dedup();
        if shapes.len() > 1 {
            return Err(Bad::new(0, format!("polls of different shapes: {shapes:?}")));
        }
        let runs_with = |f: fn(&crate::trace::PollCounts) -> u64| Runs {
            with: counts.iter().filter(|c| f(c) > 0).count() as u64,
            of: runs,
        };
        Ok(Normal {
            program: program.to_owned(),
            source: source.to_owned(),
            variants: variants_of(orders),
            prologue,
            children: children.unwrap_or_default(),
            signature: shapes.first().map(|s| (*s).clone()),
            polls: range(counts.iter().map(|c| c.polls)).unwrap_or_default(),
            unlimited: runs_with(|c| c.unlimited),
            limited: runs_with(|c| c.limited),
            expired: runs_with(|c| c.expired),
            longest_ms: range(counts.iter().filter_map(|c| c.longest_ms)),
            profile: Profile::Go,
            suite: true,
            single: runs == 1,
            ending: ending.unwrap_or(Ending::Unknown),
            blocked: if runs == 1 { blocked } else { Vec::new() },
            threads,
        })
    }

    /// The reference as text.
    pub fn write(&self) -> String {
        let global = matches!(self.variants, Variants::Global(_));
        let longest = self.longest_ms.map_or(String::new(), |r| format!(", longest {}..{} ms", r.min, r.max));
        let runs = |r: Runs| format!("{}/{}", r.with, r.of);
        let profile = match (self.suite, &self.ending) {
            (true, _) => String::new(),
            (false, Ending::Unknown) => format!("# profile {}\n", self.profile),
            (false, Ending::Exited(n)) => format!("# profile {}\n# end exit {n}\n", self.profile),
            (false, Ending::Killed(signal)) => format!("# profile {}\n# end signal {signal}\n", self.profile),
        };
        let mut out = format!(
            "{MAGIC}\n{profile}# program {}\n# source {}\n# order {}\n# poll {}\n# polls {}..{}\n\
             # waits unlimited {}, limited {}, expired {}{longest}\n",
            self.program,
            self.source,
            if global { "global" } else { "per-descriptor" },
            self.signature.as_deref().unwrap_or("none"),
            self.polls.min,
            self.polls.max,
            runs(self.unlimited),
            runs(self.limited),
            runs(self.expired),
        );
        let section = |out: &mut String, name: &str, lines: &Lines| {
            out.push_str(&format!("\n[{name}]\n"));
            for l in lines.iter() {
                out.push_str(l);
                out.push('\n');
            }
        };
        if let Some(first) = self.prologue.first().filter(|p| !p.is_empty()) {
            section(&mut out, "prologue", first);
        }
        match &self.variants {
            Variants::Global(v) => {
                v.iter().for_each(|(n, lines)| section(&mut out, &format!("runs {n}"), lines))
            }
            Variants::PerDescriptor(v) => {
                for (n, all) in v {
                    out.push_str(&format!("\n[runs {n}]\n"));
                    for s in all {
                        out.push_str(&format!("- {}\n", s.kind));
                        s.lines.iter().for_each(|l| out.push_str(&format!("  {l}\n")));
                    }
                }
            }
        }
        for c in &self.children {
            section(&mut out, "child", &c.lines);
            if let Some(after) = c.after.as_ref().filter(|a| !a.is_empty()) {
                section(&mut out, "exec", after);
            }
        }
        out
    }

    /// The reference as the bytes of a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(&self.write()).into_owned()
    }

    /// Reads a reference.
    pub fn read(text: &str) -> Result<Normal, Bad> {
        crate::reference::read(text)
    }
}

/// The children of a trace as typed lines.
fn rendered(trace: &mut Trace) -> Vec<Child> {
    let all = std::mem::take(&mut trace.children);
    let child = |c: crate::trace::Child| Child {
        lines: trace.render(&c.lines),
        after: c.after.map(|a| trace.render(&a)),
        ending: c.ending,
        blocked: c.blocked,
    };
    all.into_iter().map(child).collect()
}

/// The children of several runs must be the same up to their exec; what differs after it is not known.
fn agree(known: &mut [Child], other: &[Child]) -> Result<(), Bad> {
    if known.len() != other.len() || known.iter().zip(other).any(|(a, b)| a.lines != b.lines) {
        return Err(Bad::new(0, "the child processes differ from run to run"));
    }
    for (a, b) in known.iter_mut().zip(other) {
        if a.after != b.after {
            a.after = None;
        }
        if a.ending != b.ending {
            a.ending = Ending::Unknown;
        }
    }
    Ok(())
}

fn range<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<Range<T>> {
    values.fold(None, |r, v| match r {
        None => Some(Range { min: v, max: v }),
        Some(Range { min, max }) => Some(Range { min: min.min(v), max: max.max(v) }),
    })
}

fn variants_of(mut orders: Vec<Lines>) -> Variants {
    if orders.windows(2).all(|w| w[0] == w[1]) {
        let n = orders.len() as u64;
        return Variants::Global(orders.drain(..).take(1).map(|o| (n, o)).collect());
    }
    let mut all: Vec<(u64, Vec<Sequence>)> = Vec::new();
    for order in orders {
        let sequences = per_fd::sequences(&order);
        match all.iter_mut().find(|v| v.1 == sequences) {
            Some(v) => v.0 += 1,
            None => all.push((1, sequences)),
        }
    }
    all.sort_by_key(|v| std::cmp::Reverse(v.0));
    Variants::PerDescriptor(all)
}
