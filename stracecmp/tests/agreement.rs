//! This crate and the conformance suite's `tracecmp.py` see the same in every log, and say the same about it.
//!
//! `*.shown` in the fixtures is what `tracecmp.py show` prints for the recording beside it; the references are the
//! suite's own. Where the suite itself is at hand, it is asked live too, about every recording against every reference.

mod support;

use stracecmp::normal::Normal;
use support::{Python, fixtures, programs, reference, suite, verdict};

#[test]
fn references_are_read_and_written_identically() {
    for name in programs() {
        let bytes = std::fs::read(reference(&name)).expect(&name);
        let loaded = Normal::load(reference(&name)).expect(&name);
        assert!(loaded.normal.to_bytes() == bytes, "{name}: written otherwise than read");
    }
}

#[test]
fn logs_are_seen_as_tracecmp_sees_them() {
    let mut seen = 0;
    for name in programs() {
        for log in ["run", "seed"] {
            let path = fixtures().join(&name).join(log).with_extension("strace");
            let Ok(shown) = std::fs::read_to_string(path.with_extension("shown")) else { continue };
            let mut loaded = Normal::load(&path).expect(&name);
            loaded.normal.program = format!("{log}.strace");
            let mut mine = loaded.normal.write();
            loaded.faults.iter().for_each(|f| mine.push_str(&format!("lint {f}\n")));
            similar_asserts(&shown, &mine, &name);
            seen += 1;
        }
    }
    assert_eq!(seen, 27, "a recording of each program, and the log the suite began with");
}

fn similar_asserts(want: &str, got: &str, name: &str) {
    let diff = similar::TextDiff::from_lines(want, got);
    assert!(want == got, "{name}:\n{}", diff.unified_diff());
}

#[test]
fn recordings_conform_to_their_references() {
    for name in programs() {
        let wanted = Normal::load(reference(&name)).expect(&name).normal;
        for log in ["run.strace", "seed.strace"] {
            if let Ok(bytes) = std::fs::read(fixtures().join(&name).join(log)) {
                assert_eq!(verdict(&wanted, &bytes), 0, "{name}/{log}");
            }
        }
    }
}

#[test]
fn every_pair_gets_the_verdict_of_tracecmp() {
    let Some(suite) = suite() else { return };
    let mut python = Python::start(&suite);
    let mut verdicts = [0; 4];
    for of in programs() {
        let path = suite.join(&of).join("go1.23.9.trace");
        let wanted = Normal::load(&path).expect(&of).normal;
        for name in programs() {
            let log = std::fs::read_to_string(fixtures().join(&name).join("run.strace")).expect(&name);
            let (theirs, mine) = (python.verdict(&path, &log), verdict(&wanted, log.as_bytes()));
            assert_eq!(theirs, mine, "{name} compared with {of}");
            verdicts[usize::from(mine)] += 1;
        }
    }
    println!("{} pairs: {} conform, {} differ", verdicts.iter().sum::<i32>(), verdicts[0], verdicts[1]);
    assert!(verdicts[0] >= programs().len() as i32 && verdicts[1] > verdicts[0]);
}

/// More recordings: `STRACECMP_RECORDINGS` is a folder as `record.py --raw` makes it.
#[test]
fn further_recordings_get_the_verdict_of_tracecmp() {
    let Some(raw) = std::env::var_os("STRACECMP_RECORDINGS").map(std::path::PathBuf::from) else {
        eprintln!("SKIPPED: STRACECMP_RECORDINGS names no folder of recordings");
        return;
    };
    let Some(suite) = suite() else { return };
    let mut python = Python::start(&suite);
    let mut asked = 0;
    for name in programs() {
        let path = suite.join(&name).join("go1.23.9.trace");
        let wanted = Normal::load(&path).expect(&name).normal;
        for log in std::fs::read_dir(raw.join(&name)).into_iter().flatten() {
            let text = std::fs::read_to_string(log.expect("readable").path()).expect(&name);
            assert_eq!(python.verdict(&path, &text), verdict(&wanted, text.as_bytes()), "{name}");
            asked += 1;
        }
    }
    assert!(asked > 0, "there are recordings in STRACECMP_RECORDINGS");
}
