//! crossbeam-channel's `tests/golang.rs`: Go's own tests of channels (`test/chan/*.go`), in the modules of those
//! files. Go's `close` is `Sender::close` here, not the drop of the last sender.

mod doubleselect {
    use crate::common::*;
    use gopark_runtime::chan::{bounded, select};
    use gopark_runtime::go;
    use std::collections::HashSet;

    #[test]
    fn main() {
        const ITERATIONS: i32 = 10_000;
        run(|| {
            let cs: [_; 4] = std::array::from_fn(|_| bounded(0));
            let ((done_s, done_r), (mux_s, mux_r)) = (bounded(0), bounded(0));
            for (_, r) in &cs {
                let (r, mux, done) = (r.clone(), mux_s.clone(), done_s.clone());
                go(move || {
                    r.iter().for_each(|v| mux.send(v).unwrap());
                    done.send(true).unwrap();
                });
            }
            go(move || {
                let [c1, c2, c3, c4] = cs.map(|(s, _)| s);
                for i in 0..ITERATIONS {
                    select! {
                        send(c1, i) -> _ => {}
                        send(c2, i) -> _ => {}
                        send(c3, i) -> _ => {}
                        send(c4, i) -> _ => {}
                    }
                }
                [c1, c2, c3, c4].iter().for_each(|c| c.close());
            });
            go(move || {
                (0..4).for_each(|_| assert_eq!(done_r.recv(), Ok(true)));
                mux_s.close();
            });
            let mut seen = HashSet::new();
            mux_r.iter().for_each(|v| assert!(seen.insert(v), "got duplicate value {v}"));
            assert_eq!(seen.len(), ITERATIONS as usize);
        });
    }
}

mod fifo {
    use crate::common::*;
    use gopark_runtime::chan::bounded;
    use gopark_runtime::go;

    const N: i32 = 10;

    #[test]
    fn asynch_fifo() {
        let (s, r) = bounded(N as usize);
        (0..N).for_each(|i| s.send(i).unwrap());
        (0..N).for_each(|i| assert_eq!(r.recv(), Ok(i)));
    }

    /// Receivers that come one after the other get the messages in that order.
    #[test]
    fn synch_fifo() {
        run(|| {
            let (s, r) = bounded(0);
            let (start, mut turn) = bounded(0);
            for i in 0..N {
                let (next_s, next_r) = bounded(0);
                let r = r.clone();
                go(move || {
                    turn.recv().unwrap();
                    assert_eq!(r.recv(), Ok(i));
                    next_s.send(1).unwrap();
                });
                turn = next_r;
            }
            start.send(0).unwrap();
            (0..N).for_each(|i| s.send(i).unwrap());
            turn.recv().unwrap();
        });
    }
}

mod goroutines {
    use crate::common::*;
    use gopark_runtime::chan::bounded;
    use gopark_runtime::go;

    #[test]
    fn main() {
        run(|| {
            let (mut left, leftmost) = bounded(0);
            for _ in 0..100 {
                let (s, r) = bounded(0);
                go(move || left.send(r.recv().unwrap()).unwrap());
                left = s;
            }
            go(move || left.send(1).unwrap());
            assert_eq!(leftmost.recv(), Ok(1));
        });
    }
}

mod nonblock {
    use crate::common::*;
    use gopark_runtime::chan::{bounded, select, tick};
    use gopark_runtime::{go, gosched};
    use std::fmt::Debug;
    use std::time::Duration;

    /// Tries until it works, with pauses in which the other side gets to run.
    fn try_until(mut attempt: impl FnMut() -> bool) {
        let ticker = tick(Duration::from_micros(10));
        let tries = (0..10_000).find(|_| {
            let done = attempt();
            if !done {
                ticker.recv().unwrap();
                ticker.recv().unwrap();
                (0..3).for_each(|_| gosched());
            }
            done
        });
        assert!(tries.is_some(), "fail");
    }

    /// Operations that do not wait, on a channel of `cap`, against a receiver and then a sender that do.
    fn with<T: Clone + Debug + PartialEq + Send + 'static>(cap: usize, there: T, back: T) {
        let ((s, r), (strobe_s, strobe_r)) = (bounded::<T>(cap), bounded(0));
        select! {
            recv(r) -> _ => panic!("blocked sender"),
            default => {}
        }
        go({
            let (r, there, strobe) = (r.clone(), there.clone(), strobe_s.clone());
            move || {
                assert_eq!(r.recv(), Ok(there));
                strobe.send(()).unwrap();
            }
        });
        try_until(|| {
            select! {
                send(s, there.clone()) -> _ => true,
                default => false,
            }
        });
        strobe_r.recv().unwrap();
        go({
            let (s, back) = (s.clone(), back.clone());
            move || {
                s.send(back).unwrap();
                strobe_s.send(()).unwrap();
            }
        });
        if cap > 0 {
            strobe_r.recv().unwrap();
        }
        try_until(|| {
            select! {
                recv(r) -> v => { assert_eq!(v, Ok(back.clone())); true }
                default => false,
            }
        });
        if cap == 0 {
            strobe_r.recv().unwrap();
        }
    }

    #[test]
    fn main() {
        run(|| {
            for cap in 0..2 {
                with(cap, 123_i32, 234);
                with(cap, 123_456_i64, 234_567);
                with(cap, true, true);
                with(cap, "hello".to_string(), "hello again".to_string());
            }
        });
    }
}

mod select {
    use crate::common::*;
    use gopark_runtime::chan::{Sender, bounded, select};
    use std::cell::Cell;

    #[test]
    fn main() {
        run(|| {
            let (shift, counter) = (Cell::new(0), Cell::new(0));
            let get_value = || {
                counter.set(counter.get() + 1);
                1_u32 << shift.get()
            };
            // A sender on which a send never goes on: Go's nil channel.
            let (nil, _kept) = bounded::<u32>(0);
            let send = |mut a: Option<&Sender<u32>>, mut b: Option<&Sender<u32>>| {
                for i in 0.. {
                    // Go makes the messages before it selects.
                    let (v1, v2) = (get_value(), get_value());
                    select! {
                        send(a.unwrap_or(&nil), v1) -> _ => a = None,
                        send(b.unwrap_or(&nil), v2) -> _ => b = None,
                        default => return i,
                    }
                    shift.set(shift.get() + 1);
                }
                unreachable!()
            };
            let ((a_s, a_r), (b_s, b_r)) = (bounded(1), bounded(1));
            assert_eq!(send(Some(&a_s), Some(&b_s)), 2);
            assert_eq!(a_r.recv().unwrap() | b_r.recv().unwrap(), 3);
            assert_eq!(send(Some(&a_s), None), 1);
            assert_eq!(counter.get(), 10);
        });
    }
}

mod select4 {
    use crate::common::*;
    use gopark_runtime::chan::{bounded, select};

    #[test]
    fn main() {
        run(|| {
            let ((s, r), (_s1, r1)) = (bounded(1), bounded::<i32>(0));
            s.send(42).unwrap();
            select! {
                recv(r1) -> _ => panic!("BUG"),
                recv(r) -> v => assert_eq!(v, Ok(42)),
            }
        });
    }
}

mod select6 {
    use crate::common::*;
    use gopark_runtime::chan::{bounded, select};
    use gopark_runtime::go;

    /// A select that was woken by one channel leaves the queue of the other in order.
    #[test]
    fn main() {
        run(|| {
            let ((s1, r1), (s2, r2), (s3, r3)) = (bounded(0), bounded(0), bounded(0));
            let r1b = r1.clone();
            go(move || r1b.recv());
            go(move || {
                select! {
                    recv(r1) -> _ => panic!("dummy"),
                    recv(r2) -> _ => s3.send(true).unwrap(),
                }
                r1.recv().unwrap();
            });
            go(move || s2.send(true).unwrap());
            r3.recv().unwrap();
            s1.send(true).unwrap();
            s1.send(true).unwrap();
        });
    }
}

mod select7 {
    use crate::common::*;
    use gopark_runtime::chan::{Receiver, Sender, bounded, select};
    use gopark_runtime::{go, gosched};

    #[test]
    fn main() {
        let recv: [fn(Receiver<i32>); 3] = [
            |c| _ = c.recv().unwrap(),
            |c| select! { recv(c) -> _ => {} },
            |c| {
                let (_s2, c2) = bounded::<i32>(1);
                select! {
                    recv(c) -> _ => {}
                    recv(c2) -> _ => {}
                }
            },
        ];
        let send: [fn(Sender<i32>); 3] = [
            |c| c.send(1).unwrap(),
            |c| select! { send(c, 1) -> _ => {} },
            |c| {
                let (c2, _r2) = bounded(1);
                select! {
                    send(c, 1) -> _ => {}
                    send(c2, 1) -> _ => {}
                }
            },
        ];
        for recv in recv {
            for send in send {
                run(move || {
                    let (s, r) = bounded(1);
                    go(move || recv(r));
                    gosched();
                    send(s);
                });
            }
        }
    }
}

mod sieve1 {
    use crate::common::*;
    use gopark_runtime::chan::{Sender, bounded};
    use gopark_runtime::go;

    fn sieve(primes: Sender<i32>) {
        let (s, mut numbers) = bounded(1);
        go(move || (2..).take_while(|&i| s.send(i).is_ok()).count());
        while let Ok(prime) = numbers.recv() {
            if primes.send(prime).is_err() {
                return;
            }
            let (s, filtered) = bounded(1);
            go(move || numbers.iter().filter(|i| i % prime != 0).take_while(|&i| s.send(i).is_ok()).count());
            numbers = filtered;
        }
    }

    #[test]
    fn main() {
        run(|| {
            let (s, r) = bounded(1);
            go(move || sieve(s));
            let first: Vec<i32> = r.iter().take(25).collect();
            let expected = [
                2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
                97,
            ];
            assert_eq!(first, expected);
        });
    }
}

mod zerosize {
    use gopark_runtime::chan::bounded;

    #[test]
    fn zero_size_struct() {
        struct ZeroSize;
        let (s, r) = bounded(1);
        s.send(ZeroSize).ok().unwrap();
        assert!(r.recv().is_ok());
    }

    #[test]
    fn zero_size_array() {
        let (s, r) = bounded::<[u8; 0]>(1);
        s.send([]).unwrap();
        assert_eq!(r.recv(), Ok([]));
    }
}
