use super::*;

fn names(log: &Log) -> Vec<String> {
    log.calls.iter().map(|c| log.view(c).to_string()).collect()
}

fn lenient(text: &[u8]) -> Log {
    Log::parse_with(text, &Reading::default()).expect("reads")
}

#[test]
fn halves_are_put_together() {
    let log = Log::parse(
        b"7 read(3,  <unfinished ...>\n8 close(4 <unfinished ...>\n7 <... read resumed>\"x\", 1) = 1\n\
          8 <... close resumed>) = 0\n9 <... write resumed>) = 1\n8 exit_group(0 <unfinished ...>\n\
          8 <... exit_group resumed> <unfinished ...>) = ?\n8 +++ exited with 0 +++\n",
    )
    .expect("reads");
    assert_eq!(names(&log), [r#"read(3, "x", 1) = 1 "#, "close(4) = 0 "]);
    assert_eq!((log.calls[0].entry, log.calls[0].exit), (1, 3));
    assert_eq!(log.ends, [Ended { tid: 8, line: 8, how: Ok(0) }]);
}

#[test]
fn a_cut_end_is_told() {
    let log = Log::parse(b"7 close(3) = 0\n7 write(1, \"ab").expect("reads");
    assert_eq!((log.calls.len(), log.notes.len()), (1, 1));
    let strict = Reading { strict: true, ..Reading::default() };
    let bad = Log::parse_with(b"7 close(3) = 0\n7 write(1, \"ab\n", &strict).expect_err("is wrong");
    assert_eq!(bad.line, 2);
}

#[test]
fn bad_lines_are_counted() {
    let log =
        lenient(b"7 close(3) = 0\n7 read(3, \"ab\n7 close(4) = 0\nwhat the program says\n7 close(5) = 0\n");
    assert_eq!(log.calls.len(), 3);
    assert!(
        log.notes[0].starts_with("2 lines do not read") && log.notes[0].contains("line 2"),
        "{:?}",
        log.notes
    );
    let bad = Log::parse_with(b"hello\nworld\n", &Reading::default()).expect_err("is no log");
    assert!(bad.reason.contains("does not read as strace output"), "{bad}");
}

#[test]
fn the_programs_own_output_between_the_halves_of_a_line() {
    let log = lenient(
        b"[pid 7] write(1, \"a\\nb\\n\", 4a\nb\n)       = 4\n[pid 7] write(1, \"done\", 4done)   = 4\n[pid 7] close(3) = 0\n",
    );
    assert_eq!(
        names(&log),
        [r#"write(1, "a\nb\n", 4) = 4 "#, r#"write(1, "done", 4) = 4 "#, "close(3) = 0 "]
    );
    assert!(log.notes.is_empty(), "{:?}", log.notes);
}

#[test]
fn what_never_came_back_is_kept() {
    let log = lenient(b"7 read(3,  <unfinished ...>\n8 futex(0x1, FUTEX_WAIT, 0, NULL <detached ...>\n7 +++ killed by SIGKILL +++\n");
    let all: Vec<_> =
        log.blocked.iter().map(|b| (b.tid, log.strings.get(b.name), log.strings.get(b.args))).collect();
    assert_eq!(all, [(7, "read", "3"), (8, "futex", "0x1, FUTEX_WAIT, 0, NULL")]);
}

#[test]
fn stamps_of_every_kind_become_times() {
    let log = lenient(b"7 1.5 close(3) = 0 <0.25>\n7 1.75 close(4) = 0 <0.25>\n");
    assert_eq!(log.times, [1_500_000_000, 3_250_000_000], "small stamps are differences");
    assert_eq!(log.costs["close"], Cost { calls: 2, errors: 0, time_ns: 500_000_000 });
}
