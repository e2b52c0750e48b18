//! The law: a log conforms to itself, and to every other one that differs only in what is left out.
//!
//! `cases/pairs` holds calls of many kinds: `fds.txt` with descriptors to be shifted, `noise.txt` in two runs, `lines.txt` as versions
//! and options of strace write them.

use std::path::Path;

use proptest::prelude::*;
use stracecmp::judge::{Options, judge};
use stracecmp::loaded::{Loaded, Source};
use stracecmp::log::{Log, Reading};
use stracecmp::rules::{Profile, Rules};

fn read(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/pairs").join(name);
    let text = std::fs::read_to_string(path).expect("is there");
    text.lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect()
}

fn load(text: &str) -> Loaded {
    let log = Log::parse_with(text.as_bytes(), &Reading::default()).expect("reads");
    let source = Source::Log(Box::new(log));
    source.project(&Rules::of(Profile::Generic), Path::new("log")).expect("is projected")
}

/// What differs; nothing if the two conform.
fn differs(a: &str, b: &str) -> Option<String> {
    let report = judge(&load(a), &load(b), Options::default());
    (!report.conforms()).then(|| report.plain())
}

#[test]
fn descriptors_may_have_any_number() {
    let shifted = |line: &str, by: u32| {
        let mut out = line.to_owned();
        for n in 5..9 {
            out = out.replace(&format!("<{n}>"), &(n + by).to_string());
        }
        format!(
            "7 openat(AT_FDCWD, \"/srv/x\", O_RDWR) = {}\n7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {}\n7 {out}\n",
            5 + by,
            6 + by
        )
    };
    let all = read("fds.txt");
    assert!(all.len() > 90);
    for line in all {
        for by in [10, 100] {
            let told = differs(&shifted(&line, 0), &shifted(&line, by));
            assert_eq!(told, None, "{line}");
        }
    }
}

#[test]
fn what_belongs_to_one_run_is_left_out() {
    let head = "7 socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP) = 3\n\
                7 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"192.0.2.53\")}, 16) = 0\n";
    let all = read("noise.txt");
    assert!(all.len() > 150);
    for pair in all.chunks(2) {
        let [a, b] = pair else { panic!("an odd line: {pair:?}") };
        assert_eq!(differs(&format!("{head}7 {a}\n"), &format!("{head}7 {b}\n")), None, "{a}");
    }
}

#[test]
fn the_kernel_may_choose_one_port_twice() {
    let client = |fd: u32, ip: &str, own: u32| {
        format!(
            "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {fd}\n\
             7 connect({fd}, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"{ip}\")}}, 16) = 0\n\
             7 getsockname({fd}, {{sa_family=AF_INET, sin_port=htons({own}), sin_addr=inet_addr(\"127.0.0.1\")}}, [16]) = 0\n\
             7 write(1, \"from 127.0.0.1:{own}\\n\", 21) = 21\n"
        )
    };
    let accepted = |fd: u32, port: u32| {
        format!(
            "7 accept(9, {{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr(\"127.0.0.1\")}}, [16]) = {fd}\n7 close({fd}) = 0\n"
        )
    };
    let two = |a: u32, b: u32| client(3, "127.0.0.1", a) + &client(4, "127.0.0.2", b);
    let both = |a: u32, b: u32| {
        "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 9\n".to_owned() + &accepted(5, a) + &accepted(5, b)
    };
    for log in [&two as &dyn Fn(u32, u32) -> String, &both] {
        let (other, same) = (log(41000, 42000), log(43000, 43000));
        assert_eq!(differs(&other, &same), None);
        let suite = |text: &str| {
            let log = Log::parse(text.as_bytes()).expect("reads");
            let mut trace = stracecmp::trace::Trace::of(&log).expect("is projected");
            let lines = std::mem::take(&mut trace.lines);
            trace.render(&lines)
        };
        assert_eq!(suite(&other), suite(&same));
    }
}

#[test]
fn how_often_a_loop_waited_in_vain_is_left_out() {
    let idle = "7 poll([{fd=3, events=POLLIN}], 1, 500) = 0 (Timeout)\n";
    let found =
        "7 poll([{fd=3, events=POLLIN}], 1, 500) = 1 ([{fd=3, revents=POLLIN}])\n7 read(3, \"x\", 9) = 1\n";
    let after = "7 write(3, \"tick\", 4) = 4\n";
    assert_eq!(differs(&[idle, idle, found].concat(), found), None);
    assert_eq!(
        differs(&[idle, after, idle, idle, after].concat(), &[idle, idle, after, idle, after].concat()),
        None
    );
    assert!(
        differs(&[idle, after, found].concat(), &[after, found].concat()).is_some(),
        "what a limit leads to"
    );
}

#[test]
fn every_line_of_every_version_is_read() {
    let all = read("lines.txt");
    assert!(all.len() > 140);
    for line in &all {
        let text = format!("{line}\n7 close(77) = 0\n");
        let loaded = load(&text);
        assert!(loaded.notes.is_empty(), "{line}: {:?}", loaded.notes);
        assert_eq!(differs(&text, &text), None, "{line}");
    }
    let whole = all.join("\n") + "\n";
    assert_eq!(differs(&whole, &whole), None);
}

/// A thread that works on connections of its own: what it does to each, in order.
fn thread(tid: u32, fd: u32, talks: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    for (i, words) in talks.iter().enumerate() {
        out.push(format!("{tid} socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {fd}"));
        for n in 0..*words {
            out.push(format!("{tid} write({fd}, \"talk {i} of {tid}, word {n}\", 20) = 20"));
        }
        out.push(format!("{tid} close({fd}) = 0"));
    }
    out
}

/// Lines of several threads, interleaved as `order` says.
fn interleaved(threads: &[Vec<String>], order: &[usize]) -> String {
    let mut at = vec![0; threads.len()];
    let mut out = String::new();
    for &pick in order.iter().chain(std::iter::repeat_n(&0, 1000)) {
        let left: Vec<usize> = (0..threads.len()).filter(|t| at[*t] < threads[*t].len()).collect();
        if left.is_empty() {
            break;
        }
        let t = left[pick % left.len()];
        out.push_str(&threads[t][at[t]]);
        out.push('\n');
        at[t] += 1;
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn threads_may_run_in_any_order(
        talks in prop::collection::vec(prop::collection::vec(0u8..4, 1..4), 2..4),
        one in prop::collection::vec(0usize..9, 0..60),
        other in prop::collection::vec(0usize..9, 0..60),
    ) {
        let numbered = |base: u32| -> Vec<Vec<String>> {
            (0u32..).zip(&talks).map(|(i, t)| thread(100 + i, base + i, t)).collect()
        };
        let (a, b) = (interleaved(&numbered(5), &one), interleaved(&numbered(50), &other));
        let told = differs(&a, &b);
        prop_assert!(told.is_none(), "{}", told.unwrap_or_default());
    }

    #[test]
    fn a_word_more_or_less_is_noticed(talks in prop::collection::vec(1u8..4, 1..4), which in 0usize..20) {
        let lines = thread(7, 5, &talks);
        let whole = lines.join("\n") + "\n";
        let mut less = lines.clone();
        less.remove(which % lines.len());
        prop_assume!(!less.is_empty());
        prop_assert!(differs(&whole, &(less.join("\n") + "\n")).is_some());
        prop_assert!(differs(&(less.join("\n") + "\n"), &whole).is_some());
        prop_assert!(differs(&whole, &whole).is_none());
    }
}
