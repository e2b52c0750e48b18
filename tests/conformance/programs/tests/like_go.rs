//! Each program of the catalogue once, as `cargo test` runs tests: a test per folder of `src/bin`, so that they run side
//! by side and fail by name. `cargo xtask conformance` runs them many times, under load too.

use std::path::Path;
use std::process::{Command, ExitCode};

use gopark_conformance::{Program, Verdict, conform, programs};
use libtest_mimic::{Arguments, Failed, Trial, run};

fn main() -> ExitCode {
    // The first thing, while there is one thread.
    gopark_conformance::isolate::become_root();
    let args = Arguments::from_args();
    let programs = programs(&[]).expect("the catalogue");
    let trials =
        programs.into_iter().map(|program| Trial::test(program.name.clone(), move || like_go(&program)));
    run(&args, trials.collect()).exit_code()
}

fn like_go(program: &Program) -> Result<(), Failed> {
    let name = &program.name;
    if Command::new("strace").arg("-V").output().is_err() {
        println!("SKIPPED: {name}: strace is not installed (`cargo xtask test` installs it)");
        return Ok(());
    }
    let exe = std::env::var_os(format!("CARGO_BIN_EXE_{name}"))
        .ok_or_else(|| format!("{name} has no main.rs, or this was not started by cargo"))?;
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.strace"));
    match conform(program, Path::new(&exe), &log, None).map_err(|e| format!("{e:#}"))? {
        Verdict::Conforms => Ok(()),
        Verdict::Skipped(why) => {
            println!("SKIPPED: {name}: {why}");
            Ok(())
        }
        Verdict::Differs(how) => Err(format!("{name} is not like Go; log {}\n{how}", log.display()).into()),
    }
}
