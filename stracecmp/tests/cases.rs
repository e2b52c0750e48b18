//! Pairs of logs of one kind each: what must conform, what must differ, what must be read.
//!
//! - `fdpairs`: nothing but the numbers of descriptors is different.
//! - `noisepairs`: nothing but what belongs to one run is different.
//! - `missed`, and a few beside: what a stranger wants to be told.
//! - `parse`: a line of each kind that some version of strace writes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn files(folder: &str) -> Vec<PathBuf> {
    let dir = cases().join(folder);
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(dir).expect("a folder").map(|e| e.expect("readable").path()).collect();
    all.retain(|p| p.is_file());
    all.sort();
    all
}

fn compare(args: &[&Path]) -> (Option<i32>, String) {
    let out =
        Command::new(env!("CARGO_BIN_EXE_stracecmp")).arg("compare").args(args).output().expect("it starts");
    let text = [out.stdout, out.stderr].concat();
    (out.status.code(), String::from_utf8_lossy(&text).into_owned())
}

fn named(name: &str) -> PathBuf {
    cases().join(name)
}

#[test]
fn pairs_that_differ_in_nothing_that_counts_conform() {
    let mut seen = 0;
    for a in files("fdpairs").into_iter().chain(files("noisepairs")) {
        let name = a.to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".a.strace") {
            let b = PathBuf::from(format!("{stem}.b.strace"));
            let (code, text) = compare(&[&a, &b]);
            assert_eq!(code, Some(0), "{name}: {text}");
            assert!(!text.contains("not understood"), "{name}: {text}");
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn what_strangers_want_to_be_told_differs() {
    let mut pairs: Vec<(PathBuf, PathBuf)> = files("missed")
        .into_iter()
        .filter_map(|a| Some((a.clone(), PathBuf::from(format!("{}-b", a.to_str()?.strip_suffix("-a")?)))))
        .collect();
    pairs.push((named("exit0.strace"), named("segv.strace")));
    pairs.push((named("poll-in.strace"), named("poll-hup.strace")));
    assert!(pairs.len() > 6);
    for (a, b) in pairs {
        for (x, y) in [(&a, &b), (&b, &a)] {
            let (code, text) = compare(&[x, y]);
            assert_eq!(code, Some(1), "{} {}: {text}", x.display(), y.display());
        }
    }
}

#[test]
fn the_headline_says_how_it_ended() {
    let (_, text) = compare(&[&named("exit0.strace"), &named("segv.strace")]);
    assert!(text.contains("exits with 0 in the reference, here it is killed by SIGSEGV"), "{text}");
    let (_, text) = compare(&[&named("missed/mem-a"), &named("missed/mem-b")]);
    assert!(
        text.contains("fails in the candidate alone (line 1): mmap") && text.contains("ENOMEM"),
        "{text}"
    );
    let (_, text) = compare(&[&named("missed/hang-a"), &named("missed/hang-b")]);
    assert!(text.contains("blocked in nothing in the reference, here in read("), "{text}");
}

/// The law: every log that reads conforms to itself.
#[test]
fn every_log_conforms_to_itself() {
    let all = ["", "fdpairs", "noisepairs", "missed", "parse", "pipe"].into_iter().flat_map(files);
    let mut seen = 0;
    for path in all {
        let (code, text) = compare(&[&path, &path]);
        assert_eq!(code, Some(0), "{}: {text}", path.display());
        seen += 1;
    }
    assert!(seen > 150, "{seen}");
}

#[test]
fn two_runs_of_a_program_conform() {
    for (a, b) in [("plain-true-1.strace", "plain-true-2.strace"), ("conc-go-1.strace", "conc-go-2.strace")] {
        let (code, text) = compare(&[&named(a), &named(b)]);
        assert_eq!(code, Some(0), "{a}: {text}");
    }
}

#[test]
fn another_length_of_strings_is_said_first() {
    let (code, text) = compare(&[&named("s4.strace"), &named("s512.strace")]);
    assert_eq!(code, Some(0), "{text}");
    let second = text.lines().nth(1).unwrap_or("");
    assert!(second.contains("recorded differently") && second.contains("-s"), "{text}");
}

/// A pipe can be read once only: what was looked at must not be lost.
#[test]
fn pipes_and_the_standard_input_are_read_whole() {
    let log = named("pipe/two-lines.strace");
    let out = Command::new(env!("CARGO_BIN_EXE_stracecmp"))
        .args(["compare", "-"])
        .arg(&log)
        .stdin(Stdio::from(std::fs::File::open(&log).expect("is there")))
        .output()
        .expect("it starts");
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stdout));
    let shell = format!(r#"cat '{0}' | "$0" compare /dev/stdin '{0}'"#, log.display());
    let out = Command::new("sh").args(["-c", &shell, env!("CARGO_BIN_EXE_stracecmp")]).output().expect("sh");
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stdout));
}

#[test]
fn what_is_no_log_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    for (text, reason) in [("hello\nworld\n", "does not read as strace output"), ("", "no calls in the log")]
    {
        let path = dir.path().join("x");
        std::fs::write(&path, text).expect("written");
        let (code, said) = compare(&[&path, &path]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn escapes_of_a_log_never_reach_the_terminal() {
    let dir = tempfile::tempdir().expect("a folder");
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    std::fs::write(&a, "7 open(\"x\x1b[31m\u{9b}\", O_RDONLY) = 3\n").expect("written");
    std::fs::write(&b, "7 open(\"y\x1b]0;title\x07\", O_RDONLY) = 3\nbad \x1b[5m line\n").expect("written");
    let (code, text) = compare(&[&a, &b]);
    assert_eq!(code, Some(1));
    assert!(!text.contains('\x1b') && !text.contains('\u{9b}') && !text.contains('\x07'), "{text:?}");
}

#[test]
fn options_choose_what_is_looked_at() {
    let dir = tempfile::tempdir().expect("a folder");
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    std::fs::write(&a, "7 futex(0x10, FUTEX_WAKE, 1) = 0\n7 access(\"a\", F_OK) = 0\n7 close(3) = 0\n")
        .expect("written");
    std::fs::write(&b, "7 access(\"b\", F_OK) = 0\n7 close(3) = 0\n").expect("written");
    let ignore = dir.path().join("ignore");
    std::fs::write(&ignore, "# what does not matter\n^access\n").expect("written");
    for (options, code) in [
        (vec![], 1),
        (vec!["--drop", "access"], 0),
        (vec!["--only", "close"], 0),
        (vec!["--from-first", "close"], 0),
        (vec!["--ignore", ignore.to_str().expect("text")], 0),
        (vec!["--drop", "access", "--keep", "futex"], 1),
    ] {
        let mut args: Vec<&Path> = options.iter().map(Path::new).collect();
        args.extend([a.as_path(), b.as_path()]);
        let (got, text) = compare(&args);
        assert_eq!(got, Some(code), "{options:?}: {text}");
    }
    let (_, text) = compare(&[&a, &b]);
    assert!(text.contains("left out as noise") && text.contains("futex"), "{text}");
}

#[test]
fn json_has_a_schema() {
    let (code, text) = compare(&[Path::new("--json"), &named("exit0.strace"), &named("segv.strace")]);
    assert_eq!(code, Some(1), "{text}");
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["schema"], "stracecmp/1");
    assert_eq!(value["verdict"], "differs");
    assert!(value["headline"][0].as_str().is_some_and(|t| t.contains("SIGSEGV")), "{value}");
    assert_eq!(value["explanations"][0]["class"], "EndsOtherwise");
}

#[test]
fn calls_are_counted_on_both_sides() {
    let dir = tempfile::tempdir().expect("a folder");
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    std::fs::write(&a, "7 close(3) = 0 <0.001000>\n7 brk(NULL) = 0x1 <0.000500>\n").expect("written");
    std::fs::write(&b, "7 close(3) = -1 EBADF (Bad file descriptor) <0.002000>\n").expect("written");
    let (code, text) = compare(&[Path::new("--stat"), &a, &b]);
    assert_eq!(code, Some(1));
    let row = |name: &str| {
        let line = text
            .lines()
            .find(|l| l.trim_start().starts_with(name))
            .unwrap_or_else(|| panic!("{name}: {text}"));
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("close "), "1 / 0 / 1.000 1 / 1 / 2.000");
    assert_eq!(row("brk "), "1 / 0 / 0.500 -");
}

#[test]
fn a_folder_is_checked_and_blessed() {
    let dir = tempfile::tempdir().expect("a folder");
    let check = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stracecmp"));
        let out = command.arg("check").args(more).arg(dir.path()).output().expect("it starts");
        (out.status.code(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
    };
    let log = dir.path().join("one.strace");
    std::fs::copy(named("plain-true-1.strace"), &log).expect("copied");
    assert_eq!(check(&[]).0, Some(1), "nothing is expected yet");
    assert_eq!(check(&["--bless"]).0, Some(0));
    assert_eq!(check(&[]), (Some(0), check(&[]).1));
    std::fs::copy(named("plain-true-2.strace"), &log).expect("copied");
    let (code, text) = check(&[]);
    assert_eq!(code, Some(0), "another run is the same: {text}");
    std::fs::copy(named("segv.strace"), &log).expect("copied");
    let (code, text) = check(&[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("here it is killed by SIGSEGV"), "{text}");
}
