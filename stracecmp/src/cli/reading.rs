//! The options of everything that reads logs, and the one way in which logs are read.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use regex::Regex;
use stracecmp::facts;
use stracecmp::loaded::{Loaded, Source};
use stracecmp::log::Reading;
use stracecmp::noise::Filter;
use stracecmp::rules::{Profile, Rules};

/// The kind of program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// As the reference looks.
    #[default]
    Auto,
    /// Go, or a port of its poller.
    Go,
    /// Any program.
    Generic,
}

/// How logs are read.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Options {
    /// The kind of program: with go, faults that Go never has count against the candidate
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    profile: Kind,
    /// Keep calls that are left out as noise: futex,brk
    #[arg(long, value_name = "CALLS", value_delimiter = ',')]
    keep: Vec<String>,
    /// Leave out more calls: stat,access
    #[arg(long, value_name = "CALLS", value_delimiter = ',')]
    drop: Vec<String>,
    /// Look only at these classes of strace or calls: network,close
    #[arg(long, value_name = "CLASSES", value_delimiter = ',')]
    only: Vec<String>,
    /// A file of regular expressions, one a line: calls that match one are left out
    #[arg(long, value_name = "FILE")]
    ignore: Option<PathBuf>,
    /// Begin at the first call of this name
    #[arg(long, value_name = "CALL")]
    from_first: Option<String>,
    /// Refuse a log with a line that does not read, instead of counting it
    #[arg(long)]
    strict: bool,
}

impl Options {
    /// How a log is read, beside a reference if that is stored.
    fn reading(&self, reference: Option<&Source>) -> Result<Reading> {
        let mut filter = Filter::default();
        if let Some(Source::Reference(normal)) = reference {
            filter.keep.extend(normal.calls());
        }
        filter.keep.extend(self.keep.iter().cloned());
        filter.drop.extend(self.drop.iter().cloned());
        filter.only.extend(self.only.iter().cloned());
        if let Some(path) = &self.ignore {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
                filter.ignore.push(Regex::new(line).with_context(|| format!("{}: {line}", path.display()))?);
            }
        }
        Ok(Reading { filter, strict: self.strict })
    }

    fn profile(&self, source: &Source) -> Profile {
        match self.profile {
            Kind::Auto => source.profile(),
            Kind::Go => Profile::Go,
            Kind::Generic => Profile::Generic,
        }
    }

    fn rules(&self, reference: &Source) -> Rules {
        let suite = matches!(reference, Source::Reference(normal) if normal.suite);
        let base = if suite { Rules::suite() } else { Rules::of(self.profile(reference)) };
        Rules {
            profile: self.profile(reference),
            strict: self.strict,
            from_first: self.from_first.clone(),
            ..base
        }
    }

    /// Reads one log or reference by itself. A log of Go's is worded as the conformance suite words it.
    pub(crate) fn load(&self, path: &Path) -> Result<Loaded> {
        let source = Source::read(path, &self.reading(None)?)?;
        let rules = self.rules(&source);
        let rules = Rules { suite: rules.profile == Profile::Go, ..rules };
        Ok(source.into_loaded(&rules, path)?)
    }

    /// Reads one log by itself, worded for any program.
    pub(super) fn load_neutral(&self, path: &Path) -> Result<Loaded> {
        let source = Source::read(path, &self.reading(None)?)?;
        let rules = self.rules(&source);
        Ok(source.into_loaded(&rules, path)?)
    }

    /// The reference of a comparison.
    pub(crate) fn reference(&self, path: &Path) -> Result<Reference> {
        Ok(Reference { source: Source::read(path, &self.reading(None)?)?, path: path.to_owned() })
    }

    /// A reference and a candidate, read by the same rules.
    pub(super) fn pair(&self, reference: &Reference, path: &Path) -> Result<(Loaded, Loaded)> {
        let (candidate, rules) = self.candidate(reference, path)?;
        Ok((reference.source.project(&rules, &reference.path)?, candidate.into_loaded(&rules, path)?))
    }

    /// The same, for the last candidate: nothing of the reference is kept twice.
    pub(super) fn last_pair(&self, reference: Reference, path: &Path) -> Result<(Loaded, Loaded)> {
        let (candidate, rules) = self.candidate(&reference, path)?;
        let Reference { source, path: of } = reference;
        let got = candidate.into_loaded(&rules, path)?;
        Ok((source.into_loaded(&rules, &of)?, got))
    }

    fn candidate(&self, reference: &Reference, path: &Path) -> Result<(Source, Rules)> {
        let candidate = Source::read(path, &self.reading(Some(&reference.source))?)?;
        let limit = facts::common_limit(&reference.source.facts(), &candidate.facts());
        Ok((candidate, Rules { limit, ..self.rules(&reference.source) }))
    }
}

/// A reference that was read, and not yet projected: by which rules depends on the candidate.
pub(crate) struct Reference {
    source: Source,
    path: PathBuf,
}
