//! What was read of a file: a log or a reference, and everything that is known about it besides its lines.
//!
//! Invariants:
//! - I1: a file is read once. By which rules a log is projected depends on what it is compared with, so reading and projecting
//!   are apart.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::Error;
use crate::facts::Facts;
use crate::input;
use crate::log::{Cost, Log, Reading};
use crate::noise::Noise;
use crate::normal::{MAGIC, Normal};
use crate::rules::{self, Profile, Rules};
use crate::text::decode;
use crate::trace::{Fault, Trace};

/// A log or reference that was read, with the log's own faults.
#[derive(Debug)]
pub struct Loaded {
    /// What is compared.
    pub normal: Normal,
    /// What is wrong with a log whatever it is compared with.
    pub faults: Vec<Fault>,
    /// What was odd about the file without making it unreadable.
    pub notes: Vec<String>,
    /// How it was recorded.
    pub facts: Facts,
    /// What was dropped.
    pub noise: Noise,
    /// Calls, errors and time by name, of all calls.
    pub costs: BTreeMap<String, Cost>,
}

impl From<Normal> for Loaded {
    fn from(normal: Normal) -> Loaded {
        Loaded {
            normal,
            faults: Vec::new(),
            notes: Vec::new(),
            facts: Facts::default(),
            noise: Noise::default(),
            costs: BTreeMap::new(),
        }
    }
}

/// What a file holds, before it is known by which rules a log is projected (I1).
#[derive(Debug)]
pub enum Source {
    /// What strace wrote.
    Log(Box<Log>),
    /// A stored reference.
    Reference(Box<Normal>),
}

impl Source {
    /// Reads a file once: a log or a reference.
    pub fn read(path: &Path, reading: &Reading) -> Result<Source, Error> {
        let mut input = input::open(path, MAGIC.len() + 1)?;
        if input.head.strip_prefix(MAGIC.as_bytes()) == Some(b"\n") {
            let mut bytes = Vec::new();
            input.rest.read_to_end(&mut bytes).map_err(Error::io(path))?;
            let normal = Normal::read(&decode(&bytes)).map_err(Error::bad(path))?;
            return Ok(Source::Reference(Box::new(normal)));
        }
        Ok(Source::Log(Box::new(Log::read(input.rest, path, reading)?)))
    }

    /// What kind of program it is of.
    pub fn profile(&self) -> Profile {
        match self {
            Source::Log(log) => rules::profile_of(log),
            Source::Reference(normal) => normal.profile,
        }
    }

    /// How it was recorded.
    pub fn facts(&self) -> Facts {
        match self {
            Source::Log(log) => log.facts.clone(),
            Source::Reference(_) => Facts::default(),
        }
    }

    /// Projects a log; a reference is what it is.
    pub fn project(&self, rules: &Rules, path: &Path) -> Result<Loaded, Error> {
        match self {
            Source::Log(log) => Projected::of(log, rules, path)?.loaded(log_parts(log)),
            Source::Reference(normal) => Ok(Normal::clone(normal).into()),
        }
    }

    /// The same, for the last use: the calls of a log are gone before its lines are written.
    pub fn into_loaded(self, rules: &Rules, path: &Path) -> Result<Loaded, Error> {
        match self {
            Source::Log(mut log) => {
                let projected = Projected::of(&log, rules, path)?;
                let parts = (
                    std::mem::take(&mut log.facts),
                    std::mem::take(&mut log.noise),
                    std::mem::take(&mut log.costs),
                );
                drop(log);
                projected.loaded(parts)
            }
            Source::Reference(normal) => Ok((*normal).into()),
        }
    }
}

/// What is known of a log besides its calls.
type Parts = (Facts, Noise, BTreeMap<String, Cost>);

fn log_parts(log: &Log) -> Parts {
    (log.facts.clone(), log.noise.clone(), log.costs.clone())
}

/// A log's trace, with what is said about it.
struct Projected {
    trace: Trace,
    notes: Vec<String>,
    rules: Rules,
    path: std::path::PathBuf,
}

impl Projected {
    fn of(log: &Log, rules: &Rules, path: &Path) -> Result<Projected, Error> {
        let trace = Trace::with(log, rules).map_err(Error::bad(path))?;
        let mut notes = log.notes.clone();
        if let (n, Some(bad)) = &trace.odd {
            let s = if *n == 1 { "" } else { "s" };
            notes.push(format!(
                "{n} call{s} not understood, compared as text; line {}: {}",
                bad.line, bad.reason
            ));
        }
        Ok(Projected { trace, notes, rules: rules.clone(), path: path.to_owned() })
    }

    fn loaded(self, (facts, noise, costs): Parts) -> Result<Loaded, Error> {
        let Projected { mut trace, notes, rules, path } = self;
        let faults = std::mem::take(&mut trace.faults);
        let mut normal =
            Normal::of_traces(vec![trace], &path.display().to_string(), "log").map_err(Error::bad(&path))?;
        (normal.profile, normal.suite) = (rules.profile, rules.suite);
        Ok(Loaded { normal, faults, notes, facts, noise, costs })
    }
}
