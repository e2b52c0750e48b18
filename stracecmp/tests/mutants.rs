//! What is noticed: every recording with one thing changed, judged as the conformance suite's `tracecmp.py` judges it.
//!
//! Of each line: the line dropped, doubled, swapped with the next one; each number in it made one greater and one
//! smaller; each flag taken out and replaced. `mutants.txt` in the fixtures holds the verdict that `tracecmp.py` gave on
//! each, as a digit. Whatever it notices must be noticed here.
//!
//! - `STRACECMP_MUTANTS=all` judges every mutant; otherwise every 11th of them is judged.
//! - `STRACECMP_MUTANTS=write` asks `tracecmp.py` again and writes the file.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;

use stracecmp::normal::Normal;
use support::{Python, fixtures, programs, reference, suite, verdict};

const STRIDE: usize = 11;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Dropped,
    Doubled,
    Swapped,
    Number,
    Flag,
}

struct Mutant {
    kind: Kind,
    /// The line that was changed, as it was.
    was: String,
    log: String,
}

/// Where the numbers and the flags of a line are, behind its thread id.
fn spots(line: &str) -> Vec<(Kind, std::ops::Range<usize>)> {
    let from = line.find(' ').unwrap_or(0);
    let b = line.as_bytes();
    let word = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    let (mut out, mut i) = (Vec::new(), from);
    while i < b.len() {
        let end = (i..b.len()).find(|j| !word(b[*j])).unwrap_or(b.len());
        let text = &line[i..end];
        if !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit()) {
            out.push((Kind::Number, i..end));
        } else if text.len() > 2 && text.contains('_') && !text.bytes().any(|c| c.is_ascii_lowercase())
            || text.starts_with("EPOLL")
        {
            out.push((Kind::Flag, i..end));
        }
        i = end.max(i + 1);
    }
    out
}

fn mutants(log: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = log.lines().collect();
    let mut out = Vec::new();
    let mut add = |kind, at: usize, new: &[&str], replaced: usize| {
        let mut all = lines.clone();
        all.splice(at..at + replaced, new.iter().copied());
        out.push(Mutant { kind, was: lines[at].to_owned(), log: all.join("\n") + "\n" });
    };
    for (i, line) in lines.iter().enumerate() {
        add(Kind::Dropped, i, &[], 1);
        add(Kind::Doubled, i, &[line, line], 1);
        if let Some(next) = lines.get(i + 1) {
            add(Kind::Swapped, i, &[next, line], 2);
        }
        for (kind, at) in spots(line) {
            let (before, text, after) = (&line[..at.start], &line[at.clone()], &line[at.end..]);
            let changed = match kind {
                Kind::Number => {
                    let n: u128 = text.parse().expect("digits");
                    vec![(n + 1).to_string(), n.saturating_sub(1).to_string()]
                }
                _ => vec![format!("{text}_X"), String::new()],
            };
            for new in changed {
                let mut new = format!("{before}{new}{after}");
                if kind == Kind::Flag {
                    new = new.replace("||", "|").replace("=|", "=").replace("|,", ",").replace("|)", ")");
                }
                if new != *line {
                    add(kind, i, &[&new], 1);
                }
            }
        }
    }
    out
}

#[test]
fn nothing_that_tracecmp_notices_is_missed() {
    let mode = std::env::var("STRACECMP_MUTANTS").unwrap_or_default();
    let path = fixtures().join("mutants.txt");
    if mode == "write" {
        return write(&path);
    }
    let stride = if mode == "all" { 1 } else { STRIDE };
    let known = std::fs::read_to_string(&path).expect("mutants.txt is there");
    let known: BTreeMap<&str, &str> = known.lines().filter_map(|l| l.split_once(' ')).collect();
    let mut table: BTreeMap<Kind, [u32; 2]> = BTreeMap::new();
    let (mut missed, mut stricter, mut judged) = (String::new(), Vec::new(), 0);
    for name in programs() {
        let wanted = Normal::load(reference(&name)).expect(&name).normal;
        let log = std::fs::read_to_string(fixtures().join(&name).join("run.strace")).expect(&name);
        let theirs = known.get(&name[..]).expect("every program is in mutants.txt").as_bytes();
        let all = mutants(&log);
        assert_eq!(all.len(), theirs.len(), "{name}: mutants.txt is of another recording");
        for (m, theirs) in all.iter().zip(theirs).step_by(stride) {
            let mine = verdict(&wanted, m.log.as_bytes());
            judged += 1;
            table.entry(m.kind).or_default()[usize::from(mine > 0)] += 1;
            match (*theirs != b'0', mine > 0) {
                (true, false) => writeln!(missed, "{name}: {:?} {}", m.kind, m.was).expect("in memory"),
                (false, true) => stricter.push(format!("{name}: {:?} {}", m.kind, m.was)),
                _ => {}
            }
        }
    }
    println!("{judged} mutants judged");
    for (kind, [silent, noticed]) in &table {
        println!("  {kind:?}: {noticed} noticed, {silent} not");
    }
    println!("  {} noticed that tracecmp.py does not notice", stricter.len());
    stricter.iter().take(20).for_each(|s| println!("    {s}"));
    assert!(judged > 1000 && table.len() == 5, "there is something to judge");
    assert!(missed.is_empty(), "missed:\n{missed}");
    assert!(table[&Kind::Dropped][1] > table[&Kind::Dropped][0], "most dropped lines are noticed");
    assert!(stricter.len() * 500 <= judged, "hardly anything is judged more strictly: {stricter:#?}");
}

/// Asks `tracecmp.py` about every mutant.
fn write(path: &std::path::Path) {
    let suite = suite().expect("the suite is needed to ask it");
    let ask = |name: &String| {
        let mut python = Python::start(&suite);
        let log = std::fs::read_to_string(fixtures().join(name).join("run.strace")).expect(name);
        let of = reference(name);
        let digits =
            mutants(&log).iter().map(|m| python.verdict(&of, &m.log).to_string()).collect::<String>();
        format!("{name} {digits}\n")
    };
    let programs = programs();
    let (even, odd): (Vec<_>, Vec<_>) = programs.iter().enumerate().partition(|(i, _)| i % 2 == 0);
    let half =
        |all: Vec<(usize, &String)>| all.into_iter().map(|(i, name)| (i, ask(name))).collect::<Vec<_>>();
    let mut all = std::thread::scope(|s| {
        let other = s.spawn(|| half(odd));
        let mut all = half(even);
        all.extend(other.join().expect("no panic"));
        all
    });
    all.sort();
    std::fs::write(path, all.into_iter().map(|a| a.1).collect::<String>()).expect("written");
}
