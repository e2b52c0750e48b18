//! ARCHITECTURE.md speaks of what is there: the files and the identifiers that it names exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Names of Go's that have no counterpart here.
const GO_ALONE: [&str; 3] = ["pollingNet", "sendLock", "isSending"];

/// The folders of the project's sources.
const SOURCES: [&str; 7] = ["runtime", "net", "src", "tests", "xtask", "stracecmp", "bench"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, without build results.
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true if path.ends_with("target") => {}
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

fn all_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    SOURCES.iter().for_each(|dir| files(&root().join(dir), &mut found));
    found
}

/// The identifiers of the sources, without comments, and the names of files and folders.
fn identifiers() -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    let mut add = |text: &str| known.extend(words(text).map(str::to_owned));
    for entry in fs::read_dir(root()).expect("the root") {
        add(&entry.expect("an entry").file_name().to_string_lossy());
    }
    for path in all_files().into_iter().chain([root().join("Cargo.toml")]) {
        let inside = path.strip_prefix(root()).expect("below the root");
        add(&inside.to_string_lossy());
        if path.extension().is_some_and(|e| e == "rs" || e == "toml") {
            let text = fs::read_to_string(&path).expect("a text file");
            text.lines().for_each(|line| add(line.split("//").next().unwrap_or_default()));
        }
    }
    known
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    parts.filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// The code spans of ARCHITECTURE.md with their lines; of the dictionary without the column that has Go's names.
fn spans() -> Vec<(usize, String)> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let (mut drawing, mut dictionary) = (false, false);
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        drawing ^= line.starts_with("```");
        dictionary = line.starts_with("| Go |") || dictionary && line.starts_with('|');
        let line = if dictionary { line.splitn(3, '|').nth(2).unwrap_or_default() } else { line };
        if !drawing {
            found.extend(line.split('`').skip(1).step_by(2).map(|span| (at + 1, span.to_owned())));
        }
    }
    assert!(found.len() > 200, "the spans were not read");
    found
}

#[test]
fn identifiers_exist() {
    let known = identifiers();
    let exists = |word: &str, span: &str| {
        // `loom_sema_*` stands for all that begin so
        let family = span.ends_with('*') && known.iter().any(|name| name.starts_with(word));
        known.contains(word) || GO_ALONE.contains(&word) || family
    };
    let unknown: Vec<_> = spans()
        .into_iter()
        .flat_map(|(line, span)| {
            let unknown: Vec<_> =
                words(&span).filter(|word| !exists(word, &span)).map(str::to_owned).collect();
            unknown.into_iter().map(move |word| format!("{line}: {word}"))
        })
        .collect();
    assert!(unknown.is_empty(), "ARCHITECTURE.md names what is not there:\n{}", unknown.join("\n"));
}

#[test]
fn files_exist() {
    let all = all_files();
    let exists = |name: &str| {
        let folder = name.trim_end_matches("/*").trim_end_matches('/');
        root().join(folder).exists()
            || all.iter().any(|path| path.ends_with(folder))
            || all.iter().any(|path| path.parent().is_some_and(|parent| parent.ends_with(folder)))
    };
    let missing: Vec<_> = spans()
        .into_iter()
        .filter(|(_, span)| !span.contains(' ') && (span.ends_with(".rs") || span.ends_with("/*")))
        .filter(|(_, span)| !exists(span))
        .map(|(line, span)| format!("{line}: {span}"))
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names files that are not there:\n{}", missing.join("\n"));
}
