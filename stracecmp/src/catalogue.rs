//! A catalogue of programs with references: one folder each, with a `spec.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::record::{Peer, Recording};

#[derive(Debug, serde::Deserialize)]
struct Spec {
    what: String,
    #[serde(default)]
    trace: Vec<String>,
    #[serde(default)]
    etc: BTreeMap<String, String>,
    #[serde(default)]
    exit: i32,
}

/// A program of a catalogue.
#[derive(Debug)]
pub struct Program {
    /// Its name: that of its folder.
    pub name: String,
    /// What it is about.
    pub what: String,
    dir: PathBuf,
    spec: Spec,
}

impl Program {
    /// Reads a program's folder.
    pub fn load(dir: &Path) -> Result<Program> {
        let path = dir.join("spec.json");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let spec: Spec = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let name = dir.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Program { name, what: spec.what.clone(), dir: dir.to_owned(), spec })
    }

    /// All programs of a catalogue, by name.
    pub fn all(catalogue: &Path) -> Result<Vec<Program>> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(catalogue).with_context(|| catalogue.display().to_string())? {
            let dir = entry?.path();
            if dir.join("spec.json").is_file() {
                all.push(Program::load(&dir)?);
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Its Go source.
    pub fn go_source(&self) -> PathBuf {
        self.dir.join("main.go")
    }

    /// Its reference: the trace that Go leaves.
    pub fn reference(&self) -> PathBuf {
        self.dir.join("go1.23.9.trace")
    }

    /// The recording of a binary that claims to be this program.
    pub fn recording(&self, exe: impl Into<PathBuf>) -> Result<Recording> {
        let mut r = Recording::new(exe).exit(self.spec.exit);
        for trace in &self.spec.trace {
            r = r.trace(trace);
        }
        for (name, text) in &self.spec.etc {
            r = r.etc(name, text);
        }
        let client = self.dir.join("client.py");
        if client.is_file() {
            r = r.peer(Peer::Script(client));
        }
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "txt") {
                r = r.file(path);
            }
        }
        Ok(r)
    }
}
