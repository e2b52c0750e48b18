//! The lives of descriptors: lanes over time, and the epoll life of each as a strip of steps, both sides compared.

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

use super::pairing::Pairing;
use crate::story::{Life, Step, Story};

/// So many descriptors are drawn (I2 of the page).
const LIVES: usize = 60;
/// So many steps of one descriptor are shown.
const STEPS: usize = 80;

const LABEL: usize = 210;
const LANE: usize = 22;

pub(super) fn section(reference: &Story, candidate: &Story, pairing: &Pairing<'_>) -> Markup {
    html! {
        h2 #timeline { "Timeline" }
        div.legend {
            @for step in Step::ALL { span { i class={ "s-" (class(step)) } {} (step.word()) } }
        }
        @for (side, story) in [("reference", reference), ("candidate", candidate)] {
            h3 { (side) }
            (lanes(side, story))
        }
        h2 #lives { "The life of each descriptor" }
        (strips(reference, candidate, pairing))
    }
}

fn class(step: Step) -> &'static str {
    match step {
        Step::Made => "made",
        Step::Added => "added",
        Step::Tried => "tried",
        Step::Waited => "waited",
        Step::In => "in",
        Step::Out => "out",
        Step::Removed => "removed",
        Step::Closed => "closed",
        Step::Other => "other",
    }
}

/// A name that fits its column.
fn short(name: &str) -> String {
    let n = name.chars().count();
    if n <= 27 { name.to_owned() } else { format!("…{}", name.chars().skip(n - 26).collect::<String>()) }
}

fn lanes(side: &str, story: &Story) -> Markup {
    let lives: Vec<&Life> = story.lives.iter().take(LIVES).collect();
    // Each entry that a drawn life knows gets a place; a page cannot be as wide as a million lines.
    let mut places: Vec<usize> = lives.iter().flat_map(|l| l.steps.iter().take(STEPS).map(|s| s.0)).collect();
    places.sort_unstable();
    places.dedup();
    let pitch = if places.len() > 400 { 4 } else { 14 };
    let x = |entry: usize| LABEL + 10 + pitch * places.partition_point(|p| *p < entry);
    let (width, height) = (LABEL + 30 + pitch * places.len(), LANE * lives.len() + 8);
    html! {
        div.scroll {
            svg width=(width) height=(height) viewBox=(format!("0 0 {width} {height}")) role="img"
                aria-label=(format!("timeline of the {side}")) {
                @for (lane, life) in lives.iter().enumerate() {
                    @let y = lane * LANE + LANE / 2 + 4;
                    @let steps = &life.steps[..life.steps.len().min(STEPS)];
                    text x="8" y=(y + 4) { (short(&life.name)) title { (life.name) } }
                    @if let (Some(first), Some(last)) = (steps.first(), steps.last()) {
                        line.life x1=(x(first.0)) x2=(x(last.0)) y1=(y) y2=(y) {}
                    }
                    @for &(entry, step) in steps {
                        circle class={ "s-" (class(step)) } cx=(x(entry)) cy=(y) r=(if step == Step::Other { 3 } else { 5 }) {
                            title { (story.entries[entry].text) }
                        }
                    }
                }
            }
        }
        @if story.lives.len() > LIVES {
            p.soft { "The first " (LIVES) " of " (story.lives.len()) " descriptors." }
        }
    }
}

/// A step in a strip: calls of no interest to the poller are counted together.
fn chips(story: &Story, life: &Life) -> Vec<(Step, String)> {
    let mut out: Vec<(Step, String)> = Vec::new();
    let mut others = 0;
    let flush = |out: &mut Vec<(Step, String)>, others: &mut usize| {
        if *others > 0 {
            out.push((Step::Other, format!("·{others}")));
            *others = 0;
        }
    };
    for &(entry, step) in life.steps.iter().take(STEPS) {
        if step == Step::Other {
            others += 1;
            continue;
        }
        flush(&mut out, &mut others);
        let call = story.entries[entry].text.split('(').next().unwrap_or("").to_owned();
        out.push((
            step,
            match step {
                Step::Tried => format!("{call} ✗"),
                Step::Added | Step::Removed => step.word().to_owned(),
                _ => call,
            },
        ));
    }
    flush(&mut out, &mut others);
    if life.steps.len() > STEPS {
        out.push((Step::Other, format!("… {} more", life.steps.len() - STEPS)));
    }
    out
}

fn strips(reference: &Story, candidate: &Story, pairing: &Pairing<'_>) -> Markup {
    let is_drawn = |l: &Life| !l.name.starts_with("epoll#");
    let mut all: Vec<_> = pairing.pairs.iter().filter(|p| p.0.or(p.1).is_some_and(is_drawn)).collect();
    let total = all.len();
    if total > LIVES {
        // What differs comes first where not all have room.
        let differs = |want: Option<&Life>, got: Option<&Life>| {
            want.map(|l| chips(reference, l)) != got.map(|l| chips(candidate, l))
        };
        all.sort_by_cached_key(|p| !differs(p.0, p.1));
        all.truncate(LIVES);
    }
    html! {
        div.lives {
            @for &&(want, got) in &all {
                @let (a, b) = (want.map_or(Vec::new(), |l| chips(reference, l)), got.map_or(Vec::new(), |l| chips(candidate, l)));
                div class={ "life" @if a != b { " differs" } } {
                    h3 {
                        code { (want.or(got).map_or("", |l| l.name.as_str())) }
                        @if let (Some(w), Some(g)) = (want, got) {
                            @if w.name != g.name { span.soft { " here " } code { (g.name) } }
                        }
                    }
                    @if a == b {
                        (strip(Side::Both, &a, &b))
                    } @else {
                        (strip(Side::Reference, &a, &b))
                        (strip(Side::Candidate, &a, &b))
                    }
                }
            }
        }
        @if total > LIVES {
            p.soft { (LIVES) " of " (total) " descriptors, those that differ first." }
        }
    }
}

/// Who has a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Reference,
    Candidate,
    Both,
}

/// A strip of steps; what the other side lacks is marked, what this side lacks leaves its place empty.
fn strip(side: Side, want: &[(Step, String)], got: &[(Step, String)]) -> Markup {
    let words = |all: &[(Step, String)]| all.iter().map(|c| c.1.clone()).collect::<Vec<_>>();
    let (a, b) = (words(want), words(got));
    let (a, b): (Vec<&str>, Vec<&str>) = (a.iter().map(|s| &**s).collect(), b.iter().map(|s| &**s).collect());
    let (title, there) = match side {
        Side::Reference => ("reference", !want.is_empty()),
        Side::Candidate => ("candidate", !got.is_empty()),
        Side::Both => ("both", true),
    };
    let mut chips: Vec<(&(Step, String), &str)> = Vec::new();
    for c in TextDiff::from_slices(&a, &b).iter_all_changes() {
        let chip = c.old_index().map(|i| &want[i]).or(c.new_index().map(|i| &got[i]));
        let mark = match (c.tag(), side) {
            (ChangeTag::Equal, _) => "",
            (ChangeTag::Delete, Side::Reference) => " gone",
            (ChangeTag::Insert, Side::Candidate) => " new",
            _ => " absent",
        };
        chips.extend(chip.map(|chip| (chip, mark)));
    }
    html! {
        div.strip {
            span { (title) }
            @if there {
                @for ((step, word), mark) in &chips {
                    span class={ "chip t-" (class(*step)) (mark) } { (word) }
                }
            } @else {
                span.soft { "not there" }
            }
        }
    }
}
