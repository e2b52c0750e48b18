//! Children that cannot be started: what was made for them is closed in Go's order. Twin of `main.go` beside it.

use gopark::process::{Command, Stdio};
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

/// As Go's: what is not set is /dev/null.
fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn program() {
    say!("{}", command("./missing").status().is_err());
    say!("{}", command("no-such-program").status().is_err());
    say!("{}", command("/etc/passwd").stdout(Stdio::piped()).spawn().is_err());
    say!("{}", command("./missing").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().is_err());
    say!("{}", command("./missing").current_dir("/no/such/folder").status().is_err());
    say!("{}", Command::new("./missing").output().is_err());
}
