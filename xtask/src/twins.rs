//! Go's twins of the programs, where Go is to be had: each is recorded once in a command, when its program's turn comes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use gopark_conformance::live::{Attempt, build, observe};
use gopark_conformance::{Live, Program};

use crate::tools;

/// Go's programs, built, and what their runs left so far.
pub(crate) struct Twins {
    built: PathBuf,
    runs: u32,
    known: Mutex<BTreeMap<String, Arc<Live>>>,
}

impl Twins {
    /// Builds them. `None`, said aloud, where Go is neither found nor installed: the stored references serve then.
    pub(crate) fn set_up(programs: &[Program], runs: u32) -> Result<Option<Twins>> {
        let Some(go) = tools::go() else { return Ok(None) };
        println!("Go: {}", go.display());
        let built = tools::target().join("conformance-go");
        build(&go, programs, &built)?;
        Ok(Some(Twins { built, runs, known: Mutex::default() }))
    }

    /// Where a program's twin lies.
    pub(crate) fn exe(&self, program: &Program) -> PathBuf {
        self.built.join(&program.name)
    }

    /// How often each is run.
    pub(crate) fn runs(&self) -> u32 {
        self.runs
    }

    /// Go's trace of a program; recorded unless it is known. `None` if it cannot be recorded here.
    pub(crate) fn live(&self, program: &Program, logs: &Path) -> Result<Option<Arc<Live>>> {
        if let Some(live) = self.known().get(&program.name) {
            return Ok(Some(live.clone()));
        }
        let Some(live) = self.record(program, logs, self.runs)? else { return Ok(None) };
        let live: Arc<Live> = Arc::from(live);
        self.known().insert(program.name.clone(), live.clone());
        Ok(Some(live))
    }

    /// Go's trace of a program from so many fresh runs. `None` if it cannot be recorded here.
    pub(crate) fn record(&self, program: &Program, logs: &Path, runs: u32) -> Result<Option<Box<Live>>> {
        match observe(program, &self.exe(program), logs, runs)? {
            Attempt::Live(live) => Ok(Some(live)),
            Attempt::Skipped(_) => Ok(None),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Live>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
