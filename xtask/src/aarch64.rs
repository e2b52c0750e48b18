//! `cargo xtask test --target aarch64-unknown-linux-gnu`: the suites on a second architecture, under
//! qemu's emulation of its system calls, from Debian's packages alone.
//!
//! The programs are linked statically: with Debian's shared C library for foreign processors a
//! program that starts a thread hangs in qemu. The address space is limited, since qemu keeps a
//! record of each page of it, also of the terabyte that stacks are reserved in.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::steps::{Steps, cargo, sh, sh_noting_skips, skipped};
use crate::{packages, tools};

/// The only other target with a runner.
pub(crate) const TARGET: &str = "aarch64-unknown-linux-gnu";
/// Debian's compiler, which has a standard library for the target. rustup's may have none.
const RUSTC: &str = "/usr/bin/rustc";
/// What the compiler, the linker and the emulator come from.
const PACKAGES: [&str; 6] = [
    "rustc-web",
    "libstd-rust-web-dev:arm64",
    "gcc-aarch64-linux-gnu",
    "libc6-dev-arm64-cross",
    "qemu-user",
    "qemu-user-binfmt",
];
/// By which the kernel starts programs of the target: tests start themselves.
const BINFMT: &str = "/proc/sys/fs/binfmt_misc/qemu-aarch64";
/// Bytes of address space for the emulator.
const ADDRESS_SPACE: u64 = 32 << 30;
/// Seconds of each stress test: emulation is slow, and they ask for a certain amount of traffic.
const STRESS_SECONDS: &str = "12";

/// Tests that cannot pass under emulation: part of the name, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("deadlock", "the emulator has a thread of its own, which may still act"),
    ("main_goroutine_parks_at_once", "a deadlock: as above"),
    ("scope_waits_for_a_goroutine", "a deadlock: as above"),
    ("a_plain_thread_parks_last", "a deadlock: as above"),
    ("a_plain_thread_ends_last", "a deadlock: as above"),
    ("surplus_threads_end_last", "a deadlock: as above"),
    ("a_core_holds_the_stacks", "cores and the advice for them are the emulator's"),
    ("endless_hogs", "they measure memory and shares of time, also the emulator's"),
    ("without_address_space", "the limit is the emulator's, too"),
    ("a_spawn_that_fails_gently", "the limit is the emulator's, too"),
    ("stacks_are_trimmed_after_quiet", "it measures memory, also the emulator's"),
    ("closing_wakes_the_newest_first", "slow: a time slice ends in the middle of it"),
    ("pinned_a_hog_is_reported_once", "slow: the hog is noticed before the others have come"),
    ("test_multi_path_tcp", "the emulator does not know the protocol"),
    ("multicast", "the emulator does not know the options of multicast"),
    ("an_unchanged_environment", "the program is started by the emulator, with its environment"),
    ("sigquit_with_100_000_goroutines", "the emulator itself sometimes hangs in one of its locks"),
    ("resolve::cgo", "a static program's C resolver loads shared parts, which are the host's"),
    ("interrupted_calls_are_made_again", "strace sees the emulator's calls"),
    ("what_has_another_way", "seccomp sees the emulator's calls"),
    ("what_has_no_other_way", "seccomp sees the emulator's calls"),
];

/// Suites that start no process, which emulation does slowly: the short form.
const SHORT: [&str; 12] = [
    "goroutines",
    "chan",
    "sync",
    "time",
    "context",
    "memory",
    "tcp",
    "udp",
    "unix",
    "std_face",
    "files",
    "names",
];

/// Whether it is set up, or can be.
fn provide() -> Result<()> {
    let there = || {
        let knows = Path::new("/usr/lib/rustlib").join(TARGET).is_dir();
        knows && ["qemu-aarch64", "aarch64-linux-gnu-gcc", "prlimit"].into_iter().all(packages::on_path)
    };
    if !there() {
        packages::of_debian("arm64", &PACKAGES)?;
        ensure!(there(), "missing after the installation of {}", PACKAGES.join(", "));
    }
    if !Path::new(BINFMT).exists() {
        // The package registers it where the file system is mounted.
        let mount = ["-t", "binfmt_misc", "binfmt_misc", "/proc/sys/fs/binfmt_misc"];
        let _ = Command::new("mount").args(mount).status();
        let _ = Command::new("update-binfmts").args(["--enable", "qemu-aarch64"]).status();
    }
    ensure!(
        Path::new(BINFMT).exists(),
        "{BINFMT} is missing: the kernel cannot start programs of the target"
    );
    Ok(())
}

/// Runs the suites, or some of them; where the packages cannot be had, says so and leaves them out.
pub(crate) fn steps(steps: &mut Steps, short: bool) {
    let mut ready = false;
    steps.step("aarch64: set up", || {
        match provide() {
            Ok(()) => ready = true,
            Err(e) => skipped(&format!("the tests on aarch64: {e:#}")),
        }
        Ok(())
    });
    if !ready {
        return;
    }
    steps.step("aarch64: unit tests and suites", || {
        let mut test = cargo(["test", "--no-fail-fast", "--lib"]);
        test.args(["--package", "gopark-runtime", "--package", "gopark-net"]);
        if short {
            for suite in SHORT {
                test.args(["--test", suite]);
            }
        } else {
            test.arg("--tests");
        }
        emulated(&mut test)
    });
    steps.step("aarch64: examples, stress, idle server", || {
        let mut test = cargo(["test", "--no-fail-fast", "--test", "examples", "--test", "stress"]);
        emulated(test.args(["--test", "idle", "--test", "hogs"]))
    });
}

/// Runs `cargo test` for the target.
fn emulated(test: &mut Command) -> Result<()> {
    let runner = format!("prlimit --as={ADDRESS_SPACE} qemu-aarch64");
    test.args(["--target", TARGET])
        .arg("--target-dir")
        .arg(tools::target().join("aarch64"))
        .env("RUSTC", RUSTC)
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc")
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "-C target-feature=+crt-static")
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", runner)
        .env("CARGO_PROFILE_TEST_DEBUG", "line-tables-only")
        .env("GOPARK_SOAK_SECONDS", STRESS_SECONDS)
        .arg("--");
    for (name, why) in LEFT_OUT {
        println!("left out under emulation: {name}: {why}");
        test.args(["--skip", name]);
    }
    sh_noting_skips(test)
}

/// The tests on the target alone.
pub(crate) fn run() -> Result<()> {
    provide()?;
    sh(Command::new(RUSTC).arg("--version"))?;
    let mut all = Steps::default();
    steps(&mut all, false);
    all.finish()
}
