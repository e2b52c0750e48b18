//! The echo server in pinned mode: each connection's goroutine stays on the thread where it began,
//! so crates that use thread-locals work, and what is not `Send` may be shared by the goroutines of
//! a connection.
//!
//! ```text
//! cargo run --release --example pinned_echo -- 127.0.0.1:7777
//! nc 127.0.0.1 7777
//! ```
//!
//! A line "stat" is answered with what the thread has served; "size FILE" with a file's length,
//! which another thread reads.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Write, stdout};
use std::rc::Rc;

use gopark::net::{Conn, OpError, listen};
use gopark::{go_local, offload};

thread_local! { static LINES: Cell<u64> = const { Cell::new(0) } }

fn main() -> Result<(), OpError> {
    // SAFETY: no park inside a scoped thread-local, no std lock guard over a park.
    unsafe { gopark::run_pinned(serve) }
}

fn serve() -> Result<(), OpError> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:7777".into());
    let ln = listen("tcp", &address)?;
    let _ = writeln!(stdout(), "listening on {}", ln.addr());
    // Each connection's goroutine begins on whichever thread is free, and stays there.
    ln.serve(converse)
}

fn converse(c: Conn) {
    let bytes = Rc::new(Cell::new(0));
    let goodbye = {
        let (c, bytes) = (c.clone(), bytes.clone());
        // Not `Send`, so it runs on this thread.
        move || drop((&c).write_all(format!("{} bytes\n", bytes.get()).as_bytes()))
    };
    for line in BufReader::new(&c).lines().map_while(Result::ok) {
        LINES.set(LINES.get() + 1);
        bytes.set(bytes.get() + line.len());
        let answer = match line.split_once(' ') {
            None if line == "stat" => format!("{} lines on this thread", LINES.get()),
            // A file blocks the thread: elsewhere.
            Some(("size", file)) => offload(|| std::fs::metadata(file).map_or(0, |m| m.len())).to_string(),
            _ => line,
        };
        if (&c).write_all(format!("{answer}\n").as_bytes()).is_err() {
            return;
        }
    }
    let _ = go_local(goodbye).join();
}
