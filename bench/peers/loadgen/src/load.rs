//! The three loads that measure a window.

use crate::sockets::{Readable, Received, connect, connect_all, receive, send};
use crate::window::{Sent, Window};
use bench_contract::{HELLO, Job};
use rustix::fd::OwnedFd;
use std::time::Instant;

/// A request and how to know its answer.
pub trait Exchange {
    fn request(&self) -> &'static [u8];

    /// Whether `got`, which begins with the answer's first byte, holds all of it.
    ///
    /// # Panics
    /// When it is another answer than the right one.
    fn complete(&self, got: &[u8]) -> bool;
}

pub struct Echo;

impl Exchange for Echo {
    fn request(&self) -> &'static [u8] {
        &[b'x'; 64]
    }

    fn complete(&self, got: &[u8]) -> bool {
        assert!(got.len() <= 64, "more came back than was sent");
        got.len() == 64
    }
}

pub struct Http;

impl Exchange for Http {
    fn request(&self) -> &'static [u8] {
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    }

    fn complete(&self, got: &[u8]) -> bool {
        assert!(b"HTTP/1.1 200 ".iter().zip(got).all(|(a, b)| a == b), "the status is not 200");
        got.ends_with(HELLO.as_bytes())
    }
}

/// A connection with a request under way.
struct Pending {
    connection: OwnedFd,
    sent: Sent,
    got: Vec<u8>,
}

pub fn request_response(job: &Job, exchange: &impl Exchange) {
    let connections = connect_all(job.get("port", 0), job.word("pid", ""), job.get("conns", 50));
    let mut readable = Readable::new();
    let mut window = Window::new(job, connections.len());
    let mut pending: Vec<Pending> = connections
        .into_iter()
        .enumerate()
        .map(|(id, connection)| {
            readable.add(&connection, id);
            Pending { connection, sent: window.sent(Instant::now()), got: Vec::with_capacity(512) }
        })
        .collect();
    for p in &mut pending {
        send(&p.connection, exchange.request());
        p.sent = window.sent(Instant::now());
    }
    let mut buf = [0; 512];
    let mut now = Instant::now();
    while now < window.closes {
        for event in 0..readable.wait() {
            let p = &mut pending[readable.id(event)];
            match receive(&p.connection, &mut buf) {
                Received::Bytes(n) => p.got.extend_from_slice(&buf[..n]),
                Received::End => panic!("the server closed a connection"),
                Received::NothingYet => continue,
            }
            if exchange.complete(&p.got) {
                now = Instant::now();
                window.answered(p.sent, now);
                p.got.clear();
                p.sent = window.sent(now);
                send(&p.connection, exchange.request());
            }
        }
    }
    window.answer(job);
}

const LINE: &[u8] = b"a line for the server, which sends it back\n";

/// Connections may not reuse the addresses of those that linger in TIME_WAIT too soon.
const SERIALS: usize = 200_000;

pub fn connections(job: &Job) {
    let (port, conc): (u16, usize) = (job.get("port", 0), job.get("conc", 32));
    let mut readable = Readable::new();
    let mut window = Window::new(job, conc);
    let mut serial = 0;
    let mut open = |readable: &Readable, window: &Window, id| {
        let sent = window.sent(Instant::now());
        let connection = connect(port, serial % SERIALS);
        serial += 1;
        send(&connection, LINE);
        readable.add(&connection, id);
        Pending { connection, sent, got: Vec::new() }
    };
    let mut pending: Vec<Pending> = (0..conc).map(|id| open(&readable, &window, id)).collect();
    let mut buf = [0; 256];
    let mut now = Instant::now();
    while now < window.closes {
        for event in 0..readable.wait() {
            let id = readable.id(event);
            loop {
                match receive(&pending[id].connection, &mut buf) {
                    Received::Bytes(n) => pending[id].got.extend_from_slice(&buf[..n]),
                    Received::NothingYet => break,
                    Received::End => {
                        assert_eq!(pending[id].got, LINE, "another line came back");
                        now = Instant::now();
                        window.answered(pending[id].sent, now);
                        pending[id] = open(&readable, &window, id);
                        break;
                    }
                }
            }
        }
    }
    window.answer(job);
}
