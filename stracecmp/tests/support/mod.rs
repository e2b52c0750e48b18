//! What the tests share: the fixtures, verdicts, and the comparator in Python where it is at hand.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use stracecmp::compare::{Prologue, compare};
use stracecmp::log::Log;
use stracecmp::normal::Normal;
use stracecmp::trace::Trace;

/// The folder of this package's fixtures.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The programs that have a folder, by name.
pub(crate) fn programs() -> Vec<String> {
    let mut all: Vec<String> = std::fs::read_dir(fixtures())
        .expect("the fixtures are there")
        .map(|e| e.expect("readable").path())
        .filter(|p| p.is_dir())
        .map(|p| p.file_name().expect("named").to_string_lossy().into_owned())
        .collect();
    all.sort();
    assert!(all.len() >= 26, "the fixtures of 26 programs are there");
    all
}

/// A program's reference.
pub(crate) fn reference(name: &str) -> PathBuf {
    fixtures().join(name).join("go1.23.9.trace")
}

/// A verdict, as an exit status: 0 the same, 1 different, 2 not readable; 3: the comparator itself failed.
pub(crate) type Verdict = u8;

/// This crate's verdict on the text of a log.
pub(crate) fn verdict(reference: &Normal, log: &[u8]) -> Verdict {
    let judge = || {
        let trace = Trace::of(&Log::parse(log)?)?;
        let faults = trace.faults.clone();
        let normal = Normal::of_traces(vec![trace], "", "log")?;
        Ok::<bool, stracecmp::error::Bad>(compare(reference, &normal, &faults, Prologue::Ignore).conforms())
    };
    match judge() {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(_) => 2,
    }
}

/// The folder with the suite's own comparator: `STRACECMP_CONFORMANCE`, or beside the repository.
pub(crate) fn suite() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance");
    let further = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let all =
        std::env::var_os("STRACECMP_CONFORMANCE").map(PathBuf::from).into_iter().chain([beside, further]);
    let found = all.into_iter().find(|d| d.join("tracecmp.py").is_file());
    if found.is_none() {
        eprintln!("SKIPPED: no conformance suite with tracecmp.py (STRACECMP_CONFORMANCE names its folder)");
    }
    found.filter(|_| {
        let python = Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_ok();
        if !python {
            eprintln!("SKIPPED: no python3 to run tracecmp.py with");
        }
        python
    })
}

const DRIVER: &str = r#"
import sys, json
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import tracecmp
refs = {}
def verdict(q):
    try:
        if q["reference"] not in refs:
            refs[q["reference"]] = tracecmp.load(q["reference"])[0]
        t = tracecmp.Trace(tracecmp.read_log(q["log"].splitlines()))
        return 1 if tracecmp.compare(refs[q["reference"]], tracecmp.of_traces([t]), t.faults) else 0
    except (tracecmp.Bad, OSError, ValueError, IndexError):
        return 2
    except Exception:
        return 3
for line in sys.stdin:
    print(verdict(json.loads(line)), flush=True)
"#;

/// The comparator in Python, running.
pub(crate) struct Python {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Python {
    pub(crate) fn start(suite: &Path) -> Python {
        let mut child = Command::new("python3")
            .args(["-c", DRIVER])
            .arg(suite)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("piped"));
        Python { child, input, output }
    }

    /// Its verdict on the text of a log.
    pub(crate) fn verdict(&mut self, reference: &Path, log: &str) -> Verdict {
        let question = serde_json::json!({ "reference": reference, "log": log });
        writeln!(self.input.as_mut().expect("open"), "{question}").expect("it reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it answers");
        line.trim().parse().expect("a verdict")
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
