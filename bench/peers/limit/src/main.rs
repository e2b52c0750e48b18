//! What the work costs with no runtime at all: the bound that every runtime is compared with.
//!
//! The servers are one epoll loop for each worker with the fewest system calls that do the job; there are no tasks.
//! `yield` is a ring of corosensei coroutines resumed in turn; there is no scheduler.

use bench_contract::{Job, READ_BUFFER, ready, unsupported};
use corosensei::{Coroutine, CoroutineResult};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use rustix::io::{Errno, read, write};
use rustix::net::{SocketFlags, accept_with, sockopt::set_tcp_nodelay};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

fn main() {
    let job = Job::from_args("limit");
    match job.workload.as_str() {
        "yield" => yields(&job),
        "tcp_echo" => serve(&job, Service::Echo),
        "tcp_conn" => serve(&job, Service::OneLine),
        "http_hello" => serve(&job, Service::Hello),
        _ => unsupported(),
    }
}

/// One operation is a suspend and the resume that follows: two switches of the stack.
fn yields(job: &Job) {
    let tasks: u64 = job.get("tasks", 2);
    job.timed(job.get("n", 2_000_000), |n| {
        let task = |_| {
            Coroutine::<(), (), ()>::new(move |yielder, ()| (0..n / tasks).for_each(|_| yielder.suspend(())))
        };
        let mut ring: Vec<_> = (0..tasks).map(task).collect();
        while !ring.is_empty() {
            ring.retain_mut(|task| matches!(task.resume(()), CoroutineResult::Yield(())));
        }
    });
}

#[derive(Clone, Copy, PartialEq)]
enum Service {
    Echo,
    OneLine,
    Hello,
}

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";

/// What is known of a connection after its turn.
#[derive(PartialEq)]
enum Turn {
    Waits,
    Finished,
}

fn serve(job: &Job, service: Service) {
    let workers: usize = job.get("workers", 2);
    let listener = TcpListener::bind(("127.0.0.1", job.get("port", 0))).expect("the port is free");
    listener.set_nonblocking(true).expect("a socket can be made non-blocking");
    let epolls: Vec<OwnedFd> =
        (0..workers).map(|_| epoll::create(CreateFlags::CLOEXEC).expect("epoll_create1")).collect();
    for epoll in &epolls {
        let data = EventData::new_u64(listener.as_raw_fd() as u64);
        epoll::add(epoll, &listener, data, EventFlags::IN | EventFlags::EXCLUSIVE).expect("epoll_ctl");
    }
    ready();
    // Long connections are dealt out in turn, as the runtimes' stealing would; short ones stay where they came in.
    let dealt = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for own in &epolls {
            let (listener, epolls, dealt) = (&listener, &epolls, &dealt);
            let home = move || match service {
                Service::OneLine => own,
                _ => &epolls[dealt.fetch_add(1, Relaxed) % epolls.len()],
            };
            threads.spawn(move || event_loop(service, listener, own, home));
        }
    });
}

fn event_loop<'a>(service: Service, listener: &TcpListener, own: &OwnedFd, home: impl Fn() -> &'a OwnedFd) {
    let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 256];
    loop {
        let n = epoll::wait(own, &mut events[..], None).unwrap_or(0); // EINTR: wait again
        for event in &events[..n] {
            let fd = event.data.u64() as i32;
            if fd == listener.as_raw_fd() {
                accept_all(service, listener, &home);
                continue;
            }
            // SAFETY: epoll reports only open descriptors, and each connection was released to it by `accept_all`;
            // edge-triggered and in one epoll set, it is in the hands of one thread at a time.
            if turn(service, unsafe { BorrowedFd::borrow_raw(fd) }) == Turn::Finished {
                // SAFETY: as above; nobody else owns the number, and it is not used after this line.
                drop(unsafe { OwnedFd::from_raw_fd(fd) });
            }
        }
    }
}

fn accept_all<'a>(service: Service, listener: &TcpListener, home: impl Fn() -> &'a OwnedFd) {
    while let Ok(connection) = accept_with(listener, SocketFlags::NONBLOCK) {
        if service == Service::OneLine {
            // The line has mostly arrived with the connection; then epoll need not hear of it.
            if turn(service, rustix::fd::AsFd::as_fd(&connection)) == Turn::Finished {
                continue;
            }
        } else {
            set_tcp_nodelay(&connection, true).expect("TCP_NODELAY");
        }
        let data = EventData::new_u64(connection.as_raw_fd() as u64);
        epoll::add(home(), &connection, data, EventFlags::IN | EventFlags::ET).expect("epoll_ctl");
        _ = connection.into_raw_fd(); // from here on epoll's word is its owner
    }
}

/// Answers what has arrived. A read that does not fill the buffer has emptied the socket, so none follows it.
fn turn(service: Service, connection: BorrowedFd<'_>) -> Turn {
    let mut buf = [0; READ_BUFFER];
    loop {
        let got = match read(connection, &mut buf) {
            Ok(0) => return Turn::Finished,
            Ok(n) => &buf[..n],
            Err(Errno::AGAIN) => return Turn::Waits,
            Err(_) => return Turn::Finished,
        };
        match service {
            Service::Echo | Service::OneLine => _ = write(connection, got),
            Service::Hello if got.ends_with(b"\r\n\r\n") => _ = write(connection, ANSWER),
            Service::Hello => {}
        }
        if service == Service::OneLine && got.contains(&b'\n') {
            return Turn::Finished;
        }
        if got.len() < READ_BUFFER {
            return Turn::Waits;
        }
    }
}
