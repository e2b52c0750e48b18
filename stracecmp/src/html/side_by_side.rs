//! Both traces side by side, aligned, with the differences marked down to the word.

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

use super::pairing::Pairing;
use crate::diff::{self, Aligned, Pair};
use crate::lines::Origin;
use crate::normal::Variants;
use crate::story::{Entry, Story};

/// Above this many rows, equal ones far from a difference are left out (I2 of the page).
const ROWS: usize = 4000;
const CONTEXT: usize = 5;

pub(super) fn section(reference: &Story, candidate: &Story, pairing: &Pairing<'_>) -> Markup {
    html! {
        h2 #side { "Side by side" }
        div.tools {
            label { input type="checkbox" id="only"; " only what differs" }
            button #back type="button" title="key p" { "← previous" }
            button #next type="button" title="key n" { "next difference →" }
            input #find type="search" placeholder="find (/)" aria-label="find in the traces";
            span #where.soft role="status" {}
        }
        @match reference.normal.variants {
            Variants::Global(_) => (table_by(&reference.entries, &candidate.entries, &pairing.renamed(&candidate.entries))),
            Variants::PerDescriptor(_) => (by_descriptor(reference, candidate)),
        }
        @for i in 0..reference.normal.children.len().max(candidate.normal.children.len()) {
            h3 { "child process " (i + 1) }
            (table(&child(reference, i), &child(candidate, i)))
        }
    }
}

fn child(story: &Story, i: usize) -> Vec<Entry> {
    let lines = story.normal.children.get(i).into_iter().flat_map(|c| c.all());
    lines.map(|l| Entry { origin: l.origin, text: l.text.to_owned() }).collect()
}

/// Where the reference has no order of all lines, each descriptor is compared by itself.
fn by_descriptor(reference: &Story, candidate: &Story) -> Markup {
    let (want, got) = (reference.normal.variants.first_per_fd(), candidate.normal.variants.first_per_fd());
    let mut pairs = diff::pairs(&want, &got);
    pairs.sort_by_key(|p| p.want == p.got);
    let entries = |s: Option<&crate::per_fd::Sequence>| -> Vec<Entry> {
        s.map_or(Vec::new(), |s| {
            let lines = s.lines.iter().zip(&s.at);
            lines
                .map(|(l, &at)| Entry { origin: Origin { at, ..Origin::default() }, text: l.to_string() })
                .collect()
        })
    };
    html! {
        p.soft { "Several goroutines do I/O here: the order among descriptors is free, that of each one is not." }
        @for Pair { want, got, times } in pairs {
            @let kind = want.or(got).map_or("", |s| s.kind.as_str());
            @let title = if times > 1 { format!("{kind} ({times} times)") } else { kind.to_owned() };
            @if want == got {
                details { summary { (title) span.soft { " the same" } } (table(&entries(want), &entries(got))) }
            } @else {
                h3 { (title) }
                (table(&entries(want), &entries(got)))
            }
        }
    }
}

fn table(want: &[Entry], got: &[Entry]) -> Markup {
    let texts: Vec<String> = got.iter().map(|e| e.text.clone()).collect();
    table_by(want, got, &texts)
}

/// A table whose candidate is compared by other texts than are shown.
fn table_by(want: &[Entry], got: &[Entry], texts: &[String]) -> Markup {
    let a: Vec<&str> = want.iter().map(|e| &*e.text).collect();
    let b: Vec<&str> = texts.iter().map(|t| &**t).collect();
    let rows = diff::align(&a, &b);
    let shown = shown(&rows);
    html! {
        div.trace {
            div class="row head" { div { "reference" } div { "candidate" } }
            @for part in &shown {
                @match part {
                    Part::Row(r) => (row(r, want, got)),
                    Part::Skip(n) => div.skip { (n) " equal lines" },
                }
            }
        }
    }
}

enum Part<'a> {
    Row(&'a Aligned),
    Skip(usize),
}

fn shown(rows: &[Aligned]) -> Vec<Part<'_>> {
    if rows.len() <= ROWS {
        return rows.iter().map(Part::Row).collect();
    }
    let mut near = vec![false; rows.len()];
    for (i, _) in rows.iter().enumerate().filter(|(_, r)| !r.same).take(ROWS) {
        near[i.saturating_sub(CONTEXT)..(i + CONTEXT + 1).min(rows.len())].fill(true);
    }
    let mut out = Vec::new();
    for (row, near) in rows.iter().zip(near) {
        match (near, out.last_mut()) {
            (true, _) => out.push(Part::Row(row)),
            (false, Some(Part::Skip(n))) => *n += 1,
            (false, _) => out.push(Part::Skip(1)),
        }
    }
    out
}

fn row(r: &Aligned, want: &[Entry], got: &[Entry]) -> Markup {
    let (w, g) = (r.want.map(|i| &want[i]), r.got.map(|i| &got[i]));
    let words = match (w, g) {
        (Some(w), Some(g)) if !r.same => marked(&w.text, &g.text),
        _ => (vec![(false, w.map_or("", |w| &w.text))], vec![(false, g.map_or("", |g| &g.text))]),
    };
    let (gone, new) = if r.same { ("", "") } else { ("gone", "new") };
    html! {
        div class={ "row " (if r.same { "same" } else { "other" }) } {
            (cell(w, &words.0, gone))
            (cell(g, &words.1, new))
        }
    }
}

fn cell(entry: Option<&Entry>, words: &[(bool, &str)], class: &str) -> Markup {
    let Some(entry) = entry else { return html! { div.none {} } };
    html! {
        div class=(class) {
            span.no { (entry.origin.at) }
            @for (mark, text) in words {
                @if *mark { mark { (text) } } @else { (text) }
            }
        }
    }
}

/// A side of a differing line: what is its own, word by word.
type Words<'a> = Vec<(bool, &'a str)>;

fn marked<'a>(want: &'a str, got: &'a str) -> (Words<'a>, Words<'a>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let cut = |text: &'a str| {
        text.split_inclusive([' ', ',', '|', '(', ')', '=', '{', '}']).collect::<Vec<&'a str>>()
    };
    let (a, b) = (cut(want), cut(got));
    for op in TextDiff::from_slices(&a, &b).iter_all_changes() {
        match op.tag() {
            ChangeTag::Equal => {
                left.extend(op.old_index().map(|i| (false, a[i])));
                right.extend(op.new_index().map(|i| (false, b[i])));
            }
            ChangeTag::Delete => left.extend(op.old_index().map(|i| (true, a[i]))),
            ChangeTag::Insert => right.extend(op.new_index().map(|i| (true, b[i]))),
        }
    }
    (left, right)
}
