//! The rules about who may know whom, and a few others that a reader can rely on because this file checks them.
//!
//! A module's layer is in the table of ARCHITECTURE.md, "The map, by layer"; `use` points to the same layer or down. The few
//! calls up are in [`UPWARD`], each with its reason; one that is no longer made must leave the list.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where gopark-runtime calls the C library: in `sys`, and where the process ends, in models too.
const RUNTIME_CALLS: &[&str] = &["sys", "throw"];
/// Where gopark-net calls the C library: in `sys`, and in these, for the reason said at the head of `sys/mod.rs`.
const NET_CALLS: &[&str] = &["sys", "process/fork", "resolve/cgo"];

/// Calls up: who, whom, why.
const UPWARD: &[(&str, &str, &str)] = &[
    ("sched/g", "timer", "a G holds its sleep timer (type-stable memory)"),
    ("sched/p", "timer", "a P holds its heap of timers"),
    ("sched/p", "sched/pinned", "a P holds the queues of pinned mode"),
    ("sched/g", "sched/checkdead", "a plain thread that parks counts for the deadlock report"),
    ("timer", "sched", "an earlier timer wakes the poller (Go: wakeNetPoller); the current P's heap"),
];

/// A file of a crate: `sched/g` is `sched/g.rs`, `sched` is `sched/mod.rs`.
struct Module {
    name: String,
    path: PathBuf,
    /// The modules of the same crate that it names.
    named: BTreeSet<String>,
}

/// The modules below a folder.
fn modules(src: &str) -> Vec<Module> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(src);
    let named: Vec<_> = sources(&root).into_iter().map(|path| (module_name(&root, &path), path)).collect();
    let exist: BTreeSet<_> = named.iter().map(|(name, _)| name.clone()).collect();
    named
        .into_iter()
        .map(|(name, path)| {
            let mut named = named_modules(&code(&path), &parent(&name), &exist);
            named.remove(&name);
            Module { name, path, named }
        })
        .collect()
}

fn module_name(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).expect("found below it").with_extension("");
    let name = inside.to_str().expect("a name in UTF-8");
    name.strip_suffix("/mod").unwrap_or(name).to_owned()
}

/// What `super` is in a file.
fn parent(name: &str) -> Vec<String> {
    let mut segments: Vec<_> = name.split('/').map(str::to_owned).collect();
    segments.pop();
    segments
}

/// Every `.rs` file below a folder, in a fixed order.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> =
        fs::read_dir(dir).expect("a folder of sources").map(|e| e.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false if path.extension().is_some_and(|e| e == "rs") => found.push(path),
            false => {}
        }
    }
    found
}

/// A file without its comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The modules that a file names by `crate::`, or by `super::` if they are its neighbours.
fn named_modules(code: &str, parent: &[String], exist: &BTreeSet<String>) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (word, scope) in [("crate::", &[] as &[String]), ("super::", parent)] {
        let mut paths = Vec::new();
        for after in code.split(word).skip(1) {
            tree(after, &mut scope.to_vec(), &mut paths);
        }
        // what is behind the module is an item of it; an item of the scope itself is no module
        named.extend(paths.into_iter().filter_map(|path| {
            let beginnings = (scope.len() + 1..=path.len()).rev().map(|n| path[..n].join("/"));
            beginnings.into_iter().find(|name| exist.contains(name))
        }));
    }
    named
}

/// Adds the paths of a tree as in `use` to `found`, each behind `path`. Returns the text behind the tree.
fn tree<'a>(text: &'a str, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut list) = text.strip_prefix('{') {
        loop {
            let rest = tree(list, path, found);
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            match rest[end..].strip_prefix(',') {
                Some(more) => list = more,
                None => return rest[end..].strip_prefix('}').unwrap_or_default(),
            }
        }
    }
    let name = identifier(text);
    if name.is_empty() {
        found.push(path.clone());
        return text;
    }
    let rest = &text[name.len()..];
    path.push(name);
    let rest = match rest.strip_prefix("::") {
        Some(more) => tree(more, path, found),
        None => {
            found.push(path.clone());
            rest
        }
    };
    path.pop();
    rest
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The layers of gopark-runtime and of gopark-net, lowest first.
fn layers() -> [Vec<Vec<String>>; 2] {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = fs::read_to_string(path).expect("ARCHITECTURE.md");
    let (_, map) = text.split_once("| layer | modules |").expect("the table of layers");
    let rows: Vec<_> = map.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    let cell = |row: &str| row.split('|').nth(2).expect("a row has three cells").to_owned();
    let (network, runtime) = rows.split_last().expect("the table has rows");
    let runtime = runtime.iter().map(|row| names(&cell(row))).collect();
    [runtime, names(&cell(network)).into_iter().map(|name| vec![name]).collect()]
}

/// The names in code spans, where `a/{b c}` is `a/b` and `a/c`.
fn names(cell: &str) -> Vec<String> {
    let spans = cell.split('`').skip(1).step_by(2);
    let each = |span: &str| match span.strip_suffix('}').and_then(|span| span.split_once('{')) {
        Some((folder, files)) => files.split(' ').map(|file| format!("{folder}{file}")).collect(),
        None => vec![span.to_owned()],
    };
    spans.flat_map(each).collect()
}

/// The place of a module: its own, or that of the folder it is in.
fn layer(layers: &[Vec<String>], name: &str) -> Option<usize> {
    let own = layers.iter().position(|l| l.iter().any(|n| n == name));
    own.or_else(|| layer(layers, name.rsplit_once('/')?.0))
}

fn check(src: &str, layers: &[Vec<String>]) -> BTreeSet<(String, String)> {
    let modules = modules(src);
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    let exists = |name: &str| modules.iter().any(|m| m.name == name);
    for name in layers.iter().flatten().filter(|name| !exists(name)) {
        wrong.push(format!("{src}: `{name}` has a layer and is no module"));
    }
    for Module { name, path, named } in &modules {
        let Some(mine) = layer(layers, name) else {
            wrong.push(format!("{}: module `{name}` has no layer in ARCHITECTURE.md", path.display()));
            continue;
        };
        for other in named {
            if layer(layers, other).is_none_or(|theirs| theirs <= mine) {
                continue;
            }
            let up = UPWARD.iter().find(|(from, to, _)| within(name, from) && within(other, to));
            match up {
                Some((from, to, _)) => _ = used.insert((from.to_string(), to.to_string())),
                None => wrong.push(format!("{}: `{name}` is below `{other}` and names it", path.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "layers are broken:\n{}", wrong.join("\n"));
    used
}

/// Is the module the folder itself or in it?
fn within(name: &str, folder: &str) -> bool {
    name.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[test]
fn use_points_down() {
    let [runtime, net] = layers();
    let mut used = check("runtime/src", &runtime);
    used.extend(check("net/src", &net));
    for (from, to, why) in UPWARD {
        assert!(
            used.contains(&(from.to_string(), to.to_string())),
            "`{from}` no longer names `{to}` ({why}): leave it out"
        );
    }
}

/// The network knows the runtime's hooks and nothing behind them.
#[test]
fn net_knows_no_g_m_p_or_epoll() {
    for Module { path, .. } in modules("net/src") {
        let code = code(&path);
        for word in ["epoll_", "GRef", "gopark_runtime::proc", "gopark_runtime::sched", "goready("] {
            assert!(!code.contains(word), "{}: {word}", path.display());
        }
    }
}

/// The calls into the C library are in one place.
#[test]
fn the_system_is_called_in_sys() {
    for (src, places) in [("runtime/src", RUNTIME_CALLS), ("net/src", NET_CALLS)] {
        for Module { name, path, .. } in modules(src) {
            let text = code(&path);
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let call = code.split("libc::").skip(1).find(|after| {
                let function = identifier(after);
                after[function.len()..].starts_with('(') && function.starts_with(|c: char| !c.is_uppercase())
            });
            let here = path.ends_with("tests.rs") || places.iter().any(|place| within(&name, place));
            assert!(here || call.is_none(), "{}: {:?} belongs in sys", path.display(), call.map(identifier));
        }
    }
}

/// What exists in one place only.
#[test]
fn one_place_each() {
    let places: [(&str, &[&str]); 3] = [
        ("thread_local!", &["tls.rs", "model.rs"]),
        ("corosensei::", &["coro.rs", "dump.rs"]),
        ("epoll_wait", &["netpoll/epoll.rs", "sys/epoll.rs"]),
    ];
    for src in ["runtime/src", "net/src", "src"] {
        for Module { path, .. } in modules(src) {
            let code = code(&path);
            for (word, files) in places {
                let here = files.iter().any(|f| path.ends_with(f));
                assert!(here || !code.contains(word), "{}: {word} belongs in {files:?}", path.display());
            }
        }
    }
}

/// `println!` and its like panic where their stream cannot be written: a full disk would end the server.
#[test]
fn nothing_that_prints_panics() {
    for src in ["runtime/src", "net/src", "http/src", "src", "examples"] {
        for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(src)) {
            let code = code(&path);
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            for word in ["println!(", "print!("] {
                assert!(!code.contains(word), "{}: {word}", path.display());
            }
        }
    }
}

/// A poll returns goroutines; who polls readies them.
#[test]
fn netpoll_never_readies_a_goroutine() {
    for Module { name, path, .. } in modules("runtime/src") {
        if within(&name, "netpoll") && !within(&name, "netpoll/api") {
            let code = code(&path);
            assert!(!code.contains("goready(") && !code.contains("injectglist("), "{}", path.display());
        }
    }
}

/// Files of one idea; strong orderings and unsafe blocks with their reason; nothing left for later.
#[test]
fn house_rules() {
    let mut wrong = Vec::new();
    for src in
        ["runtime/src", "net/src", "http/src", "src", "stracecmp/src", "xtask/src", "tests", "examples"]
    {
        for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(src)) {
            let text = fs::read_to_string(&path).expect("a source file");
            let lines: Vec<_> = text.lines().collect();
            let mut say =
                |line: usize, what: &str| wrong.push(format!("{}:{}: {what}", path.display(), line + 1));
            if without_examples(&lines) > 500 {
                say(lines.len() - 1, "more than 500 lines");
            }
            let is_test = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"));
            if !is_test && !text.starts_with("//!") {
                say(0, "no `//!` header");
            }
            let library = ["runtime/src", "net/src", "http/src"].contains(&src) && !is_test;
            let tests =
                lines.iter().position(|l| l.starts_with("#[cfg(test)]") || l.starts_with("#[cfg(all(test"));
            for (i, line) in lines.iter().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                for word in
                    ["to\u{64}o!(", "unimplemente\u{64}!(", "#[ignor\u{65}", "TO\u{44}O", "FIX\u{4d}E"]
                {
                    if line.contains(word) {
                        say(i, word);
                    }
                }
                if library
                    && tests.is_none_or(|at| i < at)
                    && strong(code)
                    && !explained(&lines, i, "ORDERING:")
                {
                    say(i, "an ordering without `// ORDERING:`");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} lines break the house's rules:\n{}", wrong.len(), wrong.join("\n"));
}

/// The number of lines besides the examples of the documentation: an example on each public method must not be a
/// reason to split a type.
fn without_examples(lines: &[&str]) -> usize {
    let mut in_example = false;
    lines
        .iter()
        .filter(|line| {
            let fence = ["/// ```", "//! ```"].iter().any(|fence| line.trim_start().starts_with(fence));
            in_example ^= fence;
            !fence && !in_example
        })
        .count()
}

/// Does the line use an ordering stronger than Relaxed (an import is no use)?
fn strong(code: &str) -> bool {
    let code = code.trim();
    let imported = code.starts_with("use ") || code.starts_with("Ordering::{") || code.ends_with("};");
    let word = |w: &str| {
        code.match_indices(w).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            let after = code[at + w.len()..].chars().next();
            matches!(before, Some(' ' | '(' | ':')) && matches!(after, Some(')' | ','))
        })
    };
    !imported && code.contains('(') && ["Acquire", "Release", "AcqRel", "SeqCst"].iter().any(|w| word(w))
}

/// Is the word in the line, or in the comment right above the statement that the line belongs to?
fn explained(lines: &[&str], at: usize, word: &str) -> bool {
    // a statement may have many lines, and one comment may speak for a pair
    lines[at.saturating_sub(8)..=at].iter().any(|line| line.contains(word))
}
