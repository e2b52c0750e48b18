//! The command line in, the line of figures out.

use crate::Stopwatch;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::str::FromStr;

/// What this process was asked to do.
#[derive(Debug)]
pub struct Job {
    /// The first word of the command line.
    pub workload: String,
    contestant: String,
    keys: HashMap<String, String>,
}

impl Job {
    /// Reads the command line. `contestant` is the name in the answer unless `BENCH_NAME` says otherwise.
    pub fn from_args(contestant: &str) -> Job {
        let mut words = std::env::args().skip(1);
        Job {
            workload: words.next().unwrap_or_default(),
            contestant: std::env::var("BENCH_NAME").unwrap_or_else(|_| contestant.to_owned()),
            keys: words
                .filter_map(|w| w.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())))
                .collect(),
        }
    }

    /// As `from_args`, and never freed: tasks of every runtime may hold it.
    pub fn leaked(contestant: &str) -> &'static Job {
        Box::leak(Box::new(Job::from_args(contestant)))
    }

    /// The value of `key` as it was given.
    pub fn word<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        self.keys.get(key).map_or(default, String::as_str)
    }

    /// The value of `key`.
    ///
    /// # Panics
    /// When the value given is no `T`: a mistyped benchmark must not run with a default.
    pub fn get<T: FromStr>(&self, key: &str, default: T) -> T {
        let Some(text) = self.keys.get(key) else { return default };
        text.parse().unwrap_or_else(|_| panic!("{key}={text} cannot be read"))
    }

    /// Runs `work(operations)`: first a tenth of `n` to warm up, then `n` measured, and answers with the figures.
    pub fn timed(&self, n: u64, mut work: impl FnMut(u64)) {
        work(n / 10);
        let watch = Stopwatch::start();
        work(n);
        self.answer_per_op(&watch, n);
    }

    /// Answers with the wall and CPU time of each of `n` operations since `watch` was started.
    pub fn answer_per_op(&self, watch: &Stopwatch, n: u64) {
        let (wall, cpu) = watch.elapsed_ns();
        let n = n as f64;
        self.answer(&[("n", n), ("ns_per_op", wall as f64 / n), ("cpu_ns_per_op", cpu as f64 / n)]);
    }

    /// Prints the line that the runner reads.
    pub fn answer(&self, figures: &[(&str, f64)]) {
        let mut line = format!("{} {}", self.workload, self.contestant);
        for (key, value) in figures {
            write!(line, " {key}={value:.3}").expect("a String takes whatever is written to it");
        }
        println!("{line}");
    }
}

/// Tells the runner that the server listens.
pub fn ready() {
    println!("READY");
    std::io::stdout().flush().expect("the runner reads our standard output");
}

/// Leaves with the status that means "nothing for this workload".
pub fn unsupported() -> ! {
    std::process::exit(3)
}
