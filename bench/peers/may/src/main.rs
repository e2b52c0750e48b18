//! The workloads on may's stackful coroutines, with may_minihttp for `http_hello`.
//!
//! may has no timer object, so `timers` is unsupported, and no bounded channel: its unbounded one with may's semaphore
//! counting the free places stands in for it. `kind=unbounded` leaves the semaphore out.

use bench_contract::{HELLO, Job, READ_BUFFER, ready, sleepers::Dormitory, unsupported};
use may::coroutine::{JoinHandle, sleep, yield_now};
use may::go;
use may::net::{TcpListener, TcpStream};
use may::sync::{Mutex, Semphore, WaitGroup, mpsc};
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

fn main() {
    let job = Job::leaked("may");
    may::config().set_workers(job.get("workers", 2));
    let drive: fn(&'static Job) = match job.workload.as_str() {
        "spawn_join" => spawn_join,
        "yield" => yields,
        "chan_pingpong" => chan_pingpong,
        "chan_mpsc" => chan_mpsc,
        "mutex_contended" => mutex_contended,
        "sleepers" => sleepers,
        "tcp_echo" => |job| serve(job, echo),
        "tcp_conn" => |job| serve(job, one_line),
        "http_hello" => http_hello,
        _ => unsupported(),
    };
    go!(move || drive(job)).join().expect("the driver does not panic");
}

/// Spawns `tasks` copies of `body` and joins them.
fn all(tasks: u64, body: impl Fn() + Clone + Send + 'static) {
    let spawn = |_| {
        let body = body.clone();
        go!(body)
    };
    let handles: Vec<JoinHandle<()>> = (0..tasks).map(spawn).collect();
    for handle in handles {
        handle.join().expect("no task of the benchmark panics");
    }
}

fn spawn_join(job: &'static Job) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let batch: u64 = job.get("batch", 1000);
    let wait_group = job.word("join", "handles") == "wg";
    job.timed(job.get("n", 1_000_000), |n| {
        COUNT.store(0, Relaxed);
        for _ in 0..n / batch {
            if !wait_group {
                all(batch, || _ = COUNT.fetch_add(1, Relaxed));
                continue;
            }
            let group = WaitGroup::new();
            for _ in 0..batch {
                let group = group.clone();
                go!(move || {
                    COUNT.fetch_add(1, Relaxed);
                    drop(group);
                });
            }
            group.wait();
        }
        assert_eq!(COUNT.load(Relaxed), n / batch * batch, "a task was lost");
    });
}

fn yields(job: &'static Job) {
    let tasks: u64 = job.get("tasks", 2);
    job.timed(job.get("n", 2_000_000), |n| all(tasks, move || (0..n / tasks).for_each(|_| yield_now())));
}

fn chan_pingpong(job: &'static Job) {
    let (there, at_peer) = mpsc::channel::<u64>();
    let (back, here) = mpsc::channel::<u64>();
    let peer = go!(move || at_peer.into_iter().for_each(|v| back.send(v).expect("the driver listens")));
    job.timed(job.get("n", 200_000), |n| {
        for i in 0..n {
            there.send(i).expect("the peer listens");
            assert_eq!(here.recv(), Ok(i), "another message came back");
        }
    });
    drop(there);
    peer.join().expect("the peer does not panic");
}

fn chan_mpsc(job: &'static Job) {
    let (producers, cap): (u64, usize) = (job.get("producers", 4), job.get("cap", 128));
    let bounded = job.word("kind", "bounded") == "bounded";
    job.timed(job.get("n", 1_000_000), |n| {
        let (sender, receiver) = mpsc::channel::<u64>();
        let room = Arc::new(Semphore::new(cap));
        for _ in 0..producers {
            let (sender, room) = (sender.clone(), room.clone());
            go!(move || {
                for i in 0..n / producers {
                    if bounded {
                        room.wait();
                    }
                    sender.send(i).expect("the consumer listens");
                }
            });
        }
        drop(sender);
        let got = receiver
            .into_iter()
            .inspect(|_| {
                if bounded {
                    room.post()
                }
            })
            .count() as u64;
        assert_eq!(got, n / producers * producers, "a message was lost");
    });
}

fn mutex_contended(job: &'static Job) {
    let tasks: u64 = job.get("tasks", 8);
    job.timed(job.get("n", 4_000_000), |n| {
        let count = Arc::new(Mutex::new(0));
        let shared = count.clone();
        all(tasks, move || (0..n / tasks).for_each(|_| *shared.lock().expect("no holder panics") += 1));
        assert_eq!(*count.lock().expect("no holder panics"), n / tasks * tasks, "an increment was lost");
    });
}

fn sleepers(job: &'static Job) {
    let look = Duration::from_millis(1);
    let dormitory = Arc::new(Dormitory::open(job));
    for _ in 0..dormitory.n {
        let dormitory = dormitory.clone();
        go!(move || {
            sleep(dormitory.lie_down());
            dormitory.get_up();
        });
    }
    let asleep = loop {
        match dormitory.all_asleep() {
            Some(asleep) => break asleep,
            None => sleep(look),
        }
    };
    while !dormitory.all_up() {
        sleep(look);
    }
    dormitory.answer(job, &asleep);
}

fn serve(job: &'static Job, connection: fn(TcpStream)) {
    let listener = TcpListener::bind(("127.0.0.1", job.get::<u16>("port", 0))).expect("the port is free");
    ready();
    for stream in listener.incoming() {
        let stream = stream.expect("accept");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        go!(move || connection(stream));
    }
}

fn echo(mut stream: TcpStream) {
    let mut buf = [0; READ_BUFFER];
    while let Ok(n @ 1..) = stream.read(&mut buf) {
        if stream.write_all(&buf[..n]).is_err() {
            return;
        }
    }
}

fn one_line(mut stream: TcpStream) {
    let mut buf = [0; READ_BUFFER];
    let mut len = 0;
    while !buf[..len].contains(&b'\n') {
        let Ok(n @ 1..) = stream.read(&mut buf[len..]) else { return };
        len += n;
    }
    _ = stream.write_all(&buf[..len]); // the client may have left
}

#[derive(Clone)]
struct Hello;

impl may_minihttp::HttpService for Hello {
    fn call(&mut self, _: may_minihttp::Request, answer: &mut may_minihttp::Response) -> std::io::Result<()> {
        answer.header("Content-Type: text/plain").body(HELLO);
        Ok(())
    }
}

fn http_hello(job: &'static Job) {
    let address = ("127.0.0.1", job.get::<u16>("port", 0));
    let server = may_minihttp::HttpServer(Hello).start(address).expect("the port is free");
    ready();
    server.join().expect("the server does not panic");
}
