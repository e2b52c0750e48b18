//! crossbeam-channel's `tests/select_macro.rs`, second half: expressions and types, stress, fairness, single
//! operations.

use crate::common::*;

use std::any::Any;
use std::ops::Deref;

use gopark_runtime::chan::{
    Receiver, SendError, Sender, after, bounded, select, select_biased, tick, unbounded,
};
use gopark_runtime::go;

#[test]
fn once_blocks() {
    run(|| {
        let (s, r) = unbounded::<i32>();
        let (once, once2) = (Box::new(()), Box::new(()));
        select! { send(s, 0) -> _ => drop(once) }
        select! { recv(r) -> _ => drop(once2) }
        let (once, once2) = (Box::new(()), Box::new(()));
        select! {
            send(s, 0) -> _ => drop(once),
            default => drop(once2),
        }
        let (once, once2) = (Box::new(()), Box::new(()));
        select! {
            recv(r) -> _ => drop(once),
            default => drop(once2),
        }
        let (once, once2) = (Box::new(()), Box::new(()));
        select! {
            recv(r) -> _ => drop(once),
            send(s, 0) -> _ => drop(once2),
        }
    });
}

#[test]
fn once_receiver() {
    run(|| {
        let (_, r) = unbounded::<i32>();
        let once = Box::new(());
        let get = move || {
            drop(once);
            r
        };
        select! { recv(get()) -> v => assert!(v.is_err()) }
    });
}

#[test]
fn once_sender() {
    run(|| {
        let (s, _) = unbounded::<i32>();
        let once = Box::new(());
        let get = move || {
            drop(once);
            s
        };
        select! { send(get(), 5) -> res => assert_eq!(res, Err(SendError(5))) }
    });
}

#[test]
fn parse_nesting() {
    run(|| {
        let (_, r) = unbounded::<i32>();
        select! {
            recv(r) -> _ => {}
            recv(r) -> _ => {
                select! {
                    recv(r) -> _ => {}
                    recv(r) -> _ => {
                        select! {
                            recv(r) -> _ => {}
                            recv(r) -> _ => {
                                select! { default => {} }
                            }
                        }
                    }
                }
            }
        }
    });
}

#[test]
fn evaluate() {
    run(|| {
        let (s, r) = unbounded::<i32>();
        let v = select! {
            recv(r) -> _ => "foo".into(),
            send(s, 0) -> _ => "bar".to_owned(),
            default => "baz".to_string(),
        };
        assert_eq!(v, "bar");
        for expected in ["foo", "baz"] {
            let v = select! {
                recv(r) -> _ => "foo".into(),
                default => "baz".to_string(),
            };
            assert_eq!(v, expected);
        }
    });
}

#[test]
fn deref() {
    struct Wrapped<C>(C);
    impl<C> Deref for Wrapped<C> {
        type Target = C;
        fn deref(&self) -> &C {
            &self.0
        }
    }
    run(|| {
        let (s, r) = bounded::<i32>(0);
        let (s, r) = (Wrapped(s), Wrapped(r));
        select! {
            send(s, 0) -> _ => panic!(),
            recv(r) -> _ => panic!(),
            default => {}
        }
    });
}

#[test]
fn stress_recv() {
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (unbounded(), bounded(5), bounded(100));
        go(move || {
            for i in 0..10_000 {
                for s in [&s1, &s2] {
                    s.send(i).unwrap();
                    r3.recv().unwrap();
                }
            }
        });
        for i in 0..20_000 {
            select! {
                recv(r1) -> v => assert_eq!(v, Ok(i / 2)),
                recv(r2) -> v => assert_eq!(v, Ok(i / 2)),
            }
            s3.send(()).unwrap();
        }
    });
}

#[test]
fn stress_send() {
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (bounded(0), bounded(0), bounded(100));
        go(move || {
            for i in 0..10_000 {
                assert_eq!((r1.recv(), r2.recv(), r3.recv()), (Ok(i), Ok(i), Ok(())));
            }
        });
        for i in 0..10_000 {
            for _ in 0..2 {
                select! {
                    send(s1, i) -> res => res.unwrap(),
                    send(s2, i) -> res => res.unwrap(),
                }
            }
            s3.send(()).unwrap();
        }
    });
}

#[test]
fn stress_mixed() {
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (bounded(0), bounded(0), bounded(100));
        go(move || {
            for i in 0..10_000 {
                s1.send(i).unwrap();
                assert_eq!((r2.recv(), r3.recv()), (Ok(i), Ok(())));
            }
        });
        for i in 0..10_000 {
            for _ in 0..2 {
                select! {
                    recv(r1) -> v => assert_eq!(v, Ok(i)),
                    send(s2, i) -> res => res.unwrap(),
                }
            }
            s3.send(()).unwrap();
        }
    });
}

#[test]
fn stress_timeout_two_threads() {
    run(|| {
        let (s, r) = bounded(2);
        let pause = |i: usize| {
            if i.is_multiple_of(2) {
                nap(50)
            }
        };
        both(
            move || {
                for i in 0..20 {
                    pause(i);
                    loop {
                        select! {
                            send(s, i) -> _ => break,
                            default(ms(10)) => {}
                        }
                    }
                }
            },
            move || {
                for i in 0..20 {
                    pause(i);
                    loop {
                        select! {
                            recv(r) -> v => { assert_eq!(v, Ok(i)); break; }
                            default(ms(10)) => {}
                        }
                    }
                }
            },
        );
    });
}

#[test]
fn send_recv_same_channel() {
    run(|| {
        let (s, r) = bounded::<i32>(0);
        select! {
            send(s, 0) -> _ => panic!(),
            recv(r) -> _ => panic!(),
            default(ms(50)) => {}
        }
        let (s, r) = unbounded::<i32>();
        select! {
            send(s, 0) -> _ => {},
            recv(r) -> _ => panic!(),
            default(ms(50)) => panic!(),
        }
    });
}

/// Each selects between sending its number and receiving another's.
fn match_all(threads: usize, s: &Sender<usize>, r: &Receiver<usize>) {
    many(threads, |i| {
        select! {
            recv(r) -> v => assert_ne!(v.unwrap(), i),
            send(s, i) -> res => res.unwrap(),
        }
    });
}

#[test]
fn matching() {
    run(|| {
        let (s, r) = bounded(0);
        match_all(44, &s, &r);
        assert!(r.try_recv().is_err());
    });
}

#[test]
fn matching_with_leftover() {
    run(|| {
        let (s, r) = bounded(0);
        both(|| match_all(55, &s, &r), || s.send(!0).unwrap());
        assert!(r.try_recv().is_err());
    });
}

#[test]
fn channel_through_channel() {
    type T = Box<dyn Any + Send>;
    for cap in 0..3 {
        run(|| {
            let (mut s, mut r) = bounded::<T>(cap);
            both(
                move || {
                    for _ in 0..1000 {
                        let (new_s, new_r) = bounded::<T>(cap);
                        select! { send(s, Box::new(new_r)) -> res => assert!(res.is_ok()) }
                        s = new_s;
                    }
                },
                move || {
                    for _ in 0..1000 {
                        r = select! {
                            recv(r) -> msg => *msg.unwrap().downcast::<Receiver<T>>().expect("a receiver"),
                        };
                    }
                },
            );
        });
    }
}

/// One of two channels has a message at any moment, so `poll`, a select that does not wait, finds one.
fn linearizable(cap: Option<usize>, poll: fn(&Receiver<i32>, &Receiver<i32>)) {
    let ((start_s, start_r), (end_s, end_r)) = (bounded(0), bounded(0));
    let ((s1, r1), (s2, r2)) = (channel(cap), channel(cap));
    both(
        || {
            for _ in 0..50_000 {
                start_s.send(()).unwrap();
                s1.send(1).unwrap();
                poll(&r1, &r2);
                end_s.send(()).unwrap();
                let _ = r2.try_recv();
            }
        },
        || {
            for _ in 0..50_000 {
                start_r.recv().unwrap();
                s2.send(1).unwrap();
                let _ = r1.try_recv();
                end_r.recv().unwrap();
            }
        },
    );
}

#[test]
fn linearizable_default() {
    for cap in [Some(1), None] {
        run(|| {
            linearizable(cap, |r1, r2| {
                select! {
                    recv(r1) -> v => assert!(v.is_ok()),
                    recv(r2) -> v => assert!(v.is_ok()),
                    default => unreachable!(),
                }
            });
        });
    }
}

#[test]
fn linearizable_timeout() {
    for cap in [Some(1), None] {
        run(|| {
            linearizable(cap, |r1, r2| {
                select! {
                    recv(r1) -> v => assert!(v.is_ok()),
                    recv(r2) -> v => assert!(v.is_ok()),
                    default(ms(0)) => unreachable!(),
                }
            });
        });
    }
}

const COUNT: usize = 10_000;

#[test]
fn fairness1() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (bounded(COUNT), unbounded());
        (0..COUNT).for_each(|_| [&s1, &s2].into_iter().for_each(|s| s.send(()).unwrap()));
        let mut hits = [0; 4];
        for _ in 0..COUNT {
            select! {
                recv(r1) -> _ => hits[0] += 1,
                recv(r2) -> _ => hits[1] += 1,
                recv(after(ms(0))) -> _ => hits[2] += 1,
                recv(tick(ms(0))) -> _ => hits[3] += 1,
            }
        }
        assert_fair(&hits, COUNT);
    });
}

#[test]
fn fairness2() {
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (unbounded::<()>(), bounded(1), bounded(0));
        both(
            || {
                for _ in 0..COUNT {
                    select! {
                        send(if s1.is_empty() { &s1 } else { &s3 }, ()) -> res => res.unwrap(),
                        send(if s2.is_empty() { &s2 } else { &s3 }, ()) -> res => res.unwrap(),
                        send(s3, ()) -> res => res.unwrap(),
                    }
                }
            },
            || {
                let mut hits = [0; 3];
                for _ in 0..COUNT {
                    select! {
                        recv(r1) -> v => { v.unwrap(); hits[0] += 1 }
                        recv(r2) -> v => { v.unwrap(); hits[1] += 1 }
                        recv(r3) -> v => { v.unwrap(); hits[2] += 1 }
                    }
                }
                assert!(hits.iter().all(|&h| h >= COUNT / 3 / 50), "{hits:?}");
            },
        );
    });
}

#[test]
fn fairness_recv() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (bounded(COUNT), unbounded());
        (0..COUNT).for_each(|_| [&s1, &s2].into_iter().for_each(|s| s.send(()).unwrap()));
        let mut hits = [0; 2];
        while hits[0] + hits[1] < COUNT {
            select! {
                recv(r1) -> _ => hits[0] += 1,
                recv(r2) -> _ => hits[1] += 1,
            }
        }
        assert!(hits.iter().all(|&h| h >= COUNT / 4), "{hits:?}");
    });
}

#[test]
fn fairness_send() {
    run(|| {
        let ((s1, _r1), (s2, _r2)) = (bounded(COUNT), unbounded());
        let mut hits = [0; 2];
        for _ in 0..COUNT {
            select! {
                send(s1, ()) -> _ => hits[0] += 1,
                send(s2, ()) -> _ => hits[1] += 1,
            }
        }
        assert!(hits.iter().all(|&h| h >= COUNT / 4), "{hits:?}");
    });
}

/// Three channels, two of them full of messages; `pick` takes from the first that has one.
fn unfair(pick: fn([&Receiver<()>; 3]) -> usize) {
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (unbounded(), unbounded(), unbounded());
        (0..COUNT).for_each(|_| [&s1, &s2].into_iter().for_each(|s| s.send(()).unwrap()));
        s3.send(()).unwrap();
        let mut hits = [0; 3];
        (0..COUNT).for_each(|_| hits[pick([&r1, &r2, &r3])] += 1);
        assert_eq!(hits, [COUNT, 0, 0]);
        (0..COUNT).for_each(|_| hits[pick([&r1, &r2, &r3])] += 1);
        assert_eq!(hits, [COUNT, COUNT, 0]);
    });
}

#[test]
fn unfairness() {
    unfair(|[r1, r2, r3]| {
        select_biased! {
            recv(r1) -> _ => 0,
            recv(r2) -> _ => 1,
            recv(r3) -> _ => 2,
        }
    });
}

#[test]
fn unfairness_timeout() {
    unfair(|[r1, r2, r3]| {
        select_biased! {
            recv(r1) -> _ => 0,
            recv(r2) -> _ => 1,
            recv(r3) -> _ => 2,
            default(ms(1000)) => unreachable!(),
        }
    });
}

#[test]
fn unfairness_try() {
    unfair(|[r1, r2, r3]| {
        select_biased! {
            recv(r1) -> _ => 0,
            recv(r2) -> _ => 1,
            recv(r3) -> _ => 2,
            default() => unreachable!(),
        }
    });
}
