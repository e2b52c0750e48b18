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
            Source::Log(log) => of_log(log, rules, path),
            Source::Reference(normal) => Ok(Normal::clone(normal).into()),
        }
    }
}

/// What a log says by these rules.
fn of_log(log: &Log, rules: &Rules, path: &Path) -> Result<Loaded, Error> {
    let mut trace = Trace::with(log, rules).map_err(Error::bad(path))?;
    let faults = std::mem::take(&mut trace.faults);
    let mut notes = log.notes.clone();
    if let (n, Some(bad)) = &trace.odd {
        let s = if *n == 1 { "" } else { "s" };
        notes
            .push(format!("{n} call{s} not understood, compared as text; line {}: {}", bad.line, bad.reason));
    }
    let mut normal =
        Normal::of_traces(vec![trace], &path.display().to_string(), "log").map_err(Error::bad(path))?;
    (normal.profile, normal.suite) = (rules.profile, rules.suite);
    let (facts, noise, costs) = (log.facts.clone(), log.noise.clone(), log.costs.clone());
    Ok(Loaded { normal, faults, notes, facts, noise, costs })
}
