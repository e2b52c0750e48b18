//! A report as JSON, for programs. One object for each comparison:
//!
//! ```json
//! {
//!   "schema": "stracecmp/1",
//!   "log": "run.strace",
//!   "verdict": "differs",
//!   "profile": "generic",
//!   "recorded_differently": ["length of strings (-s): 32 in the reference, ..."],
//!   "headline": ["the program exits with 0 in the reference, here it is killed by SIGSEGV"],
//!   "explanations": [{
//!     "class": "OtherResult", "title": "another outcome", "text": "...", "times": 1,
//!     "evidence": [{
//!       "descriptor": "tcp6", "says": "listen fails with EADDRINUSE here, ...",
//!       "reference": {"line": 46, "text": "listen(self, SOMAXCONN) = 0"},
//!       "candidate": {"line": 46, "text": "listen(self, SOMAXCONN) = -1 EADDRINUSE"}
//!     }]
//!   }],
//!   "notes": ["timing only: ..."],
//!   "noise": [{"group": "memory", "calls": ["mmap"], "reference": 12, "candidate": 12}]
//! }
//! ```
//!
//! `verdict` is `conforms` or `differs`; `reference` and `candidate` are null where a side has no such line; `line` is 0 where a line is of no
//! file. A field is never renamed or taken away without another number behind `schema`; fields may be added.

use serde_json::{Value, json};

use crate::causes::{Cause, Place};
use crate::compare::Report;
use crate::explain::explain;

/// A report as JSON; `log` is the name of the candidate.
///
/// ```
/// use stracecmp::{compare::Report, json};
/// let value = json::report("run.strace", &Report::default());
/// assert_eq!((&value["schema"], &value["verdict"]), (&"stracecmp/1".into(), &"conforms".into()));
/// ```
pub fn report(log: &str, report: &Report) -> Value {
    let explanations: Vec<Value> = explain(report)
        .iter()
        .map(|e| {
            json!({
                "class": format!("{:?}", e.class),
                "title": e.class.title(),
                "text": e.class.text(report.profile),
                "times": e.times,
                "evidence": e.evidence.iter().map(evidence).collect::<Vec<_>>(),
            })
        })
        .collect();
    let noise: Vec<Value> = report
        .noise
        .iter()
        .map(|r| json!({"group": r.group.word(), "calls": r.calls, "reference": r.want, "candidate": r.got}))
        .collect();
    json!({
        "schema": "stracecmp/1",
        "log": log,
        "verdict": if report.conforms() { "conforms" } else { "differs" },
        "profile": report.profile.to_string(),
        "recorded_differently": report.before,
        "headline": report.headline,
        "explanations": explanations,
        "notes": report.notes,
        "noise": noise,
    })
}

fn evidence(cause: &Cause) -> Value {
    let place = |p: &Option<Place>| p.as_ref().map(|p| json!({"line": p.line, "text": p.text}));
    json!({
        "descriptor": cause.kind,
        "says": cause.says,
        "reference": place(&cause.want),
        "candidate": place(&cause.got),
    })
}
