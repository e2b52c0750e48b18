//! Runs two children: one whose output is read through a pollable pipe, one that fails. Twin of `main.go` beside it.

use gopark::process::{Command, Stdio};
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let r = Command::new("/bin/sh").args(["-c", "sleep 0.2; echo from the child; sleep 0.2"]).output();
    match r {
        Ok(out) if out.status.success() => say!("{:?} <nil>", String::from_utf8_lossy(&out.stdout)),
        Ok(out) => say!("{:?} {}", String::from_utf8_lossy(&out.stdout), out.status),
        Err(e) => say!("\"\" {e}"),
    }
    let r =
        Command::new("/bin/false").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match r {
        Ok(status) if status.success() => say!("<nil>"),
        Ok(status) => say!("{}", gopark::process::exit_text(&status)),
        Err(e) => say!("{e}"),
    }
}
