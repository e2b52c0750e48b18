//! One run of one contestant.

use crate::contestants::{Build, Contestant};
use crate::placement::{Placement, spawn_on};
use crate::rows::{Kind, Row};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

pub(crate) type Figures = BTreeMap<String, f64>;

/// Why there are no figures.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The contestant said that it does not do this.
    Unsupported,
    /// It was said last on standard error.
    Failed(String),
}

/// The contract's status for `Failure::Unsupported`.
const UNSUPPORTED: i32 = 3;

/// Longer than any run takes.
const PATIENCE: Duration = Duration::from_secs(120);

impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Failure {
        Failure::Failed(e.to_string())
    }
}

pub(crate) fn run(
    build: &Build,
    contestant: &Contestant,
    row: &Row,
    keys: &[String],
) -> Result<Figures, Failure> {
    let mut figures = measure(build, contestant, row, keys)?;
    let of = |key| figures.get(key).copied();
    let derived = [
        (
            "server_per_client",
            of("server_cpu_us").zip(of("client_cpu_us")).map(|(server, client)| server / client),
        ),
        ("interval_us", of("per_s").map(|per_s| 1e6 / per_s)),
        ("memory", of("rss_per").zip(of("pte_per")).map(|(rss, tables)| rss + tables)),
    ];
    figures.extend(derived.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    Ok(figures)
}

fn measure(build: &Build, contestant: &Contestant, row: &Row, keys: &[String]) -> Result<Figures, Failure> {
    match row.kind {
        Kind::Compute(place) => {
            let mut command = command(contestant, row);
            let figures = figures(&call(command.args(keys), place.and_then(Placement::server_cpu))?);
            if figures.get("late") == Some(&1.0) {
                return Err(Failure::Failed("spawning outlasted the sleep".to_owned()));
            }
            Ok(figures)
        }
        Kind::Load(load, place) => {
            let server = Server::start(contestant, row, place)?;
            let mut client = Command::new(build.load());
            client.arg(load).args(server.address()).args(keys);
            let said = call(&mut client, place.client_cpu());
            server.stop(said).map(|said| figures(&said))
        }
        Kind::SystemCalls(load, place) => {
            let server = Server::start(contestant, row, place)?;
            let counts = build.target.join("bench-results/perf.csv");
            let mut client = Command::new("perf");
            client.args(["stat", "-x,", "-o"]).arg(&counts).args([
                "-e",
                &tracepoints(),
                "-p",
                &server.pid().to_string(),
            ]);
            client.arg("--").arg(build.load()).arg(load).args(server.address()).args(keys);
            let said = call(&mut client, place.client_cpu());
            let requests = figures(&server.stop(said)?)["total"];
            Ok(calls_per_request(&counts, requests)?)
        }
    }
}

fn command(contestant: &Contestant, row: &Row) -> Command {
    let mut command = Command::new(&contestant.command[0]);
    command.args(&contestant.command[1..]).arg(row.workload).args(contestant.keys.split_whitespace());
    command.env("BENCH_NAME", &contestant.name);
    command
}

/// A contestant that serves.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(contestant: &Contestant, row: &Row, place: Placement) -> Result<Server, Failure> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = command(contestant, row);
        command.args(row.server_keys.split_whitespace());
        command.arg(format!("port={port}")).arg(format!("workers={}", place.workers()));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = spawn_on(place.server_cpu(), &mut command)?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line)?;
        let server = Server { process, port };
        if line.trim() == "READY" {
            return Ok(server);
        }
        Err(server
            .stop(Ok(line))
            .map_or_else(|e| e, |said| Failure::Failed(format!("said {said:?}, not READY"))))
    }

    fn pid(&self) -> u32 {
        self.process.id()
    }

    fn address(&self) -> [String; 2] {
        [format!("port={}", self.port), format!("pid={}", self.pid())]
    }

    /// Ends it. When the client failed because the server had died, the server's last words are the reason.
    fn stop(mut self, client: Result<String, Failure>) -> Result<String, Failure> {
        if let Some(status) = self.process.try_wait()? {
            let mut said = String::new();
            self.process.stderr.take().expect("it is piped").read_to_string(&mut said)?;
            return Err(match status.code() {
                Some(UNSUPPORTED) => Failure::Unsupported,
                _ => Failure::Failed(format!("the server ended, {status}: {}", last_words(&said))),
            });
        }
        _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        for _ in 0..300 {
            if self.process.try_wait()?.is_some() {
                return client;
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.process.kill()?;
        self.process.wait()?;
        client
    }
}

/// Runs a program on `cpu` to its end and returns what it printed.
pub(crate) fn call(command: &mut Command, cpu: Option<usize>) -> Result<String, Failure> {
    command.env("RUST_BACKTRACE", "0").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = spawn_on(cpu, command)?;
    let pid = Pid::from_child(&child);
    let (done, ended) = mpsc::channel();
    let waiter = thread::spawn(move || _ = done.send(child.wait_with_output()));
    let output = ended.recv_timeout(PATIENCE).map_err(|_| {
        _ = kill_process(pid, Signal::KILL);
        Failure::Failed(format!("still running after {} s", PATIENCE.as_secs()))
    });
    waiter.join().expect("waiting does not panic");
    let output = output??;
    match output.status.code() {
        Some(0) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Some(UNSUPPORTED) => Err(Failure::Unsupported),
        _ => Err(Failure::Failed(format!(
            "{}: {}",
            output.status,
            last_words(&String::from_utf8_lossy(&output.stderr))
        ))),
    }
}

/// The line that names the failure, or the last one. Where a panic was raised is left out: it names directories.
fn last_words(said: &str) -> String {
    let tells =
        |l: &&str| !l.trim().is_empty() && !l.contains("RUST_BACKTRACE") && !l.contains("panicked at");
    let lines = || said.lines().filter(tells);
    let named = lines().find(|l| ["error", "panic", "fatal", "limit"].iter().any(|word| l.contains(word)));
    named.or(lines().next_back()).unwrap_or("nothing said").chars().take(200).collect()
}

/// The `key=number` pairs of a line.
pub(crate) fn figures(line: &str) -> Figures {
    let pair = |word: &str| {
        let (key, value) = word.split_once('=')?;
        Some((key.to_owned(), value.parse().ok()?))
    };
    line.split_whitespace().filter_map(pair).collect()
}

/// System calls by name; those that do the same job are counted together.
const TRACED: [(&str, &str); 10] = [
    ("read", "read"),
    ("recvfrom", "read"),
    ("write", "write"),
    ("sendto", "write"),
    ("epoll_wait", "epoll_wait"),
    ("epoll_pwait", "epoll_wait"),
    ("futex", "futex"),
    ("nanosleep", "nanosleep"),
    ("clock_nanosleep", "nanosleep"),
    ("sched_yield", "sched_yield"),
];

fn tracepoints() -> String {
    let each = TRACED.map(|(call, _)| format!("syscalls:sys_enter_{call}"));
    format!("raw_syscalls:sys_enter,{}", each.join(","))
}

fn calls_per_request(counts: &Path, requests: f64) -> Result<Figures, std::io::Error> {
    let mut figures: Figures = TRACED.iter().map(|(_, job)| ((*job).to_owned(), 0.0)).collect();
    figures.insert("all".to_owned(), 0.0);
    for line in fs::read_to_string(counts)?.lines() {
        let mut cells = line.split(',');
        let (Some(Ok(n)), Some(event)) = (cells.next().map(str::parse::<f64>), cells.nth(1)) else {
            continue;
        };
        let call = event.rsplit_once("sys_enter").map_or("", |(_, call)| call.trim_start_matches('_'));
        let job = TRACED.iter().find(|(name, _)| *name == call).map_or("all", |(_, job)| job);
        *figures.entry(job.to_owned()).or_default() += n / requests;
    }
    Ok(figures)
}
