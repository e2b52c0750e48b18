//! Children: text in and out, an exit code, a signal, output with an error. Twin of `main.go` beside it.

use std::io::{Read, Write};

use gopark::process::{Command, Stdio, exit_text};
use say::say;

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let mut cat = Command::new("/bin/sh");
    let cat = cat
        .args(["-c", "sleep 0.2; cat; sleep 0.1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = match cat.spawn() {
        Ok(child) => child,
        Err(e) => return say!("{e}"),
    };
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(b"through the child").expect("it reads");
    drop(stdin);
    let text = read_all(child.stdout.as_mut().expect("it is piped"));
    say!("{text:?} <nil>");
    say!("{}", shown(child.wait()));
    say!("{}", shown(quiet(&["/bin/sh", "-c", "exit 3"])));
    say!("{}", shown(quiet(&["/bin/sh", "-c", "kill -9 $$"])));
    let out = Command::new("/bin/sh")
        .args(["-c", "sleep 0.2; echo out; sleep 0.1; echo err >&2; sleep 0.1; exit 4"])
        .output()
        .expect("a shell");
    let [stdout, stderr] = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
    say!("{stdout:?} {stderr:?} {}", shown(Ok(out.status)));
}

/// With the buffer of Go's `io.ReadAll`.
fn read_all(mut stdout: impl Read) -> String {
    let (mut buf, mut len) = ([0; 512], 0);
    loop {
        match stdout.read(&mut buf[len..]).expect("the child's output") {
            0 => return String::from_utf8_lossy(&buf[..len]).into_owned(),
            n => len += n,
        }
    }
}

fn quiet(args: &[&str]) -> std::io::Result<std::process::ExitStatus> {
    let mut command = Command::new(args[0]);
    command.args(&args[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
}

fn shown(r: std::io::Result<std::process::ExitStatus>) -> String {
    match r {
        Ok(status) if status.success() => "<nil>".into(),
        Ok(status) => exit_text(&status).to_string(),
        Err(e) => e.to_string(),
    }
}
