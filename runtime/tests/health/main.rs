//! What keeps a server healthy, and what it says when it is not: deadlock, overflow, dumps, hogs, limits.
//!
//! Each scenario is a process of its own, with nothing but the runtime in it (a test harness's own threads would count as living
//! threads, and a fatal report ends the process): this binary runs itself with the scenario's name in `GOPARK_SCENARIO`.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};

#[path = "../../../tests/common/modes.rs"]
mod modes;
mod scenarios;

/// What cannot be asked of pinned mode.
const OF_GOS_MODE: &[(&str, &str)] = &[
    (
        "threads_that_could_not_be_created_are_created_later",
        "the goroutine that holds the lock may wait for a thread that waits for the lock",
    ),
    ("a_drop_that_parks_during_a_panic", "others of the thread run meanwhile, and see that it panics"),
    ("hogs_do_not_stop_others", "hogs keep their threads"),
    ("std_locks_held_over_a_sleep_disturb_nobody", "who sleeps keeps the thread"),
    ("a_thousand_hogs", "hogs keep their threads"),
    ("fifty_endless_hogs", "hogs keep their threads"),
    ("very_many_endless_hogs", "hogs keep their threads"),
    ("fifty_endless_hogs_whose_priority_cannot_be_raised", "hogs keep their threads"),
    ("very_many_endless_hogs_whose_priority_cannot_be_raised", "hogs keep their threads"),
    ("a_waker_gets_its_p_back", "a P never leaves its thread"),
];

/// How long a scenario may take.
const LIMIT: Duration = Duration::from_secs(240);

fn main() {
    if let Ok(name) = std::env::var("GOPARK_SCENARIO") {
        return scenarios::run(&name);
    }
    let left_out = |name| {
        OF_GOS_MODE.iter().any(|(other, why)| *other == name && modes::left_out_when_pinned(name, why))
    };
    let checks = checks().into_iter().filter(|(name, _)| !left_out(*name));
    let trials = checks.map(|(name, check)| Trial::test(name, check)).collect();
    // One at a time: a scenario with a thousand hogs would slow its neighbours down.
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, trials).exit();
}

/// What a scenario left.
struct Outcome {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

impl Outcome {
    fn code(&self, want: i32) -> Result<(), Failed> {
        match self.status.code() {
            Some(code) if code == want => Ok(()),
            _ => Err(format!(
                "{}, want exit status {want}\nstdout: {}\nstderr: {}",
                self.status, self.stdout, self.stderr
            )
            .into()),
        }
    }

    fn says(&self, text: &str) -> Result<(), Failed> {
        if self.stderr.contains(text) || self.stdout.contains(text) {
            return Ok(());
        }
        Err(format!("not said: {text:?}\nstdout: {}\nstderr: {}", self.stdout, self.stderr).into())
    }
}

/// Runs a scenario to its end; one that hangs is killed and fails.
fn play(name: &str, set_up: impl FnOnce(&mut Command)) -> Result<Outcome, Failed> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env("GOPARK_SCENARIO", name).env("GOMAXPROCS", "2").env_remove("GODEBUG");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    set_up(&mut command);
    let mut child = command.spawn()?;
    let out = read_all(child.stdout.take().expect("piped"));
    let err = child.stderr.take().map(read_all);
    let end = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            let (out, err) = (joined(Some(out)), joined(err));
            return Err(format!("{name} did not end within {LIMIT:?}\nstdout: {out}\nstderr: {err}").into());
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    Ok(Outcome { status, stdout: joined(Some(out)), stderr: joined(err) })
}

/// What was read; nothing if the stream went elsewhere.
fn joined(reader: Option<std::thread::JoinHandle<String>>) -> String {
    reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
}

/// Reads to the end beside everything else.
fn read_all(mut from: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

type Check = fn() -> Result<(), Failed>;

fn checks() -> Vec<(&'static str, Check)> {
    vec![
        ("deadlock_is_reported", || {
            let o = play("deadlock", |_| ())?;
            o.code(2)?;
            o.says("fatal error: all goroutines are asleep - deadlock!")?;
            o.says("[chan receive")?;
            o.says("[join]")?;
            o.says("scenarios/deadlock.rs:")?;
            o.says("created by goroutine ")
        }),
        ("deadlock_while_the_caller_of_run_waits_names_main", || {
            let o = play("deadlock_main", |_| ())?;
            o.code(2)?;
            o.says("goroutine 1 [chan receive")
        }),
        ("closing_wakes_the_newest_first", || ok("closing_wakes_the_newest_first")),
        ("nothing_runs_after_main", || ok("nothing_runs_after_main")),
        ("a_plain_thread_is_served_after_main", || ok("a_plain_thread_waits_after_main")),
        ("no_deadlock_while_a_plain_thread_lives", || ok("plain_thread_wakes")),
        ("no_deadlock_while_a_plain_thread_naps", || ok("plain_thread_naps")),
        ("no_deadlock_while_two_threads_start_the_runtime", || {
            (0..40).try_for_each(|_| ok("two_start_at_once"))
        }),
        ("no_deadlock_while_a_timer_is_set", || ok("only_a_timer")),
        ("no_deadlock_while_a_call_blocks", || ok("only_a_blocking_call")),
        ("no_false_deadlock_in_random_programs", || ok("random_programs")),
        ("overflow_names_goroutine_site_and_knob", || {
            let o = play("overflow", |_| ())?;
            if o.status.code().is_some() {
                return Err(format!("ended with {}, want a signal", o.status).into());
            }
            o.says("fatal error: stack overflow\ngoroutine ")?;
            o.says(" \"digger\" (spawned at ")?;
            o.says("overflowed its 256 KiB stack; Builder::stack_size")
        }),
        ("a_frame_without_probes_does_not_jump_over_the_guard", || {
            let o = play("c_frame", |_| ())?;
            o.says("\"c caller\" (spawned at ")?;
            o.says("overflowed its 256 KiB stack")
        }),
        ("a_stray_pointer_into_a_guard_is_nobodys_overflow", || {
            let o = play("stray_pointer", |_| ())?;
            if o.stderr.contains("overflow") || o.status.signal() != Some(libc::SIGSEGV) {
                return Err(format!("{}: {}", o.status, o.stderr).into());
            }
            Ok(())
        }),
        ("a_core_holds_the_stacks_in_use_and_not_the_reserve", || ok("core_of_many")),
        ("threads_that_could_not_be_created_are_created_later", || {
            let o = play("no_threads_for_a_second", |_| ())?;
            o.code(0)?;
            print!("{}", o.stdout);
            if o.stdout.contains("SKIPPED") {
                Ok(())
            } else {
                o.says("gopark: failed to create a thread beside ")
            }
        }),
        ("a_large_stack_for_one_goroutine", || ok("large_stack")),
        ("another_fault_goes_to_the_previous_handler", || {
            let o = play("null_pointer", |_| ())?;
            match o.status.signal() {
                Some(libc::SIGSEGV) => Ok(()),
                _ => Err(format!("ended with {}, want SIGSEGV\n{}", o.status, o.stderr).into()),
            }
        }),
        ("a_panic_names_its_goroutine", || {
            let o = play("panic_message", |_| ())?;
            o.code(0)?;
            o.says("goroutine ")?;
            o.says("\"worker\" (spawned at ")?;
            o.says("scenarios/panics.rs:")?;
            o.says("on purpose")
        }),
        ("ten_thousand_panics_at_once", || ok("many_panics")),
        ("a_drop_that_parks_during_a_panic", || ok("park_in_drop")),
        ("fork_and_exec_while_goroutines_run", || ok("fork_exec")),
        ("a_park_in_a_forked_child_ends_it_with_a_message", || {
            let o = play("park_after_fork", |_| ())?;
            o.code(0)?;
            o.says("only exec works there (gopark::process::Command)")
        }),
        ("sigquit_under_load_dumps_all", || {
            let o = play("sigquit", |_| ())?;
            o.code(2)?;
            o.says("SIGQUIT: quit")?;
            o.says("goroutine running on other thread; stack unavailable")?;
            o.says("[chan receive")?;
            o.says("[sleep")
        }),
        ("sigquit_with_100_000_goroutines_groups_them", || {
            let o = play("sigquit_many", |_| ())?;
            o.code(2)?;
            o.says("100000 @ goroutine")
        }),
        ("hogs_do_not_stop_others", || ok("hogs")),
        ("a_hog_that_was_waited_for_delays_no_timer", || ok("a_timer_beside_a_hog")),
        ("std_locks_held_over_a_sleep_disturb_nobody", || ok("std_locks")),
        ("a_thousand_hogs", || ok("thousand_hogs")),
        ("fifty_endless_hogs", || told("fifty_endless_hogs")),
        ("very_many_endless_hogs", || told("many_endless_hogs")),
        ("fifty_endless_hogs_whose_priority_cannot_be_raised", || told("fifty_endless_hogs_without_rights")),
        ("very_many_endless_hogs_whose_priority_cannot_be_raised", || {
            told("many_endless_hogs_without_rights")
        }),
        ("a_pair_that_hands_its_slice_to_and_fro_does_not_starve_others", || ok("ping_pong_and_a_third")),
        ("guards_by_mprotect", || ok("mprotect_guards")),
        ("without_mappings_go_says_which_limit", || {
            let o = play("mprotect_limit", |_| ())?;
            o.code(0)?;
            o.says("vm.max_map_count")
        }),
        ("without_address_space_go_says_which_limit", || {
            let o = play("address_space_limit", |_| ())?;
            o.code(0)?;
            o.says("RLIMIT_AS")
        }),
        ("a_spawn_that_fails_gently_under_a_small_limit", || {
            let o = play("small_address_space", |c| {
                c.env("RUST_BACKTRACE", "1");
            })?;
            o.code(0)?;
            o.says("go: no address space for goroutine stacks of 256 KiB")?;
            o.says("gopark: go panics at ")?;
            o.says("scenarios/stacks.rs:")
        }),
        ("a_panic_where_stderr_is_full_ends_its_goroutine_only", || {
            let o = play("panic_message", |c| {
                c.stderr(std::fs::File::options().write(true).open("/dev/full").expect("a device"));
            });
            o?.code(0)
        }),
        ("pinned_a_hog_is_reported_once", || {
            let o = play("a_pinned_hog", |c| {
                c.env("GOPARK_PINNED", "1").env("GOMAXPROCS", "1").env("GODEBUG", "hogs=1");
            })?;
            o.code(0)?;
            o.says("scenarios/hogs.rs:")?;
            o.says(" ms; 3 others wait behind it\n")?;
            match o.stderr.matches(" has held its thread for ").count() {
                1 => Ok(()),
                n => Err(format!("{n} reports\n{}", o.stderr).into()),
            }
        }),
        ("schedtrace_prints_gos_lines", || {
            let o = play("busy_for_300_ms", |c| {
                c.env("GODEBUG", "schedtrace=50");
            })?;
            o.code(0)?;
            o.says("ms: gomaxprocs=2 idleprocs=")?;
            o.says(" needspinning=")?;
            o.says(" runqueue=")
        }),
        ("scheddetail_prints_ps_ms_and_gs", || {
            let o = play("busy_for_300_ms", |c| {
                c.env("GODEBUG", "schedtrace=50,scheddetail=1");
            })?;
            o.code(0)?;
            o.says(" gcwaiting=false nmidlelocked=")?;
            o.says("  P0: status=")?;
            o.says("  M0: p=")?;
            o.says("  G1: status=")
        }),
        ("gomaxprocs_follows_the_environment", || {
            let o = play("procs", |c| {
                c.env("GOMAXPROCS", "3");
            })?;
            o.code(0)?;
            o.says("3 procs\n")
        }),
        ("builder_goes_before_the_environment", || {
            let o = play("builder_procs", |_| ())?;
            o.code(0)?;
            o.says("5 procs\n")
        }),
        ("gomaxprocs_is_what_the_process_may_use", || {
            let o = play("procs_of_one_cpu", |c| {
                c.env_remove("GOMAXPROCS");
            })?;
            o.code(0)?;
            o.says("1 procs\n")
        }),
        ("builder_sets_the_stack_size", || ok("builder_stack_size")),
        ("builder_limits_the_threads", || ok("max_threads")),
        ("what_needs_the_runtime_says_so_before_it_runs", || ok("before_the_runtime")),
        ("metrics_tell_what_happened", || ok("metrics_tell")),
        ("a_waker_gets_its_p_back", || ok("a_waker_gets_its_p_back")),
        ("stacks_are_trimmed_after_quiet", || ok("trim")),
    ]
}

/// The scenario ends well by itself, and its figures are worth reading.
fn told(name: &str) -> Result<(), Failed> {
    let o = play(name, |_| ())?;
    print!("{}", o.stdout);
    o.code(0)
}

/// The scenario ends well by itself.
fn ok(name: &str) -> Result<(), Failed> {
    play(name, |_| ())?.code(0)
}
