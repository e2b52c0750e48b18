//! Messages through selects of eight channels that are closed at random: nothing is lost, nothing comes twice.
//!
//! `GOPARK_SOAK=10000000` sets the number of messages; without it a short form runs.

use crate::common::*;

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};

use gopark_runtime::chan::{Receiver, Select, Sender, never, select};

/// Messages of a round.
const ROUND: usize = 20_000;
const CAPS: [Option<usize>; 8] = [Some(0), Some(0), Some(1), Some(1), Some(3), Some(16), Some(128), None];
const PRODUCERS: usize = 4;
const CONSUMERS: usize = 3;

/// What became of a message.
const UNSENT: u8 = 0;
const SENT: u8 = 1;
const RECEIVED: u8 = 2;

struct Round {
    ends: Vec<(Sender<usize>, Receiver<usize>)>,
    fate: Vec<AtomicU8>,
    next: AtomicUsize,
    sent: AtomicUsize,
    received: AtomicUsize,
}

impl Round {
    fn received(&self, msg: usize) {
        // It may be received before its sender has noted that it was sent.
        assert_ne!(self.fate[msg].swap(RECEIVED, Relaxed), RECEIVED, "message {msg} came twice");
        self.received.fetch_add(1, Relaxed);
    }

    fn sent(&self, msg: usize) {
        let _ = self.fate[msg].compare_exchange(UNSENT, SENT, Relaxed, Relaxed);
        self.sent.fetch_add(1, Relaxed);
    }

    /// Sends numbers, by turns: plainly, with a deadline, by `select!` among two, by `Select` among all. Ends when
    /// all channels are closed or the numbers are used up.
    fn produce(&self, mut seed: u64) {
        let mut closed = [false; 8];
        while closed.contains(&false) {
            let msg = self.next.fetch_add(1, Relaxed);
            if msg >= ROUND {
                return;
            }
            let (k, j) = (random(&mut seed, 8), random(&mut seed, 8));
            let (s, other) = (&self.ends[k].0, &self.ends[j].0);
            let (to, sent) = match random(&mut seed, 4) {
                0 => (k, s.send(msg).is_ok()),
                1 => (k, s.send_timeout(msg, ms(1)).map_err(|e| closed[k] |= e.is_disconnected()).is_ok()),
                2 => select! {
                    send(s, msg) -> res => (k, res.is_ok()),
                    send(other, msg) -> res => (j, res.is_ok()),
                },
                _ => {
                    let mut sel = Select::new();
                    let open: Vec<usize> = (0..8).filter(|&i| !closed[i]).collect();
                    open.iter().for_each(|&i| _ = sel.send(&self.ends[i].0));
                    let oper = sel.select();
                    let i = open[oper.index()];
                    (i, oper.send(&self.ends[i].0, msg).is_ok())
                }
            };
            if sent {
                self.sent(msg);
            } else {
                closed[to] |= self.ends[to].0.try_send(usize::MAX).is_err_and(|e| e.is_disconnected());
            }
        }
    }

    /// Receives by a select of all eight until each is closed and empty.
    fn consume(&self) {
        let never = never();
        let mut rs: [&Receiver<usize>; 8] = std::array::from_fn(|i| &self.ends[i].1);
        let mut open = 8;
        while open > 0 {
            let (i, msg) = select! {
                recv(rs[0]) -> m => (0, m),
                recv(rs[1]) -> m => (1, m),
                recv(rs[2]) -> m => (2, m),
                recv(rs[3]) -> m => (3, m),
                recv(rs[4]) -> m => (4, m),
                recv(rs[5]) -> m => (5, m),
                recv(rs[6]) -> m => (6, m),
                recv(rs[7]) -> m => (7, m),
            };
            match msg {
                Ok(usize::MAX) => {}
                Ok(msg) => self.received(msg),
                Err(_) => {
                    rs[i] = &never;
                    open -= 1;
                }
            }
        }
    }

    /// Closes one channel after the other, as the messages pass random numbers.
    fn close_all(&self, mut seed: u64) {
        let mut order: Vec<usize> = (0..8).collect();
        let mut threshold = 0;
        while !order.is_empty() {
            threshold += random(&mut seed, ROUND / 6);
            while self.next.load(Relaxed) < threshold.min(ROUND) {
                gopark_runtime::gosched();
            }
            self.ends[order.swap_remove(random(&mut seed, order.len()))].0.close();
        }
    }
}

fn round(seed: u64) -> usize {
    let round = Round {
        ends: CAPS.map(channel).into_iter().collect(),
        fate: (0..ROUND).map(|_| AtomicU8::new(UNSENT)).collect(),
        next: AtomicUsize::new(0),
        sent: AtomicUsize::new(0),
        received: AtomicUsize::new(0),
    };
    many(PRODUCERS + CONSUMERS + 1, |i| match i {
        0..PRODUCERS => round.produce(seed + i as u64),
        PRODUCERS => round.close_all(seed),
        _ => round.consume(),
    });
    let lost = round.fate.iter().filter(|f| f.load(Relaxed) == SENT).count();
    let (sent, received) = (round.sent.load(Relaxed), round.received.load(Relaxed));
    assert_eq!((lost, sent), (0, received), "lost, sent against received");
    received
}

#[test]
fn select_of_eight_under_random_close() {
    let target: usize = std::env::var("GOPARK_SOAK").ok().and_then(|n| n.parse().ok()).unwrap_or(200_000);
    let (mut total, mut seed) = (0, 1);
    while total < target {
        total += run(|| round(seed));
        seed += 100;
    }
}
