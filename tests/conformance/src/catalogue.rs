//! The list of programs: the folders of `programs/src/bin` that have a `spec.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

/// One program of the catalogue.
#[derive(Debug, Clone)]
pub struct Program {
    /// The folder's name, and that of the binary.
    pub name: String,
    /// The folder.
    pub dir: PathBuf,
    /// What `spec.json` says.
    pub spec: Spec,
}

/// The contents of a `spec.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// What the program is about, in a line.
    pub what: String,
    /// Sets of calls to trace beside those of the network and of descriptors.
    #[serde(default)]
    pub trace: Vec<String>,
    /// Files to lay over those of /etc: name and contents.
    #[serde(default)]
    pub etc: BTreeMap<String, String>,
    /// Whether only root leaves the reference's calls: by its right to raw sockets, or by its number in them.
    #[serde(default)]
    pub root: bool,
    /// The exit status that is expected.
    #[serde(default)]
    pub exit: i32,
}

impl Program {
    /// Go's normalised trace.
    pub fn reference(&self) -> PathBuf {
        self.dir.join("go1.23.9.trace")
    }
}

/// The package of the programs; Go's twins are a module in the same place.
pub fn home() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/programs"))
}

/// All programs in the order of their names, or those named.
pub fn programs(names: &[String]) -> Result<Vec<Program>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(home().join("src/bin")).context("reading the catalogue's folder")? {
        let dir = entry?.path();
        let spec = dir.join("spec.json");
        if !spec.is_file() {
            continue;
        }
        let name = dir.file_name().expect("a folder read from a folder").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&spec)?;
        let spec = serde_json::from_str(&text).with_context(|| format!("{}", spec.display()))?;
        found.push(Program { name, dir, spec });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    for name in names {
        anyhow::ensure!(found.iter().any(|p| p.name == *name), "no program named {name} in the catalogue");
    }
    found.retain(|p| names.is_empty() || names.contains(&p.name));
    Ok(found)
}
