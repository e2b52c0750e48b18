//! Waiting for a child that takes its time: the poller is not asked meanwhile. Twin of `main.go` beside it.

use gopark::process::{Command, Stdio};
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let mut sleep = Command::new("/bin/sleep");
    sleep.arg("1.5").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match sleep.status() {
        Ok(status) if status.success() => say!("<nil>"),
        Ok(status) => say!("{}", gopark::process::exit_text(&status)),
        Err(e) => say!("{e}"),
    }
}
