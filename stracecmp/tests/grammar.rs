//! strace's grammar: real logs written with every flag that changes a line, and properties of the reader.
//!
//! `tests/grammar` holds recordings of two programs under `-yy -tt -T` (`yy`), `-y -r --syscall-number` (`y`),
//! `-i -ttt -T` (`ip`) and `-t --decode-pids=comm -yy` (`comm`).

mod support;

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use stracecmp::lines::Lines;
use stracecmp::log::Log;
use stracecmp::normal::Normal;
use stracecmp::parse;
use stracecmp::per_fd;
use stracecmp::text::{decode, encode};
use stracecmp::trace::Trace;
use support::{fixtures, reference, verdict};

#[test]
fn logs_with_every_flag_conform() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/grammar");
    let mut seen = 0;
    for entry in std::fs::read_dir(dir).expect("the recordings are there") {
        let path = entry.expect("readable").path();
        let file = path.file_name().expect("named").to_string_lossy().into_owned();
        let (program, _) = file.split_once('.').expect("PROGRAM.FLAGS.strace");
        let wanted = Normal::load(reference(program)).expect("reads").normal;
        assert_eq!(verdict(&wanted, &std::fs::read(&path).expect("reads")), 0, "{file}");
        seen += 1;
    }
    assert_eq!(seen, 8);
}

/// A log whose lines the generators take apart.
static SAMPLE: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for name in ["exec_child", "dns_lookup", "tcp_sample"] {
        let text = std::fs::read_to_string(fixtures().join(name).join("run.strace")).expect("reads");
        all.extend(text.lines().map(str::to_owned));
    }
    all
});

/// Everything that is done with a log, up to the text of a reference.
fn whole_way(bytes: &[u8]) -> Option<Normal> {
    let trace = Trace::of(&Log::parse(bytes).ok()?).ok()?;
    let normal = Normal::of_traces(vec![trace], "p", "log").ok()?;
    let _ = normal.variants.first_per_fd();
    Some(normal)
}

fn argument() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-zA-Z0-9_|]{1,12}",
        r#""([ -!#-\[\]-~]|\\[n"\\0-7])*""#,
        "0x[0-9a-f]{1,12}",
        Just("/* 3 entries, (more) */".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        (prop::collection::vec(inner, 0..4), 0..3usize).prop_map(|(all, kind)| {
            let (open, close) = [("{", "}"), ("[", "]"), ("f(", ")")][kind];
            format!("{open}{}{close}", all.join(", "))
        })
    })
}

fn call() -> impl Strategy<Value = (String, Vec<String>, String)> {
    let ret = prop_oneof![
        Just("?".to_owned()),
        any::<i32>().prop_map(|n| n.to_string()),
        Just("-1 EAGAIN (Resource temporarily unavailable)".to_owned()),
        Just("0x8002 (flags O_RDWR|O_LARGEFILE)".to_owned()),
    ];
    ("[a-z_][a-z0-9_]{0,12}", prop::collection::vec(argument(), 0..6), ret)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = whole_way(&bytes);
        let text = decode(&bytes);
        prop_assert_eq!(&*encode(&text), &bytes[..]);
    }

    #[test]
    fn no_text_breaks_the_reader(text in "[a-z0-9_(){}\\[\\]<>\"\\\\,.=|/*? \n-]{0,300}") {
        let _ = whole_way(text.as_bytes());
        let _ = Normal::read(&text);
        let _ = Normal::read(&format!("# tracecmp 1\n{text}"));
        let lines: Lines = [&*text].into_iter().collect();
        let _ = per_fd::sequences(&lines);
        let _ = parse::without_fd_notes(&text);
    }

    #[test]
    fn no_damage_breaks_the_reader(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..12),
        keep in prop::collection::vec(any::<prop::sample::Index>(), 20..120),
    ) {
        let mut lines: Vec<Vec<u8>> = keep.iter().map(|i| i.get(&SAMPLE[..]).clone().into_bytes()).collect();
        for (line, at, byte) in cuts {
            let n = lines.len();
            let line = &mut lines[line.index(n)];
            if !line.is_empty() {
                let at = at.index(line.len());
                if byte < 64 { line.truncate(at) } else { line[at] = byte }
            }
        }
        let _ = whole_way(&lines.join(&b'\n'));
    }

    #[test]
    fn calls_are_read_as_they_were_written((name, args, ret) in call(), tid in 1u32..99999) {
        let text = format!("{name}({}) = {ret}", args.join(", "));
        let line = format!("{tid} {text}");
        let (got, item) = parse::line(&line).expect("a line");
        prop_assert_eq!(got.tid, tid);
        prop_assert_eq!(item, parse::Item::Call(&text));
        let c = parse::call(&text).expect("a call");
        prop_assert_eq!(c.name, &name);
        prop_assert_eq!(parse::split_args(c.args).into_vec(), args);
        prop_assert!(ret.starts_with(c.ret));
        prop_assert_eq!(c.err.is_some(), ret.contains('E') && ret.contains("-1 "));
    }

    #[test]
    fn decorations_change_nothing((name, args, ret) in call(), time in 0usize..5, secs in any::<bool>()) {
        let text = format!("{name}({}) = {ret}", args.join(", "));
        let stamp = ["", "10:11:12 ", "10:11:12.000123 ", "1700000000.000123 ", "     0.000123 "][time];
        let line = format!("7 {stamp}{text}{}", if secs { " <0.000012>" } else { "" });
        let (_, item) = parse::line(&line).expect("a line");
        let parse::Item::Call(body) = item else { return Err(TestCaseError::fail(line)) };
        prop_assert_eq!(parse::call(body), parse::call(&text));
    }

    #[test]
    fn halves_are_the_whole((name, args, ret) in call(), at in any::<prop::sample::Index>()) {
        let at = at.index(args.len() + 1);
        let (first, second) = (args[..at].join(", "), args[at..].join(", "));
        let comma = if at > 0 && at < args.len() { ", " } else { "" };
        let halves = format!("7 {name}({first}{comma} <unfinished ...>\n8 close(9) = 0\n7 <... {name} resumed>{second}) = {ret}\n");
        let whole = format!("8 close(9) = 0\n7 {name}({}) = {ret}\n", args.join(", "));
        let calls = |text: &str| {
            let log = Log::parse(text.as_bytes()).expect("a log");
            let all: Vec<String> = log.calls.iter().map(|c| log.view(c).to_string()).collect();
            all
        };
        prop_assert_eq!(calls(&halves), calls(&whole));
    }

    #[test]
    fn references_survive(keep in prop::collection::vec(any::<bool>(), 60..200)) {
        let lines = SAMPLE.iter().zip(keep.iter().cycle()).filter(|l| *l.1).map(|l| l.0.as_str()).collect::<Vec<_>>();
        if let Some(normal) = whole_way((lines.join("\n") + "\n").as_bytes()) {
            let text = normal.write();
            prop_assert_eq!(Normal::read(&text).expect("reads").write(), text);
        }
    }
}
