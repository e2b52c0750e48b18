//! tests/PORTED.md is honest: what it calls ported is there, under its name or the one that the remark says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A row of a table.
struct Row<'a> {
    line: usize,
    originals: &'a str,
    here: &'a str,
    remark: &'a str,
}

fn rows(text: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let [originals, here, remark] = cells[..]
            && line.starts_with('|')
            && !here.starts_with("--")
            && here != "here"
        {
            rows.push(Row { line: i + 1, originals, here, remark });
        }
    }
    rows
}

/// Names are compared without their case and underscores: `TestIPv6Listener` is `test_ipv6_listener`.
fn plain(name: &str) -> String {
    let last = name.rsplit("::").next().unwrap_or(name);
    last.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

/// The functions of all the workspace's sources.
fn functions() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for folder in ["http", "net", "runtime", "tests"] {
        collect(&root.join(folder), &mut found);
    }
    found
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of ours") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            for after in text.split("fn ").skip(1) {
                let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.insert(plain(&name));
            }
        }
    }
}

#[test]
fn what_is_called_ported_is_there() {
    let text = include_str!("PORTED.md");
    let rows = rows(text);
    assert!(rows.len() > 500, "only {} rows were read", rows.len());
    let functions = functions();
    let mut wrong = Vec::new();
    for row in rows {
        match row.here {
            "ported" => {
                let quoted = row.remark.split('`').skip(1).step_by(2);
                let elsewhere = quoted
                    .chain(row.remark.split([' ', ',', ';']).filter(|word| word.contains('_')))
                    .any(|name| functions.contains(&plain(name)));
                // Of "array.rs smoke" the last word counts; of "TestWeighted (x/sync/semaphore)" the first.
                let original = row.originals.split(" (").next().unwrap_or_default();
                for name in original.split(", ").filter(|name| !name.ends_with('*')) {
                    let name = name.rsplit(' ').next().unwrap_or(name);
                    if !functions.contains(&plain(name)) && !elsewhere {
                        wrong.push(format!("line {}: {name} is not there", row.line));
                    }
                }
            }
            "deviates" | "not applicable" => {
                if row.remark.is_empty() && !row.originals.contains("Windows") {
                    wrong.push(format!("line {}: {} {} without a reason", row.line, row.originals, row.here));
                }
            }
            other => wrong.push(format!("line {}: {other:?} is none of the three", row.line)),
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

/// The tests' files that the tables name.
#[test]
fn the_files_named_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let words = include_str!("PORTED.md").split(|c: char| c.is_whitespace() || "`,;:()|".contains(c));
    let ours = ["net/tests/", "net/src/", "runtime/tests/", "runtime/src/"];
    let mut named = 0;
    for word in words.filter(|word| ours.iter().any(|folder| word.starts_with(folder))) {
        named += 1;
        let path = root.join(word.trim_end_matches(['*', '.']).trim_end_matches("*.rs"));
        assert!(path.exists(), "{word} is not there");
    }
    assert!(named > 20, "only {named} files are named");
}
