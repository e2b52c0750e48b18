//! The figures gathered, by cell.

use crate::once::Figures;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub group: String,
    pub label: String,
    pub name: String,
    pub round: usize,
    /// Nobody else used the machine meanwhile.
    pub quiet: bool,
    /// CPU seconds that others used.
    pub foreign: f64,
    pub figures: Figures,
    pub error: Option<String>,
}

/// Fewer quiet runs than this, and a cell shows all its runs.
const QUIET_ENOUGH: usize = 3;

type Cell = (String, String, String);

/// All runs, by cell.
#[derive(Debug)]
pub(crate) struct Results {
    cells: BTreeMap<Cell, Vec<Record>>,
    /// Rows in the order they came.
    rows: Vec<(String, String)>,
    /// Contestants that have a figure, in the field's order and then as they came.
    pub names: Vec<String>,
}

impl Results {
    pub(crate) fn new(records: Vec<Record>, order: &[String]) -> Results {
        let (mut cells, mut rows): (BTreeMap<Cell, Vec<Record>>, Vec<_>) = Default::default();
        let mut names: Vec<String> = order.to_vec();
        for record in records {
            let row = (record.group.clone(), record.label.clone());
            if !names.contains(&record.name) {
                names.push(record.name.clone());
            }
            cells.entry((row.0.clone(), row.1.clone(), record.name.clone())).or_default().push(record);
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        names.retain(|name| cells.keys().any(|cell| cell.2 == *name));
        Results { cells, rows, names }
    }

    pub(crate) fn labels(&self, group: &str) -> Vec<&str> {
        self.rows.iter().filter(|(g, _)| g == group).map(|(_, label)| label.as_str()).collect()
    }

    pub(crate) fn runs(&self, group: &str, label: &str, name: &str) -> &[Record] {
        self.cells.get(&(group.to_owned(), label.to_owned(), name.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The runs that count: the quiet ones if there are enough of them.
    fn counting<'a>(&'a self, group: &str, label: &str, name: &str) -> impl Iterator<Item = &'a Record> {
        let runs = self.runs(group, label, name);
        let good = |r: &&Record| r.error.is_none();
        let only_quiet = runs.iter().filter(|r| r.quiet && r.error.is_none()).count() >= QUIET_ENOUGH;
        runs.iter().filter(good).filter(move |r| r.quiet || !only_quiet)
    }

    pub(crate) fn values(&self, group: &str, label: &str, name: &str, figure: &str) -> Vec<f64> {
        self.counting(group, label, name).filter_map(|r| r.figures.get(figure).copied()).collect()
    }

    /// `figure` of one contestant over another's, each pair from one round, in which they ran one after the other.
    pub(crate) fn ratios(&self, group: &str, label: &str, names: (&str, &str), figure: &str) -> Vec<f64> {
        let by_round = |name: &str| -> BTreeMap<usize, f64> {
            self.counting(group, label, name)
                .filter_map(|r| Some((r.round, *r.figures.get(figure)?)))
                .collect()
        };
        let (ours, theirs) = (by_round(names.0), by_round(names.1));
        ours.iter().filter_map(|(round, value)| Some(value / theirs.get(round)?)).collect()
    }

    /// (quiet runs, all runs) of each cell that did not fail.
    pub(crate) fn quietness(&self) -> Vec<(usize, usize)> {
        let good = self.cells.values().filter(|runs| runs.iter().all(|r| r.error.is_none()));
        good.map(|runs| (runs.iter().filter(|r| r.quiet).count(), runs.len())).collect()
    }

    /// Each failure: where, how often of how many runs, and why.
    pub(crate) fn failures(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for ((group, label, name), runs) in &self.cells {
            let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
            for reason in runs.iter().filter_map(|r| r.error.as_deref()) {
                *reasons.entry(reason).or_default() += 1;
            }
            for (reason, times) in reasons {
                lines.push(format!("{group} {label}, {name}: {times} of {} runs: `{reason}`", runs.len()));
            }
        }
        lines
    }
}

/// The median; the middle two's mean when there are two. None of nothing.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (below, above) = (sorted.len().checked_sub(1)? / 2, sorted.len() / 2);
    Some((sorted[below] + sorted[above]) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    fn record(name: &str, round: usize, quiet: bool, cost: f64) -> Record {
        let figures = Figures::from([("cost".to_owned(), cost)]);
        let (group, label) = ("g".to_owned(), "l".to_owned());
        Record { group, label, name: name.to_owned(), round, quiet, foreign: 0.0, figures, error: None }
    }

    #[test]
    fn disturbed_runs_count_only_when_quiet_ones_are_few() {
        let mut records: Vec<_> = (0..3).map(|r| record("a", r, true, 1.0)).collect();
        records.push(record("a", 3, false, 9.0));
        records.extend([record("b", 0, true, 2.0), record("b", 1, false, 4.0)]);
        let results = Results::new(records, &["b".to_owned()]);
        assert_eq!(results.names, ["b", "a"]);
        assert_eq!(results.values("g", "l", "a", "cost"), [1.0; 3]);
        assert_eq!(results.values("g", "l", "b", "cost"), [2.0, 4.0]);
        assert_eq!(results.ratios("g", "l", ("b", "a"), "cost"), [2.0, 4.0]);
    }
}
