//! crossbeam-channel's `tests/golang.rs`, modules `chan` and `chan1`: Go's `test/ken/chan.go` and `chan1.go`.

mod chan {
    use crate::common::*;
    use gopark_runtime::chan::{Receiver, Sender, bounded, never, select};
    use gopark_runtime::{go, gosched};
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    const MESSAGES: i32 = 76;
    static SENT: AtomicUsize = AtomicUsize::new(0);
    static RECEIVED: AtomicUsize = AtomicUsize::new(0);
    static RANDX: AtomicUsize = AtomicUsize::new(0);

    /// Pauses for a number of turns below `n`.
    fn pause(n: usize) {
        let x = RANDX.fetch_add(10_007, SeqCst);
        (0..x % 1_000_000 % n).for_each(|_| gosched());
    }

    /// A sending end that has sent `next` messages; after the last it becomes Go's nil channel.
    struct Out {
        chan: Option<Sender<i32>>,
        next: i32,
    }

    /// A receiving end that expects `next`.
    struct In {
        chan: Option<Receiver<i32>>,
        next: i32,
    }

    impl Out {
        /// `next` was sent.
        fn sent(&mut self) {
            SENT.fetch_add(1, SeqCst);
            self.next += 1;
            if self.next == MESSAGES {
                self.chan = None;
            }
        }
    }

    impl In {
        fn got(&mut self, v: i32) {
            RECEIVED.fetch_add(1, SeqCst);
            assert_eq!(v, self.next);
            self.next += 1;
            if self.next == MESSAGES {
                self.chan = None;
            }
        }
    }

    fn mkchan(cap: usize, n: usize) -> (Vec<Out>, Vec<In>) {
        let ends = (0..n).map(|_| bounded(cap));
        ends.map(|(s, r)| (Out { chan: Some(s), next: 0 }, In { chan: Some(r), next: 0 })).unzip()
    }

    fn nil_out() -> Out {
        Out { chan: None, next: 0 }
    }

    fn nil_in() -> In {
        In { chan: None, next: 0 }
    }

    fn send(mut c: Out) {
        while let Some(s) = &c.chan {
            pause(10);
            s.send(c.next).unwrap();
            c.sent();
        }
    }

    fn recv(mut c: In) {
        while let Some(r) = &c.chan {
            pause(10);
            let v = r.recv().unwrap();
            c.got(v);
        }
    }

    /// Selects among four receives and four sends until all of them are done.
    fn sel(mut r: [In; 4], mut s: [Out; 4]) {
        let (never, (nil, _kept)) = (never(), bounded(0));
        while r.iter().any(|r| r.chan.is_some()) || s.iter().any(|s| s.chan.is_some()) {
            pause(5);
            let rx = |i: usize| r[i].chan.as_ref().unwrap_or(&never);
            let tx = |i: usize| s[i].chan.as_ref().unwrap_or(&nil);
            let (i, received) = select! {
                recv(rx(0)) -> v => (0, v.ok()),
                recv(rx(1)) -> v => (1, v.ok()),
                recv(rx(2)) -> v => (2, v.ok()),
                recv(rx(3)) -> v => (3, v.ok()),
                send(tx(0), s[0].next) -> res => (0, { res.unwrap(); None }),
                send(tx(1), s[1].next) -> res => (1, { res.unwrap(); None }),
                send(tx(2), s[2].next) -> res => (2, { res.unwrap(); None }),
                send(tx(3), s[3].next) -> res => (3, { res.unwrap(); None }),
            };
            match received {
                Some(v) => r[i].got(v),
                None => s[i].sent(),
            }
        }
    }

    /// The first four of `ends`, in order.
    fn four<T: std::fmt::Debug>(ends: &mut Vec<T>) -> [T; 4] {
        ends.drain(..4).collect::<Vec<_>>().try_into().unwrap()
    }

    impl std::fmt::Debug for Out {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "Out {}", self.next)
        }
    }

    impl std::fmt::Debug for In {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "In {}", self.next)
        }
    }

    fn tests(cap: usize) {
        let nil_outs = || std::array::from_fn(|_| nil_out());
        let nil_ins = || std::array::from_fn(|_| nil_in());
        // 1: direct send to direct receive.
        let (outs, ins) = mkchan(cap, 4);
        let mut jobs: Vec<_> = outs.into_iter().map(|c| go(|| send(c))).collect();
        jobs.extend(ins.into_iter().map(|c| go(|| recv(c))));
        jobs.drain(..).for_each(|j| j.join().unwrap());
        // 2: direct send to select receive.
        let (outs, mut ins) = mkchan(cap, 4);
        jobs.extend(outs.into_iter().map(|c| go(|| send(c))));
        let r = four(&mut ins);
        jobs.push(go(move || sel(r, nil_outs())));
        jobs.drain(..).for_each(|j| j.join().unwrap());
        // 3: select send to direct receive.
        let (mut outs, ins) = mkchan(cap, 4);
        jobs.extend(ins.into_iter().map(|c| go(|| recv(c))));
        let s = four(&mut outs);
        jobs.push(go(move || sel(nil_ins(), s)));
        jobs.drain(..).for_each(|j| j.join().unwrap());
        // 4: select send to select receive, four channels.
        let (mut outs, mut ins) = mkchan(cap, 4);
        let (s, r) = (four(&mut outs), four(&mut ins));
        jobs.push(go(move || sel(nil_ins(), s)));
        jobs.push(go(move || sel(r, nil_outs())));
        jobs.drain(..).for_each(|j| j.join().unwrap());
        // 5: the same, eight channels, each select with both.
        let (mut outs, mut ins) = mkchan(cap, 8);
        let (s0, s4) = (four(&mut outs), four(&mut outs));
        let (r0, r4) = (four(&mut ins), four(&mut ins));
        jobs.push(go(move || sel(r4, s0)));
        jobs.push(go(move || sel(r0, s4)));
        jobs.drain(..).for_each(|j| j.join().unwrap());
        // 6: direct and select send to direct and select receive, twelve channels.
        let (mut outs, mut ins) = mkchan(cap, 12);
        let (s0, s4, s8) = (four(&mut outs), four(&mut outs), four(&mut outs));
        let (r0, r4, r8) = (four(&mut ins), four(&mut ins), four(&mut ins));
        jobs.extend(s4.into_iter().map(|c| go(|| send(c))));
        jobs.extend(r8.into_iter().map(|c| go(|| recv(c))));
        jobs.push(go(move || sel(r4, s0)));
        jobs.push(go(move || sel(r0, s8)));
        jobs.drain(..).for_each(|j| j.join().unwrap());
    }

    #[test]
    fn main() {
        run(|| [0, 1, 10, 100].into_iter().for_each(tests));
        // Buffer sizes, channels of the six tests, messages on each.
        let total = 4 * (4 * 4 + 8 + 12) * MESSAGES as usize;
        assert_eq!((SENT.load(SeqCst), RECEIVED.load(SeqCst)), (total, total));
    }
}

mod chan1 {
    use crate::common::*;
    use gopark_runtime::chan::{bounded, select};
    use gopark_runtime::{go, gosched};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

    /// Ten receivers: each message is sent once and received once.
    #[test]
    fn main() {
        run(|| {
            let (s, c) = bounded::<usize>(2);
            let seen: Arc<Vec<AtomicU8>> = Arc::new((0..1000).map(|_| AtomicU8::new(0)).collect());
            let receivers: Vec<_> = (0..10)
                .map(|_| {
                    let (c, seen) = (c.clone(), seen.clone());
                    go(move || {
                        loop {
                            select! {
                                recv(c) -> r => match r {
                                    Ok(r) => assert_eq!(seen[r].swap(2, SeqCst), 1),
                                    Err(_) => return,
                                }
                            }
                        }
                    })
                })
                .collect();
            gosched();
            for n in 0..1000 {
                assert_eq!(seen[n].swap(1, SeqCst), 0);
                s.send(n).unwrap();
            }
            s.close();
            receivers.into_iter().for_each(|r| r.join().unwrap());
            assert!(seen.iter().all(|n| n.load(SeqCst) == 2));
        });
    }
}
