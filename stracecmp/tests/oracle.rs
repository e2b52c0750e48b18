//! An oracle for explanations: each reference with one thing changed, where the change is known, and so the true cause.
//!
//! Of every line of every reference: the line left out, doubled, swapped with the next one; its result replaced by an error; each
//! flag taken out; each size changed. The first explanation must name the kind of change and show the changed line.

mod support;

use std::collections::BTreeMap;

use stracecmp::compare::{Prologue, compare};
use stracecmp::explain::{Class, Explanation, explain};
use stracecmp::normal::{Normal, Variants};
use support::{programs, reference};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Dropped,
    Doubled,
    Swapped,
    Failed,
    Flag,
    Size,
}

struct Mutant {
    kind: Kind,
    /// The line as it was, and what it has become.
    was: String,
    is: String,
    text: String,
}

fn is_call(line: &str) -> bool {
    line.contains(") = ") && !line.starts_with('#')
}

/// The lines of the runs and of the children; the prologue is not compared.
fn compared(lines: &[&str]) -> Vec<bool> {
    let mut on = false;
    let of = |line: &&str| {
        if line.starts_with('[') && line.ends_with(']') {
            on = line.starts_with("[runs") || line.starts_with("[child");
        }
        on && is_call(line)
    };
    lines.iter().map(of).collect()
}

fn mutants(text: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = text.lines().collect();
    let compared = compared(&lines);
    let mut out = Vec::new();
    for i in (0..lines.len()).filter(|i| compared[*i]) {
        let line = lines[i];
        let mut add = |kind, new: &[&str], replaced: usize, is: &str| {
            let mut all = lines.clone();
            all.splice(i..i + replaced, new.iter().copied());
            out.push(Mutant { kind, was: line.to_owned(), is: is.to_owned(), text: all.join("\n") + "\n" });
        };
        add(Kind::Dropped, &[], 1, "");
        add(Kind::Doubled, &[line, line], 1, line);
        if lines.get(i + 1).is_some_and(|n| compared[i + 1] && *n != line) {
            add(Kind::Swapped, &[lines[i + 1], line], 2, lines[i + 1]);
        }
        let (before, result) = line.rsplit_once(" = ").expect("a result");
        if !result.starts_with("-1") && !line.trim_start().starts_with("wait(") {
            let failed = format!("{before} = -1 EIO");
            add(Kind::Failed, &[&failed], 1, &failed);
        }
        for flag in
            ["|EPOLLET", "|SOCK_CLOEXEC", "|SOCK_NONBLOCK", "SOCK_CLOEXEC|", "O_CLOEXEC|", "|O_CLOEXEC"]
        {
            if before.contains(flag) {
                let new = format!("{} = {result}", before.replacen(flag, "", 1));
                add(Kind::Flag, &[&new], 1, &new);
            }
        }
        if let Some((head, size)) = before.trim_end_matches(')').rsplit_once(", ")
            && let Ok(n) = size.parse::<u32>()
            && ["read(", "write("].iter().any(|c| line.trim_start().starts_with(c))
        {
            let new = format!("{head}, {}) = {result}", n + 7);
            add(Kind::Size, &[&new], 1, &new);
        }
    }
    out
}

/// Whether an explanation names the kind of change.
fn names(kind: Kind, class: Class) -> bool {
    let lines = matches!(
        class,
        Class::LeftOut
            | Class::NoWaitForEvent
            | Class::NoDelBeforeClose
            | Class::NotRegistered
            | Class::NotClosed
            | Class::AddressNotAsked
            | Class::SocketOptions
            | Class::DidNotTryFirst
            | Class::NoPoller
            | Class::FdMissing
            | Class::Files
            | Class::NoProbes
    );
    match kind {
        Kind::Dropped => lines,
        Kind::Doubled => matches!(class, Class::Repeated),
        Kind::Swapped => matches!(class, Class::OtherOrder | Class::OnlyOrder | Class::ClosedBeforeDel),
        Kind::Failed => class == Class::OtherResult,
        Kind::Flag => matches!(class, Class::LevelTriggered | Class::CreationFlags | Class::OtherArgument),
        Kind::Size => matches!(class, Class::OtherBuffer | Class::OtherArgument),
    }
}

/// Whether the evidence shows the changed line, or where it was.
fn shows(m: &Mutant, e: &Explanation) -> bool {
    let call = |l: &str| l.trim_start().split('(').next().unwrap_or("").to_owned();
    let mut calls: Vec<String> =
        [&m.was, &m.is].into_iter().filter(|l| !l.is_empty()).map(|l| call(l)).collect();
    if calls.iter().any(|c| c == "epoll_ctl") {
        calls.push("EPOLL_CTL".to_owned());
    }
    e.evidence.iter().any(|c| {
        [&c.want, &c.got].into_iter().flatten().any(|p| calls.contains(&call(&p.text)))
            || calls.iter().any(|call| c.says.contains(call.as_str()))
    })
}

#[test]
fn the_true_cause_is_named() {
    let mut table: BTreeMap<Kind, [u32; 2]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for name in programs() {
        let text = String::from_utf8_lossy(&std::fs::read(reference(&name)).expect("reads")).into_owned();
        let wanted = Normal::read(&text).expect("reads");
        // Several variants: a changed one may be another of them.
        if wanted.variants.len() > 1 || matches!(wanted.variants, Variants::PerDescriptor(_)) {
            continue;
        }
        for m in mutants(&text) {
            let got = Normal::read(&m.text).expect("reads");
            let report = compare(&wanted, &got, &[], Prologue::Ignore);
            if report.conforms() {
                assert!(m.kind == Kind::Swapped, "{name}: {:?} {} is not noticed", m.kind, m.was);
                continue;
            }
            let why = explain(&report);
            let right = why.iter().any(|e| names(m.kind, e.class) && shows(&m, e));
            let only = why.iter().all(|e| names(m.kind, e.class));
            table.entry(m.kind).or_default()[usize::from(right && only)] += 1;
            if !(right && only) {
                let told: Vec<_> = why.iter().map(|e| e.class).collect();
                wrong.push(format!("{name}: {:?} {} -> {}: {told:?}", m.kind, m.was, m.is));
            }
        }
    }
    println!("{table:?}");
    let judged: u32 = table.values().flatten().sum();
    assert!(judged > 2000 && table.len() == 6, "{table:?}");
    assert!(wrong.is_empty(), "{} of {judged} are explained wrongly:\n{}", wrong.len(), wrong.join("\n"));
}
