//! `gopark` offers by name what its two crates offer, and none of their hidden modules.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The public names of a crate's root.
#[derive(Default)]
struct Root {
    offered: BTreeSet<String>,
    hidden: BTreeSet<String>,
}

/// Reads the roots in these files: `pub mod`, `pub fn` and the lists of `pub use`.
fn root(files: &[&str]) -> Root {
    let mut root = Root::default();
    for file in files {
        let code = code(file);
        let mut hidden = false;
        for item in code.split_inclusive([';', '{', '}']) {
            hidden |= item.contains("#[doc(hidden)]");
            let Some((_, item)) = item.rsplit_once("pub ") else { continue };
            if let Some(("fn" | "mod", rest)) = item.split_once(' ') {
                let names = if hidden { &mut root.hidden } else { &mut root.offered };
                names.insert(first_word(rest));
            }
            hidden = false;
        }
        for list in code.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next()) {
            let names = list.rsplit_once("::{").or(list.rsplit_once("::")).map_or(list, |(_, names)| names);
            let names = names.split(',').map(|name| first_word(name.rsplit(" as ").next().unwrap_or(name)));
            root.offered.extend(names.filter(|name| !name.is_empty()));
        }
    }
    root
}

/// A file's text in one line, without its comments.
fn code(file: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a source file");
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ")
}

fn first_word(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn what_the_crates_offer_is_in_the_facade() {
    let facade = root(&["src/lib.rs"]).offered;
    let runtime = root(&["runtime/src/lib.rs", "runtime/src/api.rs"]);
    let net = root(&["net/src/lib.rs"]);
    assert!(runtime.offered.len() > 20 && net.offered.len() > 40, "the roots were not read");
    for name in runtime.offered.union(&net.offered) {
        assert!(facade.contains(name), "`{name}` is not reachable through gopark");
    }
}

#[test]
fn hidden_modules_are_not_in_the_facade() {
    let code = code("src/lib.rs");
    assert!(!code.contains("::*"), "a glob re-exports what is hidden, too");
    let facade = root(&["src/lib.rs"]).offered;
    let hidden = root(&["runtime/src/lib.rs", "net/src/lib.rs"]).hidden;
    assert!(!hidden.is_empty(), "the roots were not read");
    for name in hidden {
        assert!(!facade.contains(&name), "`{name}` is reachable through gopark");
    }
}
