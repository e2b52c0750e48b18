//! The command line: exit status, what it says about differences and about bad input.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::{fixtures, reference};

fn stracecmp<A: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = A>) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_stracecmp")).args(args).output().expect("it starts");
    let text = |b: Vec<u8>| String::from_utf8(b).expect("text");
    (status.code().expect("it ends by itself"), text(stdout), text(stderr))
}

fn run_of(name: &str) -> PathBuf {
    fixtures().join(name).join("run.strace")
}

/// A recording of the sample with some lines changed.
fn changed(dir: &Path, change: impl Fn(&str) -> Option<String>) -> PathBuf {
    let text = std::fs::read_to_string(run_of("tcp_sample")).expect("reads");
    let path = dir.join("changed.strace");
    let lines: Vec<String> = text.lines().filter_map(change).collect();
    assert!(lines.join("\n") != text.trim_end(), "nothing was changed");
    std::fs::write(&path, lines.join("\n") + "\n").expect("written");
    path
}

fn same(line: &str) -> Option<String> {
    Some(line.to_owned())
}

#[test]
fn exit_status_tells_the_verdict() {
    let (code, out, err) = stracecmp([Path::new("compare"), &reference("tcp_sample"), &run_of("tcp_sample")]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("conforms"));
    let (code, out, _) = stracecmp([
        Path::new("compare"),
        &reference("tcp_sample"),
        &run_of("tcp_sample"),
        &run_of("udp_echo"),
    ]);
    assert_eq!(code, 1);
    assert!(out.contains("conforms") && out.contains("differs"), "each log gets its verdict: {out}");
    let (code, _, err) =
        stracecmp([Path::new("compare"), &reference("tcp_sample"), Path::new("/no/such/file")]);
    assert_eq!(code, 2);
    assert!(err.contains("/no/such/file"), "{err}");
    assert_eq!(stracecmp(["compare"]).0, 2);
}

#[test]
fn differences_are_explained() {
    let dir = tempfile::tempdir().expect("a folder");
    let explained = |log: PathBuf, title: &str| {
        let (code, out, err) = stracecmp([Path::new("compare"), &reference("tcp_sample"), &log]);
        assert_eq!(code, 1, "{title}: {out}{err}");
        assert!(out.contains("as a whole") || out.contains("waits:"), "{title}: {out}");
        assert!(out.contains(&format!("why: {title}")), "{title}: {out}");
    };
    let level = changed(dir.path(), |l| Some(l.replace("EPOLLRDHUP|EPOLLET", "EPOLLRDHUP")));
    explained(level, "level-triggered");
    let no_del = changed(dir.path(), |l| if l.contains("CTL_DEL, 4") { None } else { same(l) });
    explained(no_del, "no EPOLL_CTL_DEL before close");
    let limited = changed(dir.path(), |l| Some(l.replace("128, -1, NULL", "128, 500, NULL")));
    explained(limited, "polled with a timeout");
    let backlog =
        changed(dir.path(), |l| if l.contains("listen(") { Some(l.replace("4096", "128")) } else { same(l) });
    explained(backlog, "another backlog");
    let other_call = changed(dir.path(), |l| {
        let to = "recvfrom(4, \"asdf\\n\", 32, 0, NULL, NULL) ";
        Some(l.replace("read(4, \"asdf\\n\", 32) ", to))
    });
    explained(other_call, "another call for the same data");
}

#[test]
fn bad_input_gets_file_line_and_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = dir.path().join("x.strace");
    for (text, line, reason) in [
        ("7 close(3) = 0\nnonsense\n7 close(4) = 0\n", ":2:", "does not read as strace output"),
        ("7 close(3 = 0\n", ":1:", "no end of call"),
        ("7 close(3) == 0\n", ":1:", "no result"),
        ("7 socket(AF_INET) = 3\n", ":1:", "no argument 2"),
        ("7 epoll_pwait(3, [], 128, x, NULL, 0) = 0\n", ":1:", "no number"),
        ("", "", "no calls in the log"),
        ("# tracecmp 1\n[runs x]\n", ":2:", "not a number of runs"),
        ("# tracecmp 1\n# waits many\n", ":2:", "waits: many"),
        ("# tracecmp 1\n", "", "no runs"),
    ] {
        std::fs::write(&log, text).expect("written");
        let (code, _, err) = stracecmp([Path::new("show"), Path::new("--strict"), &log]);
        assert_eq!(code, 2, "{text:?}");
        let place = format!("{}{line}", log.display());
        assert!(err.contains(&place) && err.contains(reason), "{text:?}: {err}");
    }
}

#[test]
fn a_truncated_log_is_read_up_to_its_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = dir.path().join("cut.strace");
    let text = std::fs::read_to_string(run_of("tcp_sample")).expect("reads");
    let cut = text.rfind("close(3)").expect("the last call") + "close(3)".len();
    std::fs::write(&log, &text[..cut]).expect("written");
    let (code, out, err) = stracecmp([Path::new("compare"), &reference("tcp_sample"), &log]);
    assert_eq!(code, 1, "{out}");
    assert!(err.contains("is cut off"), "{err}");
    assert!(out.contains("-close(tcp6#3) = 0"), "{out}");
}

/// As strace 6.1 now and then writes it of a thread that waits when another one ends the process.
#[test]
fn a_poll_that_the_end_cut_off_is_no_event() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = dir.path().join("end.strace");
    let mut text = std::fs::read_to_string(run_of("tcp_sample")).expect("reads");
    let at = text.rfind("epoll_pwait(").expect("a poll");
    let epoll = text[at..].split(['(', ',']).nth(1).expect("its descriptor").to_owned();
    for (events, code) in [(231, 0), (1, 1)] {
        let none = vec!["{events=0, data={u32=0, u64=0}}"; events.min(128)].join(", ");
        text.push_str(&format!("99 epoll_pwait({epoll}, [{none}], 128, 0, NULL, 0) = {events}\n"));
        std::fs::write(&log, &text).expect("written");
        let (got, out, _) = stracecmp([Path::new("compare"), &reference("tcp_sample"), &log]);
        assert_eq!(got, code, "{events} events: {out}");
    }
}

#[test]
fn show_draws_blocks_and_columns() {
    let (code, out, _) = stracecmp([Path::new("show"), &run_of("tcp_sample")]);
    assert_eq!(code, 0);
    let block = out.split("\n\n").find(|b| b.starts_with("tcp6c#1")).expect("a block of the connection");
    let signs: String = block.lines().skip(1).filter_map(|l| l.trim_start().split(' ').nth(1)).collect();
    assert_eq!(signs, "●+······?~<-✕", "{block}");
    let (code, out, _) = stracecmp([Path::new("show"), Path::new("--timeline"), &run_of("tcp_sample")]);
    assert_eq!(code, 0);
    let accept = out.lines().find(|l| l.contains("= tcp6c#1")).expect("the accept");
    assert!(
        accept.contains('<') && accept.contains('●'),
        "in for the listener, birth of the connection: {accept}"
    );
}

#[test]
fn normalise_makes_a_reference_and_says_what_was_stable() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("x.trace");
    let args: Vec<&std::ffi::OsStr> =
        vec!["normalise".as_ref(), "--name".as_ref(), "sample".as_ref(), "-o".as_ref(), out.as_ref()];
    let (one, two) = (run_of("tcp_sample"), fixtures().join("tcp_sample/seed.strace"));
    let (code, _, err) = stracecmp(args.iter().copied().chain([one.as_ref(), two.as_ref()]));
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("sample: all 47 lines and their order were the same in 2 runs"), "{err}");
    let (code, ..) = stracecmp([Path::new("compare"), &out, &run_of("tcp_sample")]);
    assert_eq!(code, 0);
    // Programs that differ have variants.
    let other = run_of("udp_echo");
    let (_, _, err) = stracecmp(args.iter().copied().chain([one.as_ref(), other.as_ref()]));
    assert!(err.contains("2 variants in 2 runs"), "{err}");
}

#[test]
fn shells_and_man_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, out, _) = stracecmp(["completions", shell]);
        assert!(code == 0 && out.contains("normalise") && out.contains("shared-network"), "{shell}");
    }
    let (code, out, _) = stracecmp(["man"]);
    assert!(code == 0 && out.contains(".TH stracecmp 1") && out.contains("stracecmp\\-compare(1)"), "{out}");
    let dir = tempfile::tempdir().expect("a folder");
    let (code, _, err) = stracecmp([std::ffi::OsStr::new("man"), dir.path().as_os_str()]);
    assert_eq!(code, 0, "{err}");
    assert!(dir.path().join("stracecmp-run.1").is_file());
}
