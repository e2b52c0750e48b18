//! One self-contained page about a comparison: verdict, meaning, lives of descriptors, both traces side by side.
//!
//! Invariants:
//! - I1: the page needs nothing but itself: no script, no font, no image from elsewhere. Without its own script it can be read whole.
//! - I2: its size is bounded for logs of any length; what is left out is said.

mod lives;
mod pairing;
mod side_by_side;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::compare::{Finding, Report};
use crate::explain;
use crate::normal::{Normal, Runs, Variants};
use crate::story::Story;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");

/// The page as text.
pub fn page(reference: &Story, candidate: &Story, report: &Report) -> String {
    let (r, c) = (&reference.normal, &candidate.normal);
    let pairing = pairing::Pairing::of(reference, candidate);
    let verdict = if report.conforms() { "conforms" } else { "differs" };
    let name = if r.program.is_empty() { "trace" } else { &r.program };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (name) " " (verdict) }
                style { (PreEscaped(STYLE)) }
            }
            body data-verdict=(verdict) {
                header {
                    h1 { (name) " " span class={ "badge " (verdict) } { (verdict) } }
                    p.soft { (r.source) " compared with " (c.program) }
                    nav {
                        a href="#numbers" { "numbers" } a href="#timeline" { "timeline" }
                        a href="#lives" { "lives" } a href="#side" { "side by side" }
                    }
                }
                (meaning(report))
                h2 #numbers { "In numbers" }
                (facts(reference, candidate))
                (lives::section(reference, candidate, &pairing))
                (side_by_side::section(reference, candidate, &pairing))
                footer {
                    "Descriptors are named by what they are and numbered in order of appearance; ports that the kernel chose "
                    "are EPH1, EPH2, ...; pointers and poller tags are left out. A line " code { "wait(FD, r) = MASK" }
                    " stands for the wait between a call that had to wait and the next one. Made by stracecmp."
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

fn meaning(report: &Report) -> Markup {
    if report.conforms() {
        return html! { p { "Both programs say the same to the kernel: same calls, same order, same waits." } };
    }
    let single: Vec<String> = report
        .findings
        .iter()
        .filter(|f| {
            !matches!(
                f,
                Finding::Order { .. } | Finding::Sequences(_) | Finding::Child(..) | Finding::Prologue(_)
            )
        })
        .map(|f| anstream::adapter::strip_str(f.to_string().trim()).to_string())
        .collect();
    html! {
        h2 { "What it means" }
        div.cards {
            @for why in explain::explain(report) {
                div.card {
                    b { (why.class.title()) }
                    @if why.times > 1 { " " span.soft { "×" (why.times) } }
                    p { (why.class.text(report.profile)) }
                    @for e in &why.evidence {
                        p.evidence { (e.kind) " " (e.says) }
                    }
                }
            }
        }
        @if !single.is_empty() {
            ul.findings { @for text in &single { li { (text) } } }
        }
    }
}

fn runs(r: Runs) -> String {
    match (r.with, r.of) {
        (0, _) => "no".to_owned(),
        (1, 1) => "yes".to_owned(),
        (with, of) => format!("{with} of {of} runs"),
    }
}

fn facts(reference: &Story, candidate: &Story) -> Markup {
    let order = |n: &Normal| match n.variants {
        Variants::Global(_) => "of all lines",
        Variants::PerDescriptor(_) => "of each descriptor",
    };
    let polls = |n: &Normal| match n.polls {
        p if p.min == p.max => p.min.to_string(),
        p => format!("{} to {}", p.min, p.max),
    };
    let longest = |n: &Normal| n.longest_ms.map_or("none".to_owned(), |l| format!("{} ms", l.max));
    let (r, c) = (&reference.normal, &candidate.normal);
    let shape = |n: &Normal| n.signature.clone().unwrap_or_else(|| "none".to_owned());
    let rows: [(&str, String, String); 8] = [
        ("Lines", reference.entries.len().to_string(), candidate.entries.len().to_string()),
        ("Order", order(r).to_owned(), order(c).to_owned()),
        ("Polls", polls(r), polls(c)),
        ("Shape of a poll", shape(r), shape(c)),
        ("Waits without limit", runs(r.unlimited), runs(c.unlimited)),
        ("Waits with a limit", runs(r.limited), runs(c.limited)),
        ("Limits that expired", runs(r.expired), runs(c.expired)),
        ("Longest of these", longest(r), longest(c)),
    ];
    html! {
        table.facts {
            tr { th {} th { "reference" } th { "candidate" } }
            @for (what, want, got) in &rows {
                tr { th { (what) } td { (want) } td { (got) } }
            }
        }
    }
}
