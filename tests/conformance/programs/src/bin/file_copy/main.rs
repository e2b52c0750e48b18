//! Copies of files in the kernel: to a file, to one that is appended to, to a unix socket. Twin of `main.go` beside it.

use std::io::SeekFrom;

use gopark::io::{copy, copy_n};
use gopark::net::dial;
use gopark::os::File;
use say::{count, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let mut input = match File::open("data.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    let mut out = match File::create("out.txt") {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    say!("{}", count(&copy_n(&mut input, &mut out, 10)));
    say!("{}", count(&copy(&mut input, &mut out)));
    say!("{}", count(&copy(&mut input, &mut out)));
    say!("{}", count(&copy_n(&mut input, &mut out, 5)));
    let _ = out.close();
    let mut out = match File::open_file("out.txt", libc::O_WRONLY | libc::O_APPEND, 0) {
        Ok(f) => f,
        Err(e) => return say!("{e}"),
    };
    let _ = input.seek(SeekFrom::Start(0));
    say!("{}", count(&copy_n(&mut input, &mut out, 20)));
    let _ = out.close();
    let mut u = match dial("unix", "peer.sock") {
        Ok(u) => u,
        Err(e) => return say!("{e}"),
    };
    let _ = input.seek(SeekFrom::Start(0));
    say!("{}", count(&copy_n(&mut input, &mut u, 7)));
    say!("{}", count(&copy(&mut input, &mut u)));
    let _ = u.close();
    let _ = input.close();
}
