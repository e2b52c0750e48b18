use super::*;

fn whole(text: &str) -> (u32, RawCall<'_>) {
    match line(text) {
        Ok((prefix, Item::Call(body))) => (prefix.tid, call(body).expect("a call")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn prefixes() {
    for (text, tid) in [
        ("close(3) = 0", 0),
        ("123 close(3) = 0", 123),
        ("123   close(3) = 0", 123),
        ("[pid  123] close(3) = 0", 123),
        ("[pid  123<serve>] close(3) = 0", 123),
        ("123<serve> close(3) = 0", 123),
        ("123 10:11:12 close(3) = 0", 123),
        ("10:11:12.345678 close(3) = 0", 0),
        ("123 1700000000.123456 close(3) = 0", 123),
        ("1700000000.123456 close(3) = 0", 0),
        ("     0.000123 close(3) = 0", 0),
        ("123 10:11:12.345678 (+     0.000123) close(3) = 0", 123),
        ("123 [00007f0102030405] close(3) = 0", 123),
        ("123 10:11:12 [   3] [00007f0102030405] close(3) = 0", 123),
    ] {
        let (got, c) = whole(text);
        assert_eq!((got, c.name, c.args, c.ret), (tid, "close", "3", "0"), "{text}");
    }
}

#[test]
fn results() {
    for (text, ret, err, note) in [
        ("f() = 3", "3", None, ""),
        (
            "f() = -1 EAGAIN (Resource temporarily unavailable)",
            "-1",
            Some("EAGAIN"),
            "(Resource temporarily unavailable)",
        ),
        ("f() = -1 EAGAIN (x y) <0.000012>", "-1", Some("EAGAIN"), "(x y)"),
        ("f()       = ?", "?", None, ""),
        ("f() = ? <unavailable>", "?", None, ""),
        (
            "f() = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
            "?",
            Some("ERESTARTSYS"),
            "(To be restarted if SA_RESTART is set)",
        ),
        ("f() = 0x8002 (flags O_RDWR|O_LARGEFILE) <0.1>", "0x8002", None, "(flags O_RDWR|O_LARGEFILE)"),
        ("f() = 0 (Timeout)", "0", None, "(Timeout)"),
        ("f() = -1 Eagain", "-1", None, "Eagain"),
    ] {
        let c = call(text).expect(text);
        assert_eq!((c.ret, c.err, c.note), (ret, err, note), "{text}");
    }
}

#[test]
fn halves() {
    let (at, item) = line("7 read(3,  <unfinished ...>").expect("reads");
    assert_eq!((at.tid, item), (7, Item::Unfinished { name: "read", head: "read(3," }));
    let (at, item) = line("7 <... read resumed>\"x\", 1) = 1").expect("reads");
    assert_eq!((at.tid, item), (7, Item::Resumed { name: "read", rest: "\"x\", 1) = 1" }));
    let (_, item) = line("7 <... futex resumed> <unfinished ...>) = ?").expect("reads");
    assert!(matches!(item, Item::Resumed { rest, .. } if never_returned(rest)));
}

#[test]
fn lines_that_are_no_calls() {
    for text in [
        "",
        "  ",
        "7 ???( <unfinished ...>",
        "7 <... ??? resumed>)                = ?",
        "+++ superseded by execve in pid 9 +++",
        "Process 12 attached",
        "Process 12 resumed (parent 11 ready)",
        "%% time     seconds  usecs/call     calls    errors syscall",
        "------ ----------- ----------- --------- --------- ----------------",
        " 50.00    0.000123           5        24         3 read",
        "100.00    0.000246           5        48         3 total",
        " | 00000  68 65 6c 6c 6f                                    hello            |",
        "7 10:11:12 --- stopped by SIGSTOP ---",
        "strace: Process 12 attached",
        "7 ???( <unfinished ...>",
        " > /usr/lib/libc.so.6(read+0x1) [0x10]",
    ] {
        assert!(matches!(line(text), Ok((_, Item::Nothing))), "{text}: {:?}", line(text));
    }
}

#[test]
fn ends_and_signals() {
    for (text, item) in [
        ("7 +++ exited with 3 +++", Item::Ended(End::Exited(3))),
        ("7 +++ killed by SIGSEGV (core dumped) +++", Item::Ended(End::Killed("SIGSEGV"))),
        ("7 --- SIGSEGV {si_signo=SIGSEGV, si_addr=NULL} ---", Item::Signal("SIGSEGV")),
        ("7 --- SIGCHLD (Child exited) @ 0 (0) ---", Item::Signal("SIGCHLD")),
        ("strace: [ Process PID=7 runs in 32 bit mode. ]", Item::Nothing),
        ("[ Process PID=7 runs in 32 bit mode. ]", Item::Personality("32 bit")),
        ("7 read(3,  <detached ...>", Item::Unfinished { name: "read", head: "read(3," }),
        ("7 read(3,  <pid changed to 8 ...>", Item::Unfinished { name: "read", head: "read(3," }),
        ("7 ARM_set_tls(0xb6f) = 0", Item::Call("ARM_set_tls(0xb6f) = 0")),
        ("\t7 SYS_318(0x1) = 0", Item::Call("SYS_318(0x1) = 0")),
        ("7<C2 CompilerThre> BREAKPOINT() = 0", Item::Call("BREAKPOINT() = 0")),
    ] {
        assert_eq!(line(text).expect(text).1, item, "{text}");
    }
}

#[test]
fn stamps() {
    for (text, ns, relative) in [
        ("7 10:11:12.5 close(3) = 0", 36_672_500_000_000, false),
        ("7 1700000000.000001 close(3) = 0", 1_700_000_000_000_001_000, false),
        ("     0.000123 close(3) = 0", 123_000, true),
        ("close(3) = 0", 0, false),
    ] {
        let (prefix, _) = line(text).expect(text);
        assert_eq!((prefix.time_ns, prefix.relative), (ns, relative), "{text}");
    }
    assert_eq!(duration("close(3) = 0 <0.000123>"), Some(123_000));
    assert_eq!(duration("close(3) = 0</a>"), None);
}

#[test]
fn lines_that_are_wrong() {
    for text in ["hello", "7 hello world", "7 Close(3) = 0", "99999999999 close(3) = 0", "7 <... close"] {
        assert!(line(text).is_err(), "{text}");
    }
    for text in ["close(3", "close(3]) = 0", "close(3)", "close(3) = x", "read(3, \"abc) = 1", "f(/* x) = 0"]
    {
        assert!(call(text).is_err(), "{text}");
    }
}

#[test]
fn arguments() {
    let args = |t| split_args(call(t).expect(t).args).into_vec();
    assert_eq!(args("f() = 0"), [""; 0]);
    assert_eq!(
        args(r#"f(1, {a, [b, c]}, "x,\"y)", 2 /* a, b) */) = 0"#),
        ["1", "{a, [b, c]}", r#""x,\"y)""#, "2 /* a, b) */"]
    );
    assert_eq!(args("f(,) = 0"), ["", ""]);
}

#[test]
fn descriptor_notes() {
    for (text, want) in [
        ("read(3</etc/hosts>, \"4<x>\", 5) = 0", "read(3, \"4<x>\", 5) = 0"),
        ("openat(AT_FDCWD</tmp>, \"a\", O_RDONLY) = 3</tmp/a>", "openat(AT_FDCWD, \"a\", O_RDONLY) = 3"),
        ("close(3</tmp/a>(deleted)) = 0", "close(3) = 0"),
        ("close(3<UNIX-STREAM:[12->13,\"/a>b\"]>) = 0", "close(3) = 0"),
        ("close(3<TCPv6:[[::1]:80->[::1]:90]>) = 0", "close(3) = 0"),
        ("pipe2([3<pipe:[1]>, 4<pipe:[1]>], 0) = 0", "pipe2([3, 4], 0) = 0"),
        ("f(1<<3, [112 => 28]) = 0 <0.1>", "f(1<<3, [112 => 28]) = 0 <0.1>"),
        ("close(3</tmp/a>b>) = 0", "close(3) = 0"),
        ("close(3</tmp/a\"b>) = 0", "close(3) = 0"),
        ("dup2(3</dev/null<char 1:3>>, 1</dev/pts/0<char 136:0>>) = 1", "dup2(3, 1) = 1"),
        ("f(3<", "f(3<"),
    ] {
        assert_eq!(without_fd_notes(text), want);
    }
}
