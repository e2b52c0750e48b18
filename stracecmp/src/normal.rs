//! What is compared: one log, or a reference made of many runs. Read and written as text.
//!
//! ```text
//! # tracecmp 1
//! # program NAME
//! # source WHERE
//! # order global | per-descriptor
//! # poll epoll_pwait(epoll, EVENTS, 128, MS, NULL, 0)
//! # polls 4..5
//! # waits unlimited 10/10, limited 0/10, expired 0/10[, longest 79..79 ms]
//!
//! [prologue]          the lines before the program's first call
//! [runs N]            the lines that N runs had; or `- kind` and its lines, indented, for each descriptor
//! [child]             the lines of a child process
//! ```
//!
//! Invariants:
//! - I1: all variants have the form that `order` says.
//! - I2: `Normal::read(normal.write())` is the same but for what the format does not hold (further prologues).

use std::path::Path;

use crate::error::{Bad, Error};
use crate::lines::Lines;
use crate::log::Log;
use crate::per_fd::{self, Sequence};
use crate::text::{decode, encode};
use crate::trace::{Fault, Trace};

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
    pub children: Vec<Lines>,
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
}

/// A log or reference that was read, with the log's own faults.
#[derive(Debug)]
pub struct Loaded {
    /// What is compared.
    pub normal: Normal,
    /// What is wrong with a log whatever it is compared with.
    pub faults: Vec<Fault>,
    /// What was odd about the file without making it unreadable.
    pub notes: Vec<String>,
}

impl Normal {
    /// Reads a reference or a log from a file.
    pub fn load(path: impl AsRef<Path>) -> Result<Loaded, Error> {
        let path = path.as_ref();
        if is_reference(path)? {
            let bytes = std::fs::read(path).map_err(Error::io(path))?;
            let normal = Normal::read(&decode(&bytes)).map_err(Error::bad(path))?;
            return Ok(Loaded { normal, faults: Vec::new(), notes: Vec::new() });
        }
        let mut log = Log::load(path)?;
        let trace = Trace::of(&log).map_err(Error::bad(path))?;
        let notes = std::mem::take(&mut log.notes);
        drop(log);
        let faults = trace.faults.clone();
        let normal =
            Normal::of_traces(vec![trace], &path.display().to_string(), "log").map_err(Error::bad(path))?;
        Ok(Loaded { normal, faults, notes })
    }

    /// What several runs of one program have in common.
    pub fn of_traces(traces: Vec<Trace>, program: &str, source: &str) -> Result<Normal, Bad> {
        let runs = traces.len() as u64;
        let (mut orders, mut counts) = (Vec::new(), Vec::new());
        let (mut prologue, mut children): (Vec<Lines>, Option<Vec<Lines>>) = (Vec::new(), None);
        for mut trace in traces {
            let (lines, before) = (std::mem::take(&mut trace.lines), std::mem::take(&mut trace.prologue));
            orders.push(trace.render(&lines));
            let kids = std::mem::take(&mut trace.children).iter().map(|c| trace.render(c)).collect();
            if children.get_or_insert_with(|| Vec::clone(&kids)) != &kids {
                return Err(Bad::new(0, "the child processes differ from run to run"));
            }
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
        })
    }

    /// The reference as text.
    pub fn write(&self) -> String {
        let global = matches!(self.variants, Variants::Global(_));
        let longest = self.longest_ms.map_or(String::new(), |r| format!(", longest {}..{} ms", r.min, r.max));
        let runs = |r: Runs| format!("{}/{}", r.with, r.of);
        let mut out = format!(
            "{MAGIC}\n# program {}\n# source {}\n# order {}\n# poll {}\n# polls {}..{}\n\
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
        self.children.iter().for_each(|c| section(&mut out, "child", c));
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

/// Whether a file begins as a reference does.
pub fn is_reference(path: &Path) -> Result<bool, Error> {
    use std::io::Read;
    let mut head = [0; MAGIC.len() + 1];
    let mut file = std::fs::File::open(path).map_err(Error::io(path))?;
    let mut n = 0;
    while n < head.len() {
        match file.read(&mut head[n..]).map_err(Error::io(path))? {
            0 => break,
            got => n += got,
        }
    }
    Ok(head[..n].strip_prefix(MAGIC.as_bytes()) == Some(b"\n"))
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
