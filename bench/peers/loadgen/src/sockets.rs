//! The client's sockets and its epoll set.

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketType};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

/// One source address has no more ports than this to spare.
const PER_SOURCE: usize = 20_000;

/// Connects, blocking: on the loopback the handshake is over when the call returns. `serial` tells the connections
/// apart: after each 20 000 they come from another address, since ports run out.
pub fn connect(port: u16, serial: usize) -> OwnedFd {
    let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None).expect("socket");
    if serial >= PER_SOURCE {
        let source = Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + (serial / PER_SOURCE) as u32);
        net::bind(&socket, &SocketAddrV4::new(source, 0)).expect("bind");
    }
    net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).expect("connect");
    socket
}

/// Opens `n` connections, a few at a time and each few accepted before the next: a full backlog would drop a SYN and
/// cost a second. How many the server has accepted is seen from outside, by the number of its descriptors.
pub fn connect_all(port: u16, pid: &str, n: usize) -> Vec<OwnedFd> {
    const FEW: usize = 50;
    let before = descriptors_of(pid);
    let patience = Instant::now() + Duration::from_secs(30);
    let mut connections = Vec::with_capacity(n);
    for serial in 0..n {
        let connection = connect(port, serial);
        net::sockopt::set_tcp_nodelay(&connection, true).expect("TCP_NODELAY");
        connections.push(connection);
        let pause = connections.len().is_multiple_of(FEW) || connections.len() == n;
        while pause && descriptors_of(pid) < before + connections.len() as u64 {
            assert!(Instant::now() < patience, "the server does not accept all of {}", connections.len());
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    connections
}

/// The size of this directory is the number of its entries (Linux 6.2 and later).
fn descriptors_of(pid: &str) -> u64 {
    std::fs::metadata(format!("/proc/{pid}/fd")).expect("the server lives").len()
}

pub fn send(connection: &OwnedFd, message: &[u8]) {
    let sent = net::send(connection, message, SendFlags::NOSIGNAL).expect("send");
    assert_eq!(sent, message.len(), "a small message goes out whole");
}

/// What a read found.
pub enum Received {
    Bytes(usize),
    End,
    NothingYet,
}

pub fn receive(connection: &OwnedFd, buf: &mut [u8]) -> Received {
    match net::recv(connection, buf, RecvFlags::DONTWAIT) {
        Ok((0, _)) => Received::End,
        Ok((n, _)) => Received::Bytes(n),
        Err(Errno::AGAIN) => Received::NothingYet,
        Err(e) => panic!("recv: {e}"),
    }
}

/// Blocks until `n` bytes have come.
pub fn receive_exactly(connection: &OwnedFd, n: usize) {
    let mut buf = vec![0; n];
    let (got, _) = net::recv(connection, &mut buf[..], RecvFlags::WAITALL).expect("recv");
    assert_eq!(got, n, "the server answers in full");
}

/// An edge-triggered set of readable connections, each known by a number.
pub struct Readable {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Readable {
    pub fn new() -> Readable {
        let blank = Event { flags: EventFlags::empty(), data: EventData::new_u64(0) };
        Readable {
            epoll: epoll::create(CreateFlags::CLOEXEC).expect("epoll_create1"),
            events: vec![blank; 512],
        }
    }

    pub fn add(&self, connection: &OwnedFd, id: usize) {
        let data = EventData::new_u64(id as u64);
        epoll::add(&self.epoll, connection, data, EventFlags::IN | EventFlags::ET).expect("epoll_ctl");
    }

    /// Waits for at least one, and returns how many: their numbers are `id(0..n)`.
    pub fn wait(&mut self) -> usize {
        let patience = Timespec { tv_sec: 5, tv_nsec: 0 };
        let n = epoll::wait(&self.epoll, &mut self.events[..], Some(&patience)).expect("epoll_wait");
        assert_ne!(n, 0, "the server has not answered for 5 s");
        n
    }

    pub fn id(&self, event: usize) -> usize {
        self.events[event].data.u64() as usize
    }
}
