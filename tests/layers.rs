//! The rules about who may know whom, and a few others that a reader can rely on because this file checks them.
//!
//! A module's layer is in [`RUNTIME`] or [`NET`]; `use` points to the same layer or down. The few calls up are in
//! [`UPWARD`], each with its reason; one that is no longer made must leave the list.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Layers of gopark-runtime, lowest first.
const RUNTIME: &[&[&str]] = &[
    // every call of the system; how the process ends
    &["sys", "throw"],
    // words that threads share, each with its model; under loom `model` stands for all above
    &["shim", "note", "spinning", "handshake", "join_word", "runnext", "wait_reason", "model"],
    // stack switching
    &["coro"],
    // state: nothing here parks, wakes or polls
    &["ahead", "census", "g", "glist", "m", "metrics", "p", "runq", "sched", "stack", "tls"],
    // sources of work
    &["netpoll", "netpoll_epoll", "timer"],
    // what a goroutine looks like from outside: reports, faults
    &["dump", "fault", "schedtrace"],
    // schedule, park, ready, wake, steal
    &["proc"],
    // the blocking doors
    &["hogs", "join", "micro", "poll_api", "scope", "sema", "sleep", "start", "sysmon"],
    // for users
    &["api", "chan", "context", "future", "lib", "signal", "sync", "time"],
];

/// Layers of gopark-net, lowest first.
const NET: &[&[&str]] = &[
    // names, numbers and words: no descriptor; the system's calls
    &[
        "addr",
        "addr_tests",
        "errno",
        "error",
        "host_port",
        "name_error",
        "network",
        "sockaddr",
        "sys",
        "zone",
    ],
    // what the machine can do
    &["ipsock"],
    // descriptors
    &["poll"],
    &["endpoint", "read_all", "sockopt"],
    &["os"],
    &["somaxconn"],
    // sockets
    &["net_fd"],
    &["keep_alive", "multipath_tcp", "sock"],
    // by network name; names resolve through sockets of their own
    &["addr_list", "conn", "control_msg", "dial", "listen", "packet", "readiness", "resolve", "unix"],
    &["multicast"],
    // children; the types that are shaped like std's
    &["process", "std_face"],
    // copies between all kinds of ends
    &["io"],
    &["lib"],
];

/// Calls up: who, whom, why.
const UPWARD: &[(&str, &str, &str)] = &[
    ("g", "timer", "a G holds its sleep timer (type-stable memory)"),
    ("p", "timer", "a P holds its heap of timers"),
    ("g", "proc", "a plain thread that parks counts for the deadlock report"),
    ("timer", "proc", "an earlier timer wakes the poller (Go: wakeNetPoller); the current P's heap"),
];

/// The modules of a folder with the modules of the same crate that they name.
fn modules(src: &str) -> Vec<(String, PathBuf, BTreeSet<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(src);
    sources(&root)
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).expect("found below it");
            let first = inside.iter().next().expect("a file has a name").to_string_lossy();
            let name = first.trim_end_matches(".rs").to_owned();
            let named = named(&code(&path)).into_iter().filter(|other| *other != name).collect();
            (name, path, named)
        })
        .collect()
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

/// The modules after `crate::`, single or in braces.
fn named(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        let Some(list) = after.strip_prefix('{') else {
            names.insert(identifier(after));
            continue;
        };
        let mut depth = 0;
        let mut start = true;
        for (at, c) in list.char_indices() {
            if start && !c.is_whitespace() {
                names.insert(identifier(&list[at..]));
                start = false;
            }
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                _ => {}
            }
        }
    }
    // items of the crate's root (macros, re-exports), `$crate`'s rest, and what starts with a capital are no modules
    names.retain(|n| n.starts_with(|c: char| c.is_ascii_lowercase()));
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn check(src: &str, layers: &[&[&str]]) -> BTreeSet<(String, String)> {
    let layer = |name: &str| layers.iter().position(|l| l.contains(&name));
    let modules = modules(src);
    let exist: BTreeSet<_> = modules.iter().map(|(name, ..)| name.clone()).collect();
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for name in layers.iter().copied().flatten().filter(|name| !exist.contains(**name)) {
        wrong.push(format!("{src}: `{name}` has a layer and is no module"));
    }
    for (name, path, named) in &modules {
        let Some(mine) = layer(name) else {
            wrong.push(format!("{}: module `{name}` has no layer in tests/layers.rs", path.display()));
            continue;
        };
        for other in named.iter().filter(|other| exist.contains(*other)) {
            if layer(other).is_none_or(|theirs| theirs <= mine) {
                continue;
            }
            used.insert((name.clone(), other.clone()));
            if !UPWARD.iter().any(|(from, to, _)| from == name && to == other) {
                wrong.push(format!("{}: `{name}` is below `{other}` and names it", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "layers are broken:\n{}", wrong.join("\n"));
    used
}

#[test]
fn use_points_down() {
    let mut used = check("runtime/src", RUNTIME);
    used.extend(check("net/src", NET));
    for (from, to, why) in UPWARD {
        assert!(
            used.contains(&(from.to_string(), to.to_string())),
            "`{from}` no longer names `{to}` ({why}): leave it out"
        );
    }
}

/// The network knows the runtime's doors and nothing behind them.
#[test]
fn net_knows_no_g_m_p_or_epoll() {
    for (_, path, _) in modules("net/src") {
        let code = code(&path);
        for word in ["epoll_", "GRef", "gopark_runtime::proc", "gopark_runtime::sched", "goready("] {
            assert!(!code.contains(word), "{}: {word}", path.display());
        }
    }
}

/// What exists in one place only.
#[test]
fn one_door_each() {
    let doors: [(&str, &[&str]); 3] = [
        ("thread_local!", &["tls.rs", "model.rs"]),
        ("corosensei::", &["coro.rs", "dump.rs"]),
        ("epoll_wait", &["netpoll_epoll.rs", "epoll.rs"]),
    ];
    for src in ["runtime/src", "net/src", "src"] {
        for (_, path, _) in modules(src) {
            let code = code(&path);
            for (word, files) in doors {
                let here = files.iter().any(|f| path.ends_with(f));
                assert!(here || !code.contains(word), "{}: {word} belongs in {files:?}", path.display());
            }
        }
    }
}

/// A poll returns goroutines; who polls readies them.
#[test]
fn netpoll_never_readies_a_goroutine() {
    for (name, path, _) in modules("runtime/src") {
        if name.starts_with("netpoll") {
            let code = code(&path);
            assert!(!code.contains("goready(") && !code.contains("injectglist("), "{}", path.display());
        }
    }
}

/// Files of one idea; strong orderings and unsafe blocks with their reason; nothing left for later.
#[test]
fn house_rules() {
    let mut wrong = Vec::new();
    for src in ["runtime/src", "net/src", "src", "stracecmp/src", "xtask/src", "tests", "examples"] {
        for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(src)) {
            let text = fs::read_to_string(&path).expect("a source file");
            let lines: Vec<_> = text.lines().collect();
            let mut say =
                |line: usize, what: &str| wrong.push(format!("{}:{}: {what}", path.display(), line + 1));
            if lines.len() > 500 {
                say(lines.len() - 1, "more than 500 lines");
            }
            let is_test = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"));
            if !is_test && !text.starts_with("//!") {
                say(0, "no `//!` header");
            }
            let library = ["runtime/src", "net/src"].contains(&src) && !is_test;
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
