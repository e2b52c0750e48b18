//! The verdict: what is wrong with a candidate, compared with a reference.
//!
//! Invariants:
//! - I1: a candidate conforms exactly when there is no [`Finding`].
//! - I2: a reference with one order of all lines demands it; one without demands each descriptor's sequence.

use crate::diff::{self, FdChange, Row};
use crate::lines::Lines;
use crate::noise::Group;
use crate::normal::{Child, Normal, Runs, Variants};
use crate::per_fd::{self, Sequence};
use crate::process::Ending;
use crate::rules::Profile;
use crate::trace::Fault;

/// Whether the program's start-up is compared too (rule P2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prologue {
    /// It is left out.
    #[default]
    Ignore,
    /// It is compared.
    Compare,
}

/// A difference, or a fault of the candidate by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A fault of the candidate by itself.
    Lint(Fault),
    /// The lines of the program, or their order, differ; what differs by descriptor is empty if only the order does.
    Order {
        /// As a whole.
        whole: Vec<Row>,
        /// Descriptor by descriptor.
        by_fd: Vec<FdChange>,
    },
    /// The sequences of descriptors differ, where the order among them is free.
    Sequences(Vec<FdChange>),
    /// A child process differs; it is counted from 1.
    Child(usize, Vec<Row>),
    /// The poller is asked in another way.
    PollShape {
        /// How the reference asks.
        want: String,
        /// How the candidate asks.
        got: String,
    },
    /// W3: the poller is asked far too often.
    PollCount {
        /// The most of the reference's runs.
        want: u64,
        /// The candidate's.
        got: u64,
    },
    /// W3: a wait that every run of the reference has.
    NoWait(Wait),
    /// W3: a wait that no run of the reference has.
    UnwantedWait(Wait),
    /// W3: the longest limit that expired is another.
    Limit {
        /// The reference's least and greatest, in ms.
        want: (i64, i64),
        /// The candidate's, in ms.
        got: i64,
    },
    /// The start-up differs.
    Prologue(Vec<Row>),
    /// A process ended in another way; 0 is the program, children count from 1.
    Ending {
        /// Which process.
        process: usize,
        /// How the reference's ended.
        want: Ending,
        /// How the candidate's ended.
        got: Ending,
    },
    /// A process that did not end by itself was blocked in other calls.
    Blocked {
        /// Which process.
        process: usize,
        /// The reference's calls.
        want: Vec<String>,
        /// The candidate's calls.
        got: Vec<String>,
    },
}

/// A kind of wait in the poller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// For ever.
    Unlimited,
    /// With a limit.
    Limited,
    /// With a limit that expired.
    Expired,
}

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Wait::Unlimited => "an unlimited",
            Wait::Limited => "a limited",
            Wait::Expired => "an expired",
        })
    }
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// All findings; none: the candidate conforms (I1).
    pub findings: Vec<Finding>,
    /// What kind of program the reference is.
    pub profile: Profile,
    /// Differences between the recordings, to be said first.
    pub before: Vec<String>,
    /// How it ended, and the first call that fails on one side only.
    pub headline: Vec<String>,
    /// What differs without being a difference: timing, the order of threads.
    pub notes: Vec<String>,
    /// What was left out of both logs.
    pub noise: Vec<NoiseRow>,
}

/// A row of the table of noise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoiseRow {
    /// The group.
    pub group: Group,
    /// The calls of the group that were seen.
    pub calls: Vec<String>,
    /// How often they were made in the reference.
    pub want: u64,
    /// How often they were made in the candidate.
    pub got: u64,
}

impl Report {
    /// Whether the candidate conforms.
    pub fn conforms(&self) -> bool {
        self.findings.is_empty()
    }

    /// The report without colours, for where no terminal reads it.
    pub fn plain(&self) -> String {
        anstream::adapter::strip_str(&format!("{self:#}")).to_string()
    }
}

/// Compares a candidate with a reference.
///
/// ```
/// use stracecmp::{compare::{Prologue, compare}, log::Log, normal::Normal, trace::Trace};
/// let normal = |log: &[u8]| {
///     let trace = Trace::of(&Log::parse(log).unwrap()).unwrap();
///     Normal::of_traces(vec![trace], "", "log").unwrap()
/// };
/// let reference = normal(b"7 openat(AT_FDCWD, \"a\", O_RDONLY) = 3\n7 close(3) = 0\n");
/// let renumbered = normal(b"9 openat(AT_FDCWD, \"a\", O_RDONLY) = 5\n9 close(5) = 0\n");
/// assert!(compare(&reference, &renumbered, &[], Prologue::Ignore).conforms());
/// let forgot = normal(b"9 openat(AT_FDCWD, \"a\", O_RDONLY) = 5\n");
/// assert!(!compare(&reference, &forgot, &[], Prologue::Ignore).conforms());
/// ```
pub fn compare(reference: &Normal, candidate: &Normal, faults: &[Fault], prologue: Prologue) -> Report {
    let mut findings: Vec<Finding> = faults.iter().cloned().map(Finding::Lint).collect();
    findings.extend(lines(&reference.variants, &candidate.variants));
    findings.extend(children(&reference.children, &candidate.children));
    findings.extend(polls(reference, candidate));
    let global = matches!(reference.variants, Variants::Global(_));
    findings.extend(waits(reference, candidate, global));
    let empty = Lines::default();
    let start = candidate.prologue.first().unwrap_or(&empty);
    let wanted = reference.prologue.first().unwrap_or(&empty);
    if prologue == Prologue::Compare && start != wanted && !reference.prologue.contains(start) {
        findings.push(Finding::Prologue(diff::diff(&wanted.into(), &start.into())));
    }
    Report { findings, profile: reference.profile, ..Report::default() }
}

/// I2: the lines of the program against each variant; the nearest one is told.
fn lines(want: &Variants, got: &Variants) -> Option<Finding> {
    match (want, got) {
        (Variants::Global(want), Variants::Global(got)) => {
            let got = &got.first()?.1;
            if want.iter().any(|v| v.1 == *got) {
                return None;
            }
            let whole = want.iter().map(|v| diff::diff(&(&v.1).into(), &got.into())).min_by_key(Vec::len)?;
            let by_fd = diff::diff_sequences(&per_fd::sequences(&want.first()?.1), &per_fd::sequences(got));
            Some(Finding::Order { whole, by_fd })
        }
        (Variants::Global(_), Variants::PerDescriptor(got)) => {
            let whole = vec![Row::at("the candidate has no order of all lines: it differs from run to run")];
            let by_fd = diff::diff_sequences(&want.first_per_fd(), &got.first()?.1);
            Some(Finding::Order { whole, by_fd })
        }
        (Variants::PerDescriptor(want), got) => {
            let got = got.first_per_fd();
            let diffs = want.iter().map(|v| sequences(&v.1, &got));
            diffs.min_by_key(Vec::len).filter(|d| !d.is_empty()).map(Finding::Sequences)
        }
    }
}

fn sequences(want: &[Sequence], got: &[Sequence]) -> Vec<FdChange> {
    diff::diff_sequences(want, got)
}

fn children(want: &[Child], got: &[Child]) -> Vec<Finding> {
    let none = Child::default();
    (0..want.len().max(got.len()))
        .filter_map(|i| {
            let (w, g) = (want.get(i), got.get(i));
            let (a, b) = (w.unwrap_or(&none), g.unwrap_or(&none));
            match diff::diff(&(&a.lines).into(), &(&b.lines).into()) {
                rows if !rows.is_empty() => Some(Finding::Child(i + 1, rows)),
                // A child that did nothing is still one process more or less.
                _ if w.is_some() != g.is_some() => Some(Finding::Child(i + 1, Vec::new())),
                _ => None,
            }
        })
        .collect()
}

pub(crate) fn polls(want: &Normal, got: &Normal) -> Vec<Finding> {
    let mut out = Vec::new();
    if let (Some(want), Some(got)) = (&want.signature, &got.signature)
        && want != got
    {
        out.push(Finding::PollShape { want: want.clone(), got: got.clone() });
    }
    if got.polls.max > want.polls.max.saturating_mul(4).saturating_add(16) {
        out.push(Finding::PollCount { want: want.polls.max, got: got.polls.max });
    }
    out
}

/// W3: a limited wait that an event ended is a matter of timing and may be missing; so may an unlimited one where
/// goroutines do I/O with each other. Whoever had to wait for I/O at all may wait without limit.
pub(crate) fn waits(want: &Normal, got: &Normal, global: bool) -> Vec<Finding> {
    let had_to_wait = ["= -1 EAGAIN", "= -1 EINPROGRESS"].iter().any(|e| want.variants.mention(e));
    let mut out = Vec::new();
    let candidate_limited = got.limited;
    let mut check = |wait, want: Runs, got: Runs| {
        let must = wait == Wait::Expired || (wait == Wait::Unlimited && global);
        if must && want.always() && got.never() {
            let limited = wait == Wait::Unlimited && !candidate_limited.never();
            // Who waits with a limit does not spin: that it has one is the difference.
            out.push(if limited { Finding::UnwantedWait(Wait::Limited) } else { Finding::NoWait(wait) });
        }
        let may = wait == Wait::Expired || (wait == Wait::Unlimited && had_to_wait);
        if !may && want.never() && want.of >= 3 && !got.never() {
            out.push(Finding::UnwantedWait(wait));
        }
    };
    check(Wait::Unlimited, want.unlimited, got.unlimited);
    check(Wait::Limited, want.limited, got.limited);
    check(Wait::Expired, want.expired, got.expired);
    out.dedup();
    if let (Some(w), Some(g)) = (want.longest_ms, got.longest_ms)
        && want.expired.always()
        && (g.max < w.min - 5 - w.min.div_euclid(10) || g.max > w.max + 5 + w.max.div_euclid(10))
    {
        out.push(Finding::Limit { want: (w.min, w.max), got: g.max });
    }
    out
}
