//! The programs that `health.rs` runs, each in a process of its own.

mod deadlock;
mod endless;
mod hogs;
mod knobs;
mod order;
mod panics;
mod signals;
mod stacks;

use std::time::Duration;

use gopark_runtime::blocking;
use gopark_runtime::time::sleep;

/// Runs one; it panics, exits or returns.
pub(crate) fn run(name: &str) {
    match name {
        "deadlock" => deadlock::deadlock(),
        "deadlock_main" => deadlock::deadlock_main(),
        "plain_thread_wakes" => deadlock::plain_thread_wakes(),
        "plain_thread_naps" => deadlock::plain_thread_naps(),
        "two_start_at_once" => deadlock::two_start_at_once(),
        "only_a_timer" => inside(|| sleep(Duration::from_millis(200))),
        "only_a_blocking_call" => inside(|| blocking(|| std::thread::sleep(Duration::from_millis(200)))),
        "random_programs" => deadlock::random_programs(),
        "overflow" => inside(stacks::overflow),
        "large_stack" => stacks::large_stack(),
        "null_pointer" => inside(panics::null_pointer),
        "panic_message" => panics::panic_message(),
        "many_panics" => panics::many_panics(),
        "park_in_drop" => panics::park_in_drop(),
        "fork_exec" => signals::fork_exec(),
        "sigquit" => signals::sigquit(),
        "sigquit_many" => signals::sigquit_many(),
        "hogs" => hogs::hogs(),
        "a_pinned_hog" => hogs::a_pinned_hog(),
        "a_timer_beside_a_hog" => hogs::a_timer_beside_a_hog(),
        "std_locks" => hogs::std_locks(),
        "thousand_hogs" => hogs::thousand_hogs(),
        "fifty_endless_hogs" => endless::endless(50, endless::Rights::AsTheyAre),
        "many_endless_hogs" => endless::endless(endless::very_many(), endless::Rights::AsTheyAre),
        "fifty_endless_hogs_without_rights" => endless::endless(50, endless::Rights::Dropped),
        "many_endless_hogs_without_rights" => {
            endless::endless(endless::very_many(), endless::Rights::Dropped);
        }
        "ping_pong_and_a_third" => hogs::ping_pong_and_a_third(),
        "mprotect_guards" => stacks::mprotect_guards(),
        "mprotect_limit" => stacks::mprotect_limit(),
        "address_space_limit" => stacks::address_space_limit(),
        "park_after_fork" => panics::park_after_fork(),
        "c_frame" => stacks::c_frame(),
        "stray_pointer" => stacks::stray_pointer(),
        "core_of_many" => stacks::core_of_many(),
        "no_threads_for_a_second" => knobs::no_threads_for_a_second(),
        "small_address_space" => stacks::small_address_space(),
        "busy_for_300_ms" => signals::busy_for_300_ms(),
        "procs" => knobs::procs(),
        "builder_procs" => knobs::builder_procs(),
        "procs_of_one_cpu" => knobs::procs_of_one_cpu(),
        "builder_stack_size" => knobs::builder_stack_size(),
        "max_threads" => knobs::max_threads(),
        "before_the_runtime" => knobs::before_the_runtime(),
        "metrics_tell" => knobs::metrics_tell(),
        "a_waker_gets_its_p_back" => knobs::a_waker_gets_its_p_back(),
        "trim" => stacks::trim(),
        "closing_wakes_the_newest_first" => order::closing_wakes_the_newest_first(),
        "nothing_runs_after_main" => order::nothing_runs_after_main(),
        "a_plain_thread_waits_after_main" => order::a_plain_thread_waits_after_main(),
        other => panic!("no scenario {other}"),
    }
}

/// The runtime with its defaults.
fn inside<T: Send>(main: impl FnOnce() -> T + Send) -> T {
    // SAFETY: no scenario keeps anything of a thread over a park; those with std locks say so.
    unsafe { gopark_runtime::run(main) }
}
