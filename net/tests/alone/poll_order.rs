//! In which order the goroutines of one poll run: Go's, later events first, and with `fewest_syscalls` first come, first served. A process
//! for each, since there is one runtime in a process; one P, so that they run one after the other.

use std::env;
use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::{arguments_for, assert_passed, pair};
use gopark_runtime::sync::WaitGroup;
use gopark_runtime::{go, time};

/// Set in the process that does the work; says whether with the knob.
const CHILD: &str = "GOPARK_POLL_ORDER_CHILD";
const READERS: usize = 6;
const ROUNDS: usize = 9;

/// Readers are parked, each on a connection; bytes come to them in a row. In which order do they run?
fn round() -> Vec<usize> {
    let ran = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::new(WaitGroup::new());
    let mut clients: Vec<_> = (0..READERS)
        .map(|id| {
            let (client, server) = pair();
            let (ran, all) = (ran.clone(), all.clone());
            all.add(1);
            go(move || {
                assert_eq!(server.read(&mut [0; 8]).unwrap(), 1);
                ran.lock().unwrap().push(id);
                all.done();
            });
            client
        })
        .collect();
    time::sleep(Duration::from_millis(2));
    // The client's writes do not park, so the next poll sees all of them.
    clients.iter_mut().for_each(|client| client.write_all(b"x").unwrap());
    all.wait();
    let ran = ran.lock().unwrap();
    ran.clone()
}

/// How many rounds ran in this order and in its reverse, in a process of its own.
fn rounds(knob: &str, test: &str) -> Option<[usize; 2]> {
    if let Ok(knob) = env::var(CHILD) {
        // SAFETY: run's contract: no lock guard or reference into a thread-local is held over a park.
        let orders: Vec<_> = unsafe {
            let builder = gopark_runtime::Builder::new().procs(1).fewest_syscalls(knob == "on");
            builder.run(|| (0..ROUNDS).map(|_| round()).collect())
        };
        let first_come = orders.iter().filter(|o| o.is_sorted()).count();
        let last_first = orders.iter().filter(|o| o.is_sorted_by(|a, b| a > b)).count();
        println!("\nfirst come {first_come} last first {last_first}");
        return None;
    }
    let mut child = Command::new(env::current_exe().expect("a test has a path"));
    child.args(arguments_for(module_path!(), test)).env(CHILD, knob);
    let output = child.output().expect("the test runs again");
    assert_passed(&output);
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with("first come")).expect("the child counts");
    let count = |word| line.split(' ').nth(word).and_then(|n| n.parse().ok()).expect("a number");
    Some([count(2), count(5)])
}

/// On a busy machine somebody else may poll between two of the writes; not in most rounds, and never so that the order turns round.
#[test]
fn later_events_first_as_in_go() {
    if let Some([first_come, last_first]) = rounds("off", "later_events_first_as_in_go") {
        assert!(
            last_first > ROUNDS / 2 && first_come == 0,
            "{last_first} of {ROUNDS}, {first_come} the other way"
        );
    }
}

#[test]
fn first_come_first_served_with_the_knob() {
    if let Some([first_come, last_first]) = rounds("on", "first_come_first_served_with_the_knob") {
        assert!(
            first_come > ROUNDS / 2 && last_first == 0,
            "{first_come} of {ROUNDS}, {last_first} the other way"
        );
    }
}
