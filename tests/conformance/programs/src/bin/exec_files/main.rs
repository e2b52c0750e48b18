//! A child between two files, in a folder and an environment of its own. Twin of `main.go` beside it.

use std::time::Duration;

use gopark::os::File;
use gopark::process::{Command, Stdio, exit_text};
use gopark::time::sleep;
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let input = match File::open("data.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    let out = match File::create("out.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    let mut c = Command::new("/bin/sh");
    c.args(["-c", "pwd; echo $WORD; cat"]).stdin(input).stdout(out).stderr(Stdio::null());
    c.current_dir("/").env_clear().env("WORD", "up").env("PWD", "/");
    say!("{}", shown(c.status()));
    // the command holds the files
    drop(c);
    let back = match File::open("out.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    let mut buf = [0; 64];
    let r = back.read(&mut buf);
    say!("{:?} {}", String::from_utf8_lossy(&buf[..*r.as_ref().unwrap_or(&0)]), err(&r));
    let _ = back.close();
    let mut c = Command::new("/bin/sh");
    c.args(["-c", "exec sleep 10"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = c.spawn();
    say!("{}", err(&child));
    let child = child.expect("it started");
    sleep(Duration::from_millis(100));
    say!("{}", err(&child.kill()));
    say!("{}", shown(child.wait()));
}

fn shown(r: std::io::Result<std::process::ExitStatus>) -> String {
    match r {
        Ok(status) if status.success() => "<nil>".into(),
        Ok(status) => exit_text(&status).to_string(),
        Err(e) => e.to_string(),
    }
}
