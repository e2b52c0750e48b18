//! The client of every server workload: one thread, one edge-triggered epoll set, so that its own cost is small and the
//! same for each server.
//!
//! - `echo`: `conns` connections, each sends 64 bytes and waits for them, again and again
//! - `http`: the same with a GET and its answer on keep-alive connections
//! - `conn`: `conc` at a time of connect, send a line, read it back, see the end
//! - `idle`: memory of `conns` connections that do nothing, before and after one echo on each
//! - `probe`: whether the machine is at full speed just now
//!
//! `port=` is the server's, `pid=` its process, whose CPU time and memory are read. `warm=` and `secs=` are seconds.

mod histogram;
mod idle;
mod load;
mod probe;
mod sockets;
mod window;

use bench_contract::Job;

fn main() {
    let job = Job::from_args("load");
    match job.workload.as_str() {
        "echo" => load::request_response(&job, &load::Echo),
        "http" => load::request_response(&job, &load::Http),
        "conn" => load::connections(&job),
        "idle" => idle::run(&job),
        "probe" => probe::run(&job),
        other => panic!("no load is called {other:?}"),
    }
}
