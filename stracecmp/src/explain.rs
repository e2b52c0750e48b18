//! What a difference means: its class, what that class is about, and the lines that show it.
//!
//! Invariants:
//! - I1: explanations never change a verdict; they are read off the findings.
//! - I2: what Go does is said only where the reference is Go.
//! - I3: one line is one piece of evidence, also where it concerns several descriptors.

use std::collections::{BTreeMap, HashSet};

use crate::causes::{self, Cause, Place};
use crate::compare::{Finding, Report, Wait};
use crate::diff::{Change, FdChange, Mark, Row};
use crate::rules::Profile;
use crate::trace::{Fault, Lint};

pub use crate::classes::Class;

/// A class that a report shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The class.
    pub class: Class,
    /// How many lines or findings show it.
    pub times: usize,
    /// The first of them.
    pub evidence: Vec<Cause>,
}

/// So much evidence is kept of each class.
const EVIDENCE: usize = 3;

impl Class {
    /// Its short name.
    pub fn title(self) -> &'static str {
        self.words().title
    }

    /// What it means; what Go does only if the reference is Go (I2).
    pub fn text(self, profile: Profile) -> String {
        let words = self.words();
        match profile {
            Profile::Go if words.text.is_empty() => words.go.to_owned(),
            Profile::Go if !words.go.is_empty() => format!("{} {}", words.text, words.go),
            _ => words.text.to_owned(),
        }
    }
}

/// What the findings of a report mean, without repetition.
pub fn explain(report: &Report) -> Vec<Explanation> {
    let mut seen: HashSet<(Class, u32, u32)> = HashSet::new();
    let mut all: BTreeMap<Class, Explanation> = BTreeMap::new();
    for cause in report.findings.iter().flat_map(|f| of_finding(f, report.profile)) {
        let line = |p: &Option<Place>| p.as_ref().map_or(0, |p| p.line);
        let key = (cause.class, line(&cause.want), line(&cause.got));
        // I3
        if (key.1, key.2) != (0, 0) && !seen.insert(key) {
            continue;
        }
        let class = cause.class;
        let e = all.entry(class).or_insert_with(|| Explanation { class, times: 0, evidence: Vec::new() });
        e.times += cause.times;
        if e.evidence.len() < EVIDENCE {
            e.evidence.push(cause);
        }
    }
    let mut out: Vec<Explanation> = all.into_values().collect();
    // That nothing but the order differs is true only of what has no other reason.
    if out.len() > 1 {
        out.retain(|e| e.class != Class::OnlyOrder);
    }
    out
}

fn plain(class: Class, says: String) -> Cause {
    Cause { class, kind: String::new(), says, want: None, got: None, times: 1 }
}

fn of_finding(finding: &Finding, profile: Profile) -> Vec<Cause> {
    match finding {
        Finding::Lint(fault) => vec![of_lint(fault)],
        Finding::Order { whole, by_fd } if by_fd.is_empty() => only_order(whole),
        Finding::Order { by_fd, .. } | Finding::Sequences(by_fd) => of_descriptors(by_fd, profile),
        Finding::Child(n, rows) if rows.is_empty() || rows.iter().all(|r| r.mark != Mark::Same) => {
            let side = if rows.iter().any(|r| r.mark == Mark::Gone) {
                "only in the reference"
            } else {
                "on one side only"
            };
            vec![plain(Class::Children, format!("child process {n} is {side}"))]
        }
        Finding::Child(n, rows) => {
            let mut all = causes::of_rows(&format!("child process {n}"), rows, 1);
            if all.is_empty() {
                all.push(plain(Class::Children, format!("child process {n} differs")));
            }
            all
        }
        Finding::PollShape { want, got } => {
            vec![plain(Class::PollShape, format!("the reference calls {want}, the candidate {got}"))]
        }
        Finding::PollCount { want, got } => {
            vec![plain(
                Class::BusyPolling,
                format!("the candidate asks {got} times, the reference at most {want}"),
            )]
        }
        Finding::NoWait(wait) => {
            let class = if *wait == Wait::Unlimited { Class::NeverBlocks } else { Class::NoTimerWait };
            vec![plain(class, format!("the reference has {wait} wait in the poller, the candidate has not"))]
        }
        Finding::UnwantedWait(wait) => {
            let class = if *wait == Wait::Unlimited { Class::BlocksTooMuch } else { Class::LimitedWait };
            vec![plain(class, format!("the candidate has {wait} wait in the poller, the reference has not"))]
        }
        Finding::Limit { want, got } => vec![plain(
            Class::OtherLimit,
            format!(
                "the longest wait that expired is {got} ms here, {} to {} ms in the reference",
                want.0, want.1
            ),
        )],
        Finding::Prologue(rows) => {
            let mut all = causes::of_rows("start-up", rows, 1);
            all.iter_mut().for_each(|c| c.class = Class::StartUp);
            all
        }
        Finding::Ending { process, want, got } => {
            let who =
                if *process == 0 { "the program".to_owned() } else { format!("child process {process}") };
            vec![plain(Class::EndsOtherwise, format!("{who} {want} in the reference, here it {got}"))]
        }
        Finding::Blocked { want, got, .. } => {
            let said = |all: &[String]| if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
            let says = format!("blocked in {} here, in {} in the reference", said(got), said(want));
            vec![plain(Class::BlockedElsewhere, says)]
        }
    }
}

/// What the sequences of descriptors show.
fn of_descriptors(by_fd: &[FdChange], profile: Profile) -> Vec<Cause> {
    let rows = by_fd.iter().flat_map(|c| {
        let (Change::Missing(rows) | Change::Extra(rows) | Change::Differs(rows)) = &c.change;
        rows
    });
    let mut out = causes::failed_makers(rows);
    // The poller's own lines are those of the others once more.
    let others = by_fd.iter().any(|c| c.kind != "epoll");
    let all = by_fd.iter().filter(|c| c.kind != "epoll" || !others).flat_map(|c| of_fd(c, profile));
    out.extend(all);
    // A line that is one half of a pair is neither left out nor added, whichever descriptor it names besides.
    let line = |p: &Option<Place>| p.as_ref().map_or(0, |p| p.line);
    let lines: Vec<(u32, u32)> = out.iter().map(|c| (line(&c.want), line(&c.got))).collect();
    let pairs: Vec<(u32, u32)> = lines.iter().copied().filter(|l| l.0 > 0 && l.1 > 0).collect();
    let half = |l: &(u32, u32)| (l.1 == 0 && l.0 > 0) || (l.0 == 0 && l.1 > 0);
    // Equal sequences are one: of several connections made in the same way, any may stand for the one that was not made.
    let call = |p: &Option<Place>| p.as_ref().and_then(|p| p.text.split('(').next()).map(str::to_owned);
    let not_made: Vec<Option<String>> =
        out.iter().filter(|c| c.class == Class::OtherResult).map(|c| call(&c.want)).collect();
    let is_birth = |c: &Cause| {
        c.want.as_ref().is_some_and(|p| p.text.ends_with(" = self")) && not_made.contains(&call(&c.want))
    };
    let told = |c: &Cause, l: &(u32, u32)| {
        half(l) && (is_birth(c) || pairs.iter().any(|p| p.0 == l.0 || p.1 == l.1))
    };
    let gone: Vec<bool> = out.iter().zip(&lines).map(|(c, l)| told(c, l)).collect();
    let mut gone = gone.into_iter();
    out.retain(|_| !gone.next().unwrap_or(false));
    out
}

fn of_lint(fault: &Fault) -> Cause {
    let class = match fault.lint {
        Lint::L1 => Class::OddPolls,
        Lint::L2 => Class::StaleEvent,
        Lint::L3 => Class::TagReused,
        Lint::L4 => Class::Break,
        Lint::L6 => Class::TwoPollers,
        Lint::L8 => Class::MadeTwice,
    };
    let got = Some(Place { line: fault.line, text: fault.text.clone() });
    Cause { class, kind: String::new(), says: fault.text.clone(), want: None, got, times: 1 }
}

/// Each descriptor sees the same, only the order of all lines differs.
fn only_order(whole: &[Row]) -> Vec<Cause> {
    let mut all = causes::of_rows("", whole, 1);
    all.retain(|c| c.want.is_some() && c.got.is_some());
    all.truncate(1);
    all.iter_mut().for_each(|c| c.class = Class::OnlyOrder);
    if all.is_empty() {
        all.push(plain(Class::OnlyOrder, "the same calls in another order".to_owned()));
    }
    all
}

fn of_fd(c: &FdChange, profile: Profile) -> Vec<Cause> {
    let rows = match &c.change {
        Change::Differs(rows) => return causes::of_rows(&c.kind, rows, c.times),
        Change::Missing(rows) | Change::Extra(rows) => rows,
    };
    let missing = matches!(c.change, Change::Missing(_));
    let has = |text: &str| rows.iter().any(|r| r.text.contains(text));
    let probe =
        has("socket(") && has("close(") && !has("EPOLL_CTL_ADD") && !has("listen(") && !has("connect(");
    let class = match (missing, c.kind.as_str()) {
        (_, kind) if kind.starts_with("file:") => Class::Files,
        (true, "epoll" | "eventfd") => Class::NoPoller,
        (true, _) if profile == Profile::Go && probe => Class::NoProbes,
        (true, _) => Class::FdMissing,
        (false, _) => Class::FdExtra,
    };
    let place = |r: &Row| Place { line: r.want.max(r.got), text: r.text.clone() };
    let first = rows.first().map(place);
    let (want, got) = if missing { (first, None) } else { (None, first) };
    let side = if missing { "in the reference" } else { "in the candidate" };
    let n = if c.times > 1 { format!("{} times ", c.times) } else { String::new() };
    let says = format!("{n}only {side}, with {} lines", rows.len());
    vec![Cause { class, kind: c.kind.clone(), says, want, got, times: c.times }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_is_named_only_where_the_reference_is_go() {
        for class in Class::ALL {
            let generic = class.text(Profile::Generic);
            assert!(!generic.contains("Go") && !generic.is_empty(), "{class:?}: {generic}");
            assert!(class.text(Profile::Go).len() >= generic.len());
        }
    }
}
