//! Tests that need a process each: this program runs itself again for one of them.

#[path = "../common/mod.rs"]
mod common;

mod close_races;
mod context_turns;
mod descriptor_limit;
mod faults;
mod fewest_syscalls;
mod full_queue;
mod idle_memory;
mod own_network;
mod poll_order;
mod refused;
mod stack_limit;
mod standard_numbers;

use std::process::Command;

/// Runs `body`, which is the test of this name in the caller's `module_path!()`, in a process with
/// no other test.
fn alone(module: &str, test: &str, body: impl FnOnce()) {
    const CHILD: &str = "GOPARK_ALONE_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let mut child = Command::new(std::env::current_exe().expect("a test has a path"));
    child.args(common::arguments_for(module, test)).env(CHILD, "1");
    common::assert_passed(&child.output().expect("the test runs again"));
}
