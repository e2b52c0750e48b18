//! Which lives of the two sides belong together: one pairing for the strips and for the traces side by side.
//!
//! Invariants:
//! - I1: lives that say the same are paired first, in order, however many there are.
//! - I2: of the others the likest of one kind are paired; of more than [`LIKENED`] of them, the rest in order of appearance.

use std::collections::{HashMap, VecDeque};

use crate::lines::Lines;
use crate::story::{Entry, Life, Story};

/// So many lives that differ are compared each with each.
const LIKENED: usize = 60;
/// So many steps of a life are looked at for its likeness.
const STEPS: usize = 80;

/// The lives of both sides, those of the reference first.
pub(super) struct Pairing<'a> {
    pub(super) pairs: Vec<(Option<&'a Life>, Option<&'a Life>)>,
    /// The name that the reference has for a descriptor of the candidate.
    names: HashMap<&'a str, &'a str>,
}

impl<'a> Pairing<'a> {
    pub(super) fn of(reference: &'a Story, candidate: &'a Story) -> Pairing<'a> {
        let ours: Vec<&Life> = reference.lives.iter().filter(|l| !l.name.starts_with('(')).collect();
        let theirs: Vec<&Life> = candidate.lives.iter().filter(|l| !l.name.starts_with('(')).collect();
        let mates = mates((reference, &ours), (candidate, &theirs));
        let mut taken = vec![false; theirs.len()];
        let mut names = HashMap::new();
        let mut pairs = Vec::new();
        for (life, mate) in ours.into_iter().zip(mates) {
            if let Some(j) = mate {
                taken[j] = true;
                names.insert(&*theirs[j].name, &*life.name);
            }
            pairs.push((Some(life), mate.map(|j| theirs[j])));
        }
        // A name that the reference has for another descriptor must not stand for one that it does not have.
        for (life, _) in theirs.iter().zip(taken).filter(|t| !t.1) {
            pairs.push((None, Some(*life)));
        }
        Pairing { pairs, names }
    }

    /// The texts of the candidate's entries with the reference's names.
    pub(super) fn renamed(&self, entries: &[Entry]) -> Vec<String> {
        let lines: Lines = entries.iter().map(|e| &*e.text).collect();
        lines
            .lines()
            .map(|line| {
                let (mut out, mut kept) = (String::with_capacity(line.text.len()), 0);
                for name in line.names() {
                    out.push_str(&line.text[kept..name.start]);
                    match self.names.get(name.whole) {
                        Some(name) => out.push_str(name),
                        None => {
                            out.push_str(name.whole);
                            out.push('\'');
                        }
                    }
                    kept = name.start + name.whole.len();
                }
                out.push_str(&line.text[kept..]);
                out
            })
            .collect()
    }
}

fn kind(life: &Life) -> &str {
    life.name.rsplit_once('#').map_or(&life.name, |n| n.0)
}

/// For each of our lives the index of its mate among theirs.
fn mates(
    (reference, ours): (&Story, &[&Life]),
    (candidate, theirs): (&Story, &[&Life]),
) -> Vec<Option<usize>> {
    let mut mate: Vec<Option<usize>> = vec![None; ours.len()];
    let mut same: HashMap<(&str, Vec<String>), VecDeque<usize>> = HashMap::new();
    for (j, life) in theirs.iter().enumerate() {
        same.entry((kind(life), words(candidate, life, usize::MAX))).or_default().push_back(j);
    }
    for (i, life) in ours.iter().enumerate() {
        let key = (kind(life), words(reference, life, usize::MAX));
        mate[i] = same.get_mut(&key).and_then(VecDeque::pop_front); // I1
    }
    let mut left: Vec<usize> = same.into_values().flatten().collect();
    left.sort_unstable();
    let mut lone: Vec<usize> = (0..ours.len()).filter(|i| mate[*i].is_none()).collect();
    // I2: all likenesses at once, the greatest first: an early descriptor must not take what a later one equals.
    let mut all: Vec<(usize, usize, usize)> = Vec::new();
    for &i in lone.iter().take(LIKENED) {
        for &j in left.iter().take(LIKENED).filter(|j| kind(theirs[**j]) == kind(ours[i])) {
            all.push((likeness(&words(reference, ours[i], STEPS), words(candidate, theirs[j], STEPS)), i, j));
        }
    }
    all.sort_unstable_by_key(|&(like, i, j)| (std::cmp::Reverse(like), i, j));
    let mut taken = vec![false; theirs.len()];
    for (_, i, j) in all {
        if mate[i].is_none() && !std::mem::replace(&mut taken[j], true) {
            mate[i] = Some(j);
        }
    }
    left.retain(|j| !taken[*j]);
    lone.retain(|i| mate[*i].is_none());
    let mut by_kind: HashMap<&str, VecDeque<usize>> = HashMap::new();
    left.into_iter().for_each(|j| by_kind.entry(kind(theirs[j])).or_default().push_back(j));
    for i in lone {
        mate[i] = by_kind.get_mut(kind(ours[i])).and_then(VecDeque::pop_front);
    }
    mate
}

/// The steps of a life as they are written, without the numbers of descriptors.
fn words(story: &Story, life: &Life, most: usize) -> Vec<String> {
    let unnumbered = |text: &str| {
        let parts = text.split('#').enumerate();
        parts
            .map(|(i, p)| if i > 0 { p.trim_start_matches(|c: char| c.is_ascii_digit()) } else { p })
            .collect()
    };
    life.steps.iter().take(most).map(|s| unnumbered(&story.entries[s.0].text)).collect()
}

/// How much two lives have in common, in thousandths: steps, in any order.
fn likeness(a: &[String], mut b: Vec<String>) -> usize {
    let total = a.len() + b.len();
    let common =
        a.iter().filter(|w| b.iter().position(|o| o == *w).map(|i| b.swap_remove(i)).is_some()).count();
    2000 * common / total.max(1)
}
