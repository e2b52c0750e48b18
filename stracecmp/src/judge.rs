//! The verdict on two logs, or on a log and a reference, with everything that is said beside it.
//!
//! A stored reference is compared by [`compare()`]: it has been made of many runs and says itself what is fixed. Two logs are one
//! run each, so what only tells how threads and peers happened to run is taken out here:
//!
//! Invariants:
//! - I1: a log conforms to itself: a fault counts only if the reference does not have its kind.
//! - I2: where several threads do I/O the order among descriptors is free, unless somebody asks for it.
//! - I3: a vain try with its wait is timing (see `timing`).

use std::collections::{BTreeMap, HashMap};

use crate::compare::{self, Finding, NoiseRow, Prologue, Report, compare};
use crate::diff;
use crate::facts;
use crate::lines::{Line, Lines};
use crate::mechanisms;
use crate::noise::Group;
use crate::normal::{Child, Loaded, Normal, Variants};
use crate::per_fd::{self, NO_DESCRIPTOR, Sequence};
use crate::process::Ending;
use crate::timing;

/// Which order is demanded of two logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Of all lines if one thread made them, else of each descriptor's (I2).
    #[default]
    Auto,
    /// Of all lines.
    All,
    /// Of each descriptor's lines.
    Fd,
}

/// How a comparison is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether the start-up is compared.
    pub prologue: Prologue,
    /// Which order is demanded of two logs.
    pub order: Order,
}

/// Compares what was read.
pub fn judge(want: &Loaded, got: &Loaded, options: Options) -> Report {
    let (w, g) = (&want.normal, &got.normal);
    let mut report = if w.single && g.single {
        logs(want, got, options)
    } else {
        compare(w, g, &got.faults, options.prologue)
    };
    report.profile = w.profile;
    if !(w.single && g.single) && w.ending != Ending::Unknown && g.ending != Ending::Unknown {
        ends(0, (&w.ending, &[]), (&g.ending, &[]), &mut report.findings);
    }
    let both_logs = w.single && g.single;
    if both_logs {
        report.before = facts::differences(&want.facts, &got.facts);
        report.noise = noise(want, got);
        if let Some(text) = other_filter(want, got) {
            report.before.push(text);
        }
    }
    report.headline = headline(w, g, &report);
    report
}

fn logs(want: &Loaded, got: &Loaded, options: Options) -> Report {
    let (w, g) = (&want.normal, &got.normal);
    let mut report = Report::default();
    let strict = match options.order {
        Order::All => true,
        Order::Fd => false,
        Order::Auto => w.threads <= 1,
    };
    ends(0, (&w.ending, &w.blocked), (&g.ending, &g.blocked), &mut report.findings);
    let known = |lint| want.faults.iter().any(|f| f.lint == lint);
    report.findings.extend(got.faults.iter().filter(|f| !known(f.lint)).cloned().map(Finding::Lint)); // I1
    if let (Variants::Global(a), Variants::Global(b)) = (&w.variants, &g.variants)
        && let (Some(a), Some(b)) = (a.first(), b.first())
    {
        lines(&a.1, &b.1, strict, &mut report);
    }
    children(&w.children, &g.children, strict, &mut report);
    report.findings.extend(compare::polls(w, g));
    report.findings.extend(compare::waits(w, g, strict));
    let empty = Lines::default();
    let (a, b) = (w.prologue.first().unwrap_or(&empty), g.prologue.first().unwrap_or(&empty));
    if options.prologue == Prologue::Compare && a != b {
        report.findings.push(Finding::Prologue(diff::diff(&a.into(), &b.into())));
    }
    report
}

/// How a process ended, and in what.
fn ends(process: usize, want: (&Ending, &[String]), got: (&Ending, &[String]), out: &mut Vec<Finding>) {
    let unknown = |side: (&Ending, &[String])| *side.0 == Ending::Unknown && side.1.is_empty();
    if want.0 != got.0 && !unknown(want) && !unknown(got) {
        out.push(Finding::Ending { process, want: want.0.clone(), got: got.0.clone() });
    }
    if want.1 != got.1 && !unknown(want) && !unknown(got) {
        out.push(Finding::Blocked { process, want: want.1.to_vec(), got: got.1.to_vec() });
    }
}

/// The lines of one program on both sides.
fn lines(want: &Lines, got: &Lines, strict: bool, report: &mut Report) {
    if want == got {
        return;
    }
    let ((a, vain_a), (b, vain_b)) = (timing::folded(want), timing::folded(got)); // I3
    if vain_a != vain_b {
        report.notes.push(format!(
            "timing only: the reference tried {vain_a} times in vain and waited, the candidate {vain_b} times; both went on with the same"
        ));
    }
    if a == b {
        return;
    }
    let by_fd = diff::diff_sequences(&sequences(&a, strict), &sequences(&b, strict));
    match (strict, by_fd.is_empty()) {
        (false, true) => report.notes.push(
            "the order among descriptors differs, which is free because several threads do I/O (--order all demands it)".to_owned(),
        ),
        (false, false) => report.findings.push(Finding::Sequences(by_fd)),
        (true, _) => {
            let whole = diff::diff(&(&a).into(), &(&b).into());
            report.findings.push(Finding::Order { whole, by_fd });
        }
    }
}

/// The sequences of a program; lines about no descriptor have an order only where everything has.
fn sequences(lines: &Lines, strict: bool) -> Vec<Sequence> {
    let mut all = per_fd::sequences(lines);
    if !strict {
        for s in all.iter_mut().filter(|s| s.kind == NO_DESCRIPTOR) {
            let mut both: Vec<_> = s.lines.drain(..).zip(s.at.drain(..)).collect();
            both.sort();
            (s.lines, s.at) = both.into_iter().unzip();
        }
    }
    all
}

fn children(want: &[Child], got: &[Child], strict: bool, report: &mut Report) {
    let mut theirs: Vec<Option<&Child>> = got.iter().map(Some).collect();
    let mut mates: Vec<Option<&Child>> = vec![None; want.len()];
    if !strict {
        // Which child is made first may be a matter of threads: equal ones belong together.
        for (a, mate) in want.iter().zip(&mut mates) {
            if let Some(slot) = theirs.iter_mut().find(|b| b.is_some_and(|b| b == a)) {
                *mate = slot.take();
            }
        }
    }
    for (i, mate) in mates.iter_mut().enumerate() {
        let next = if strict { theirs.get_mut(i) } else { theirs.iter_mut().find(|b| b.is_some()) };
        if mate.is_none() {
            *mate = next.and_then(Option::take);
        }
    }
    let left = theirs.into_iter().flatten().map(|b| (None, Some(b)));
    for (i, (a, b)) in want.iter().map(Some).zip(mates).chain(left).enumerate() {
        child(i + 1, a, b, strict, report);
    }
}

fn child(number: usize, want: Option<&Child>, got: Option<&Child>, strict: bool, report: &mut Report) {
    let none = Child::default();
    let (a, b) = (want.unwrap_or(&none), got.unwrap_or(&none));
    let whole = a.after.is_some() && b.after.is_some() || want.is_none() || got.is_none();
    let of = |c: &Child| {
        let mut all = Lines::default();
        let lines: Vec<Line<'_>> = if whole { c.all().collect() } else { c.lines.lines().collect() };
        lines.into_iter().for_each(|l| all.push_line(l));
        timing::folded(&all).0
    };
    let (x, y) = (of(a), of(b));
    let same = x == y || (!strict && sequences(&x, false) == sequences(&y, false));
    if want.is_none() || got.is_none() || !same {
        report.findings.push(Finding::Child(number, diff::diff(&(&x).into(), &(&y).into())));
    }
    if want.is_some() && got.is_some() {
        ends(number, (&a.ending, &a.blocked), (&b.ending, &b.blocked), &mut report.findings);
    }
}

/// The table of what was left out.
fn noise(want: &Loaded, got: &Loaded) -> Vec<NoiseRow> {
    let mut rows: BTreeMap<Group, NoiseRow> = BTreeMap::new();
    for (is_got, side) in [(false, want), (true, got)] {
        for (group, name, n, _) in side.noise.rows() {
            let row =
                rows.entry(group).or_insert_with(|| NoiseRow { group, calls: Vec::new(), want: 0, got: 0 });
            if !row.calls.iter().any(|c| c == name) {
                row.calls.push(name.to_owned());
            }
            *(if is_got { &mut row.got } else { &mut row.want }) += n;
        }
    }
    rows.into_values().collect()
}

/// Whether one log was recorded with a filter that the other one was not.
fn other_filter(want: &Loaded, got: &Loaded) -> Option<String> {
    let groups = |l: &Loaded| l.noise.rows().map(|r| r.0).filter(|g| *g != Group::Asked).collect::<Vec<_>>();
    let calls = |l: &Loaded| l.costs.values().map(|c| c.calls).sum::<u64>();
    let (a, b) = (groups(want), groups(got));
    let lacks = |x: &[Group], y: &[Group]| y.is_empty() && x.len() > 2;
    if calls(want).min(calls(got)) < 8 || !(lacks(&a, &b) || lacks(&b, &a)) {
        return None;
    }
    let side = if a.is_empty() { "reference" } else { "candidate" };
    Some(format!("filter (-e trace): the {side} was recorded without memory, threads and signals"))
}

/// How it ended, and the first call that fails on one side only.
fn headline(want: &Normal, got: &Normal, report: &Report) -> Vec<String> {
    let who = |process: usize| {
        if process == 0 { "the program".to_owned() } else { format!("child process {process}") }
    };
    let mut out = Vec::new();
    for finding in &report.findings {
        match finding {
            Finding::Ending { process, want, got } => {
                out.push(format!("{} {want} in the reference, here it {got}", who(*process)));
            }
            Finding::Blocked { process, want, got } => {
                let said = |all: &[String]| {
                    if all.is_empty() { "in nothing".to_owned() } else { format!("in {}", all.join(", ")) }
                };
                out.push(format!(
                    "{} was blocked {} in the reference, here {}",
                    who(*process),
                    said(want),
                    said(got)
                ));
            }
            _ => {}
        }
    }
    if report.conforms() {
        return out;
    }
    out.extend(mechanisms::difference(want, got));
    for (side, mine, other) in [("candidate", got, want), ("reference", want, got)] {
        if let Some((at, text)) = first_failure(mine, other) {
            let place = if at > 0 { format!(" (line {at})") } else { String::new() };
            out.push(format!("the first call that fails in the {side} alone{place}: {text}"));
        }
    }
    out
}

/// The first line that fails on one side oftener than on the other.
fn first_failure(mine: &Normal, other: &Normal) -> Option<(u32, String)> {
    let (Variants::Global(mine), Variants::Global(other)) = (&mine.variants, &other.variants) else {
        return None;
    };
    let failed = |l: &Line<'_>| {
        l.error().filter(|e| !matches!(*e, "EAGAIN" | "EINPROGRESS")).is_some()
            || l.result() == "-1 EAGAIN" && l.call() == "clone"
    };
    let mut left: HashMap<(&str, &str), usize> = HashMap::new();
    for l in other.first()?.1.lines().filter(failed) {
        *left.entry((l.call(), l.result())).or_default() += 1;
    }
    mine.first()?.1.lines().filter(failed).find_map(|l| match left.get_mut(&(l.call(), l.result())) {
        Some(n) if *n > 0 => {
            *n -= 1;
            None
        }
        _ => Some((l.origin.at, l.text.to_owned())),
    })
}
