//! What the work costs with no runtime at all: the bound that every runtime is compared with.
//!
//! The servers are one epoll loop for each worker with the fewest system calls that do the job; there are no tasks.
//! `yield` is a ring of corosensei coroutines resumed in turn, `sleepers` so many that are suspended once; there is no scheduler.
//!
//! With `calls=go` the servers make each call that a Go server makes: the bound of a runtime whose traces equal Go's.

use bench_contract::{Job, READ_BUFFER, ready, sleepers::Dormitory, unsupported};
use corosensei::stack::{Stack, StackPointer};
use corosensei::{Coroutine, CoroutineResult};
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use rustix::io::{Errno, read, write};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
use rustix::net::sockopt::{
    set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl, set_tcp_nodelay,
};
use rustix::net::{SocketFlags, accept_with, getsockname};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

fn main() {
    let job = Job::from_args("limit");
    match job.workload.as_str() {
        "yield" if Calls::of(&job) == Calls::Fewest => yields(&job),
        "sleepers" if Calls::of(&job) == Calls::Fewest => sleepers(&job),
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

/// A stack in a mapping that outlives it.
struct Slot {
    top: usize,
}

const SLOT: usize = 256 << 10;

// SAFETY: `sleepers` makes each slot of SLOT writable bytes, aligned to a page, for one coroutine.
unsafe impl Stack for Slot {
    fn base(&self) -> StackPointer {
        StackPointer::new(self.top).expect("no stack is at 0")
    }

    fn limit(&self) -> StackPointer {
        StackPointer::new(self.top - SLOT).expect("no stack is at 0")
    }
}

/// A coroutine each on a page of its own, as far apart as the runtime's stacks are; no timers, no queues, one thread.
fn sleepers(job: &Job) {
    let dormitory: &'static Dormitory = Box::leak(Box::new(Dormitory::open(job)));
    let n = dormitory.n as usize;
    let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
    // SAFETY: a new mapping, which is never unmapped.
    let slots = unsafe { mmap_anonymous(std::ptr::null_mut(), n * SLOT, access, flags) }.expect("mmap");
    let mut left = Duration::ZERO;
    let mut asleep = Vec::with_capacity(n);
    for i in 0..n {
        let stack = Slot { top: slots as usize + (i + 1) * SLOT };
        let mut task = Coroutine::<(), Duration, (), Slot>::with_stack(stack, |yielder, ()| {
            yielder.suspend(dormitory.lie_down());
            dormitory.get_up();
        });
        if let CoroutineResult::Yield(time) = task.resume(()) {
            left = time;
        }
        asleep.push(task);
    }
    let figures = dormitory.all_asleep().expect("each has lain down");
    std::thread::sleep(left);
    asleep.iter_mut().for_each(|task| _ = task.resume(()));
    dormitory.answer(job, &figures);
}

#[derive(Clone, Copy, PartialEq)]
enum Service {
    Echo,
    OneLine,
    Hello,
}

/// Which system calls are made.
#[derive(Clone, Copy, PartialEq)]
enum Calls {
    Fewest,
    Gos,
}

impl Calls {
    fn of(job: &Job) -> Calls {
        if job.get("calls", String::new()) == "go" { Calls::Gos } else { Calls::Fewest }
    }
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
    let (workers, calls): (usize, _) = (job.get("workers", 2), Calls::of(job));
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
            threads.spawn(move || event_loop((service, calls), listener, own, home));
        }
    });
}

fn event_loop<'a>(
    (service, calls): (Service, Calls),
    listener: &TcpListener,
    own: &OwnedFd,
    home: impl Fn() -> &'a OwnedFd,
) {
    let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 256];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        let mut n = 0;
        if calls == Calls::Gos {
            n = epoll::wait(own, &mut events[..], Some(&at_once)).unwrap_or(0);
        }
        if n == 0 {
            n = epoll::wait(own, &mut events[..], None).unwrap_or(0); // EINTR: wait again
        }
        for event in &events[..n] {
            let fd = event.data.u64() as i32;
            if fd == listener.as_raw_fd() {
                match calls {
                    Calls::Fewest => accept_all(service, listener, &home),
                    Calls::Gos => accept_all_as_go(service, listener, &home),
                }
                continue;
            }
            // SAFETY: epoll reports only open descriptors, and each connection was released to it by `accept_all`;
            // edge-triggered and in one epoll set, it is in the hands of one thread at a time.
            if turn(service, calls, unsafe { BorrowedFd::borrow_raw(fd) }) == Turn::Finished {
                // SAFETY: as above; nobody else owns the number, and it is not used after this line.
                let connection = unsafe { OwnedFd::from_raw_fd(fd) };
                if calls == Calls::Gos {
                    _ = epoll::delete(own, &connection);
                }
            }
        }
    }
}

fn accept_all<'a>(service: Service, listener: &TcpListener, home: impl Fn() -> &'a OwnedFd) {
    while let Ok(connection) = accept_with(listener, SocketFlags::NONBLOCK) {
        if service == Service::OneLine {
            // The line has mostly arrived with the connection; then epoll need not hear of it.
            if turn(service, Calls::Fewest, connection.as_fd()) == Turn::Finished {
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

/// As a Go server: each connection is made known to epoll first, asked for its address and given its options. All that wait are taken
/// before the first is served, as a goroutine that accepts goes on until it has to wait.
fn accept_all_as_go<'a>(service: Service, listener: &TcpListener, home: &impl Fn() -> &'a OwnedFd) {
    let mut taken = Vec::new();
    while let Ok(connection) = accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
        let epoll = home();
        let data = EventData::new_u64(connection.as_raw_fd() as u64);
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(epoll, &connection, data, flags).expect("epoll_ctl");
        getsockname(&connection).expect("getsockname");
        let set = set_tcp_nodelay(&connection, true)
            .and_then(|()| set_socket_keepalive(&connection, true))
            .and_then(|()| set_tcp_keepidle(&connection, Duration::from_secs(15)))
            .and_then(|()| set_tcp_keepintvl(&connection, Duration::from_secs(15)))
            .and_then(|()| set_tcp_keepcnt(&connection, 9));
        set.expect("setsockopt");
        taken.push((epoll, connection));
    }
    for (epoll, connection) in taken {
        // What has arrived is mostly there already, and its event then finds nothing more.
        if service == Service::OneLine && turn(service, Calls::Gos, connection.as_fd()) == Turn::Finished {
            _ = epoll::delete(epoll, &connection);
            continue;
        }
        _ = connection.into_raw_fd(); // from here on epoll's word is its owner
    }
}

/// Answers what has arrived. A read that does not fill the buffer has emptied the socket, so none follows it; but in Go.
fn turn(service: Service, calls: Calls, connection: BorrowedFd<'_>) -> Turn {
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
        if got.len() < READ_BUFFER && calls == Calls::Fewest {
            return Turn::Waits;
        }
    }
}
