//! crossbeam-channel's `tests/ready.rs`: `Select::ready` and its kind.

use crate::common::*;

use std::any::Any;
use std::time::Instant;

use gopark_runtime::chan::{
    Receiver, Select, Sender, TryRecvError, TrySendError, after, bounded, tick, unbounded,
};
use gopark_runtime::go;

/// How to wait for readiness.
enum How {
    Wait,
    Try,
    For(u64),
}
use How::{For, Try, Wait};

fn ready(sel: &mut Select<'_>, how: How) -> Option<usize> {
    match how {
        Wait => Some(sel.ready()),
        Try => sel.try_ready().ok(),
        For(millis) => sel.ready_timeout(ms(millis)).ok(),
    }
}

/// Which of the receivers is ready, and what it gives then.
fn ready_recv<T>(rs: &[&Receiver<T>], how: How) -> Option<(usize, Result<T, TryRecvError>)> {
    let mut sel = Select::new();
    rs.iter().for_each(|r| _ = sel.recv(r));
    let at = ready(&mut sel, how)?;
    Some((at, rs[at].try_recv()))
}

fn ready_send<T>(s: &Sender<T>, msg: T, how: How) -> Option<Result<(), TrySendError<T>>> {
    let mut sel = Select::new();
    sel.send(s);
    ready(&mut sel, how).map(|_| s.try_send(msg))
}

#[test]
fn smoke1() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded(), unbounded());
        s1.send(1).unwrap();
        assert_eq!(ready_recv(&[&r1, &r2], Wait), Some((0, Ok(1))));
        s2.send(2).unwrap();
        assert_eq!(ready_recv(&[&r1, &r2], Wait), Some((1, Ok(2))));
    });
}

#[test]
fn smoke2() {
    run(|| {
        let ends: Vec<_> = (0..5).map(|_| unbounded()).collect();
        ends[4].0.send(5).unwrap();
        let rs: Vec<_> = ends.iter().map(|(_, r)| r).collect();
        assert_eq!(ready_recv(&rs, Wait), Some((4, Ok(5))));
    });
}

#[test]
fn disconnected() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded::<i32>(), unbounded());
        drop(s1);
        let sending = s2.clone();
        go(move || {
            nap(50);
            sending.send(5).unwrap();
        });
        let gone = Err(TryRecvError::Disconnected);
        assert_eq!(ready_recv(&[&r1, &r2], For(100)), Some((0, gone)));
        assert_eq!(r2.recv(), Ok(5));
        assert_eq!(ready_recv(&[&r1, &r2], For(100)), Some((0, gone)));
        go(move || {
            nap(50);
            drop(s2);
        });
        assert_eq!(ready_recv(&[&r2], For(1000)), Some((0, gone)));
    });
}

#[test]
fn default() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded::<i32>(), unbounded());
        assert_eq!(ready_recv(&[&r1, &r2], Try), None);
        drop(s1);
        assert_eq!(ready_recv(&[&r1, &r2], Try), Some((0, Err(TryRecvError::Disconnected))));
        s2.send(2).unwrap();
        assert_eq!(ready_recv(&[&r2], Try), Some((0, Ok(2))));
        assert_eq!(ready_recv(&[&r2], Try), None);
        assert_eq!(ready_recv::<i32>(&[], Try), None);
    });
}

#[test]
fn timeout() {
    run(|| {
        let ((_s1, r1), (s2, r2)) = (unbounded(), unbounded());
        go(move || {
            nap(150);
            s2.send(2).unwrap();
        });
        assert_eq!(ready_recv(&[&r1, &r2], For(100)), None);
        assert_eq!(ready_recv(&[&r1, &r2], For(1000)), Some((1, Ok(2))));
        let (s, r) = unbounded::<i32>();
        go(move || {
            nap(50);
            drop(s);
        });
        assert_eq!(ready_recv::<i32>(&[], For(100)), None);
        assert_eq!(ready_recv(&[&r], Try), Some((0, Err(TryRecvError::Disconnected))));
    });
}

#[test]
fn default_when_disconnected() {
    run(|| {
        for how in [Try, For(100)] {
            let (_, r) = unbounded::<i32>();
            assert_eq!(ready_recv(&[&r], how), Some((0, Err(TryRecvError::Disconnected))));
        }
        for how in [Try, For(100)] {
            let (s, _) = bounded(0);
            assert_eq!(ready_send(&s, 0, how), Some(Err(TrySendError::Disconnected(0))));
        }
    });
}

#[test]
fn default_only() {
    run(|| {
        let start = Instant::now();
        assert!(Select::new().try_ready().is_err());
        assert!(start.elapsed() <= ms(50));
        let start = Instant::now();
        assert!(Select::new().ready_timeout(ms(100)).is_err());
        let passed = start.elapsed();
        assert!(passed >= ms(90) && passed <= ms(150), "{passed:?}");
    });
}

#[test]
fn unblocks() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (bounded::<i32>(0), bounded::<i32>(0));
        let sending = s2.clone();
        go(move || {
            nap(50);
            sending.send(2).unwrap();
        });
        assert_eq!(ready_recv(&[&r1, &r2], For(1000)), Some((1, Ok(2))));
        let receiver = go(move || {
            nap(50);
            r1.recv()
        });
        let mut sel = Select::new();
        let one = sel.send(&s1);
        sel.send(&s2);
        let oper = sel.select_timeout(ms(1000)).unwrap();
        assert_eq!(oper.index(), one);
        oper.send(&s1, 1).unwrap();
        assert_eq!(receiver.join().unwrap(), Ok(1));
    });
}

#[test]
fn both_ready() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (bounded(0), bounded(0));
        go(move || {
            nap(50);
            s1.send(1).unwrap();
            assert_eq!(r2.recv(), Ok(2));
        });
        for _ in 0..2 {
            let mut sel = Select::new();
            sel.recv(&r1);
            sel.send(&s2);
            match sel.ready() {
                0 => assert_eq!(r1.try_recv(), Ok(1)),
                _ => s2.try_send(2).unwrap(),
            }
        }
    });
}

#[test]
fn cloning1() {
    run(|| {
        let ((s1, r1), (_s2, r2), (s3, r3)) = (unbounded(), unbounded(), unbounded::<()>());
        go(move || {
            r3.recv().unwrap();
            drop(s1.clone());
            assert!(r3.try_recv().is_err());
            s1.send(1).unwrap();
            r3.recv().unwrap();
        });
        s3.send(()).unwrap();
        assert_eq!(ready_recv(&[&r1, &r2], Wait), Some((0, Ok(1))));
        s3.send(()).unwrap();
    });
}

#[test]
fn cloning2() {
    run(|| {
        let ((s1, r1), (s2, r2)) = (unbounded::<()>(), unbounded());
        let waiting = go(move || ready_recv(&[&r1, &r2], Wait));
        nap(50);
        drop(s1.clone());
        s2.send(()).unwrap();
        assert_eq!(waiting.join().unwrap(), Some((1, Ok(()))));
    });
}

#[test]
fn preflight1() {
    run(|| {
        let (s, r) = unbounded();
        s.send(()).unwrap();
        assert_eq!(ready_recv(&[&r], Wait), Some((0, Ok(()))));
    });
}

#[test]
fn preflight2() {
    run(|| {
        let (s, r) = unbounded();
        drop(s.clone());
        s.send(()).unwrap();
        drop(s);
        assert_eq!(ready_recv(&[&r], Wait), Some((0, Ok(()))));
        assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
    });
}

#[test]
fn preflight3() {
    run(|| {
        let (s, r) = unbounded();
        drop(s.clone());
        s.send(()).unwrap();
        drop(s);
        r.recv().unwrap();
        assert_eq!(ready_recv(&[&r], Wait), Some((0, Err(TryRecvError::Disconnected))));
    });
}

#[test]
fn duplicate_operations() {
    run(|| {
        let (s, r) = unbounded();
        let mut hit = [false; 4];
        while hit.contains(&false) {
            let mut sel = Select::new();
            (0..2).for_each(|_| _ = sel.recv(&r));
            (0..2).for_each(|_| _ = sel.send(&s));
            let at = sel.ready();
            hit[at] = true;
            match at {
                0 | 1 => assert_eq!(r.try_recv(), Ok(0)),
                _ => s.try_send(0).unwrap(),
            }
        }
    });
}

#[test]
fn nesting() {
    run(|| {
        let (s, r) = unbounded();
        for i in 0..2 {
            assert_eq!(ready_send(&s, i, Wait), Some(Ok(())));
            assert_eq!(ready_recv(&[&r], Wait), Some((0, Ok(i))));
        }
    });
}

#[test]
fn stress_recv() {
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (unbounded(), bounded(5), bounded(0));
        go(move || {
            for i in 0..10_000 {
                for s in [&s1, &s2] {
                    s.send(i).unwrap();
                    r3.recv().unwrap();
                }
            }
        });
        for i in 0..20_000 {
            assert_eq!(ready_recv(&[&r1, &r2], Wait).unwrap().1, Ok(i / 2));
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
                let mut sel = Select::new();
                sel.send(&s1);
                sel.send(&s2);
                [&s1, &s2][sel.ready()].try_send(i).unwrap();
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
                let mut sel = Select::new();
                sel.recv(&r1);
                sel.send(&s2);
                match sel.ready() {
                    0 => assert_eq!(r1.try_recv(), Ok(i)),
                    _ => s2.try_send(i).unwrap(),
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
                    let sent = std::iter::repeat_with(|| ready_send(&s, i, For(10))).find_map(|sent| sent);
                    assert_eq!(sent, Some(Ok(())));
                }
            },
            move || {
                for i in 0..20 {
                    pause(i);
                    let got = std::iter::repeat_with(|| ready_recv(&[&r], For(10))).find_map(|got| got);
                    assert_eq!(got, Some((0, Ok(i))));
                }
            },
        );
    });
}

#[test]
fn send_recv_same_channel() {
    run(|| {
        let (s, r) = bounded::<i32>(0);
        let mut sel = Select::new();
        sel.send(&s);
        sel.recv(&r);
        assert!(sel.ready_timeout(ms(50)).is_err());
        let (s, r) = unbounded::<i32>();
        let mut sel = Select::new();
        let send = sel.send(&s);
        sel.recv(&r);
        assert_eq!(sel.ready_timeout(ms(50)), Ok(send));
        s.try_send(0).unwrap();
    });
}

#[test]
fn channel_through_channel() {
    type T = Box<dyn Any + Send>;
    for cap in 1..4 {
        run(|| {
            let (mut s, mut r) = bounded::<T>(cap);
            both(
                move || {
                    for _ in 0..1000 {
                        let (new_s, new_r) = bounded::<T>(cap);
                        assert!(ready_send(&s, Box::new(new_r) as T, Wait).unwrap().is_ok());
                        s = new_s;
                    }
                },
                move || {
                    for _ in 0..1000 {
                        let (_, got) = ready_recv(&[&r], Wait).unwrap();
                        r = *got.unwrap().downcast::<Receiver<T>>().expect("a receiver");
                    }
                },
            );
        });
    }
}

#[test]
fn fairness1() {
    const COUNT: usize = 10_000;
    run(|| {
        let ((s1, r1), (s2, r2)) = (bounded(COUNT), unbounded());
        (0..COUNT).for_each(|_| [&s1, &s2].into_iter().for_each(|s| s.send(()).unwrap()));
        let mut hits = [0; 4];
        for _ in 0..COUNT {
            let (after, tick) = (after(ms(0)), tick(ms(0)));
            let mut sel = Select::new();
            [&r1, &r2].into_iter().for_each(|r| _ = sel.recv(r));
            [&after, &tick].into_iter().for_each(|r| _ = sel.recv(r));
            let at = sel.ready();
            hits[at] += 1;
            match at {
                0 => r1.try_recv().unwrap(),
                1 => r2.try_recv().unwrap(),
                2 => drop(after.try_recv().unwrap()),
                _ => drop(tick.try_recv().unwrap()),
            }
        }
        assert_fair(&hits, COUNT);
    });
}

#[test]
fn fairness2() {
    const COUNT: usize = 100_000;
    run(|| {
        let ((s1, r1), (s2, r2), (s3, r3)) = (unbounded::<()>(), bounded(1), bounded(0));
        both(
            || {
                for _ in 0..COUNT {
                    let mut sel = Select::new();
                    let mut senders: Vec<&Sender<()>> = Vec::new();
                    senders.extend([&s1, &s2].into_iter().filter(|s| s.is_empty()));
                    senders.push(&s3);
                    senders.iter().for_each(|s| _ = sel.send(s));
                    let oper = sel.select();
                    let chosen = senders[oper.index()];
                    oper.send(chosen, ()).unwrap();
                }
            },
            || {
                let rs = [&r1, &r2, &r3];
                let mut hits = [0; 3];
                for _ in 0..COUNT {
                    let mut sel = Select::new();
                    rs.into_iter().for_each(|r| _ = sel.recv(r));
                    // It may be a false alarm.
                    let at = std::iter::repeat_with(|| sel.ready()).find(|&at| rs[at].try_recv().is_ok());
                    hits[at.unwrap()] += 1;
                }
                assert!(hits.iter().all(|&h| h > 0), "{hits:?}");
            },
        );
    });
}
