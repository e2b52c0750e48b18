//! A deadlock is reported whoever was the last to go to sleep: a goroutine, the thread that called `run`, another thread, or a thread of the
//! runtime's that was about to end.
//!
//! Each case runs some times, as a process of its own with nothing but the runtime in it: this binary runs itself with the case's name in
//! `GOPARK_CASE`.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gopark_runtime::sync::{Mutex, WaitGroup};
use gopark_runtime::{Builder, blocking, chan, go, scope, time};
use libtest_mimic::{Arguments, Failed, Trial};

/// How long a report may take: sysmon's deep sleep comes after a few hundred milliseconds, on a busy machine later.
const LIMIT: Duration = Duration::from_secs(30);
const RUNS: usize = 6;

type Case = (&'static str, fn());

const CASES: [Case; 5] = [
    // The caller of `run` may be slower than the goroutine it waits for.
    ("main_goroutine_parks_at_once", || receive_for_ever()),
    ("scope_waits_for_a_goroutine", || scope(|s| drop(s.go(receive_for_ever)))),
    ("a_plain_thread_parks_last", || {
        let (holds, waits) = chan::bounded::<()>(0);
        std::thread::spawn(move || {
            let _keeps_it_open = holds;
            time::sleep(Duration::from_millis(5));
            receive_for_ever();
        });
        let _ = waits.recv();
    }),
    ("a_plain_thread_ends_last", || {
        std::thread::spawn(|| std::thread::sleep(Duration::from_millis(5)));
        receive_for_ever();
    }),
    // So many threads of the runtime's that the last of them to stop end instead.
    ("surplus_threads_end_last", || {
        let (together, done) = (Arc::new(WaitGroup::new()), Arc::new(Mutex::new(())));
        let held = done.lock();
        for _ in 0..40 {
            let (together, done) = (together.clone(), done.clone());
            together.add(1);
            go(move || {
                together.done();
                blocking(|| std::thread::sleep(Duration::from_millis(30)));
                drop(done.lock());
            });
        }
        together.wait();
        receive_for_ever();
        drop(held);
    }),
];

fn receive_for_ever() {
    let (_open, nothing) = chan::bounded::<()>(0);
    let _ = nothing.recv();
}

fn main() {
    if let Ok(name) = std::env::var("GOPARK_CASE") {
        let (_, case) = CASES.iter().find(|(case, _)| *case == name).expect("a case's name");
        // SAFETY: nothing is bound to a thread.
        return unsafe { Builder::new().procs(2).run(*case) };
    }
    let trial = |(name, _): &Case| {
        let name = *name;
        Trial::test(name, move || (0..RUNS).try_for_each(|_| is_reported(name)))
    };
    libtest_mimic::run(&Arguments::from_args(), CASES.iter().map(trial).collect()).exit();
}

fn is_reported(name: &str) -> Result<(), Failed> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env("GOPARK_CASE", name).env_remove("GODEBUG");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut pipe = child.stderr.take().expect("it is piped");
    let report = std::thread::spawn(move || std::io::read_to_string(&mut pipe));
    let limit = Instant::now() + LIMIT;
    while child.try_wait()?.is_none() {
        if Instant::now() > limit {
            child.kill()?;
            child.wait()?;
            return Err(format!("no report after {LIMIT:?}").into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let (status, said) = (child.wait()?, report.join().expect("it only reads")?);
    if !said.starts_with("fatal error: all goroutines are asleep - deadlock!") || status.code() != Some(2) {
        return Err(format!("{status}: {said}").into());
    }
    // The report begins where the program called the runtime.
    match said.lines().find(|line| line.contains("/src/sched/") || line.contains("/src/observe/")) {
        Some(frame) => Err(format!("a frame of the scheduler's: {frame}\n{said}").into()),
        None => Ok(()),
    }
}
