//! crossbeam-channel's `tests/golang.rs`, module `chan_test`: Go's `src/runtime/chan_test.go`.

use crate::common::*;

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use gopark_runtime::chan::{Select, TryRecvError, bounded, select};
use gopark_runtime::{go, gosched, scope};

#[test]
fn test_chan() {
    const MESSAGES: i32 = 100;
    for cap in 0..200 {
        run(|| {
            // A receive from an empty channel waits, one that must not wait does not.
            let (s, r) = bounded(cap);
            let received = AtomicUsize::new(0);
            scope(|scope| {
                for _ in 0..2 {
                    scope.go(|| {
                        r.recv().unwrap();
                        received.fetch_add(1, SeqCst);
                    });
                }
                nap(1);
                assert_eq!(received.load(SeqCst), 0);
                for _ in 0..2 {
                    select! {
                        recv(r) -> _ => panic!(),
                        default => {}
                    }
                }
                (0..2).for_each(|i| s.send(i).unwrap());
            });

            // A send into a full channel waits, one that must not wait does not.
            let (s, r) = bounded(cap);
            (0..cap as i32).for_each(|i| s.send(i).unwrap());
            let sent = AtomicBool::new(false);
            scope(|scope| {
                scope.go(|| {
                    s.send(0).unwrap();
                    sent.store(true, SeqCst);
                });
                nap(1);
                assert!(!sent.load(SeqCst));
                select! {
                    send(s, 0) -> _ => panic!(),
                    default => {}
                }
                r.recv().unwrap();
            });

            // A closed channel gives what is in it, then nothing.
            let (s, r) = bounded(cap);
            (0..cap as i32).for_each(|i| s.send(i).unwrap());
            s.close();
            (0..cap as i32).for_each(|i| assert_eq!(r.recv(), Ok(i)));
            assert!(r.recv().is_err());
            assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));

            // Closing wakes a receiver.
            let (s, r) = bounded::<i32>(cap);
            let waiting = go(move || r.recv());
            nap(1);
            s.close();
            assert!(waiting.join().unwrap().is_err());

            // Messages keep their order.
            for _ in 0..2 {
                let (s, r) = bounded(cap);
                go(move || (0..MESSAGES).for_each(|i| s.send(i).unwrap()));
                (0..MESSAGES).for_each(|i| assert_eq!(r.recv(), Ok(i)));
            }
        });
    }
}

#[test]
fn test_nonblock_recv_race() {
    for _ in 0..1000 {
        run(|| {
            let (s, r) = bounded(1);
            s.send(1).unwrap();
            let other = r.clone();
            let racing = go(move || {
                select! {
                    recv(other) -> _ => {}
                    default => panic!("chan is not ready"),
                }
            });
            s.close();
            let _ = r.recv();
            racing.join().unwrap();
        });
    }
}

/// At each moment one of two channels is ready, the first or, after `make_ready`, the second: a select that does not
/// wait finds one.
fn nonblock_select_race(cap: usize, make_ready: fn(&gopark_runtime::chan::Sender<i32>)) {
    for _ in 0..1000 {
        run(|| {
            let ((s1, r1), (s2, r2)) = (bounded(1), bounded(cap));
            s1.send(1).unwrap();
            scope(|scope| {
                let racing = scope.go(|| {
                    select! {
                        recv(r1) -> _ => true,
                        recv(r2) -> _ => true,
                        default => false,
                    }
                });
                make_ready(&s2);
                let _ = r1.try_recv();
                assert!(racing.join().unwrap(), "no chan is ready");
            });
        });
    }
}

#[test]
fn test_nonblock_select_race() {
    nonblock_select_race(1, |s2| s2.send(1).unwrap());
}

#[test]
fn test_nonblock_select_race2() {
    nonblock_select_race(0, |s2| s2.close());
}

/// A send and a receive on one channel in one select neither crash nor meet each other.
#[test]
fn test_self_select() {
    for cap in [0, 10] {
        run(|| {
            let (s, r) = bounded(cap);
            let got = |p: usize, v: usize| assert!(cap != 0 || v != p, "self receive");
            many(2, |p| {
                for i in 0..1000 {
                    if p == 0 || i % 2 == 0 {
                        select! {
                            send(s, p) -> _ => {}
                            recv(r) -> v => got(p, v.unwrap()),
                        }
                    } else {
                        select! {
                            recv(r) -> v => got(p, v.unwrap()),
                            send(s, p) -> _ => {}
                        }
                    }
                }
            });
        });
    }
}

/// Senders and receivers of each of four channels, and one of each kind that selects among all.
#[test]
fn test_select_stress() {
    const N: usize = 10_000;
    run(|| {
        let c = [0, 0, 2, 3].map(bounded::<i32>);
        many(10, |i| match i {
            0..4 => (0..N).for_each(|_| c[i].0.send(0).unwrap()),
            4..8 => (0..N).for_each(|_| _ = c[i - 4].1.recv().unwrap()),
            8 => select_n_of_each(
                N,
                [3, 2, 0, 1],
                |sel, k| sel.recv(&c[k].1),
                |oper, k| _ = oper.recv(&c[k].1).unwrap(),
            ),
            _ => select_n_of_each(
                N,
                [0, 1, 2, 3],
                |sel, k| sel.send(&c[k].0),
                |oper, k| oper.send(&c[k].0, 0).unwrap(),
            ),
        });
    });
}

/// Selects until each of four channels had its turn `n` times.
fn select_n_of_each<'a>(
    n: usize,
    order: [usize; 4],
    add: impl Fn(&mut Select<'a>, usize) -> usize,
    complete: impl Fn(gopark_runtime::chan::SelectedOperation<'a>, usize),
) {
    let mut left = [n; 4];
    while left != [0; 4] {
        let mut sel = Select::new();
        let added: Vec<(usize, usize)> =
            order.into_iter().filter(|&k| left[k] > 0).map(|k| (add(&mut sel, k), k)).collect();
        let oper = sel.select();
        let &(_, k) = added.iter().find(|(number, _)| *number == oper.index()).unwrap();
        complete(oper, k);
        left[k] -= 1;
    }
}

#[test]
fn test_select_fairness() {
    const TRIALS: usize = 10_000;
    run(|| {
        let c = [1, 2].map(|v| {
            let (s, r) = bounded(TRIALS + 1);
            (0..=TRIALS).for_each(|_| s.send(v).unwrap());
            (s, r)
        });
        let (_s3, r3) = bounded::<usize>(0);
        let (_s4, r4) = bounded::<usize>(0);
        let ((out_s, out_r), (done_s, done_r)) = (bounded(0), bounded::<()>(0));
        let chooser = go(move || {
            let [(_s1, r1), (_s2, r2)] = c;
            loop {
                let b = select! {
                    recv(r3) -> m => m.unwrap(),
                    recv(r4) -> m => m.unwrap(),
                    recv(r1) -> m => m.unwrap(),
                    recv(r2) -> m => m.unwrap(),
                };
                select! {
                    send(out_s, b) -> _ => {}
                    recv(done_r) -> _ => return,
                }
            }
        });
        let mut counts = [0; 3];
        (0..TRIALS).for_each(|_| counts[out_r.recv().unwrap()] += 1);
        // The margin of a fair coin at a confidence of five nines.
        let error = (counts[1] as f64 / TRIALS as f64 - 0.5).abs();
        assert!(error <= 4.4172 / (2.0 * (TRIALS as f64).sqrt()), "unfair select: {counts:?}");
        done_s.close();
        chooser.join().unwrap();
    });
}

#[test]
fn test_chan_send_interface() {
    struct Mt;
    run(|| {
        let (s, _r) = bounded::<Box<dyn Any + Send>>(1);
        s.send(Box::new(Mt)).ok().unwrap();
        select! {
            send(s, Box::new(Mt)) -> _ => {}
            default => {}
        }
        select! {
            send(s, Box::new(Mt)) -> _ => {}
            send(s, Box::new(Mt)) -> _ => {}
            default => {}
        }
    });
}

#[test]
fn test_pseudo_random_send() {
    const N: usize = 100;
    for cap in 0..N {
        run(|| {
            let (s, r) = bounded::<usize>(cap);
            let receiving = go(move || (0..N).map(|_| (gosched(), r.recv().unwrap()).1).sum::<usize>());
            for _ in 0..N {
                select! {
                    send(s, 1) -> _ => {}
                    send(s, 0) -> _ => {}
                }
            }
            let ones = receiving.join().unwrap();
            assert!(ones > N / 10 && N - ones > N / 10, "{ones} ones of {N} (chan cap {cap})");
        });
    }
}

#[test]
fn test_multi_consumer() {
    const NWORK: usize = 23;
    const NITER: usize = 271_828;
    const PN: [usize; 10] = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31];
    run(|| {
        let ((q_s, q_r), (r_s, r_r)) = (bounded(NWORK * 3), bounded(NWORK * 3));
        let workers: Vec<_> = (0..NWORK)
            .map(|w| {
                let (q, r) = (q_r.clone(), r_s.clone());
                go(move || {
                    for v in &q {
                        // Mark some nearly-random points for a switch.
                        if PN[w % PN.len()] == v {
                            gosched();
                        }
                        r.send(v).unwrap();
                    }
                })
            })
            .collect();
        let feeder = go(move || {
            let expected: usize = (0..NITER)
                .map(|i| {
                    q_s.send(PN[i % PN.len()]).unwrap();
                    PN[i % PN.len()]
                })
                .sum();
            q_s.close();
            workers.into_iter().for_each(|w| w.join().unwrap());
            r_s.close();
            expected
        });
        let (n, sum) = r_r.iter().fold((0, 0), |(n, sum), v| (n + 1, sum + v));
        assert_eq!((n, sum), (NITER, feeder.join().unwrap()));
    });
}

/// A goroutine may queue on the same channel several times.
#[test]
fn test_select_duplicate_channel() {
    run(|| {
        let ((c_s, c_r), (d_s, d_r), (e_s, e_r)) = (bounded(0), bounded(0), bounded(0));
        let (c_r2, e_r2) = (c_r.clone(), e_r.clone());
        go(move || {
            select! {
                recv(c_r) -> _ => {}
                recv(d_r) -> _ => {}
                recv(e_r2) -> _ => {}
            }
            e_s.send(9).unwrap();
        });
        nap(1);
        go(move || c_r2.recv());
        nap(1);
        d_s.send(7).unwrap();
        e_r.recv().unwrap();
        c_s.send(8).unwrap();
    });
}
